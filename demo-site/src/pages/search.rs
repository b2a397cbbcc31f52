//! What was found.

use axum::extract::{Query, State};
use axum::response::Response;
use maud::html;
use serde::Deserialize;

use super::{card, show};
use crate::catalogue::{Book, Department};
use crate::failure::Failure;
use crate::routes::Page;
use crate::says;
use crate::shop::Shared;
use crate::store::search;
use crate::visitor::Visitor;

/// More of a question is not looked at, kept or said.
const LONGEST: usize = 100;

/// The search form.
#[derive(Debug, Deserialize)]
pub struct Question {
    /// What was asked.
    #[serde(default)]
    q: String,
}

/// `GET /search?q=…`
pub async fn page(
    State(shop): State<Shared>,
    Query(question): Query<Question>,
    visitor: Visitor,
) -> Result<Response, Failure> {
    let words: String = question.q.trim().chars().take(LONGEST).collect();
    let asked = words.clone();
    let found = shop.store.call(move |db| search::find(db, &asked)).await?;
    let books: Vec<&Book> = found
        .into_iter()
        .filter_map(|id| shop.catalogue.book(id))
        .collect();
    let main = html! {
        main #main tabindex="-1" {
            @if words.is_empty() {
                div.heading {
                    h1 { "What are you after?" }
                    p { "A title, an author, or a word you half remember: try “bees”, “night” or “moss”." }
                }
            } @else {
                div.heading {
                    h1 { "“" (words) "”" }
                    p role="status" {
                        @match books.len() {
                            0 => "Nothing on our shelves answers to that.",
                            1 => "One book.",
                            many => { (many) " books, best first." }
                        }
                    }
                }
                @if books.is_empty() {
                    p { "Fewer words find more. Or walk along a shelf:" }
                    ul.plainlist {
                        @for department in Department::ALL {
                            li { a href=(Page::Department(department).path()) { (department.name()) } }
                        }
                    }
                } @else {
                    (card::shelf(books, "search"))
                }
            }
        }
    };
    let said = if words.is_empty() {
        Vec::new()
    } else {
        vec![says::searched(&words)]
    };
    show(&shop, &visitor, &Page::Search(words), said, main).await
}
