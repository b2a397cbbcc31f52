//! Rows 1 to 8: routes, and what browser SDKs ask for before they send anything.

use std::io::Write as _;

use serde_json::json;

use super::{SERVER, preflight, taken};
use crate::house::{House, basic};

const ONE: &str = r#"{"batch":[{"type":"track","event":"E","anonymousId":"a","messageId":"m"}]}"#;

#[tokio::test]
async fn row_01_segments_batching_mode_posts_to_b() {
    let house = House::new().await;
    let body = ONE.replacen('{', r#"{"writeKey":"browser-key","#, 1);
    taken(&house, "/v1/b", &[("content-type", "text/plain")], &body).await;
    assert_eq!(house.lines().await[0]["messageId"], "m");
}

#[tokio::test]
async fn row_02_segments_own_metrics_are_neither_events_nor_errors() {
    let house = House::new().await;
    let settings = house.get("/v1/projects/browser-key/settings").await.json();
    assert_eq!(settings["metrics"]["sampleRate"], 0);
    let body = r#"{"series":[{"type":"Counter","metric":"analytics_js.invoke","value":1}]}"#;
    for path in ["/v1/m", "/rsaMetrics"] {
        taken(&house, path, &[("content-type", "text/plain")], body).await;
    }
    assert_eq!(house.relay.totals().unwrap().taken, 0);
}

#[tokio::test]
async fn row_03_settings_carry_the_key() {
    let house = House::new().await;
    let settings = house.get("/v1/projects/browser-key/settings").await.json();
    let integrations = settings["integrations"].as_object().unwrap();
    // One only: with more the SDK loads code of its own.
    assert_eq!(integrations.len(), 1);
    assert_eq!(integrations["Segment.io"]["apiKey"], "browser-key");
}

#[tokio::test]
async fn row_04_settings_name_host_and_protocol() {
    let public = "https://events.shop.example".parse().unwrap();
    let house = House::with(|config| config.public_url = Some(public)).await;
    let request = http::Request::get("/v1/projects/browser-key/settings")
        .header("host", "events.shop.example");
    let answer = house
        .send(request.body(axum::body::Body::empty()).unwrap())
        .await;
    let segment = &answer.json()["integrations"]["Segment.io"];
    assert_eq!(segment["apiHost"], "events.shop.example/v1");
    assert_eq!(segment["protocol"], "https");
}

#[tokio::test]
async fn row_05_rudderstacks_browser_sdk_asks_for_its_source() {
    let house = House::new().await;
    let key = basic("browser-key");
    for (path, headers) in [
        ("/sourceConfig", vec![("authorization", &*key)]),
        (
            "/sourceConfig/?p=npm&v=3.34.1&build=modern&writeKey=browser-key",
            vec![],
        ),
        ("//sourceConfig/?writeKey=browser-key", vec![]),
    ] {
        let mut request = http::Request::get(path);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = house
            .send(request.body(axum::body::Body::empty()).unwrap())
            .await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        let source = &answer.json()["source"];
        assert!(source["id"].is_string() && source["config"].is_object());
        assert_eq!(
            (&source["enabled"], &source["destinations"]),
            (&json!(true), &json!([]))
        );
    }
    for path in ["/sourceConfig", "/sourceConfig/"] {
        let answer = preflight(&house, path, "authorization,content-type").await;
        assert_eq!(answer.status, 204, "{path}");
        for path in [path.to_owned(), format!("{path}?writeKey=nobody")] {
            let refused = house.get(&path).await;
            assert_eq!(refused.error(), (401, "invalid_write_key".to_owned()));
            assert_eq!(refused.header("access-control-allow-origin"), "*");
        }
    }
}

#[tokio::test]
async fn row_06_rudderstacks_beacon_has_its_key_in_the_query() {
    let house = House::new().await;
    let headers = [("content-type", "text/plain;charset=UTF-8")];
    let path = "/beacon/v1/batch?writeKey=browser-key";
    taken(&house, path, &headers, ONE).await;
    let refused = house
        .post("/beacon/v1/batch?writeKey=nobody", &headers, ONE)
        .await;
    assert_eq!(refused.error().0, 401);
    assert_eq!(house.lines().await[0]["relay"]["source"], "bookstore");
}

#[tokio::test]
async fn row_07_jitsu_has_the_type_in_its_path_and_the_key_in_a_header() {
    let key = "browser-trusted:jitsu:id:secret".parse().unwrap();
    let keys = clickstream_relay::intake::key::Keyring::new(vec![key]);
    for kind in ["track", "page", "screen", "identify", "group", "alias"] {
        for path in [format!("/api/s/{kind}"), format!("/api/s/s2s/{kind}")] {
            let keys = keys.clone();
            let house = House::with(|config| config.intake.keys = keys).await;
            // The body repeats the key, its secret masked.
            let body = r#"{"event":"E","anonymousId":"a","userId":null,"writeKey":"id:***"}"#;
            let headers = [
                ("content-type", "application/json"),
                ("x-write-key", "id:secret"),
            ];
            let answer = taken(&house, &path, &headers, body).await;
            assert!(answer.json().is_object(), "the SDK reads an object");
            let answer = house.post(&path, &[], body).await;
            assert_eq!(answer.error().0, 401, "a masked key opens nothing");
            let lines = house.lines().await;
            assert_eq!(lines[0]["type"], kind, "{path}");
            assert_eq!(lines[0]["relay"]["source"], "jitsu");
            assert_eq!(lines[0].get("writeKey"), None);
        }
    }
    let house = House::new().await;
    taken(&house, "/api/s/s2s/batch", &[SERVER], ONE).await;
    let nowhere = house.post("/api/s/nothing", &[SERVER], ONE).await;
    assert_eq!(nowhere.error(), (404, "not_found".to_owned()));
}

#[tokio::test]
async fn row_08_a_body_is_json_whatever_its_type_says() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(ONE.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    for (kind, encoding, body) in [
        (Some("application/json"), None, ONE.as_bytes()),
        (Some("text/plain"), None, ONE.as_bytes()),
        (
            Some("application/x-www-form-urlencoded"),
            Some("gzip"),
            &*gzip,
        ),
        (None, None, ONE.as_bytes()),
    ] {
        let house = House::new().await;
        let mut headers = vec![SERVER];
        headers.extend(kind.map(|kind| ("content-type", kind)));
        headers.extend(encoding.map(|encoding| ("content-encoding", encoding)));
        let answer = house.post("/v1/batch", &headers, body.to_vec()).await;
        assert_eq!(answer.status, 200, "{kind:?}: {}", answer.text);
        assert_eq!(house.lines().await.len(), 1, "{kind:?}");
    }
}
