//! Forms of other sites, and forms that say nonsense.

use axum::http::StatusCode;

use crate::visit::TestShop;

#[tokio::test]
async fn a_form_of_another_site_does_nothing() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    visitor.post("/basket/add", &[("book", "bk-1")]).await;
    for foreign in [
        ("origin", "http://evil.example"),
        ("origin", "http://shop.test.evil.example"),
        ("origin", "http://shop.test:81"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let form = [("book", "bk-2")];
        let answer = visitor.post_from("/basket/add", &form, &[foreign]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{foreign:?}");
        assert!(
            answer.body.contains("did not come from the shop"),
            "{foreign:?}"
        );
    }
    assert_eq!(visitor.get("/basket").await.count(r#"class="line""#), 1);
    let own = [("sec-fetch-site", "same-origin")];
    let answer = visitor
        .post_from("/basket/add", &[("book", "bk-2")], &own)
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn nonsense_is_refused_in_words() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    visitor.post("/sign-in", &[("reader", "1")]).await;
    let long = "x".repeat(2001);
    let cases: [(&str, Vec<(&str, &str)>); 9] = [
        ("/basket/add", vec![]),
        ("/basket/add", vec![("book", "bk-9999")]),
        ("/basket/add", vec![("book", "../bk-1")]),
        ("/basket/change", vec![("book", "bk-1"), ("quantity", "-1")]),
        (
            "/books/bk-1/reviews",
            vec![("stars", "6"), ("title", "a"), ("text", "b")],
        ),
        (
            "/books/bk-1/reviews",
            vec![("stars", "3"), ("title", " "), ("text", "b")],
        ),
        (
            "/books/bk-1/reviews",
            vec![("stars", "3"), ("title", "a"), ("text", &long)],
        ),
        ("/books/bk-1/reviews/99999/like", vec![]),
        ("/books/bk-9999/like", vec![]),
    ];
    for (path, form) in cases {
        let answer = visitor.post(path, &form).await;
        assert!(
            answer.status.is_client_error(),
            "{path} {form:?}: {}",
            answer.status
        );
        assert!(!answer.body.is_empty(), "{path}");
    }
    assert_eq!(
        visitor.get("/books/bk-1/reviews").await.count("<article"),
        4
    );
}

#[tokio::test]
async fn a_get_changes_nothing() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    for path in ["/basket/add?book=bk-1", "/sign-out", "/books/bk-1/like"] {
        let answer = visitor.get(path).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
    assert!(visitor.cookies.is_empty());
}
