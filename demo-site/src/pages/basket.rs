//! The basket: look, add, change, remove.

use axum::Form;
use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::{go, say_next, show};
use crate::basket::{Line, MOST, Shipping, Totals};
use crate::catalogue::{Book, BookId, Pence};
use crate::failure::Failure;
use crate::routes::{Action, Page};
use crate::shop::{Shared, Shop};
use crate::store::basket;
use crate::store::sessions::Session;
use crate::visitor::Visitor;
use crate::{covers, says};

/// A form that names a book.
#[derive(Debug, Deserialize)]
pub struct Chosen {
    book: String,
}

/// A form that names a book and how many of it.
#[derive(Debug, Deserialize)]
pub struct Counted {
    book: String,
    quantity: u32,
}

/// `GET /basket`
pub async fn page(State(shop): State<Shared>, visitor: Visitor) -> Result<Response, Failure> {
    let lines = lines(&shop, visitor.session.as_ref()).await?;
    let main = html! {
        main #main tabindex="-1" {
            div.heading { h1 { "Your basket" } }
            @if lines.is_empty() {
                p { "It is empty, and light. " a href=(Page::Home.path()) { "Back to the shelves" } "." }
            } @else {
                div.till {
                    ul.lines { @for line in &lines { li { (row(line)) } } }
                    section.sum aria-labelledby="sum" {
                        h2 #sum { "To pay" }
                        (totals(&lines, Shipping::Post))
                        p.note { "Post is free from " (Shipping::FREE_FROM) "." }
                        a.button href=(Page::Delivery.path()) { "Check out" }
                    }
                }
            }
        }
    };
    let said = visitor
        .session
        .iter()
        .map(|session| says::cart_viewed(&session.cart, &lines))
        .collect();
    show(&shop, &visitor, &Page::Basket, said, main).await
}

fn row(line: &Line<'_>) -> Markup {
    let book = line.book;
    let field = format!("quantity-{}", book.id);
    html! {
        div.line {
            (covers::front(book))
            div.what {
                h2 { a href=(Page::Book(book.id).path()) data-clickstream-product_id=(book.id) { (book.title) } }
                p.author { (book.author) }
                p.price { (book.price) @if line.quantity > 1 { " each" } }
                div.wants {
                    form.count-form method="post" action=(Action::ChangeBasket.path()) {
                        input type="hidden" name="book" value=(book.id);
                        label for=(field) { "Copies" span.unseen { " of " (book.title) } }
                        input id=(field) type="number" name="quantity" min="0" max=(MOST) value=(line.quantity) required;
                        button.plain type="submit" data-clickstream-product_id=(book.id) { "Update" }
                    }
                    form method="post" action=(Action::RemoveFromBasket.path()) {
                        input type="hidden" name="book" value=(book.id);
                        button.plain type="submit" data-clickstream-product_id=(book.id)
                            data-clickstream-price=(book.price.pounds())
                            data-clickstream-currency=(Pence::CURRENCY) {
                            "Remove" span.unseen { " " (book.title) }
                        }
                    }
                }
            }
            p.sum-line { (book.price.times(line.quantity)) }
        }
    }
}

/// What is to be paid, as a list.
pub fn totals(lines: &[Line<'_>], shipping: Shipping) -> Markup {
    sums(Totals::of(lines, shipping))
}

/// Sums, as a list.
pub fn sums(totals: Totals) -> Markup {
    html! {
        dl.totals {
            div { dt { "Books" } dd { (totals.subtotal) } }
            div {
                dt { "Delivery" }
                dd { @if totals.shipping == Pence(0) { "free" } @else { (totals.shipping) } }
            }
            div.total { dt { "Total" } dd { (totals.total()) } }
        }
    }
}

/// The lines of a session's basket.
pub async fn lines<'a>(
    shop: &'a Shop,
    session: Option<&Session>,
) -> Result<Vec<Line<'a>>, Failure> {
    let Some(session) = session else {
        return Ok(Vec::new());
    };
    let id = session.id.clone();
    let found = shop.store.call(move |db| basket::lines(db, &id)).await?;
    let line = |(id, quantity)| {
        let book = shop.catalogue.book(id)?;
        Some(Line { book, quantity })
    };
    Ok(found.into_iter().filter_map(line).collect())
}

/// `POST /basket/add`
pub async fn add(
    State(shop): State<Shared>,
    visitor: Visitor,
    Form(form): Form<Chosen>,
) -> Result<Response, Failure> {
    change(&shop, visitor, &form.book, |before| before + 1).await
}

/// `POST /basket/remove`
pub async fn remove(
    State(shop): State<Shared>,
    visitor: Visitor,
    Form(form): Form<Chosen>,
) -> Result<Response, Failure> {
    change(&shop, visitor, &form.book, |_| 0).await
}

/// `POST /basket/change`
pub async fn recount(
    State(shop): State<Shared>,
    visitor: Visitor,
    Form(form): Form<Counted>,
) -> Result<Response, Failure> {
    change(&shop, visitor, &form.book, move |_| form.quantity).await
}

/// Sets how many there are, and has the next page say how many more or fewer.
async fn change(
    shop: &Shop,
    visitor: Visitor,
    book: &str,
    wanted: impl FnOnce(u32) -> u32 + Send + 'static,
) -> Result<Response, Failure> {
    let id = BookId::parse(book).ok_or(Failure::NotFound)?;
    let book: Book = shop.catalogue.book(id).ok_or(Failure::NotFound)?.clone();
    let (session, cookie) = visitor.enter(shop).await?;
    let saying = shop.fresh_id();
    let work = move |db: &rusqlite::Connection| {
        let before = basket::copies(db, &session.id, id)?;
        let after = wanted(before).min(MOST);
        basket::set(db, &session.id, id, after)?;
        let said = if after > before {
            says::added(&book, after - before, &session.cart)
        } else if after < before {
            says::removed(&book, before - after, &session.cart)
        } else {
            return Ok(());
        };
        say_next(db, &session.id, &saying, &said)
    };
    shop.store.call(work).await?;
    Ok(go(&Page::Basket, cookie))
}
