//! Rows 17 to 25: times, ids, compression, limits, and paths as people type them.

use std::io::Write as _;

use serde_json::{Value, json};

use super::{SERVER, taken};
use crate::house::{House, event};

/// The line that an event with these members becomes, sent by a server.
async fn line(members: &str) -> Value {
    let house = House::new().await;
    taken(&house, "/v1/batch", &[SERVER], &event(members)).await;
    house.lines().await.remove(0)
}

#[tokio::test]
async fn row_17_an_events_time_is_its_timestamp_before_its_original() {
    let (caller, now) = ("2026-01-02T03:00:00.000Z", "2026-01-02T03:04:05.000Z");
    for (members, written, claimed) in [
        // Segment, Jitsu, RudderStack's Python: `timestamp` alone.
        (format!(r#","timestamp":"{caller}""#), caller, Value::Null),
        // RudderStack's browser.
        (
            format!(r#","originalTimestamp":"{now}","sentAt":"{now}""#),
            now,
            Value::Null,
        ),
        // RudderStack's Node, where the caller gave a time.
        (
            format!(r#","timestamp":"{caller}","originalTimestamp":"{now}""#),
            caller,
            json!(now),
        ),
        (String::new(), "2026-01-02T03:04:06.000Z", Value::Null),
    ] {
        let line = line(&members).await;
        assert_eq!(line["originalTimestamp"], written, "{members}");
        let kept = &line["relay"]["claimed"]["originalTimestamp"];
        assert_eq!(*kept, claimed, "{members}");
    }
}

#[tokio::test]
async fn row_18_the_time_of_sending_is_the_events_else_the_batchs_else_none() {
    // The clock stands at 03:04:06: an event of 03:04:00 sent at 03:04:02 happened 2 s before.
    let at = r#","timestamp":"2026-01-02T03:04:00.000Z""#;
    let batch = r#"{"sentAt":"2026-01-02T03:04:01.000Z","#;
    let own = r#","sentAt":"2026-01-02T03:04:02.000Z""#;
    for (body, timestamp) in [
        (
            event(&format!("{at}{own}")).replacen('{', batch, 1),
            "04.000",
        ),
        (event(at).replacen('{', batch, 1), "05.000"),
        (event(at), "00.000"),
    ] {
        let house = House::new().await;
        taken(&house, "/v1/batch", &[SERVER], &body).await;
        let line = &house.lines().await[0];
        let expected = format!("2026-01-02T03:04:{timestamp}Z");
        assert_eq!(line["timestamp"], expected, "{body}");
    }
}

#[tokio::test]
async fn row_19_times_come_in_the_forms_of_javascript_and_of_python() {
    for (given, written) in [
        ("2026-01-02T03:04:05.006Z", "2026-01-02T03:04:05.006Z"),
        ("2026-01-02T03:04:05.006+00:00", "2026-01-02T03:04:05.006Z"),
        (
            "2026-01-02T03:04:05.006123+00:00",
            "2026-01-02T03:04:05.006123Z",
        ),
    ] {
        let line = line(&format!(r#","timestamp":"{given}""#)).await;
        assert_eq!(line["originalTimestamp"], written);
        assert_eq!(line["relay"].get("clock"), None, "{given}");
    }
}

#[tokio::test]
async fn row_20_null_and_empty_ids_are_none_and_numbers_are_text() {
    for (members, user) in [
        (
            r#","userId":null,"anonymousId":"a","groupId":null,"previousId":"""#,
            None,
        ),
        (
            r#","userId":"","anonymousId":"a","groupId":"","previousId":null"#,
            None,
        ),
        (
            r#","userId":45,"anonymousId":7,"groupId":8,"previousId":9"#,
            Some("45"),
        ),
    ] {
        let line = line(members).await;
        match user {
            Some(user) => {
                assert_eq!(line["userId"], user);
                assert_eq!(line["anonymousId"], "7");
                assert_eq!(
                    (&line["groupId"], &line["previousId"]),
                    (&json!("8"), &json!("9"))
                );
            }
            None => {
                assert!(line["userId"].as_str().unwrap().starts_with("visitor-"));
                assert_eq!((line.get("groupId"), line.get("previousId")), (None, None));
            }
        }
    }
}

#[tokio::test]
async fn row_21_without_a_cookie_the_visitor_is_the_anonymous_id() {
    let house = House::new().await;
    for (path, id) in [("/v1/t", "1"), ("/v1/p", "2"), ("/api/s/track", "3")] {
        let body = format!(r#"{{"event":"E","anonymousId":"6a909fbb","messageId":"{id}"}}"#);
        taken(&house, path, &[("x-write-key", "browser-key")], &body).await;
    }
    let lines = house.lines().await;
    assert_eq!(lines.len(), 3);
    for line in &lines {
        assert!(line["userId"].as_str().unwrap().starts_with("visitor-"));
        assert_eq!(line["userId"], lines[0]["userId"]);
    }
}

#[tokio::test]
async fn row_22_gzip_is_known_by_its_first_bytes() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(event(r#","userId":"1""#).as_bytes())
        .unwrap();
    let house = House::new().await;
    let headers = [SERVER, ("content-type", "text/plain")];
    let answer = house
        .post("/v1/batch", &headers, gzip.finish().unwrap())
        .await;
    assert_eq!(answer.json()["accepted"], 1, "{}", answer.text);
}

#[tokio::test]
async fn row_23_a_message_id_is_any_text_and_made_where_it_is_missing() {
    let longest = "é".repeat(100);
    for id in ["ajs-next-1767323045006-0f1e2d3c", "1f9x5kqz8w3", &*longest] {
        let line = line(&format!(r#","userId":"1","messageId":"{id}""#)).await;
        assert_eq!(line["messageId"], id);
    }
    for members in ["", r#","messageId":null"#, r#","messageId":"""#] {
        let line = line(&format!(r#","userId":"1"{members}"#)).await;
        assert_eq!(line["messageId"].as_str().unwrap().len(), 32, "{members}");
    }
    let house = House::new().await;
    let body = event(&format!(r#","messageId":"{longest}e""#));
    let answer = house.post("/v1/batch", &[SERVER], body).await.json();
    let reason = answer["rejected"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("invalid_message_id: "), "{reason}");
}

#[tokio::test]
async fn row_24_a_servers_batch_may_have_four_mebibytes() {
    let house = House::new().await;
    let text = "x".repeat(30 << 10);
    let event =
        format!(r#"{{"type":"track","event":"E","userId":"1","properties":{{"a":"{text}"}}}}"#);
    let body = format!(r#"{{"batch":[{}]}}"#, vec![&*event; 130].join(","));
    assert!(body.len() > 3 << 20 && body.len() < 4 << 20);
    taken(&house, "/v1/batch", &[SERVER], &body).await;
    let headers = [("x-write-key", "browser-key")];
    let answer = house.post("/v1/batch", &headers, body).await;
    assert_eq!(answer.error(), (413, "body_too_large".to_owned()));
}

#[tokio::test]
async fn row_25_slashes_too_many_do_no_harm() {
    let house = House::new().await;
    for path in [
        "/v1/batch/",
        "//v1/batch",
        "/v1//batch//",
        "/beacon/v1/batch/",
        "//beacon//v1/batch",
        "/api/s/s2s/batch/",
        "//api/s//s2s/batch",
    ] {
        taken(&house, path, &[SERVER], r#"{"batch":[]}"#).await;
    }
    for path in ["/api/s/track/", "//api/s/track", "/v1/t/"] {
        taken(&house, path, &[SERVER], r#"{"event":"E","userId":"1"}"#).await;
    }
    taken(&house, "/rsaMetrics/", &[], "{}").await;
}
