//! What the shop says happened, under the names of Segment's "Ecommerce v2".
//!
//! Only what is the shop's to say: that a page was opened or something was
//! clicked the tracker says by itself. The bot's direct mode says the same
//! things with the same functions. Of what a visitor typed only a search is in any of them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::basket::{Line, Shipping, Totals};
use crate::catalogue::{Book, BookId, Department, Pence};
use crate::routes::{OrderId, Page};

/// One `track` call: a name and its properties.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// The event's name, such as `Product Viewed`.
    pub event: String,
    /// Its properties, an object.
    pub properties: Value,
}

fn said(event: &str, properties: Value) -> Said {
    Said {
        event: event.to_owned(),
        properties,
    }
}

/// A book as a flat product.
pub fn product(book: &Book) -> Value {
    json!({
        "product_id": book.id.to_string(),
        "sku": book.sku(),
        "name": book.title,
        "author": book.author,
        "brand": book.press,
        "category": book.department.name(),
        "price": book.price.pounds(),
        "currency": Pence::CURRENCY,
        "url": Page::Book(book.id).path(),
    })
}

fn with(mut object: Value, more: Value) -> Value {
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
    object
}

fn shelf<'a>(books: impl IntoIterator<Item = &'a Book>) -> Vec<Value> {
    (1..)
        .zip(books)
        .map(|(position, book)| with(product(book), json!({ "position": position })))
        .collect()
}

fn bought(lines: &[Line<'_>]) -> Vec<Value> {
    (1..)
        .zip(lines)
        .map(|(position, line)| {
            let more = json!({ "position": position, "quantity": line.quantity });
            with(product(line.book), more)
        })
        .collect()
}

fn money(totals: Totals, shipping: Shipping) -> Value {
    json!({
        "affiliation": "Paper Heron",
        "value": totals.total().pounds(),
        "subtotal": totals.subtotal.pounds(),
        "revenue": totals.subtotal.pounds(),
        "shipping": totals.shipping.pounds(),
        "shipping_method": shipping.slug(),
        "tax": 0,
        "discount": 0,
        "currency": Pence::CURRENCY,
    })
}

/// `Products Searched`.
pub fn searched(query: &str) -> Said {
    said("Products Searched", json!({ "query": query }))
}

/// `Product List Viewed`: a department's shelf.
pub fn list_viewed<'a>(department: Department, books: impl IntoIterator<Item = &'a Book>) -> Said {
    let properties = json!({
        "list_id": department.slug(),
        "category": department.name(),
        "products": shelf(books),
    });
    said("Product List Viewed", properties)
}

/// `Product Clicked`: the place on the list counts from 1.
pub fn clicked(book: &Book, list_id: &str, position: usize) -> Said {
    let more = json!({ "list_id": list_id, "position": position });
    said("Product Clicked", with(product(book), more))
}

/// `Product Viewed`.
pub fn viewed(book: &Book) -> Said {
    let more = json!({ "value": book.price.pounds() });
    said("Product Viewed", with(product(book), more))
}

/// `Product Added`: so many copies more.
pub fn added(book: &Book, quantity: u32, cart_id: &str) -> Said {
    let more = json!({ "cart_id": cart_id, "quantity": quantity });
    said("Product Added", with(product(book), more))
}

/// `Product Removed`: so many copies fewer.
pub fn removed(book: &Book, quantity: u32, cart_id: &str) -> Said {
    let more = json!({ "cart_id": cart_id, "quantity": quantity });
    said("Product Removed", with(product(book), more))
}

/// `Cart Viewed`.
pub fn cart_viewed(cart_id: &str, lines: &[Line<'_>]) -> Said {
    let properties = json!({ "cart_id": cart_id, "products": bought(lines) });
    said("Cart Viewed", properties)
}

/// `Checkout Started`. The order has no number yet: it goes by the checkout's.
pub fn checkout_started(checkout_id: &str, lines: &[Line<'_>], shipping: Shipping) -> Said {
    let more = json!({
        "order_id": checkout_id,
        "checkout_id": checkout_id,
        "products": bought(lines),
    });
    let money = money(Totals::of(lines, shipping), shipping);
    said("Checkout Started", with(money, more))
}

/// The steps of a checkout, as `step` counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Name and address.
    Delivery = 1,
    /// The card.
    Payment = 2,
}

/// `Checkout Step Viewed`.
pub fn step_viewed(checkout_id: &str, step: Step) -> Said {
    let properties = json!({ "checkout_id": checkout_id, "step": step as u8 });
    said("Checkout Step Viewed", properties)
}

/// `Checkout Step Completed`.
pub fn step_completed(checkout_id: &str, step: Step, shipping: Shipping) -> Said {
    let properties = json!({
        "checkout_id": checkout_id,
        "step": step as u8,
        "shipping_method": shipping.slug(),
    });
    said("Checkout Step Completed", properties)
}

/// `Payment Info Entered`: that a card was given, nothing of the card.
pub fn payment_entered(checkout_id: &str, shipping: Shipping) -> Said {
    let properties = json!({
        "checkout_id": checkout_id,
        "step": Step::Payment as u8,
        "shipping_method": shipping.slug(),
        "payment_method": "card",
    });
    said("Payment Info Entered", properties)
}

/// `Order Completed`.
pub fn ordered(checkout_id: &str, order: OrderId, lines: &[Line<'_>], shipping: Shipping) -> Said {
    let totals = Totals::of(lines, shipping);
    let more = json!({
        "checkout_id": checkout_id,
        "order_id": order.to_string(),
        "total": totals.total().pounds(),
        "products": bought(lines),
    });
    said("Order Completed", with(money(totals, shipping), more))
}

/// `Product Reviewed`: the stars, not the words.
pub fn reviewed(book: BookId, review: i64, stars: u8) -> Said {
    let properties = json!({
        "product_id": book.to_string(),
        "review_id": format!("rv-{review}"),
        "rating": stars,
    });
    said("Product Reviewed", properties)
}

/// `Product Added to Wishlist`.
pub fn liked(book: &Book) -> Said {
    said("Product Added to Wishlist", product(book))
}

/// `Product Removed from Wishlist`.
pub fn unliked(book: &Book) -> Said {
    said("Product Removed from Wishlist", product(book))
}
