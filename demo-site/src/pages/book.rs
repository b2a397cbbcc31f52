//! A book: its cover, its price, and the tabs for description and reviews.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};

use super::{book_of_path, card, go, review, say_next, show};
use crate::catalogue::{Book, BookId};
use crate::failure::Failure;
use crate::routes::Page;
use crate::shop::{Shared, Shop};
use crate::store::reviews::{self, Review};
use crate::store::wishes;
use crate::visitor::Visitor;
use crate::{covers, says};

/// `GET /books/{book}`
pub async fn description(
    State(shop): State<Shared>,
    Path(book): Path<String>,
    visitor: Visitor,
) -> Result<Response, Failure> {
    page(&shop, &book, &visitor, Page::Book).await
}

/// `GET /books/{book}/reviews`
pub async fn reviews(
    State(shop): State<Shared>,
    Path(book): Path<String>,
    visitor: Visitor,
) -> Result<Response, Failure> {
    page(&shop, &book, &visitor, Page::Reviews).await
}

/// `POST /books/{book}/like`
pub async fn like(
    State(shop): State<Shared>,
    Path(book): Path<String>,
    visitor: Visitor,
) -> Result<Response, Failure> {
    let book = book_of_path(&shop, &book)?;
    let (session, cookie) = visitor.enter(&shop).await?;
    let (id, saying) = (book.id, shop.fresh_id());
    let (on, off) = (says::liked(book), says::unliked(book));
    let work = move |db: &rusqlite::Connection| {
        let liked = wishes::toggle(db, &session.owner(), id)?;
        say_next(db, &session.id, &saying, if liked { &on } else { &off })
    };
    shop.store.call(work).await?;
    Ok(go(&Page::Book(book.id), cookie))
}

async fn page(
    shop: &Shop,
    id: &str,
    visitor: &Visitor,
    tab: fn(BookId) -> Page,
) -> Result<Response, Failure> {
    let book = book_of_path(shop, id)?;
    let (id, owner) = (book.id, visitor.owner());
    let looked_up = shop
        .store
        .call(move |db| Ok((wishes::has(db, &owner, id)?, reviews::of(db, id, &owner)?)));
    let (liked, written) = looked_up.await?;
    let tab = tab(book.id);
    let main = html! {
        main #main tabindex="-1" {
            article.book {
                div.face { (covers::front(book)) }
                div.facts {
                    p.trail {
                        a href=(Page::Department(book.department).path()) { (book.department.name()) }
                    }
                    h1 { (book.title) }
                    p.by { "by " (book.author) }
                    p.blurb { (book.blurb) }
                    p.price { (book.price) }
                    div.wants {
                        (card::add(book))
                        (card::like(book, liked))
                    }
                    dl.imprint {
                        div { dt { "Publisher" } dd { (book.press) } }
                        div { dt { "Year" } dd { (book.year) } }
                        div { dt { "Pages" } dd { (book.pages) } }
                        div { dt { "Stock number" } dd { (book.sku()) } }
                    }
                }
            }
            (tabs(shop, book, &tab, &written, visitor))
            section.more {
                h2 { "Beside it on the shelf" }
                (card::shelf(neighbours(shop, book), "beside"))
            }
        }
    };
    show(shop, visitor, &tab, vec![says::viewed(book)], main).await
}

/// Links that work as links; `shop.js` swaps the part `#tabs` and pushes history.
fn tabs(shop: &Shop, book: &Book, tab: &Page, written: &[Review], visitor: &Visitor) -> Markup {
    let (description, reviews) = (Page::Book(book.id), Page::Reviews(book.id));
    html! {
        section #tabs.tabs aria-label="About this book" {
            nav aria-label="About this book" {
                a href=(description.path()) data-swap="tabs" aria-current=[(*tab == description).then_some("page")]
                    data-clickstream-product_id=(book.id) data-clickstream-tab="description" { "Description" }
                a href=(reviews.path()) data-swap="tabs" aria-current=[(*tab == reviews).then_some("page")]
                    data-clickstream-product_id=(book.id) data-clickstream-tab="reviews" {
                    "Reviews (" (written.len()) ")"
                }
            }
            @if *tab == reviews {
                (review::panel(shop, book, written, visitor))
            } @else {
                (about(shop, book, written))
            }
        }
    }
}

fn about(shop: &Shop, book: &Book, written: &[Review]) -> Markup {
    html! {
        div.panel {
            h2 { "What it is" }
            p.about { (book.about) }
            @if let Some(review) = written.first() {
                figure.teaser {
                    blockquote { p { "“" (review.title) "”" } }
                    figcaption {
                        (card::stars(review.stars)) " "
                        @if let Some(reader) = shop.catalogue.reader(review.reader) { (reader.name) " · " }
                        a href=(Page::Reviews(book.id).path()) data-swap="tabs"
                            data-clickstream-product_id=(book.id)
                            data-clickstream-review_id={ "rv-" (review.id) } { "Read review" }
                    }
                }
            }
        }
    }
}

/// Four from the same shelf, beginning beside the book.
fn neighbours<'a>(shop: &'a Shop, book: &Book) -> Vec<&'a Book> {
    let shelf: Vec<&Book> = shop.catalogue.shelf(book.department).collect();
    let at = shelf.iter().position(|other| other.id == book.id);
    let others = shelf.iter().cycle().skip(at.unwrap_or(0) + 1);
    others.take(4.min(shelf.len() - 1)).copied().collect()
}
