//! What users of other relays complain of, and ours is to answer at its intake: the number and the
//! thread are in each name.

use std::time::Duration;

use http::Request;
use serde_json::Value;

use crate::house::{House, files};

const KEY: (&str, &str) = ("x-write-key", "server-key");

async fn metric(house: &House, name: &str) -> u64 {
    let path = format!("/metrics?token={}", house.relay.token());
    let request = Request::get(path).header("host", "localhost");
    let page = house
        .send(request.body(axum::body::Body::empty()).unwrap())
        .await;
    let found = page
        .text
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name} ")).map(str::to_owned));
    found
        .unwrap_or_else(|| panic!("no {name}"))
        .parse()
        .unwrap()
}

#[tokio::test]
async fn complaint_36_vector_20990_a_200_names_accepted_and_rejected_by_index() {
    let house = House::new().await;
    let body = r#"{"batch":[
        {"type":"track","event":"E","userId":"1","messageId":"a"},
        {"type":"track","event":"E","userId":"/","messageId":"b"},
        {"type":"track","event":"E","userId":"1","messageId":"a"},
        {"type":"nothing"}]}"#;
    let answer = house.post("/v1/batch", &[KEY], body).await;
    assert_eq!(answer.status, 200);
    let told = answer.json();
    assert_eq!(
        (&told["accepted"], &told["duplicate"]),
        (&2.into(), &1.into())
    );
    let refused = told["rejected"].as_array().unwrap();
    let named: Vec<_> = refused
        .iter()
        .map(|one| (&one["index"], &one["messageId"]))
        .collect();
    assert_eq!(named, [(&1.into(), &"b".into()), (&3.into(), &Value::Null)]);
    // What is not rejected is there.
    assert_eq!(house.lines().await.len(), 1);
}

#[tokio::test]
async fn complaint_42_getsentry_relay_3230_each_drop_has_a_counted_named_reason() {
    let house = House::new().await;
    let long = "x".repeat(40 << 10);
    let body = format!(
        r#"{{"batch":[{{"type":"zzz"}},{{"a":1}},{{"type":"track","userId":"/"}},
        {{"type":"track","a":1e999}},{{"type":"track","a":"{long}"}},
        {{"type":"track","writeKey":"server-key","event":"E","userId":"1"}}]}}"#
    );
    let answer = house.post("/v1/batch", &[KEY], body).await.json();
    assert_eq!(answer["rejected"].as_array().unwrap().len(), 5, "{answer}");
    assert_eq!(house.post("/v1/batch", &[KEY], "{").await.status, 400);
    let mut sum = 0;
    for reason in [
        "unknown_type",
        "missing_type",
        "invalid_user_id",
        "number_too_large",
        "event_too_large",
    ] {
        let name = format!(r#"clickstream_rejected_by_reason_total{{reason="{reason}"}}"#);
        assert_eq!(metric(&house, &name).await, 1, "{reason}");
        sum += 1;
    }
    assert_eq!(
        metric(&house, "clickstream_events_rejected_total").await,
        sum
    );
    let broken = r#"clickstream_requests_total{answer="invalid_json"}"#;
    assert_eq!(metric(&house, broken).await, 1);
}

#[tokio::test]
async fn complaint_43_posthog_3068_a_size_is_refused_in_json_with_its_limit() {
    let house = House::new().await;
    let large = "x".repeat(33 << 10);
    let body = format!(
        r#"{{"batch":[{{"type":"track","event":"E","userId":"1"}},
        {{"type":"track","event":"E","userId":"1","a":"{large}"}}]}}"#
    );
    let told = house.post("/v1/batch", &[KEY], body).await.json();
    assert_eq!(told["accepted"], 1);
    let reason = told["rejected"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("event_too_large: $: "), "{reason}");
    assert!(reason.ends_with("over the limit of 32768"), "{reason}");
    let answer = house.post("/v1/batch", &[KEY], "x".repeat(5 << 20)).await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.error(), (413, "body_too_large".to_owned()));
    assert!(
        answer.json()["message"]
            .as_str()
            .unwrap()
            .contains("4194304")
    );
}

#[tokio::test]
async fn complaint_46_snowplow_1433_a_reason_names_path_and_rule_and_the_event_is_kept() {
    let house = House::new().await;
    let event = r#"{"type":"track","event":"Odd","properties":{"price":1e999}}"#;
    let told = house
        .post("/v1/batch", &[KEY], format!(r#"{{"batch":[{event}]}}"#))
        .await
        .json();
    let reason = told["rejected"][0]["reason"].as_str().unwrap().to_owned();
    assert!(
        reason.starts_with("number_too_large: $.properties"),
        "{reason}"
    );
    house.relay.shutdown(Duration::from_secs(20)).await;
    let kept = &files(&house.dir.path().join("spool/rejected"))[0];
    let kept: Value = serde_json::from_str(&fs_err::read_to_string(kept).unwrap()).unwrap();
    assert_eq!(
        (&kept["raw"], &kept["code"]),
        (&event.into(), &"number_too_large".into())
    );
    assert!(reason.ends_with(kept["reason"].as_str().unwrap()), "{kept}");
}
