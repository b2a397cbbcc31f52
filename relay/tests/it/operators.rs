//! The operator's routes: alive, ready, and the books.

use std::time::Duration;

use clickstream_relay::sink::Config as Sink;
use http::Request;

use crate::house::{Answer, House, event};

async fn ask(house: &House, path: &str, host: &str, token: Option<&str>) -> Answer {
    let mut request = Request::get(path).header("host", host);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    house
        .send(request.body(axum::body::Body::empty()).unwrap())
        .await
}

/// The value of a metric, by its name and labels as written.
fn value(page: &str, name: &str) -> u64 {
    let line = page
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("no {name}")).parse().unwrap()
}

#[tokio::test]
async fn metrics_need_the_token_and_a_known_host() {
    let house = House::new().await;
    let token = house.relay.token().to_owned();
    let query = format!("/metrics?token={token}");
    for (path, host, token, status) in [
        ("/metrics", "localhost", None, 401),
        ("/metrics", "localhost", Some("wrong"), 401),
        ("/metrics?token=wrong", "localhost", None, 401),
        ("/metrics", "rebound.example", Some(&*token), 403),
        (&*query, "rebound.example:8081", None, 403),
        ("/metrics", "localhost:8081", Some(&*token), 200),
        (&*query, "127.0.0.1:8081", None, 200),
    ] {
        let answer = ask(&house, path, host, token).await;
        assert_eq!(answer.status, status, "{path} {host}");
        // Nobody's page may read them.
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
}

#[tokio::test]
async fn a_given_token_is_taken_and_listed_hosts_are_known() {
    let house = House::with(|config| {
        config.metrics_token = Some("t-1".into());
        config.allow_host = vec!["relay.internal".to_owned()];
    })
    .await;
    assert_eq!(house.relay.token(), "t-1");
    let answer = ask(&house, "/metrics", "relay.internal:1234", Some("t-1")).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn the_books_are_on_the_page_and_balance() {
    let house = House::new().await;
    let key = [("x-write-key", "server-key")];
    let one = event(r#","userId":"45","messageId":"m-1""#);
    house.post("/v1/batch", &key, one.clone()).await;
    house.post("/v1/batch", &key, one).await;
    house
        .post("/v1/batch", &key, event(r#","userId":"/""#))
        .await;
    house.post("/v1/batch", &key, "{").await;
    house.post("/v1/batch", &[], event("")).await;
    let token = house.relay.token().to_owned();
    let page = ask(&house, "/metrics", "localhost", Some(&token))
        .await
        .text;
    let of = |name: &str| value(&page, &format!("clickstream_{name}"));
    assert_eq!(of("events_taken_total"), 3);
    assert_eq!(
        of("events_taken_total"),
        of("events_delivered_total")
            + of("events_waiting")
            + of("events_rejected_total")
            + of("events_duplicate_total")
            + of("events_failed_total")
    );
    assert_eq!(of("events_duplicate_total"), 1);
    assert_eq!(of(r#"requests_total{answer="ok"}"#), 3);
    assert_eq!(of(r#"requests_total{answer="invalid_json"}"#), 1);
    assert_eq!(of(r#"requests_total{answer="invalid_write_key"}"#), 1);
    assert_eq!(
        of(r#"rejected_by_reason_total{reason="invalid_user_id"}"#),
        1
    );
    assert_eq!(of(r#"events_named_total{by="claim"}"#), 2);
    house.lines().await;
}

#[tokio::test]
async fn partitions_are_counted_once_a_delivery() {
    let house = House::with(|config| {
        let Sink::Lake(lake) = &mut config.sink else {
            panic!("the default sink is the lake");
        };
        // What comes is delivered at once: a request, a delivery.
        lake.buffer_interval = Duration::ZERO;
    })
    .await;
    let key = [("x-write-key", "server-key")];
    let query = format!("/metrics?token={}", house.relay.token());
    let track = |user: &str| format!(r#"{{"type":"track","event":"E","userId":"{user}"}}"#);
    for (users, partitions) in [
        (&["45", "45", "90"][..], 2),
        // Known ones again are delivered to again.
        (&["45"], 3),
        (&["90", "1", "2"], 6),
    ] {
        let events: Vec<String> = users.iter().map(|user| track(user)).collect();
        let body = format!(r#"{{"batch":[{}]}}"#, events.join(","));
        let answer = house.post("/v1/batch", &key, body).await;
        assert_eq!(answer.json()["accepted"], users.len());
        let mut page = String::new();
        crate::house::until("all is delivered", async || {
            page = house.get(&query).await.text;
            value(&page, "clickstream_events_waiting") == 0
                && value(&page, "clickstream_partitions_total") >= partitions
        })
        .await;
        assert_eq!(value(&page, "clickstream_partitions_total"), partitions);
    }
    // Without any id an event goes under the error prefix: no partition.
    let lost = r#"{"batch":[{"type":"track","event":"E"}]}"#;
    house.post("/v1/batch", &key, lost).await;
    let mut page = String::new();
    crate::house::until("it failed", async || {
        page = house.get(&query).await.text;
        value(&page, "clickstream_events_failed_total") == 1
    })
    .await;
    assert_eq!(value(&page, "clickstream_partitions_total"), 6);
    let largest = value(&page, "clickstream_largest_epoch_bytes");
    assert!((100..10_000).contains(&largest), "{largest}");
    house.lines().await;
}

#[tokio::test]
async fn every_metric_has_its_help_and_type_and_prometheus_can_read_it() {
    let house = House::new().await;
    let token = house.relay.token().to_owned();
    let page = ask(&house, "/metrics", "localhost", Some(&token)).await;
    assert_eq!(
        page.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let mut known = std::collections::BTreeSet::new();
    for line in page.text.lines() {
        if let Some(named) = line.strip_prefix("# ") {
            let mut words = named.splitn(3, ' ');
            let (what, name) = (words.next().unwrap(), words.next().unwrap());
            assert!(!words.next().unwrap_or("").is_empty(), "{line}");
            if what == "TYPE" {
                assert!(known.insert(name), "{name} stands twice");
            }
        } else {
            let name = line.split(['{', ' ']).next().unwrap();
            let parts = ["_bucket", "_sum", "_count"];
            let base = parts
                .iter()
                .find_map(|part| name.strip_suffix(part))
                .unwrap_or(name);
            assert!(known.contains(name) || known.contains(base), "{line}");
            assert!(
                line.rsplit_once(' ').unwrap().1.parse::<f64>().is_ok(),
                "{line}"
            );
        }
    }
}

#[tokio::test]
async fn healthz_says_alive_and_readyz_says_why_not() {
    let house = House::with(|config| {
        let Sink::Lake(lake) = &mut config.sink else {
            panic!("the default sink is the lake");
        };
        lake.buffer_interval = Duration::from_secs(60);
    })
    .await;
    assert_eq!(house.get("/healthz").await.json()["alive"], true);
    let ready = house.get("/readyz").await;
    assert_eq!(
        (ready.status.as_u16(), &ready.json()["ready"]),
        (200, &true.into())
    );
    house
        .post(
            "/v1/batch",
            &[("x-write-key", "server-key")],
            event(r#","userId":"1""#),
        )
        .await;
    // The sink waits for a minute; after five that is too old a backlog.
    house.set_clock(crate::house::NOW_MS + 301_000);
    let ready = house.get("/readyz").await;
    assert_eq!(ready.status, 503);
    let json = ready.json();
    assert_eq!(
        (&json["waiting"], &json["oldestSeconds"]),
        (&1.into(), &301.into())
    );
    assert!(
        json["reasons"][0].as_str().unwrap().contains("301 s old"),
        "{json}"
    );
}
