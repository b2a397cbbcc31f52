//! What the pages say happened: the right thing, and no more often than it did.

use crate::buying::{CARD, address};
use crate::visit::TestShop;

#[tokio::test]
async fn pages_say_what_being_opened_means() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    let nothing: [&str; 0] = [];
    assert_eq!(visitor.get("/").await.said(), nothing);
    assert_eq!(
        visitor.get("/departments/house").await.said(),
        ["Product List Viewed"]
    );
    assert_eq!(visitor.get("/search").await.said(), nothing);
    assert_eq!(
        visitor.get("/books/bk-9/reviews").await.said(),
        ["Product Viewed"]
    );
    let searched = visitor.get("/search?q=sea+salt").await.sayings();
    assert_eq!(searched["load"][0][1], "Products Searched");
    assert_eq!(searched["load"][0][2]["query"], "sea salt");
    let viewed = visitor.get("/books/bk-9").await.sayings();
    let properties = &viewed["load"][0][2];
    assert_eq!(properties["product_id"], "bk-9");
    assert_eq!(properties["price"], 7.99);
    assert_eq!(properties["currency"], "GBP");
    let list = visitor.get("/departments/house").await.sayings();
    assert_eq!(list["load"][0][2]["products"].as_array().unwrap().len(), 13);
}

#[tokio::test]
async fn what_was_done_is_said_by_the_next_page_and_by_that_one_only() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    let basket = visitor.submit("/basket/add", &[("book", "bk-2")]).await;
    assert_eq!(basket.said(), ["Cart Viewed", "Product Added"]);
    assert_eq!(visitor.get("/basket").await.said(), ["Cart Viewed"]);
    visitor
        .post("/basket/change", &[("book", "bk-2"), ("quantity", "3")])
        .await;
    let more = visitor.get("/basket").await.sayings();
    assert_eq!(more["once"][0]["call"][1], "Product Added");
    assert_eq!(more["once"][0]["call"][2]["quantity"], 2);
    let same = [("book", "bk-2"), ("quantity", "3")];
    assert_eq!(
        visitor.submit("/basket/change", &same).await.said(),
        ["Cart Viewed"]
    );
    let gone = visitor.submit("/basket/remove", &[("book", "bk-2")]).await;
    assert_eq!(gone.said(), ["Cart Viewed", "Product Removed"]);
    let liked = visitor.submit("/books/bk-2/like", &[]).await;
    assert_eq!(
        liked.said(),
        ["Product Viewed", "Product Added to Wishlist"]
    );
    let unliked = visitor.submit("/books/bk-2/like", &[]).await;
    assert_eq!(
        unliked.said(),
        ["Product Viewed", "Product Removed from Wishlist"]
    );
}

#[tokio::test]
async fn an_order_is_completed_once_over_any_number_of_reloads() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    visitor.post("/basket/add", &[("book", "bk-2")]).await;
    visitor.get("/basket").await;
    let checkout = visitor.get("/checkout").await;
    assert_eq!(
        checkout.said(),
        ["Checkout Step Viewed", "Checkout Started"]
    );
    assert_eq!(
        visitor.get("/checkout").await.said(),
        ["Checkout Step Viewed"]
    );
    address(&mut visitor).await;
    let payment = visitor.get("/checkout/payment").await;
    assert_eq!(
        payment.said(),
        ["Checkout Step Viewed", "Checkout Step Completed"]
    );
    let order = visitor.submit("/checkout/payment", &CARD).await;
    assert_eq!(
        order.said(),
        [
            "Payment Info Entered",
            "Checkout Step Completed",
            "Order Completed"
        ]
    );
    let told = order.sayings();
    let completed = &told["once"][2]["call"][2];
    assert_eq!(completed["order_id"], "o-1001");
    assert_eq!(completed["total"], 15.49, "8.99 and the courier");
    assert_eq!(completed["products"][0]["quantity"], 1);
    for _ in 0..3 {
        assert!(visitor.get("/orders/o-1001").await.said().is_empty());
    }
    // The next checkout is another one.
    visitor.post("/basket/add", &[("book", "bk-2")]).await;
    let again = visitor.get("/checkout").await.sayings();
    let started = &again["once"][1]["call"][2];
    assert_ne!(started["checkout_id"], completed["checkout_id"]);
}

#[tokio::test]
async fn two_tabs_do_not_say_the_same_thing_twice() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    visitor.post("/basket/add", &[("book", "bk-2")]).await;
    let (mut left, mut right) = (visitor.clone(), visitor);
    let (one, other) = tokio::join!(left.get("/wishlist"), right.get("/wishlist"));
    assert_eq!(one.said().len() + other.said().len(), 1);
}

#[tokio::test]
async fn nothing_typed_is_said() {
    let shop = TestShop::open();
    let mut visitor = shop.visitor();
    visitor.post("/sign-in", &[("reader", "9")]).await;
    let review = [
        ("stars", "4"),
        ("title", "Unheard of"),
        ("text", "Unspoken thought"),
    ];
    let page = visitor.submit("/books/bk-27/reviews", &review).await;
    assert_eq!(page.said(), ["Product Viewed", "Product Reviewed"]);
    visitor.post("/basket/add", &[("book", "bk-2")]).await;
    address(&mut visitor).await;
    let order = visitor.submit("/checkout/payment", &CARD).await;
    for page in [page, order] {
        let said = page.sayings().to_string();
        for typed in ["Unheard", "Unspoken", "Marram", "Saltholm", "4242", "Greta"] {
            assert!(!said.contains(typed), "{typed} in {said}");
        }
    }
}
