//! What holds for every body, however odd.

#![allow(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

use clickstream_event::id::UserId;
use clickstream_event::limits::Limits;
use clickstream_event::line::{Arrived, Owner, Stamp, Traffic};
use clickstream_event::read;
use clickstream_event::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e300..1e300_f64).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(".{0,6}", inner, 0..4)
                .prop_map(|map| Value::from(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn line_of(body: &[u8]) -> Option<Vec<u8>> {
    let batch = read::batch(body, &Limits::default()).ok()?;
    let event = batch.event(0).ok()?;
    let user = UserId::new("owner").unwrap();
    Some(event.line(&Stamp {
        message_id: "m",
        owner: Some(&Owner::new(user)),
        arrived: &Arrived::new(Timestamp::from_ms(1_767_323_046_000), "s", None),
        traffic: Traffic::Human,
        claimed_user_id: event.user_id.as_ref().map(UserId::as_str),
    }))
}

proptest! {
    /// No bytes make it panic, and whatever is taken is one readable line with one user.
    #[test]
    fn any_bytes_are_refused_or_become_one_line(
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            r#"\{"batch":\[\{("type":"track",|"userId":"x",|"user\\u0049d":"y",|"a":[0-9e.]{1,5},|"\\uD8[0-9]{2}":1,|"relay":\{\},){0,5}"messageId":"m"\}\]\}"#
                .prop_map(String::into_bytes),
        ],
    ) {
        if let Some(line) = line_of(&body) {
            let text = String::from_utf8(line).unwrap();
            prop_assert!(!text.contains(['\n', '\r']));
            let event: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&event["userId"], "owner");
            prop_assert_eq!(text.matches("\"userId\":\"owner\"").count(), 1);
        }
    }

    /// Members that are nobody's business arrive as they were sent.
    #[test]
    fn free_members_arrive_as_they_were_sent(properties in json_value(), odd in json_value(), pretty in any::<bool>()) {
        let body = json!({"batch": [{"type": "track", "event": "E", "properties": properties, "odd": odd}]});
        let bytes = if pretty {
            serde_json::to_vec_pretty(&body).unwrap()
        } else {
            serde_json::to_vec(&body).unwrap()
        };
        let line = String::from_utf8(line_of(&bytes).unwrap()).unwrap();
        for (key, value) in [("properties", &properties), ("odd", &odd)] {
            let member = format!("\"{key}\":{value}");
            prop_assert!(line.contains(&member), "{} lacks {}", line, member);
        }
    }

    /// A bad event beside a good one costs only itself.
    #[test]
    fn a_bad_event_costs_only_itself(bad in r#"\{"a":[^"{}\[\],:\\]{0,8}\}"#) {
        let body = format!(r#"{{"batch":[{bad},{{"type":"page","userId":"1"}}]}}"#);
        let batch = read::batch(body.as_bytes(), &Limits::default()).unwrap();
        prop_assert_eq!(batch.len(), 2);
        prop_assert!(batch.event(0).is_err());
        prop_assert!(batch.event(1).is_ok());
    }
}
