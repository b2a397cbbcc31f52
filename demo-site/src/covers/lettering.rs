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
const LETTER: f32 = 0.6;
const MARGIN: f32 = 18.0;
const STEP: f32 = 1.12;

/// Title and author, always on the ground and never across the picture.
pub(super) fn draw(book: &Book, place: Place) -> Markup {
    let lines = wrap(&book.title);
    let longest = lines.iter().map(|line| line.chars().count()).max();
    let room = f32::from(u16::try_from(WIDTH).unwrap_or(160)) - 2.0 * MARGIN;
    let height = match place {
        Place::Top | Place::Bottom => 80.0,
        Place::Label => 120.0,
    };
    let (letters, rows) = (
        longest.unwrap_or(1).max(1) as f32,
        lines.len().max(1) as f32,
    );
    let size = (room / (letters * LETTER))
        .min(height / (rows * STEP))
        .clamp(11.0, 30.0);
    let step = size * STEP;
    let tall = step * rows;
    let (top, author) = match place {
        Place::Top => (32.0, 24.0),
        Place::Bottom => (211.0 - tall, 226.0),
        Place::Label => (112.0 - tall / 2.0, 226.0),
    };
    html! {
        @if matches!(place, Place::Label) {
            rect.ground y=(top - 11.0) width=(WIDTH) height=(tall + 21.0) {}
            rect.ground y="210" width=(WIDTH) height="30" {}
        }
        @for (number, line) in (1_u8..).zip(&lines) {
            text.ink.lettering x=(MARGIN) y=(top + step * f32::from(number) - size * 0.25)
                font-size=(size) { (line) }
        }
        text.ink.by-line x=(MARGIN) y=(author) font-size="9.5" { (book.author) }
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
