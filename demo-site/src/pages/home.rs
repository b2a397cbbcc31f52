//! The shop window: the whole bookcase, and some books with their covers to the front.

use axum::extract::State;
use axum::response::Response;
use maud::html;

use super::{card, show};
use crate::catalogue::{Book, BookId, Department, WINDOW};
use crate::failure::Failure;
use crate::routes::Page;
use crate::shop::Shared;
use crate::visitor::Visitor;

/// Readers' words worth a place on the first page: book and which of its first reviews.
const PRAISE: [(BookId, usize); 3] = [(BookId(9), 0), (BookId(38), 1), (BookId(42), 0)];

/// `GET /`
pub async fn page(State(shop): State<Shared>, visitor: Visitor) -> Result<Response, Failure> {
    let catalogue = &shop.catalogue;
    let window: Vec<&Book> = WINDOW.iter().filter_map(|id| catalogue.book(*id)).collect();
    let main = html! {
        main #main tabindex="-1" {
            section.hello {
                h1 { "None of these books exist." br; "You may buy them anyway." }
                p {
                    (catalogue.books().len()) " invented titles, each with a cover, a price, opinions, "
                    "and somebody who stayed up to finish it."
                }
            }
            section.bookcase aria-label="The whole bookcase" {
                @for department in Department::ALL {
                    div.board {
                        div.label {
                            h2 {
                                a href=(Page::Department(department).path())
                                    data-clickstream-department=(department.slug()) { (department.name()) }
                            }
                            p { (department.about()) }
                        }
                        (card::spines(&catalogue.shelf(department).collect::<Vec<_>>(), department.slug()))
                    }
                }
            }
            section {
                h2 { "In the window" }
                (card::shelf(window, "window"))
            }
            section {
                h2 { "Said at the till" }
                div.praise {
                    @for (id, number) in PRAISE {
                        @if let Some((book, review)) = catalogue.book(id).and_then(|book| Some((book, book.reviews.get(number)?))) {
                            figure {
                                blockquote { p { (review.text) } }
                                figcaption {
                                    @if let Some(reader) = catalogue.reader(review.reader) { (reader.name) " on " }
                                    a href=(Page::Reviews(book.id).path())
                                        data-clickstream-product_id=(book.id) { (book.title) }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    show(&shop, &visitor, &Page::Home, Vec::new(), main).await
}
