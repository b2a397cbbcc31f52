//! Reviews: read, like, write.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::{book_of_path, card, go, say_next};
use crate::catalogue::Book;
use crate::failure::Failure;
use crate::routes::{Action, Page};
use crate::says;
use crate::shop::{Shared, Shop};
use crate::store::reviews::{self, Review};
use crate::visitor::Visitor;

/// The longest heading and the longest review, in characters.
const TITLE: usize = 80;
const BODY: usize = 2000;

/// The form under the reviews.
#[derive(Debug, Deserialize)]
pub struct Written {
    stars: u8,
    title: String,
    text: String,
}

/// The tab.
pub fn panel(shop: &Shop, book: &Book, written: &[Review], visitor: &Visitor) -> Markup {
    let total: u32 = written.iter().map(|review| u32::from(review.stars)).sum();
    html! {
        div.panel {
            h2 { "What readers say" }
            @if written.is_empty() {
                p { "Nobody has reviewed it yet. It waits, spine straight." }
            } @else {
                p.average {
                    (format!("{:.1}", f64::from(total) / written.len() as f64)) " of 5 from "
                    (written.len()) @if written.len() == 1 { " reader" } @else { " readers" }
                }
                ol.reviews {
                    @for review in written { li { (one(shop, book, review)) } }
                }
            }
            (form(book, visitor))
        }
    }
}

fn one(shop: &Shop, book: &Book, review: &Review) -> Markup {
    let name = shop.catalogue.reader(review.reader);
    html! {
        article.review id={ "rv-" (review.id) } {
            h3 { (review.title) }
            p.who {
                (card::stars(review.stars)) " "
                @if let Some(reader) = name { (reader.name) ", who " (reader.about) }
            }
            @for paragraph in review.body.split("\n\n") { p { (paragraph) } }
            form method="post" action=(Action::LikeReview(book.id, review.id).path()) {
                button.plain type="submit" data-on=[review.liked.then_some("")]
                    data-clickstream-product_id=(book.id)
                    data-clickstream-review_id={ "rv-" (review.id) } {
                    @if review.liked { "You found this helpful" } @else { "Helpful" }
                    @if review.likes > 0 { " (" (review.likes) ")" }
                    span.unseen { ": " (review.title) }
                }
            }
        }
    }
}

fn form(book: &Book, visitor: &Visitor) -> Markup {
    if visitor.reader().is_none() {
        return html! {
            p.invite {
                a.button.quiet href={ (Page::SignIn.path()) "?next=" (Page::Reviews(book.id).path()) } {
                    "Sign in to write a review"
                }
            }
        };
    }
    html! {
        form.sheet-form method="post" action=(Action::Review(book.id).path()) {
            h3 { "Write a review" }
            fieldset.rating {
                legend { "Stars" }
                @for stars in (1..=5_u8).rev() {
                    label { input type="radio" name="stars" value=(stars) required; (card::stars(stars)) }
                }
            }
            label for="title" { "In a few words" }
            input #title name="title" required maxlength=(TITLE);
            label for="text" { "And in more" }
            textarea #text name="text" rows="5" required maxlength=(BODY) {}
            button.button type="submit" data-clickstream-product_id=(book.id) { "Publish review" }
        }
    }
}

/// `POST /books/{book}/reviews`
pub async fn write(
    State(shop): State<Shared>,
    Path(id): Path<String>,
    visitor: Visitor,
    Form(form): Form<Written>,
) -> Result<Response, Failure> {
    let book = book_of_path(&shop, &id)?;
    let (Some(session), Some(reader)) = (visitor.session.clone(), visitor.reader()) else {
        return Err(Failure::SignedOut);
    };
    let (title, body) = (
        form.title.trim().to_owned(),
        form.text.trim().replace("\r\n", "\n"),
    );
    let fits = |text: &str, most: usize| !text.is_empty() && text.chars().count() <= most;
    if !(1..=5).contains(&form.stars) || !fits(&title, TITLE) || !fits(&body, BODY) {
        let rule = format!(
            "a review has one to five stars, a heading of up to {TITLE} characters and a text of up to {BODY}"
        );
        return Err(Failure::BadForm(rule));
    }
    let (id, saying) = (book.id, shop.fresh_id());
    let work = move |db: &rusqlite::Connection| {
        let number = reviews::write(db, id, reader, form.stars, &title, &body)?;
        let said = says::reviewed(id, number, form.stars);
        say_next(db, &session.id, &saying, &said)
    };
    shop.store.call(work).await?;
    Ok(go(&Page::Reviews(id), None))
}

/// `POST /books/{book}/reviews/{review}/like`
pub async fn like(
    State(shop): State<Shared>,
    Path((id, review)): Path<(String, i64)>,
    visitor: Visitor,
) -> Result<Response, Failure> {
    let book = book_of_path(&shop, &id)?.id;
    let (session, cookie) = visitor.enter(&shop).await?;
    let owner = session.owner();
    let done = shop
        .store
        .call(move |db| reviews::like(db, book, review, &owner));
    if !done.await? {
        return Err(Failure::NotFound);
    }
    Ok(go(&Page::Reviews(book), cookie))
}
