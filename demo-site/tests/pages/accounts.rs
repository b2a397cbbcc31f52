//! Signing in and out, and the token by which the relay knows who it is.

use std::sync::atomic::Ordering;

use axum::http::{StatusCode, header};
use clickstream_relay::identity::token;

use crate::visit::{Answer, NOW_MS, TestShop};

fn set_cookies(answer: &Answer) -> Vec<&str> {
    let all = answer.headers.get_all(header::SET_COOKIE);
    all.iter().map(|value| value.to_str().unwrap()).collect()
}

#[tokio::test]
async fn signing_in_makes_a_token_that_the_relay_believes() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    assert!(!visitor.get("/").await.body.contains("data-user-id"));
    let answer = visitor.post("/sign-in", &[("reader", "7")]).await;
    assert_eq!(answer.location(), "/");
    for cookie in set_cookies(&answer) {
        assert!(cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
        assert!(
            cookie.contains("; Path=/;") && !cookie.contains("Secure"),
            "{cookie}"
        );
    }
    let now_s = NOW_MS / 1000;
    let signed = &visitor.cookies["clickstream_user"];
    let verified = token::verify(signed, std::slice::from_ref(&shop.key), now_s).unwrap();
    assert_eq!(verified.user_id.as_str(), "7");
    assert_eq!(verified.auth_time_ms, i64::try_from(NOW_MS).unwrap());
    let home = visitor.get("/").await;
    assert_eq!(home.count(r#"data-user-id="7""#), 1);
    assert!(home.body.contains("Greta Lindqvist"));
}

#[tokio::test]
async fn signing_out_takes_everything_back() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    visitor.post("/sign-in", &[("reader", "7")]).await;
    let before = visitor.clone();
    let answer = visitor.post("/sign-out", &[]).await;
    assert!(
        set_cookies(&answer)
            .iter()
            .any(|cookie| cookie.starts_with("clickstream_user=; "))
    );
    assert!(visitor.cookies.is_empty(), "{:?}", visitor.cookies);
    // Who kept the old cookies is nobody either: the session is gone.
    let mut old = before;
    assert!(!old.get("/").await.body.contains("data-user-id"));
}

#[tokio::test]
async fn a_session_known_from_before_is_worth_nothing_after_signing_in() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    visitor.post("/basket/add", &[("book", "bk-1")]).await;
    let mut planted = visitor.clone();
    visitor.post("/sign-in", &[("reader", "7")]).await;
    assert!(
        visitor.get("/basket").await.body.contains("£13.89"),
        "the basket came along"
    );
    assert!(!planted.get("/").await.body.contains("data-user-id"));
    assert!(planted.get("/basket").await.body.contains("It is empty"));
}

#[tokio::test]
async fn page_and_token_end_together() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    visitor.post("/sign-in", &[("reader", "7")]).await;
    let month_ms = 30 * 24 * 3600 * 1000;
    shop.clock.0.store(NOW_MS + month_ms - 1, Ordering::Relaxed);
    assert!(visitor.get("/").await.body.contains("data-user-id"));
    shop.clock.0.store(NOW_MS + month_ms, Ordering::Relaxed);
    assert!(!visitor.get("/").await.body.contains("data-user-id"));
    let signed = &visitor.cookies["clickstream_user"];
    let late = (NOW_MS + month_ms) / 1000;
    assert!(token::verify(signed, std::slice::from_ref(&shop.key), late).is_err());
}

#[tokio::test]
async fn behind_tls_cookies_are_secure_and_bound_to_the_host() {
    let shop = TestShop::with(None, true);
    let mut visitor = shop.visitor();
    let answer = visitor
        .post_from(
            "/sign-in",
            &[("reader", "7")],
            &[("origin", "https://shop.test")],
        )
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    for cookie in set_cookies(&answer) {
        assert!(
            cookie.starts_with("__Host-") && cookie.contains("; Secure"),
            "{cookie}"
        );
    }
    assert!(visitor.get("/").await.body.contains(r#"data-user-id="7""#));
}

#[tokio::test]
async fn signing_in_leads_to_pages_of_the_shop_only() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    for (next, there) in [
        ("/books/bk-9/reviews", "/books/bk-9/reviews"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/books/bk-1\r\nX: y", "/"),
        ("", "/"),
    ] {
        let form = [("reader", "5"), ("next", next)];
        let answer = visitor.post("/sign-in", &form).await;
        assert_eq!(answer.location(), there, "{next:?}");
    }
}

#[tokio::test]
async fn nobody_signs_in_as_somebody_else() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    for reader in ["0", "21", "99999", "-1", "visitor-1", ""] {
        let answer = visitor.post("/sign-in", &[("reader", reader)]).await;
        assert!(answer.status.is_client_error(), "{reader}");
        assert!(visitor.cookies.is_empty(), "{reader}");
    }
    visitor
        .cookies
        .insert("shop_session".into(), "' OR 1=1 --".into());
    assert!(!visitor.get("/").await.body.contains("data-user-id"));
    assert_eq!(visitor.get("/orders").await.location(), "/sign-in");
}
