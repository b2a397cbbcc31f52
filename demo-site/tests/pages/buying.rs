//! From the basket to the order, and what goes wrong on the way.

use axum::http::StatusCode;

use crate::visit::{TestShop, Visitor};

pub const CARD: [(&str, &str); 4] = [
    ("holder", "Greta L"),
    ("card", "4242 4242 4242 4242"),
    ("expiry", "12/34"),
    ("code", "123"),
];

pub const ADDRESS: [(&str, &str); 5] = [
    ("name", "Greta Lindqvist"),
    ("street", "3 Marram Way"),
    ("city", "Saltholm"),
    ("postcode", "SH1 2ON"),
    ("shipping", "courier"),
];

/// Fills in the first step.
pub async fn address(visitor: &mut Visitor) {
    visitor.get("/checkout").await;
    let answer = visitor.post("/checkout", &ADDRESS).await;
    assert_eq!(answer.location(), "/checkout/payment");
}

#[tokio::test]
async fn a_basket_becomes_an_order_with_the_right_sum() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    visitor.post("/basket/add", &[("book", "bk-1")]).await;
    visitor.post("/basket/add", &[("book", "bk-1")]).await;
    let basket = visitor.submit("/basket/add", &[("book", "bk-58")]).await;
    assert_eq!(
        basket.count("£30.97"),
        2,
        "books and total: the post is free"
    );
    address(&mut visitor).await;
    let paid = visitor.submit("/checkout/payment", &CARD).await;
    assert_eq!(paid.status, StatusCode::OK);
    assert!(
        paid.body.contains("o-1001") && paid.body.contains("£37.47"),
        "with the courier"
    );
    assert!(paid.body.contains("3 Marram Way"));
    assert!(visitor.get("/basket").await.body.contains("It is empty"));
}

#[tokio::test]
async fn a_basket_is_changed_and_emptied() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    visitor.post("/basket/add", &[("book", "bk-3")]).await;
    let more = [("book", "bk-3"), ("quantity", "3")];
    let page = visitor.submit("/basket/change", &more).await;
    assert!(page.body.contains("£37.50"), "three at 12.50");
    let most = [("book", "bk-3"), ("quantity", "4000000000")];
    let page = visitor.submit("/basket/change", &most).await;
    assert!(
        page.body.contains(r#"value="20""#),
        "a shop sells no more at once"
    );
    let page = visitor.submit("/basket/remove", &[("book", "bk-3")]).await;
    assert!(page.body.contains("It is empty"));
}

#[tokio::test]
async fn paying_twice_is_one_order() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    visitor.post("/basket/add", &[("book", "bk-1")]).await;
    address(&mut visitor).await;
    let first = visitor.post("/checkout/payment", &CARD).await;
    let second = visitor.post("/checkout/payment", &CARD).await;
    assert_eq!(first.location(), "/orders/o-1001");
    assert_eq!(second.location(), "/orders/o-1001");
    let page = visitor.get("/orders/o-1001").await;
    assert_eq!(
        page.said()
            .iter()
            .filter(|name| *name == "Order Completed")
            .count(),
        1
    );
}

#[tokio::test]
async fn two_impatient_fingers_at_once_are_one_order() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    visitor.post("/basket/add", &[("book", "bk-1")]).await;
    address(&mut visitor).await;
    let (mut left, mut right) = (visitor.clone(), visitor.clone());
    let (one, other) = tokio::join!(
        left.post("/checkout/payment", &CARD),
        right.post("/checkout/payment", &CARD)
    );
    assert_eq!(one.location(), "/orders/o-1001");
    assert_eq!(other.location(), "/orders/o-1001");
    assert_eq!(
        visitor.get("/orders/o-1002").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_wrong_card_is_explained_and_not_shown_again() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    visitor.post("/basket/add", &[("book", "bk-1")]).await;
    address(&mut visitor).await;
    let wrong = [
        ("holder", "Secret Holder"),
        ("card", "999999"),
        ("expiry", "01/20"),
        ("code", "1"),
    ];
    let page = visitor.post("/checkout/payment", &wrong).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(page.count(r#"aria-invalid="true""#), 3);
    assert_eq!(page.count(r#"aria-describedby="card-fault""#), 1);
    assert_eq!(page.count("999999") + page.count("Secret Holder"), 0);
    assert_eq!(
        page.said(),
        ["Checkout Step Completed"],
        "of the step before, nothing of this one"
    );
}

#[tokio::test]
async fn an_address_that_lacks_something_comes_back_as_it_was() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    visitor.post("/basket/add", &[("book", "bk-1")]).await;
    let half = [
        ("name", "Ada <b>"),
        ("street", ""),
        ("city", "X"),
        ("postcode", "Y"),
        ("shipping", "post"),
    ];
    let page = visitor.post("/checkout", &half).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.body.contains("Which street and number?"));
    assert!(page.body.contains("Ada &lt;b&gt;") && !page.body.contains("Ada <b>"));
}

#[tokio::test]
async fn a_step_too_far_leads_to_the_one_before() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    assert_eq!(visitor.get("/checkout").await.location(), "/basket");
    assert_eq!(visitor.get("/checkout/payment").await.location(), "/basket");
    visitor.post("/basket/add", &[("book", "bk-1")]).await;
    visitor.get("/checkout").await;
    assert_eq!(
        visitor.get("/checkout/payment").await.location(),
        "/checkout"
    );
    assert_eq!(
        visitor.post("/checkout/payment", &CARD).await.location(),
        "/checkout"
    );
}

#[tokio::test]
async fn an_order_is_its_buyers_alone() {
    let shop = TestShop::open();
    let mut buyer = shop.visitor();
    buyer.post("/sign-in", &[("reader", "3")]).await;
    buyer.post("/basket/add", &[("book", "bk-1")]).await;
    address(&mut buyer).await;
    buyer.post("/checkout/payment", &CARD).await;
    assert!(buyer.get("/orders").await.body.contains("o-1001"));
    let mut other = shop.visitor();
    assert_eq!(
        other.get("/orders/o-1001").await.status,
        StatusCode::NOT_FOUND
    );
    other.post("/sign-in", &[("reader", "4")]).await;
    assert_eq!(
        other.get("/orders/o-1001").await.status,
        StatusCode::NOT_FOUND
    );
    assert!(!other.get("/orders").await.body.contains("o-1001"));
    // The same reader at another machine.
    other.post("/sign-in", &[("reader", "3")]).await;
    assert_eq!(other.get("/orders/o-1001").await.status, StatusCode::OK);
}
