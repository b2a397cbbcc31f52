//! Where next: a seeded walk over the bookstore's own pages and shelves.
//!
//! A journey knows no browser and no event: it says what happens, and [`crate::direct`]
//! makes events of it. What a click or a page leads to is what the shop does there.

use std::collections::{BTreeSet, VecDeque};

use clickstream_demo_site::basket::{Line, Shipping};
use clickstream_demo_site::catalogue::{BookId, Catalogue};
use clickstream_demo_site::routes::{OrderId, Page};
use clickstream_demo_site::says::Said;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

mod act;
mod choose;
mod click;

pub use click::Click;

/// Something a visitor did or saw: each becomes one event.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// A page was opened.
    Viewed(View),
    /// Something was clicked.
    Clicked(Click),
    /// The shop said what it meant.
    Said(Said),
    /// The first signed-in page told who this is.
    Identified,
}

/// A page opened.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Which.
    pub page: Page,
    /// Whether a script changed the address rather than a load.
    pub pushed: bool,
}

/// One moment of a journey: what happens, and on which page of which visit.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// What happens.
    pub happening: Happening,
    /// The page it happens on.
    pub page: Page,
    /// The page before that one, if the shop's.
    pub referrer: Option<Page>,
    /// Which visit of this visitor, from 1.
    pub visit: u32,
    /// Which event of the visit, from 1.
    pub event: u32,
}

/// How far into a visit a visitor may be when the run meets them, in moments.
const BEFORE: u32 = 60;

/// A walk without an end: visit after visit.
#[derive(Debug)]
pub struct Journey<'shop> {
    shop: &'shop Catalogue,
    random: ChaCha8Rng,
    number: u32,
    at: Page,
    before: Option<Page>,
    ahead: VecDeque<Happening>,
    basket: Vec<(BookId, u32)>,
    wishes: BTreeSet<BookId>,
    baskets: u32,
    orders: u32,
    reviews: u32,
    visit: u32,
    event: u32,
    known: bool,
}

impl<'shop> Journey<'shop> {
    /// The journey of the visitor of a number, met in the midst of it.
    ///
    /// One of four is new. For the others a visit lies before the run: they are somewhere in
    /// the shop, with a tab left open and perhaps something in the basket, and come back to
    /// it. So a run's first events are of every kind, and no visit that it tells of has a gap.
    #[must_use]
    pub fn new(shop: &'shop Catalogue, number: u32, mut random: ChaCha8Rng) -> Self {
        let newcomer = random.random_ratio(1, 4);
        let before = if newcomer {
            0
        } else {
            random.random_range(1..=BEFORE)
        };
        let mut journey = Self {
            shop,
            random,
            number,
            at: Page::Home,
            before: None,
            ahead: VecDeque::new(),
            basket: Vec::new(),
            wishes: BTreeSet::new(),
            baskets: 1,
            orders: 0,
            reviews: 0,
            visit: 0,
            event: 0,
            known: false,
        };
        journey.arrive();
        for _ in 0..before {
            journey.next_moment();
        }
        if !newcomer {
            journey.visit += 1;
            journey.event = 0;
        }
        journey
    }

    /// What happens next.
    pub fn next_moment(&mut self) -> Moment {
        let happening = loop {
            if let Some(happening) = self.ahead.pop_front() {
                break happening;
            }
            self.act();
        };
        if let Happening::Viewed(view) = &happening {
            // A visit's first page is reached from elsewhere.
            self.before = (self.event > 0).then(|| self.at.clone());
            self.at = view.page.clone();
        }
        self.event += 1;
        Moment {
            happening,
            page: self.at.clone(),
            referrer: self.before.clone(),
            visit: self.visit,
            event: self.event,
        }
    }

    /// A new visit begins: by the front door, a department, a book, or a search.
    fn arrive(&mut self) {
        self.visit += 1;
        self.event = 0;
        let page = match self.random.random_range(0..10) {
            0..5 => Page::Home,
            5..7 => Page::Department(choose::department(&mut self.random)),
            7..9 => choose::one(self.shop.books(), &mut self.random)
                .map_or(Page::Home, |book| Page::Book(book.id)),
            _ => Page::Search(choose::words(&mut self.random).to_owned()),
        };
        self.open(page, Vec::new());
    }

    /// The lines of the basket.
    fn lines(&self) -> Vec<Line<'shop>> {
        self.basket
            .iter()
            .filter_map(|(id, quantity)| {
                self.shop.book(*id).map(|book| Line {
                    book,
                    quantity: *quantity,
                })
            })
            .collect()
    }

    /// The basket's id: a new one after each order.
    fn cart(&self) -> String {
        format!("cart-{:08x}{:08x}", self.number, self.baskets)
    }

    /// The checkout's id.
    fn checkout(&self) -> String {
        format!("checkout-{:08x}{:08x}", self.number, self.baskets)
    }

    /// The number of the visitor's newest order; no other visitor has it.
    fn order(&self) -> OrderId {
        OrderId(i64::from(self.number) * 10_000 + i64::from(self.orders))
    }

    /// How everything is sent.
    const SHIPPING: Shipping = Shipping::Post;
}

#[cfg(test)]
mod tests;
