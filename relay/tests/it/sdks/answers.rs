//! Rows 9 to 16: what an answer must look like, to an SDK and to its browser; where a key is.

use serde_json::json;

use super::{SERVER, preflight, taken};
use crate::house::{House, basic, event};

/// Every route that a page's SDK calls.
const ROUTES: [&str; 10] = [
    "/v1/batch",
    "/v1/b",
    "/v1/t",
    "/v1/identify",
    "/v1/m",
    "/v1/projects/browser-key/settings",
    "/sourceConfig/",
    "/beacon/v1/batch",
    "/api/s/track",
    "/rsaMetrics",
];

#[tokio::test]
async fn row_09_success_is_200_and_says_so() {
    let house = House::new().await;
    let good = r#"{"type":"track","event":"E","userId":"1","messageId":"m"}"#;
    for (batch, rejected) in [
        (String::new(), 0),
        (good.to_owned(), 0),
        // Again: a duplicate.
        (good.to_owned(), 0),
        (format!(r#"{good},{{"type":"nothing"}}"#), 1),
    ] {
        let body = format!(r#"{{"batch":[{batch}]}}"#);
        let answer = house.post("/v1/batch", &[SERVER], body).await;
        assert_eq!(answer.status, 200);
        assert!(answer.text.starts_with(r#"{"success":true,"#));
        assert_eq!(
            answer.json()["rejected"].as_array().unwrap().len(),
            rejected
        );
    }
}

#[tokio::test]
async fn row_10_every_error_has_a_code_and_a_message() {
    let house = House::with(|config| config.intake.rate_per_key = Some(1)).await;
    let large = "x".repeat(5 << 20);
    let mut seen = Vec::new();
    for (path, headers, body) in [
        ("/v1/batch", vec![SERVER], "{"),
        ("/v1/batch", vec![SERVER], r#"{"batch":7}"#),
        ("/v1/batch", vec![], r#"{"batch":[]}"#),
        ("/sourceConfig/", vec![SERVER], ""),
        ("/api/s/nothing", vec![SERVER], "{}"),
        ("/v1/batch", vec![SERVER], &*large),
        ("/v1/batch", vec![SERVER, ("content-encoding", "x")], "{}"),
    ] {
        seen.push(house.post(path, &headers, body.to_owned()).await.error().0);
    }
    assert_eq!(seen, [400, 400, 401, 405, 404, 413, 415]);
    let mut last = (200, String::new());
    while last.0 != 429 {
        let answer = house.post("/v1/batch", &[SERVER], r#"{"batch":[]}"#).await;
        if answer.status != 200 {
            last = answer.error();
        }
    }
    assert_eq!(last, (429, "too_fast".to_owned()));
}

#[tokio::test]
async fn row_11_the_headers_of_first_sends_and_of_retries_are_allowed() {
    let house = House::new().await;
    // As measured, an SDK each; the last three from their sources.
    for asked in [
        "authorization,x-retry-count",
        "anonymousid,authorization,content-type,rsa-recovered,rsa-retry-attempt,\
         rsa-retry-reason,rsa-since-first-attempt,rsa-since-last-attempt,sentat",
        "content-type,x-write-key",
        "content-encoding,content-type",
        "x-enable-debug,x-ip-policy",
    ] {
        for path in ROUTES {
            let answer = preflight(&house, path, asked).await;
            let allowed = answer.header("access-control-allow-headers");
            let allowed: Vec<&str> = allowed.split(", ").collect();
            for header in asked.split(',') {
                assert!(allowed.contains(&header), "{path}: {header}");
            }
        }
    }
}

#[tokio::test]
async fn row_12_pages_may_read_retry_after() {
    let house = House::with(|config| config.intake.rate_per_key = Some(1)).await;
    let headers = [SERVER, ("origin", "https://shop.example")];
    let refused = loop {
        let answer = house.post("/v1/t", &headers, r#"{"event":"E"}"#).await;
        if answer.status != 200 {
            break answer;
        }
    };
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("retry-after"), "1");
    let exposed = refused.header("access-control-expose-headers");
    assert_eq!(exposed, "Retry-After");
}

#[tokio::test]
async fn row_13_a_preflight_is_kept_for_two_hours() {
    let house = House::new().await;
    for path in ROUTES {
        let answer = preflight(&house, path, "authorization").await;
        assert_eq!(answer.header("access-control-max-age"), "7200", "{path}");
    }
}

#[tokio::test]
async fn row_14_every_answer_can_be_read_and_preflights_need_no_key() {
    let house = House::new().await;
    for path in ROUTES {
        let answer = preflight(&house, path, "authorization").await;
        assert_eq!(answer.status, 204, "{path}");
        // Whatever it is: taken, refused for its key, or another method's.
        let origin = ("origin", "https://shop.example");
        for headers in [vec![origin], vec![origin, SERVER]] {
            let answer = house.post(path, &headers, "{").await;
            let named = answer.header("access-control-allow-origin");
            assert_eq!(named, "https://shop.example", "{path}");
            assert_eq!(answer.header("access-control-allow-credentials"), "true");
            assert_eq!(answer.header("vary"), "Origin");
        }
    }
}

#[tokio::test]
async fn row_15_a_key_is_found_where_each_sdk_puts_it() {
    let (colon, bare) = (basic("server-key"), "Basic c2VydmVyLWtleQ==");
    let other = ("x-write-key", "browser-key");
    for (headers, path, in_body) in [
        // Basic, with or without a colon, before the header.
        (vec![("authorization", &*colon), other], "/v1/batch", ""),
        (vec![("authorization", bare)], "/v1/batch", ""),
        // The header before the body, the body before the query.
        (vec![SERVER], "/v1/batch", r#""writeKey":"browser-key","#),
        (
            vec![],
            "/v1/batch?writeKey=browser-key",
            r#""writeKey":"server-key","#,
        ),
        (vec![], "/v1/batch?writeKey=server-key", ""),
    ] {
        let house = House::new().await;
        let body = event(r#","userId":"1""#).replacen('{', &format!("{{{in_body}"), 1);
        taken(&house, path, &headers, &body).await;
        let line = &house.lines().await[0];
        assert_eq!(line["relay"]["source"], "backend", "{headers:?} {path}");
    }
    let house = House::new().await;
    let own = event(r#","anonymousId":"a","writeKey":"browser-key""#);
    taken(&house, "/v1/batch", &[], &own).await;
    assert_eq!(house.lines().await[0]["relay"]["source"], "bookstore");
}

#[tokio::test]
async fn row_16_a_foreign_bearer_beside_a_key_does_no_harm() {
    let house = House::new().await;
    let headers = [("authorization", "Bearer somebodys-oauth-token")];
    let body = event(r#","userId":"1""#).replacen('{', r#"{"writeKey":"server-key","#, 1);
    taken(&house, "/v1/batch", &headers, &body).await;
    let line = &house.lines().await[0];
    assert_eq!(line["userId"], json!("1"));
}
