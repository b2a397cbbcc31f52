//! The books somebody wants one day.

use axum::extract::State;
use axum::response::Response;
use maud::html;

use super::{card, show};
use crate::catalogue::Book;
use crate::failure::Failure;
use crate::routes::Page;
use crate::shop::Shared;
use crate::store::wishes;
use crate::visitor::Visitor;

/// `GET /wishlist`
pub async fn page(State(shop): State<Shared>, visitor: Visitor) -> Result<Response, Failure> {
    let owner = visitor.owner();
    let wished = shop.store.call(move |db| wishes::list(db, &owner)).await?;
    let books: Vec<&Book> = wished
        .into_iter()
        .filter_map(|id| shop.catalogue.book(id))
        .collect();
    let main = html! {
        main #main tabindex="-1" {
            div.heading { h1 { "Wish list" } }
            @if books.is_empty() {
                p { "Nothing wished for yet. Every book has a button for it." }
            } @else {
                (card::shelf(books, "wishlist"))
            }
        }
    };
    show(&shop, &visitor, &Page::Wishlist, Vec::new(), main).await
}
