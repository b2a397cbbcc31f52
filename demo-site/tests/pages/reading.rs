//! Looking for books, reading about them, saying what one thinks.

use axum::http::StatusCode;

use crate::visit::TestShop;

#[tokio::test]
async fn search_finds_by_title_author_and_words() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    for (question, found) in [
        ("courgettes", "/books/bk-15"),
        ("COURGETTE", "/books/bk-15"),
        ("gusset", "/books/bk-53"),
        ("light keep", "/books/bk-1"),
        ("lowercase nothing", ""),
        ("tuesday café", "/books/bk-8"),
        ("Tuesday cafe", "/books/bk-8"),
    ] {
        let page = visitor
            .get(&format!(
                "/search?q={}",
                question.replace(' ', "+").replace('é', "%C3%A9")
            ))
            .await;
        assert_eq!(page.status, StatusCode::OK);
        let first = page.body.split(r#"class="card" href=""#).nth(1);
        let first = first.and_then(|rest| rest.split('"').next()).unwrap_or("");
        assert_eq!(first, found, "{question}");
    }
}

#[tokio::test]
async fn a_question_in_the_indexs_own_language_is_only_words() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    for question in [
        "%22",
        "NEAR(a+b)",
        "a+AND",
        "title%3Asalt",
        "*",
        "%00",
        "%FF%FE",
        "')%3BDROP+TABLE+reviews%3B--",
    ] {
        let page = visitor.get(&format!("/search?q={question}")).await;
        assert_eq!(page.status, StatusCode::OK, "{question}");
    }
    assert!(
        visitor
            .get("/books/bk-1/reviews")
            .await
            .body
            .contains("Read it on the crossing")
    );
}

#[tokio::test]
async fn what_is_searched_for_is_shown_as_text() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    let page = visitor
        .get("/search?q=%3C%2Fscript%3E%3Cimg+src%3Dx%3E%22")
        .await;
    assert_eq!(page.count("<img"), 0);
    assert_eq!(
        page.count("</script><"),
        page.count("<script"),
        "no element ended early"
    );
    assert_eq!(
        page.sayings()["load"][0][2]["query"],
        "</script><img src=x>\""
    );
}

#[tokio::test]
async fn a_review_is_written_shown_as_text_and_liked() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    let form = [
        ("stars", "5"),
        ("title", "<i>Oh</i>"),
        ("text", "A\r\n\r\n<script>alert(1)</script>"),
    ];
    let refused = visitor.post("/books/bk-7/reviews", &form).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "nobody is signed in");
    visitor.post("/sign-in", &[("reader", "2")]).await;
    let page = visitor.submit("/books/bk-7/reviews", &form).await;
    assert_eq!(page.count("<article class=\"review\""), 1);
    assert!(page.body.contains("&lt;i&gt;Oh&lt;/i&gt;") && page.body.contains("Bram Verlinden"));
    assert_eq!(page.count("<script>alert"), 0);
    let number = page
        .body
        .split(r#"id="rv-"#)
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let like = format!("/books/bk-7/reviews/{number}/like");
    let mut other = shop.visitor();
    other.post(&like, &[]).await;
    let page = visitor.submit(&like, &[]).await;
    assert!(page.body.contains("You found this helpful (2)"));
    let page = visitor.submit(&like, &[]).await;
    assert!(
        page.body.contains("Helpful (1)"),
        "a like can be taken back"
    );
}

#[tokio::test]
async fn wishes_outlive_signing_in() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    visitor.post("/books/bk-40/like", &[]).await;
    visitor.post("/sign-in", &[("reader", "2")]).await;
    assert!(visitor.get("/wishlist").await.body.contains("/books/bk-40"));
    visitor.post("/sign-out", &[]).await;
    assert!(!visitor.get("/wishlist").await.body.contains("/books/bk-40"));
    visitor.post("/sign-in", &[("reader", "2")]).await;
    assert!(visitor.get("/wishlist").await.body.contains("/books/bk-40"));
}

#[tokio::test]
async fn both_tabs_are_links_with_addresses_of_their_own() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    for (path, heading) in [
        ("/books/bk-1", "What it is"),
        ("/books/bk-1/reviews", "What readers say"),
    ] {
        let page = visitor.get(path).await;
        assert!(page.body.contains(heading), "{path}");
        assert_eq!(
            page.count(&format!(
                r#"href="{path}" data-swap="tabs" aria-current="page""#
            )),
            1
        );
        assert_eq!(page.count(r#"id="tabs""#), 1);
    }
}

#[tokio::test]
async fn things_to_click_say_what_they_are_about() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    let page = visitor.get("/departments/kitchen").await;
    let card = page
        .body
        .split(r#"<a class="card" "#)
        .nth(1)
        .unwrap()
        .split('>')
        .next()
        .unwrap();
    for mark in [
        r#"data-clickstream-product_id="bk-14""#,
        r#"data-clickstream-price="18.99""#,
        r#"data-clickstream-currency="GBP""#,
        r#"data-clickstream-list_id="kitchen""#,
        r#"data-clickstream-position="1""#,
        "data-says=\"{&quot;event&quot;:&quot;Product Clicked&quot;",
    ] {
        assert!(card.contains(mark), "{mark} in {card}");
    }
}
