//! The quick way held to the slow and obvious one, byte for byte, and both to serde_json: on bodies
//! made of everything that members may be, and on the same with bytes changed.

mod contexts;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::line::{Arrived, Owner, Stamp, Traffic};

const NAMES: [&str; 21] = [
    r#""event""#,
    r#""name""#,
    r#""a""#,
    r#""""#,
    r#""ü""#,
    r#""user\u0049d""#,
    r#""integrations""#,
    r#""storage""#,
    r#""traits""#,
    r#""batch""#,
    r#""relay""#,
    r#""receivedAt""#,
    r#""userBucket""#,
    r#""userToken""#,
    r#""writeKey""#,
    r#""groupId""#,
    r#""previousId""#,
    r#""anonymousId""#,
    r#""userId""#,
    r#""messageId""#,
    r#""sentAt""#,
];

const SCALARS: [&str; 24] = [
    "null",
    "true",
    "false",
    "0",
    "-1.5e3",
    "45",
    "4.5e1",
    "1e999",
    "01",
    "1.",
    r#""""#,
    r#""45""#,
    r#""a/b""#,
    r#"".""#,
    r#""visitor-1""#,
    r#""a \"quoted\" \\ text""#,
    r#""tr\u0061ck""#,
    r#""\ud83d\ude00 é 漢""#,
    r#""\ud800""#,
    "\"a\u{1}b\"",
    "\"a\tb\"",
    "\"\u{7f}\u{2028}\"",
    r#""0123456789012345678901234567890""#,
    "tru",
];

const TIMES: [&str; 10] = [
    r#""2026-01-02T03:04:05.006Z""#,
    r#""2026-01-02T03:04:04.006Z""#,
    r#""2026-01-02T03:04:05Z""#,
    r#""2026-01-02T23:59:60.000Z""#,
    r#""2026-01-02t03:04:05.006z""#,
    r#""2026-02-30T03:04:05.006Z""#,
    r#""now""#,
    r#""""#,
    "null",
    "[5]",
];

const CONTEXTS: [&str; 14] = [
    r#"{"userAgent":"Mozilla","locale":"en","page":{"path":"/"}}"#,
    r#"{"userAgent":"Mozilla HeadlessChrome"}"#,
    r#"{"userAgent":"a\u0062"}"#,
    r#"{"userAgent":null}"#,
    r#"{"userAgent":7}"#,
    r#"{"automation":{"webdriver":true}}"#,
    r#"{"automation":{"webdriver":false,"synthetic":true},"x":[]}"#,
    r#"{"automation":7}"#,
    r#"{"traits":{"plan":"paper"}}"#,
    r#"{"traits":[]}"#,
    r#"{"a":1,"a":2}"#,
    "{}",
    "null",
    r#""text""#,
];

const PROPERTIES: [&str; 6] = [
    r#"{"input":{"trusted":false}}"#,
    r#"{"input":{"trusted":true},"sale":false}"#,
    r#"{"input":{"trusted":"false"}}"#,
    r#"{"input":1,"input":{"trusted":false}}"#,
    "{}",
    "false",
];

fn value() -> impl Strategy<Value = String> {
    select(&SCALARS)
        .prop_map(str::to_owned)
        .prop_recursive(4, 12, 3, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..3).prop_map(|values| format!("[{}]", values.join(","))),
                vec((select(&NAMES), inner), 0..3).prop_map(object),
            ]
        })
}

fn object(members: Vec<(&str, String)>) -> String {
    let members = members
        .iter()
        .map(|(name, value)| format!("{name}:{value}"));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

fn one_of(name: &'static str, values: &'static [&'static str]) -> BoxedStrategy<String> {
    let value = prop_oneof![
        4 => Just(values[0].to_owned()),
        4 => select(values).prop_map(str::to_owned),
        1 => value(),
    ];
    value
        .prop_map(move |value| format!("\"{name}\":{value}"))
        .boxed()
}

const TYPES: [&str; 6] = [
    r#""track""#,
    r#""page""#,
    r#""identify""#,
    r#""zzz""#,
    r#""tr\u0061ck""#,
    "null",
];

const IDS: [&str; 5] = [r#""a-1""#, r#""é""#, "null", r#""""#, "7"];

fn event() -> impl Strategy<Value = String> {
    let often = |member: BoxedStrategy<String>| proptest::option::weighted(0.7, member);
    let seldom = |member: BoxedStrategy<String>| proptest::option::weighted(0.15, member);
    let free = (select(&NAMES), value()).prop_map(|(name, value)| format!("{name}:{value}"));
    let members = (
        [
            often(one_of("type", &TYPES)),
            often(one_of("messageId", &IDS)),
            often(one_of("anonymousId", &IDS)),
            often(one_of("originalTimestamp", &TIMES)),
            often(one_of("context", &CONTEXTS)),
            often(one_of("properties", &PROPERTIES)),
            seldom(one_of("timestamp", &TIMES)),
            seldom(one_of("sentAt", &TIMES)),
            seldom(one_of("userId", &IDS)),
            seldom(one_of("writeKey", &IDS)),
        ],
        vec(free, 0..2),
    );
    members
        .prop_map(|(named, free)| named.into_iter().flatten().chain(free).collect::<Vec<_>>())
        .prop_shuffle()
        .prop_map(|members| format!("{{{}}}", members.join(",")))
}

fn body() -> impl Strategy<Value = String> {
    let seldom = |member: BoxedStrategy<String>| proptest::option::weighted(0.2, member);
    let batch = vec(event(), 0..4).prop_map(|events| format!("\"batch\":[{}]", events.join(",")));
    let members = (
        batch,
        [
            seldom(one_of("writeKey", &IDS)),
            seldom(one_of("sentAt", &TIMES)),
            seldom(one_of("storage", &IDS)),
            seldom(one_of("userToken", &IDS)),
            seldom(one_of("context", &CONTEXTS)),
            seldom(value().prop_map(|value| format!("\"x\":{value}")).boxed()),
        ],
    );
    members
        .prop_map(|(batch, more)| {
            more.into_iter()
                .flatten()
                .chain([batch])
                .collect::<Vec<_>>()
        })
        .prop_shuffle()
        .prop_map(|members| format!("{{{}}}", members.join(",")))
}

/// A change of a few bytes.
fn change() -> impl Strategy<Value = (Index, u8, Vec<u8>)> {
    let piece = prop_oneof![
        4 => vec(select(br#"{}[]",:\ 0e-.ntf"#.as_slice()), 0..3),
        1 => vec(any::<u8>(), 1..3),
        1 => Just(b" ".to_vec()),
    ];
    (any::<Index>(), 0..3_u8, piece)
}

fn changed(body: &str, changes: Vec<(Index, u8, Vec<u8>)>) -> Vec<u8> {
    let mut bytes = body.as_bytes().to_vec();
    for (place, removed, piece) in changes {
        let from = place.index(bytes.len() + 1);
        let to = (from + usize::from(removed)).min(bytes.len());
        bytes.splice(from..to, piece);
    }
    bytes
}

/// All that can be asked of a body, as text.
fn told(batch: Result<Batch<'_>, Malformed>) -> Result<Vec<String>, Malformed> {
    let batch = batch?;
    let arrived = Arrived::new(Timestamp::from_ms(1_767_323_046_000), "shop", Some("::1"));
    let told_once = arrived.clone().sent_at(batch.sent_at());
    let owner = Owner::new(UserId::new("owner").unwrap());
    let frame = format!(
        "{:?} {:?} {:?} {:?}",
        batch.write_key(),
        batch.user_token(),
        batch.storage(),
        batch.sent_at()
    );
    let events = (0..batch.len()).map(|index| match batch.event(index) {
        Err(rejection) => format!("{rejection:?}"),
        Ok(event) => {
            let [line, same] = [&arrived, &told_once].map(|arrived| {
                event.line(&Stamp {
                    message_id: "made",
                    owner: Some(&owner),
                    arrived,
                    traffic: Traffic::Human,
                    claimed_user_id: event.user_id.as_ref().map(UserId::as_str),
                })
            });
            assert_eq!(line, same, "what a batch's events share changes nothing");
            assert!(serde_json::from_slice::<serde_json::Value>(&line).is_ok());
            format!(
                "{} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
                String::from_utf8(line).unwrap(),
                event.kind,
                event.message_id.as_deref(),
                event.user_id,
                event.anonymous_id.as_deref(),
                event.write_key.as_deref(),
                event.times(arrived.received_at()),
                event.user_agent.as_deref(),
                event.automation,
            )
        }
    });
    Ok(std::iter::once(frame).chain(events).collect())
}

fn same(body: &[u8]) -> Result<(), TestCaseError> {
    let limits = Limits::default();
    prop_assert_eq!(
        told(batch(body, &limits)),
        told(general_batch(body, &limits)),
        "as a batch: {}",
        String::from_utf8_lossy(body)
    );
    prop_assert_eq!(
        told(single(body, EventType::Track, &limits)),
        told(general_single(body, EventType::Track, &limits)),
        "as one event: {}",
        String::from_utf8_lossy(body)
    );
    as_serde_json(body, &limits)
}

/// What is taken serde_json takes; what breaks JSON's own rules it refuses.
fn as_serde_json(body: &[u8], limits: &Limits) -> Result<(), TestCaseError> {
    let Ok(batch) = batch(body, limits) else {
        return Ok(());
    };
    for index in 0..batch.len() {
        let theirs = serde_json::from_slice::<serde_json::Value>(batch.raw(index));
        match batch.event(index) {
            Ok(_) => prop_assert!(theirs.is_ok(), "{:?}", theirs),
            Err(Rejection { reason, .. }) => match reason {
                Reason::InvalidJson { .. }
                | Reason::LoneSurrogate { .. }
                | Reason::NumberTooLarge { .. }
                | Reason::InvalidUtf8 => prop_assert!(theirs.is_err(), "{reason}: {theirs:?}"),
                _ => {}
            },
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn bodies_of_all_kinds_are_read_the_same(body in body()) {
        same(body.as_bytes())?;
    }

    #[test]
    fn single_events_of_all_kinds_are_read_the_same(body in event()) {
        same(body.as_bytes())?;
    }

    #[test]
    fn changed_bodies_are_read_the_same(body in body(), changes in vec(change(), 1..4)) {
        same(&changed(&body, changes))?;
    }

    #[test]
    fn any_bytes_are_read_the_same(bytes in vec(any::<u8>(), 0..64)) {
        same(&bytes)?;
    }
}

/// The generators must not have stopped to make what the quick way is for.
#[test]
fn what_programs_write_goes_the_quick_way() {
    let event = r#"{"type":"track","event":"E","messageId":"m","anonymousId":"a","userId":"45","originalTimestamp":"2026-01-02T03:04:05.006Z","context":{"userAgent":"M","page":{"path":"/"}},"properties":{"a":[1,{"b":false}]}}"#;
    let body = format!(
        r#"{{"batch":[{event},{event}],"sentAt":"2026-01-02T03:04:06.000Z","writeKey":"k"}}"#
    );
    let limits = Limits::default();
    let node = r#"{"type":"track","event":"E","userId":"45","anonymousId":null,"timestamp":"2026-01-02T03:04:05.006Z","messageId":"m","properties":{},"context":{"library":{}}}"#;
    let body_of_node = format!(r#"{{"batch":[{node}],"writeKey":"k"}}"#);
    for batch in [
        quick::batch(body.as_bytes(), &limits),
        quick::batch(body_of_node.as_bytes(), &limits),
        quick::single(event.as_bytes(), EventType::Track, &limits),
    ] {
        let batch = batch.unwrap();
        let quick = |event: &Event<'_>| matches!(event.reading, Reading::Canonical(_));
        assert!(batch.events.iter().all(quick));
        assert!(batch.canonical(0).is_some());
    }
}

/// At each bound of depth both ways draw the same line.
#[test]
fn depth_ends_at_the_same_level() {
    let limits = Limits::default();
    for (before, after, own) in [
        (r#"{"batch":[{"type":"page","a":"#, "}]}", 1),
        (r#"{"batch":[{"type":"page","context":{"a":"#, "}}]}", 2),
    ] {
        for levels in 60..68_usize {
            let body = format!(
                "{before}{}{}{after}",
                "[".repeat(levels),
                "]".repeat(levels)
            );
            let told = told(batch(body.as_bytes(), &limits)).unwrap();
            let slow = general_batch(body.as_bytes(), &limits);
            assert_eq!(Ok(&told), self::told(slow).as_ref());
            assert_eq!(
                told[1].contains("TooDeep"),
                levels + own > 64,
                "{levels}: {}",
                told[1]
            );
        }
    }
}
