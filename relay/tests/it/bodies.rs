//! Bodies: whatever their type says, compressed or not, and their bounds before and after.

use std::io::Write as _;

use clickstream_relay::intake::Config as Intake;
use serde_json::json;

use crate::house::{House, basic, event};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut out, 4096, 5, 20);
    writer.write_all(bytes).unwrap();
    drop(writer);
    out
}

/// A batch of about so many bytes.
fn batch_of(bytes: usize) -> String {
    let filler = "x".repeat(2000);
    let one =
        format!(r#"{{"type":"track","event":"E","userId":"1","properties":{{"f":"{filler}"}}}}"#);
    let events = vec![one; bytes / 2060];
    format!(r#"{{"batch":[{}]}}"#, events.join(","))
}

#[tokio::test]
async fn json_is_read_whatever_its_type_and_encoding() {
    let plain = event(r#","anonymousId":"a""#).into_bytes();
    for (what, headers, body) in [
        ("no type", vec![], plain.clone()),
        (
            "text",
            vec![("content-type", "text/plain;charset=UTF-8")],
            plain.clone(),
        ),
        (
            "RudderStack's Node: gzip called a form",
            vec![
                ("content-type", "application/x-www-form-urlencoded"),
                ("content-encoding", "gzip"),
            ],
            gzip(&plain),
        ),
        (
            "PostHog's way: gzip unsaid",
            vec![("content-type", "text/plain")],
            gzip(&plain),
        ),
        ("brotli", vec![("content-encoding", "br")], brotli(&plain)),
        (
            "zstd",
            vec![("content-encoding", "zstd")],
            zstd::encode_all(&*plain, 3).unwrap(),
        ),
    ] {
        let house = House::new().await;
        let headers: Vec<_> = [("x-write-key", "browser-key")]
            .into_iter()
            .chain(headers)
            .collect();
        let answer = house.post("/v1/batch", &headers, body).await;
        assert_eq!(answer.status, 200, "{what}: {}", answer.text);
        assert_eq!(house.lines().await.len(), 1, "{what}");
    }
}

#[tokio::test]
async fn what_cannot_be_inflated_is_refused() {
    let house = House::new().await;
    let key = ("x-write-key", "browser-key");
    for (encoding, body, expected) in [
        ("gzip", b"{}".to_vec(), (400, "broken_encoding")),
        ("br", b"{\"batch\":[]}".to_vec(), (400, "broken_encoding")),
        ("zstd", gzip(b"{}"), (400, "broken_encoding")),
        ("gzip", gzip(b"{}")[..12].to_vec(), (400, "broken_encoding")),
        ("deflate", b"{}".to_vec(), (415, "unknown_encoding")),
        ("gzip, gzip", gzip(&gzip(b"{}")), (415, "unknown_encoding")),
    ] {
        let headers = [key, ("content-encoding", encoding)];
        let (status, code) = house.post("/v1/batch", &headers, body).await.error();
        assert_eq!((status, &*code), expected, "{encoding}");
    }
}

#[tokio::test]
async fn a_browsers_batch_may_be_smaller_than_a_servers() {
    let house = House::new().await;
    for (key, bytes, taken) in [
        ("browser-key", 490 << 10, true),
        ("trusted-key", 490 << 10, true),
        ("server-key", 4000 << 10, true),
        ("browser-key", 520 << 10, false),
        ("trusted-key", 520 << 10, false),
        ("server-key", 4200 << 10, false),
    ] {
        let body = batch_of(bytes);
        // In the header the key is known before the body is read; in the body only after.
        let in_body = body.replacen('{', &format!(r#"{{"writeKey":"{key}","#), 1);
        let header = basic(key);
        let packed = gzip(body.as_bytes());
        for (what, headers, body) in [
            (
                "header",
                vec![("authorization", &*header)],
                body.into_bytes(),
            ),
            ("body", vec![], in_body.into_bytes()),
            ("gzip", vec![("authorization", &*header)], packed),
        ] {
            let answer = house.post("/v1/batch", &headers, body).await;
            let expected = if taken { 200 } else { 413 };
            assert_eq!(
                answer.status, expected,
                "{key}, {bytes}, {what}: {}",
                answer.text
            );
            if !taken {
                assert_eq!(answer.error().1, "body_too_large");
                let limit = if key == "server-key" {
                    "4194304"
                } else {
                    "512000"
                };
                assert!(answer.json()["message"].as_str().unwrap().contains(limit));
            }
        }
    }
}

#[tokio::test]
async fn a_bomb_is_not_inflated() {
    let zeros = vec![b' '; 64 << 20];
    let house = House::new().await;
    for (encoding, body) in [
        ("gzip", gzip(&zeros)),
        ("br", brotli(&zeros)),
        ("zstd", zstd::encode_all(&*zeros, 3).unwrap()),
    ] {
        let headers = [
            ("x-write-key", "server-key"),
            ("content-encoding", encoding),
        ];
        assert_eq!(
            house.post("/v1/batch", &headers, body).await.error().0,
            413,
            "{encoding}"
        );
    }
}

#[tokio::test]
async fn one_too_large_event_costs_only_itself() {
    let house = House::new().await;
    let large = "x".repeat(33 << 10);
    let body = format!(
        r#"{{"batch":[
            {{"type":"track","event":"E","userId":"1","messageId":"a"}},
            {{"type":"track","event":"E","userId":"1","messageId":"b","properties":{{"x":"{large}"}}}},
            {{"type":"track","event":"E","userId":"1","messageId":"c"}}]}}"#
    );
    let answer = house
        .post("/v1/batch", &[("x-write-key", "server-key")], body)
        .await
        .json();
    assert_eq!(answer["accepted"], 2);
    let reason = answer["rejected"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("event_too_large: $: has "), "{reason}");
    assert!(reason.ends_with("over the limit of 32768"), "{reason}");
    assert_eq!(house.lines().await.len(), 2);
}

#[tokio::test]
async fn a_batchs_context_counts_for_each_of_its_events() {
    let house = House::new().await;
    let large = "x".repeat(30 << 10);
    let small = r#"{"type":"track","event":"E","userId":"1"}"#;
    let events = vec![small; 2500].join(",");
    let body = format!(r#"{{"batch":[{events}],"context":{{"x":"{large}"}}}}"#);
    // 130 KB that would become 80 MB of lines.
    let answer = house
        .post("/v1/batch", &[("x-write-key", "server-key")], body)
        .await;
    assert_eq!(answer.error(), (413, "body_too_large".to_owned()));
    // Nor does it cost the work of that where all of them are refused, by whomever they are.
    let small = r#"{"type":"track","groupId":{}}"#;
    let events = vec![small; 2500].join(",");
    let body = format!(r#"{{"batch":[{events}],"context":{{"x":"{large}"}}}}"#);
    for headers in [&[("x-write-key", "server-key")][..], &[]] {
        let answer = house.post("/v1/batch", headers, body.clone()).await;
        assert_eq!(answer.error(), (413, "body_too_large".to_owned()));
    }
    let larger = "x".repeat(33 << 10);
    let body = format!(r#"{{"batch":[{small}],"context":{{"x":"{larger}"}}}}"#);
    let answer = house
        .post("/v1/batch", &[("x-write-key", "server-key")], body)
        .await
        .json();
    assert!(
        answer["rejected"][0]["reason"]
            .as_str()
            .unwrap()
            .starts_with("event_too_large")
    );
    assert_eq!(house.lines().await.len(), 0);
}

#[tokio::test]
async fn without_memory_clients_are_told_to_come_back() {
    let house = House::with(|config| {
        config.intake = Intake {
            memory_bytes: 100,
            ..config.intake.clone()
        }
    })
    .await;
    let answer = house
        .post(
            "/v1/batch",
            &[("x-write-key", "server-key")],
            batch_of(10_000),
        )
        .await;
    assert_eq!(answer.error(), (503, "busy".to_owned()));
    assert_eq!(answer.header("retry-after"), "3");
    // What one request held is given back.
    let answer = house
        .post(
            "/v1/batch",
            &[("x-write-key", "server-key")],
            r#"{"batch":[]}"#,
        )
        .await;
    assert_eq!(answer.json()["accepted"], json!(0));
}

#[tokio::test]
async fn lines_count_for_the_memory_that_bodies_may_hold() {
    let house = House::with(|config| {
        config.intake = Intake {
            memory_bytes: 1 << 20,
            ..config.intake.clone()
        }
    })
    .await;
    let batch = |events: usize| {
        let filler = "x".repeat(15_000);
        let events = vec![r#"{"type":"track","event":"E","anonymousId":"a"}"#; events].join(",");
        format!(r#"{{"batch":[{events}],"context":{{"filler":"{filler}"}}}}"#)
    };
    let key = [("x-write-key", "server-key")];
    // A body of 20 KB, lines of 1.5 MB.
    let answer = house.post("/v1/batch", &key, batch(100)).await;
    assert_eq!(answer.error(), (503, "busy".to_owned()));
    // Each of these gives back what it held, lines too: together they are over the bound.
    for _ in 0..4 {
        let answer = house.post("/v1/batch", &key, batch(40)).await;
        assert_eq!(answer.json()["accepted"], json!(40));
    }
    assert_eq!(house.lines().await.len(), 160);
}
