//! Eight kinds of picture, each drawn anew for every book.

use maud::{Markup, html};

use super::lettering::Place;
use super::{Chance, HEIGHT, WIDTH};

/// A picture and where it leaves room.
pub(super) struct Pattern {
    pub(super) drawing: Markup,
    pub(super) title: Place,
}

/// The picture of a book; neighbours on a shelf have different kinds.
pub(super) fn draw(number: u32, chance: &mut Chance) -> Pattern {
    let (drawing, title) = match number % 8 {
        0 => (tide(chance), Place::Top),
        1 => (moon(chance), Place::Bottom),
        2 => (cards(chance), Place::Label),
        3 => (rings(chance), Place::Top),
        4 => (slats(chance), Place::Label),
        5 => (hills(chance), Place::Top),
        6 => (folds(chance), Place::Bottom),
        _ => (seeds(chance), Place::Label),
    };
    Pattern { drawing, title }
}

fn colour(chance: &mut Chance) -> &'static str {
    if chance.below(2) == 0 { "one" } else { "two" }
}

/// Waves, one behind the other.
fn tide(chance: &mut Chance) -> Markup {
    let swell = 8 + chance.below(10);
    let start = 128 + chance.below(14);
    let turn = chance.below(2);
    html! {
        @for row in 0..5_u32 {
            @let y = start + row * 22;
            @let shift = (row * 17 + swell) % 40;
            path class=(if (row + turn).is_multiple_of(2) { "one" } else { "two" })
                d={ "M-" (40 + shift) " " (y)
                    " q20 -" (swell) " 40 0 t40 0 t40 0 t40 0 t40 0 t40 0 V" (HEIGHT) " H-80 Z" } {}
        }
    }
}

/// A disc over a horizon, and its light on the water.
fn moon(chance: &mut Chance) -> Markup {
    let x = 50 + chance.below(60);
    let radius = 26 + chance.below(14);
    html! {
        circle.one cx=(x) cy="58" r=(radius) {}
        @if chance.below(2) == 0 {
            circle.ground cx=(x + radius / 2) cy=(58 - radius / 4) r=(radius - 4) {}
        }
        @for row in 0..4_u32 {
            rect.two x=(x - radius.min(x) + row * 5) y=(102 + row * 7)
                width=(2 * radius - row * 10) height="2.5" {}
        }
    }
}

/// Punched cards.
fn cards(chance: &mut Chance) -> Markup {
    html! {
        @for row in 0..12_u32 {
            @for column in 0..8_u32 {
                @if chance.below(5) < 3 {
                    rect class=(colour(chance)) x=(14 + column * 17) y=(10 + row * 19)
                        width="10" height="13" rx="1.5" {}
                }
            }
        }
    }
}

/// Rings around a corner, as in wood or water.
fn rings(chance: &mut Chance) -> Markup {
    let x = if chance.below(2) == 0 { 0 } else { WIDTH };
    let step = 11 + chance.below(5);
    html! {
        @for ring in (1..=8_u32).rev() {
            circle class=(if ring.is_multiple_of(2) { "one" } else { "ground" })
                cx=(x) cy=(HEIGHT) r=(ring * step) {}
        }
        circle.two cx=(x) cy=(HEIGHT) r=(step) {}
    }
}

/// Slanted slats.
fn slats(chance: &mut Chance) -> Markup {
    let lean = 30 + chance.below(50);
    let gap = 18 + chance.below(10);
    html! {
        @for slat in 0..16_u32 {
            @let y = slat * gap;
            polygon class=(colour(chance))
                points={ "0," (y) " " (WIDTH) "," (i64::from(y) - i64::from(lean))
                         " " (WIDTH) "," (i64::from(y) - i64::from(lean) + i64::from(gap) / 2)
                         " 0," (y + gap / 2) } {}
        }
    }
}

/// Hills, and a sun that may have set.
fn hills(chance: &mut Chance) -> Markup {
    let sun = 30 + chance.below(100);
    let (left, right) = (150 + chance.below(30), 140 + chance.below(40));
    html! {
        circle.two cx=(sun) cy=(142 + chance.below(20)) r="20" {}
        path.one d={ "M0 " (left) " C40 " (left - 34) " 70 " (right + 30) " 160 " (right)
                     " V" (HEIGHT) " H0 Z" } {}
        path.two d={ "M0 " (left + 42) " C60 " (left + 60) " 90 " (right) " 160 " (right + 52)
                     " V" (HEIGHT) " H0 Z" } {}
    }
}

/// Folded paper.
fn folds(chance: &mut Chance) -> Markup {
    let (x, y) = (50 + chance.below(60), 50 + chance.below(30));
    html! {
        polygon.one points={ "0,0 " (x) "," (y) " 0,128" } {}
        polygon.two points={ "0,0 160,0 " (x) "," (y) } {}
        polygon.one points={ "160,0 160,110 " (x) "," (y) } {}
        polygon.two points={ "0,128 " (x) "," (y) " " (x + 20) ",128" } {}
    }
}

/// Scattered seeds, or stars.
fn seeds(chance: &mut Chance) -> Markup {
    html! {
        @for _ in 0..46_u32 {
            @let (x, y) = (10 + chance.below(142), 8 + chance.below(224));
            @let size = 2 + chance.below(6);
            @if chance.below(3) == 0 {
                rect class=(colour(chance)) x=(x) y=(y) width=(size + 2) height=(size + 2)
                    transform={ "rotate(45 " (x) " " (y) ")" } {}
            } @else {
                circle class=(colour(chance)) cx=(x) cy=(y) r=(size) {}
            }
        }
    }
}
