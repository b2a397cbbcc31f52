//! An order, and all orders of a reader.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};

use super::{basket, go, show};
use crate::failure::Failure;
use crate::routes::{OrderId, Page};
use crate::shop::{Shared, Shop};
use crate::store::orders::{self, Order};
use crate::visitor::Visitor;

/// `GET /orders/{order}`
pub async fn page(
    State(shop): State<Shared>,
    Path(id): Path<String>,
    visitor: Visitor,
) -> Result<Response, Failure> {
    let id = OrderId::parse(&id).ok_or(Failure::NotFound)?;
    // Another's order is as absent as none: the answer tells nobody which numbers exist.
    let session = visitor.session.clone().ok_or(Failure::NotFound)?;
    let found = shop.store.call(move |db| orders::find(db, id, &session));
    let order = found.await?.ok_or(Failure::NotFound)?;
    let address = &order.address;
    let main = html! {
        main #main tabindex="-1" {
            div.heading {
                h1 { "Thank you" }
                p { "Order " strong { (order.id) } " is on its way, in the sense that it never will be." }
            }
            div.till {
                (books(&shop, &order))
                div {
                    section.sum aria-labelledby="sum" { h2 #sum { "Paid" } (basket::sums(order.totals)) }
                    section.sum aria-labelledby="goes" {
                        h2 #goes { "Goes to" }
                        p { (address.name) br; (address.street) br; (address.postcode) " " (address.city) }
                        p { (order.shipping.name()) }
                    }
                }
            }
            p { a href=(Page::Home.path()) { "Back to the shelves" } " or " a href=(Page::InTheLake.path()) { "see what this became in the lake" } }
        }
    };
    show(&shop, &visitor, &Page::Order(id), Vec::new(), main).await
}

fn books(shop: &Shop, order: &Order) -> Markup {
    html! {
        ul.lines {
            @for (id, copies, price) in &order.lines {
                @if let Some(book) = shop.catalogue.book(*id) {
                    li {
                        div.line {
                            (crate::covers::front(book))
                            div.what {
                                h2 { a href=(Page::Book(book.id).path()) data-clickstream-product_id=(book.id) { (book.title) } }
                                p.author { (book.author) }
                                p { (copies) " × " (price) }
                            }
                            p.sum-line { (price.times(*copies)) }
                        }
                    }
                }
            }
        }
    }
}

/// `GET /orders`
pub async fn all(State(shop): State<Shared>, visitor: Visitor) -> Result<Response, Failure> {
    let Some(reader) = visitor.reader() else {
        return Ok(go(&Page::SignIn, None));
    };
    let orders = shop
        .store
        .call(move |db| orders::of_reader(db, reader))
        .await?;
    let main = html! {
        main #main tabindex="-1" {
            div.heading { h1 { "Your orders" } }
            @if orders.is_empty() {
                p { "None yet. " a href=(Page::Home.path()) { "The shelves are this way" } "." }
            } @else {
                ul.orders {
                    @for order in &orders {
                        li {
                            a href=(Page::Order(order.id).path()) { (order.id) }
                            span { (titles(&shop, order)) }
                            span.price { (order.totals.total()) }
                        }
                    }
                }
            }
        }
    };
    show(&shop, &visitor, &Page::Orders, Vec::new(), main).await
}

fn titles(shop: &Shop, order: &Order) -> String {
    let titles = order.lines.iter().filter_map(|(id, copies, _)| {
        let title = &shop.catalogue.book(*id)?.title;
        Some(if *copies > 1 {
            format!("{copies} × {title}")
        } else {
            title.clone()
        })
    });
    titles.collect::<Vec<_>>().join(", ")
}
