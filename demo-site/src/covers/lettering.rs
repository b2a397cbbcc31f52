//! The words on a cover: the title in a few lines, as large as it goes.

use maud::{Markup, html};

use super::WIDTH;
use crate::catalogue::Book;

/// Where a pattern leaves room for the title.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// On the ground, in the upper part.
    Top,
    /// On the ground, in the lower part.
    Bottom,
    /// On a label of its own in the middle.
    Label,
}

/// The width of an average letter, as a part of the letter's height, in the
/// shop's own type; measured wide enough that no title runs over the edge.
const LETTER: f32 = 0.56;
const MARGIN: f32 = 18.0;

/// Title and author.
pub(super) fn draw(book: &Book, place: Place) -> Markup {
    let lines = wrap(&book.title);
    let longest = lines.iter().map(|line| line.chars().count()).max();
    let room = f32::from(u16::try_from(WIDTH).unwrap_or(160)) - 2.0 * MARGIN;
    let letters = longest.unwrap_or(1).max(1) as f32;
    let size = (room / (letters * LETTER)).clamp(11.0, 30.0);
    let step = size * 1.12;
    let tall = step * lines.len() as f32;
    let top = match place {
        Place::Top => 20.0,
        Place::Bottom => 214.0 - tall,
        Place::Label => 112.0 - tall / 2.0,
    };
    let author_at = match place {
        Place::Top | Place::Label => 226.0,
        Place::Bottom => 24.0,
    };
    html! {
        @if matches!(place, Place::Label) {
            rect.ground x="12" y=(top - 12.0) width="138" height=(tall + 22.0) {}
        }
        @for (number, line) in (1_u8..).zip(&lines) {
            text.ink.title x=(MARGIN) y=(top + step * f32::from(number) - size * 0.25)
                font-size=(size) { (line) }
        }
        @if matches!(place, Place::Label) {
            rect.ground x="12" y="213" width="138" height="19" {}
        }
        text.ink.author x=(MARGIN) y=(author_at) font-size="9.5" { (book.author) }
    }
}

/// Breaks a title into lines of about the same length, none with a word cut.
fn wrap(title: &str) -> Vec<String> {
    let title = title.split(':').next().unwrap_or(title);
    let total = title.chars().count();
    let wanted = match total {
        0..=8 => 8,
        9..=24 => 9,
        25..=36 => 11,
        _ => 12,
    };
    let mut lines: Vec<String> = Vec::new();
    for word in title.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= wanted => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
