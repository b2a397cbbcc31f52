//! Covers, drawn from a book's number and words: the same book, the same cover, for ever.
//!
//! Colours come from the style sheet: the drawing says `ground`, `one`, `two`
//! and `ink`, the class `palette-N` says what these are.

mod lettering;
mod pattern;

use maud::{Markup, html};

use crate::catalogue::Book;

/// How many palettes `shop.css` has.
pub const PALETTES: u32 = 12;

/// A cover's size in its own units.
const WIDTH: u32 = 160;
const HEIGHT: u32 = 240;

/// Which palette a book is printed in; its spine uses it too. Neighbours on a
/// shelf differ, since 5 and 12 have no common divisor.
pub fn palette(book: &Book) -> u32 {
    (book.id.0 * 5 + 1) % PALETTES
}

/// The front cover. It says nothing that the words beside it do not say, so it
/// is hidden from screen readers, and from what a click is said to have hit.
pub fn front(book: &Book) -> Markup {
    let mut chance = Chance::new(book.id.0);
    let pattern = pattern::draw(book.id.0, &mut chance);
    html! {
        svg class={ "cover palette-" (palette(book)) } viewBox={ "0 0 " (WIDTH) " " (HEIGHT) }
            aria-hidden="true" focusable="false" data-clickstream-ignore {
            rect.ground width=(WIDTH) height=(HEIGHT) {}
            (pattern.drawing)
            (lettering::draw(book, pattern.title))
            // The fold beside the spine.
            rect.fold x="7" width="1.5" height=(HEIGHT) {}
        }
    }
}

/// A small repeatable source of chance: one book, one drawing.
struct Chance(u32);

impl Chance {
    fn new(seed: u32) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9) ^ 0x5bd1_e995)
    }

    /// A number below `bound` (xorshift).
    fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % bound.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    #[test]
    fn the_same_book_has_the_same_cover_and_no_two_books_share_one() {
        let catalogue = Catalogue::load().unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for book in catalogue.books() {
            let cover = front(book).into_string();
            assert_eq!(cover, front(book).into_string());
            assert!(seen.insert(cover), "{}", book.title);
        }
    }
}
