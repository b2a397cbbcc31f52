//! A basket's arithmetic: lines, delivery, totals.

use crate::catalogue::{Book, Pence};

/// Some copies of one book.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// The book.
    pub book: &'a Book,
    /// How many; never 0.
    pub quantity: u32,
}

/// The most copies of one book in a basket.
pub const MOST: u32 = 20;

/// How an order travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shipping {
    /// By post; free from thirty pounds.
    #[default]
    Post,
    /// By courier, the next day.
    Courier,
}

impl Shipping {
    /// Both, in the order of the form.
    pub const ALL: [Self; 2] = [Self::Post, Self::Courier];

    /// From this sum on the post is free.
    pub const FREE_FROM: Pence = Pence(3000);

    /// The form's value; `shipping_method` in events.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Courier => "courier",
        }
    }

    /// The way of a form's value.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.slug() == slug)
    }

    /// What the form says of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Post => "By post, two to four days",
            Self::Courier => "By courier, tomorrow",
        }
    }

    /// What it costs for books of this sum.
    pub fn price(self, subtotal: Pence) -> Pence {
        match self {
            Self::Post if subtotal >= Self::FREE_FROM || subtotal == Pence(0) => Pence(0),
            Self::Post => Pence(290),
            Self::Courier => Pence(650),
        }
    }
}

/// What is to be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// The books alone.
    pub subtotal: Pence,
    /// Delivery.
    pub shipping: Pence,
}

impl Totals {
    /// Adds up.
    pub fn of(lines: &[Line<'_>], shipping: Shipping) -> Self {
        let subtotal = lines
            .iter()
            .map(|line| line.book.price.times(line.quantity))
            .sum();
        Self {
            subtotal,
            shipping: shipping.price(subtotal),
        }
    }

    /// Books and delivery; books carry no tax here.
    pub fn total(self) -> Pence {
        self.subtotal + self.shipping
    }
}
