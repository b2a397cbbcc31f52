//! CORS: what a browser may read, on every answer.

use http::Request;

use crate::house::House;

const HEADERS: &str = "authorization, content-type, content-encoding, x-retry-count, x-write-key, \
    anonymousid, sentat, rsa-retry-attempt, rsa-retry-reason, rsa-since-first-attempt, \
    rsa-since-last-attempt, rsa-recovered, x-ip-policy, x-enable-debug";

#[tokio::test]
async fn a_preflight_needs_no_key_and_is_kept_for_two_hours() {
    let house = House::new().await;
    for path in [
        "/v1/batch",
        "/v1/t",
        "/v1/m",
        "/v1/forget",
        "/v1/projects/k/settings",
        "/v1/batch/",
    ] {
        let request = Request::options(path)
            .header("origin", "https://anywhere.example")
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,x-retry-count",
            );
        let answer = house
            .send(request.body(axum::body::Body::empty()).unwrap())
            .await;
        assert_eq!(answer.status, 204, "{path}");
        for (name, value) in [
            ("access-control-allow-origin", "https://anywhere.example"),
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-methods", "GET, POST, OPTIONS"),
            ("access-control-allow-headers", HEADERS),
            ("access-control-max-age", "7200"),
            ("vary", "Origin"),
        ] {
            assert_eq!(answer.header(name), value, "{path}");
        }
    }
}

#[tokio::test]
async fn every_answer_can_be_read_by_every_origin() {
    let house = House::new().await;
    for (path, headers, body, status) in [
        (
            "/v1/batch",
            vec![("x-write-key", "server-key")],
            r#"{"batch":[]}"#,
            200,
        ),
        ("/v1/batch", vec![("x-write-key", "server-key")], "{", 400),
        ("/v1/batch", vec![], r#"{"batch":[]}"#, 401),
        ("/v1/nothing", vec![], "", 404),
        ("/v1/projects/browser-key/settings", vec![], "", 405),
        ("/v1/batch", vec![("content-encoding", "x")], "", 415),
        ("/v1/m", vec![], "", 200),
        ("/v1/forget", vec![], "", 200),
    ] {
        for (origin, named, credentials) in [
            (
                Some("https://anywhere.example"),
                "https://anywhere.example",
                "true",
            ),
            (Some("null"), "*", ""),
            (None, "*", ""),
        ] {
            let mut headers = headers.clone();
            headers.extend(origin.map(|origin| ("origin", origin)));
            let answer = house.post(path, &headers, body).await;
            assert_eq!(answer.status, status, "{path}: {}", answer.text);
            assert_eq!(
                answer.header("access-control-allow-origin"),
                named,
                "{path}"
            );
            assert_eq!(
                answer.header("access-control-allow-credentials"),
                credentials
            );
            assert_eq!(
                answer.header("access-control-expose-headers"),
                "Retry-After"
            );
            assert_eq!(answer.header("vary"), "Origin");
        }
    }
}

#[tokio::test]
async fn no_cookie_is_set_for_events() {
    let house = House::new().await;
    let headers = [
        ("x-write-key", "browser-key"),
        ("cookie", "clickstream_user=x"),
    ];
    let answer = house.post("/v1/batch", &headers, r#"{"batch":[]}"#).await;
    assert!(!answer.headers.contains_key("set-cookie"));
}
