//! Hostile events: what is wrong with one costs no other, and no id leads out of the lake.

use std::path::{Component, Path};
use std::time::Duration;

use crate::house::{House, files, lake_lines};

#[tokio::test]
async fn a_hostile_event_costs_no_other_of_its_batch() {
    let nested = "[".repeat(8_000) + &"]".repeat(8_000);
    let objects = "{\"a\":".repeat(2_000) + "1" + &"}".repeat(2_000);
    let house = House::new().await;
    let mut body = br#"{"writeKey":"server-key","batch":["#.to_vec();
    let good = |id: usize| {
        let text = format!(r#"{{"type":"track","event":"E","userId":"45","messageId":"{id}"}}"#);
        text.into_bytes()
    };
    let hostile: [&[u8]; 9] = [
        nested.as_bytes(),
        objects.as_bytes(),
        br#"{"type":"track","userId":"a","userId":"b"}"#,
        br#"{"type":"track","context":{"ip":1,"\u0069p":2}}"#,
        b"{\"type\":\"track\",\"a\":\"\xff\xfe\"}",
        br#"{"type":"track","a":"\ud800"}"#,
        br#"{"type":"track","a":1e999}"#,
        b"{\"type\":\"track\",\"a\":\"\x00\n\"}",
        br#"{"type":"track","userId":"a/../b"}"#,
    ];
    let mut members = Vec::new();
    for (number, one) in hostile.iter().enumerate() {
        members.push(good(number));
        members.push(one.to_vec());
    }
    members.push(good(hostile.len()));
    body.extend(members.join(&b","[..]));
    body.extend(b"]}");
    let answer = house.post("/v1/batch", &[], body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let told = answer.json();
    assert_eq!(told["accepted"], hostile.len() + 1, "{told}");
    let refused = told["rejected"].as_array().unwrap();
    let places: Vec<_> = refused
        .iter()
        .map(|one| one["index"].as_u64().unwrap())
        .collect();
    let odd: Vec<_> = (0..hostile.len() as u64)
        .map(|number| 2 * number + 1)
        .collect();
    assert_eq!(places, odd, "{told}");
    // Each line of the lake is read by itself: `lines` fails where one is not JSON.
    assert_eq!(house.lines().await.len(), hostile.len() + 1);
}

#[tokio::test]
async fn path_tricks_in_every_id_stay_in_the_lake() {
    let tricks = [
        "..",
        ".",
        "../../x",
        "/etc/passwd",
        "a/b",
        "a\\\\..\\\\b",
        "%2e%2e%2fx",
        "%00",
        "a\\u0000b",
        "\\n",
        "~",
        "-rf",
        "CON",
        "a=b",
        "userId=1",
        "x%",
        "\\u202e",
        "file.gz",
        " ",
        "*",
        "{}",
        "..%5c",
    ];
    let long = "x".repeat(200);
    let outside = tempfile::tempdir().unwrap();
    let house = House::with(|config| {
        // With a neighbour that must stay alone.
        let lake = outside.path().join("inner/lake");
        fs_err::create_dir_all(&lake).unwrap();
        config.sink =
            clickstream_relay::sink::Config::Lake(clickstream_relay::sink::lake::Config::new(lake));
    })
    .await;
    let mut accepted = 0;
    for trick in tricks.into_iter().chain([&*long]) {
        for member in [
            "userId",
            "anonymousId",
            "messageId",
            "groupId",
            "previousId",
            "event",
        ] {
            let body = format!(
                r#"{{"batch":[{{"type":"track","event":"E","anonymousId":"{trick}{member}","{member}":"{trick}"}}],"writeKey":"server-key"}}"#
            );
            let body = match member {
                "anonymousId" | "event" => body
                    .replace(&format!(r#""anonymousId":"{trick}{member}","#), "")
                    .replace(r#""event":"E","#, ""),
                _ => body,
            };
            let answer = house.post("/v1/batch", &[], body).await;
            assert_eq!(answer.status, 200, "{trick} {member}: {}", answer.text);
            accepted += answer.json()["accepted"].as_u64().unwrap();
        }
    }
    assert!(accepted > 100, "{accepted}");
    house.relay.shutdown(Duration::from_secs(20)).await;
    let lake = outside.path().join("inner/lake");
    assert!(!lake_lines(&lake).is_empty());
    for path in files(outside.path()) {
        let inside = path.strip_prefix(&lake);
        let inside = inside.unwrap_or_else(|_| panic!("outside: {}", path.display()));
        assert!(is_plain(inside), "{}", path.display());
        if inside.starts_with("raw/clickstream") {
            // raw/clickstream/userId=…/year=…/month=…/day=…/hour=…/object
            assert_eq!(inside.components().count(), 8, "{}", path.display());
        }
    }
}

fn is_plain(path: &Path) -> bool {
    path.components().all(|part| {
        let text = part.as_os_str().to_string_lossy();
        matches!(part, Component::Normal(_)) && !text.contains(['\\', '\0', '\n'])
    })
}
