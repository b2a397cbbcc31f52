//! `/v1/forget`: the visitor's cookie ends for our own pages, and for nobody else's.

use http::Request;

use crate::house::House;

const PLAIN: &str = "clickstream_visitor=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax";
const TLS: &str = "__Host-clickstream_visitor=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure";

/// Asks as the tracker's beacon does: without a key, with an empty body.
async fn cookies(house: &House, origin: Option<&str>) -> Vec<String> {
    let mut headers = vec![("content-type", "text/plain;charset=UTF-8")];
    headers.extend(origin.map(|origin| ("origin", origin)));
    let answer = house.post("/v1/forget", &headers, "").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.text, r#"{"success":true}"#);
    let cookies = answer.headers.get_all("set-cookie").iter();
    cookies
        .map(|cookie| cookie.to_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn our_own_and_listed_pages_and_no_page_at_all_end_the_cookie() {
    let house = House::with(|config| {
        config.allow_origin = vec!["https://blog.example".parse().unwrap()];
    })
    .await;
    for friend in [
        None,
        Some("http://127.0.0.1:8081"),
        Some("http://localhost:8081"),
        Some("https://blog.example"),
    ] {
        assert_eq!(cookies(&house, friend).await, [PLAIN], "{friend:?}");
    }
}

#[tokio::test]
async fn another_sites_page_ends_nothing() {
    let house = House::new().await;
    for stranger in ["https://evil.example", "http://localhost:9999", "null"] {
        let none: [&str; 0] = [];
        assert_eq!(cookies(&house, Some(stranger)).await, none, "{stranger}");
    }
}

#[tokio::test]
async fn over_tls_the_cookie_has_the_name_that_needs_it() {
    let house = House::with(|config| {
        config.public_url = Some("https://shop.example".parse().unwrap());
    })
    .await;
    assert_eq!(cookies(&house, Some("https://shop.example")).await, [TLS]);
    assert_eq!(cookies(&house, None).await, [TLS]);
}

#[tokio::test]
async fn only_a_post_ends_it_and_no_event_comes_of_it() {
    let house = House::new().await;
    let get = Request::get("/v1/forget").body(axum::body::Body::empty());
    let answer = house.send(get.unwrap()).await;
    assert_eq!(answer.error(), (405, "method_not_allowed".to_owned()));
    assert!(!answer.headers.contains_key("set-cookie"));
    let long = "x".repeat((500 << 10) + 1);
    let answer = house.post("/v1/forget", &[], long).await;
    assert_eq!(answer.error(), (413, "body_too_large".to_owned()));
    cookies(&house, None).await;
    assert!(house.lines().await.is_empty());
}
