//! A book on a list, a book as a spine, and the forms that go with a book anywhere.

use maud::{Markup, html};

use crate::catalogue::{Book, Pence};
use crate::covers;
use crate::routes::{Action, Page};
use crate::says::{self, Said};

/// A `Said` for the attribute `data-says`, which `shop.js` tells the tracker on a click.
pub fn attribute(said: &Said) -> String {
    serde_json::to_string(said).unwrap_or_default()
}

/// Books with their covers to the front; `list_id` names the list in events.
pub fn shelf<'a>(books: impl IntoIterator<Item = &'a Book>, list_id: &str) -> Markup {
    html! {
        ul.shelf {
            @for (position, book) in (1..).zip(books) {
                li { (card(book, list_id, position)) }
            }
        }
    }
}

fn card(book: &Book, list_id: &str, position: usize) -> Markup {
    html! {
        a.card href=(Page::Book(book.id).path())
            data-says=(attribute(&says::clicked(book, list_id, position)))
            data-clickstream-product_id=(book.id)
            data-clickstream-price=(book.price.pounds())
            data-clickstream-currency=(Pence::CURRENCY)
            data-clickstream-list_id=(list_id)
            data-clickstream-position=(position) {
            (covers::front(book))
            span.title { (book.title) }
            span.author { (book.author) }
            span.blurb { (book.blurb) }
            span.price { (book.price) }
        }
    }
}

/// Books with their backs to the front, as in a bookcase; the newest shows its face.
pub fn spines(books: &[&Book], list_id: &str) -> Markup {
    let newest = books.iter().map(|book| book.year).max();
    let faced = books.iter().position(|book| Some(book.year) == newest);
    html! {
        ul.spines {
            @for (at, book) in books.iter().enumerate() {
                @if Some(at) != faced { li { (standing(book, list_id, at + 1, spine(book))) } }
            }
            @if let Some((at, book)) = faced.and_then(|at| Some((at, books.get(at)?))) {
                li { (standing(book, list_id, at + 1, face(book))) }
            }
        }
    }
}

/// How a book looks in the bookcase: its classes and what is drawn.
type Look = (String, Markup);

fn standing(book: &Book, list_id: &str, position: usize, (class, drawn): Look) -> Markup {
    html! {
        a class=(class) href=(Page::Book(book.id).path())
            data-says=(attribute(&says::clicked(book, list_id, position)))
            data-clickstream-product_id=(book.id)
            data-clickstream-price=(book.price.pounds())
            data-clickstream-currency=(Pence::CURRENCY)
            data-clickstream-list_id=(list_id)
            data-clickstream-position=(position) { (drawn) }
    }
}

fn spine(book: &Book) -> Look {
    // As thick as its pages, or as its title needs; as tall as chance will have it.
    let thick = match book.pages {
        0..=169 => 1,
        170..=229 => 2,
        230..=289 => 3,
        290..=369 => 4,
        _ => 5,
    };
    let needed = match book.title.chars().count() {
        0..=22 => 1,
        _ => 3,
    };
    let (thick, tall) = (needed.max(thick), (book.id.0 * 7) % 5 + 1);
    let palette = covers::palette(book);
    let drawn = html! {
        span.name { (book.title) }
        span.unseen { " by " (book.author) }
    };
    (
        format!("spine palette-{palette} thick-{thick} tall-{tall}"),
        drawn,
    )
}

fn face(book: &Book) -> Look {
    let drawn = html! {
        (covers::front(book))
        span.unseen { (book.title) " by " (book.author) }
    };
    ("faced".to_owned(), drawn)
}

/// The form that puts a copy into the basket.
pub fn add(book: &Book) -> Markup {
    html! {
        form method="post" action=(Action::AddToBasket.path()) {
            input type="hidden" name="book" value=(book.id);
            button.button type="submit"
                data-clickstream-product_id=(book.id)
                data-clickstream-price=(book.price.pounds())
                data-clickstream-currency=(Pence::CURRENCY) { "Add to basket" }
        }
    }
}

/// The form that puts a book on the wish list or takes it off.
pub fn like(book: &Book, liked: bool) -> Markup {
    html! {
        form method="post" action=(Action::Like(book.id).path()) {
            button.button.quiet type="submit" data-on=[liked.then_some("")]
                data-clickstream-product_id=(book.id)
                data-clickstream-price=(book.price.pounds())
                data-clickstream-currency=(Pence::CURRENCY) {
                @if liked { "On your wish list" } @else { "Add to wish list" }
            }
        }
    }
}

/// Stars, for eyes and for ears.
pub fn stars(count: u8) -> Markup {
    let filled = usize::from(count.min(5));
    html! {
        span.stars role="img" aria-label={ (count) " of 5 stars" } {
            span aria-hidden="true" { ("★".repeat(filled)) ("☆".repeat(5 - filled)) }
        }
    }
}
