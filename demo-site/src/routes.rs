//! Every page of the shop and every form it posts, as types, to and from their paths.
//!
//! Nobody else writes a path: the templates link with [`Page::path`], the
//! server's table is made of the same words, and the bot reads where it has
//! got to with [`Page::parse`].

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::catalogue::{BookId, Catalogue, Department, decimal};

/// The shop's name.
pub const SHOP: &str = "Paper Heron";

/// What a query value keeps as it is: the unreserved characters of RFC 3986.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// An order, written `o-1001`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderId(pub i64);

impl OrderId {
    /// Reads `o-1001`.
    pub fn parse(text: &str) -> Option<Self> {
        let number = decimal(text.strip_prefix("o-")?)?;
        i64::try_from(number).ok().map(Self)
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "o-{}", self.0)
    }
}

/// A page: what a visitor can look at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Page {
    /// The shop window.
    Home,
    /// One of the five departments.
    Department(Department),
    /// What was found for the words given; empty words ask for some.
    Search(String),
    /// A book, with its description open.
    Book(BookId),
    /// The same book with its reviews open.
    Reviews(BookId),
    /// What the visitor is about to buy.
    Basket,
    /// First step of buying: where to.
    Delivery,
    /// Second step: the card.
    Payment,
    /// An order, kept.
    Order(OrderId),
    /// All orders of the reader who is signed in.
    Orders,
    /// The books this visitor wants one day.
    Wishlist,
    /// The list of demo readers.
    SignIn,
    /// The visitor's own folder in the lake.
    InTheLake,
}

impl Page {
    /// The path, with its query where the page has one.
    pub fn path(&self) -> String {
        match self {
            Self::Home => "/".to_owned(),
            Self::Department(department) => format!("/departments/{}", department.slug()),
            Self::Search(words) if words.is_empty() => "/search".to_owned(),
            Self::Search(words) => format!("/search?q={}", utf8_percent_encode(words, QUERY)),
            Self::Book(book) => format!("/books/{book}"),
            Self::Reviews(book) => format!("/books/{book}/reviews"),
            Self::Basket => "/basket".to_owned(),
            Self::Delivery => "/checkout".to_owned(),
            Self::Payment => "/checkout/payment".to_owned(),
            Self::Order(order) => format!("/orders/{order}"),
            Self::Orders => "/orders".to_owned(),
            Self::Wishlist => "/wishlist".to_owned(),
            Self::SignIn => "/sign-in".to_owned(),
            Self::InTheLake => "/in-the-lake".to_owned(),
        }
    }

    /// What the browser's tab says, and so `context.page.title`.
    pub fn title(&self, catalogue: &Catalogue) -> String {
        let book = |id| {
            catalogue
                .book(id)
                .map_or("No such book", |book| &book.title)
        };
        let title = match self {
            Self::Home => return format!("{SHOP}: books worth the detour"),
            Self::Department(department) => department.name().to_owned(),
            Self::Search(words) if words.is_empty() => "Search".to_owned(),
            Self::Search(words) => format!("“{words}”"),
            Self::Book(id) => book(*id).to_owned(),
            Self::Reviews(id) => format!("Reviews of {}", book(*id)),
            Self::Basket => "Your basket".to_owned(),
            Self::Delivery => "Where to?".to_owned(),
            Self::Payment => "Payment".to_owned(),
            Self::Order(order) => format!("Order {order}"),
            Self::Orders => "Your orders".to_owned(),
            Self::Wishlist => "Wish list".to_owned(),
            Self::SignIn => "Sign in".to_owned(),
            Self::InTheLake => "In the lake".to_owned(),
        };
        format!("{title} · {SHOP}")
    }

    /// The page at a path (with or without a query or fragment); `None` for
    /// paths that are no page of the shop.
    pub fn parse(path: &str) -> Option<Self> {
        let path = path.split_once('#').map_or(path, |(before, _)| before);
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        Some(match segments.as_slice() {
            [""] => Self::Home,
            ["departments", slug] => Self::Department(Department::from_slug(slug)?),
            ["search"] => Self::Search(search_words(query)),
            ["books", book] => Self::Book(BookId::parse(book)?),
            ["books", book, "reviews"] => Self::Reviews(BookId::parse(book)?),
            ["basket"] => Self::Basket,
            ["checkout"] => Self::Delivery,
            ["checkout", "payment"] => Self::Payment,
            ["orders"] => Self::Orders,
            ["orders", order] => Self::Order(OrderId::parse(order)?),
            ["wishlist"] => Self::Wishlist,
            ["sign-in"] => Self::SignIn,
            ["in-the-lake"] => Self::InTheLake,
            _ => return None,
        })
    }
}

/// A form: what a visitor can do. All are posted and answered by a redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// One more of a book (field `book`).
    AddToBasket,
    /// Take a book out (field `book`).
    RemoveFromBasket,
    /// So many of a book (fields `book`, `quantity`).
    ChangeBasket,
    /// Name and address (fields `name`, `street`, `city`, `postcode`, `shipping`).
    Delivery,
    /// The card (fields `card`, `expiry`, `code`, `holder`); nothing of it is kept.
    Pay,
    /// Put a book on the wish list, or off it again.
    Like(BookId),
    /// Write a review (fields `stars`, `title`, `text`).
    Review(BookId),
    /// Find somebody's review helpful.
    LikeReview(BookId, i64),
    /// Sign in as one of the demo readers (fields `reader`, `next`).
    SignIn,
    /// Sign out.
    SignOut,
}

impl Action {
    /// Where the form is posted.
    pub fn path(self) -> String {
        match self {
            Self::AddToBasket => "/basket/add".to_owned(),
            Self::RemoveFromBasket => "/basket/remove".to_owned(),
            Self::ChangeBasket => "/basket/change".to_owned(),
            Self::Delivery => "/checkout".to_owned(),
            Self::Pay => "/checkout/payment".to_owned(),
            Self::Like(book) => format!("/books/{book}/like"),
            Self::Review(book) => format!("/books/{book}/reviews"),
            Self::LikeReview(book, review) => format!("/books/{book}/reviews/{review}/like"),
            Self::SignIn => "/sign-in".to_owned(),
            Self::SignOut => "/sign-out".to_owned(),
        }
    }
}

/// The value of `q` in a query, as a form writes it (`+` is a space).
fn search_words(query: &str) -> String {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("q="))
        .map(|value| {
            let spaced = value.replace('+', " ");
            percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_found_again_by_its_path() {
        let pages = [
            Page::Home,
            Page::Department(Department::Kitchen),
            Page::Search(String::new()),
            Page::Search("salt & sea/ö +50%".to_owned()),
            Page::Book(BookId(7)),
            Page::Reviews(BookId(65)),
            Page::Basket,
            Page::Delivery,
            Page::Payment,
            Page::Order(OrderId(1001)),
            Page::Orders,
            Page::Wishlist,
            Page::SignIn,
            Page::InTheLake,
        ];
        for page in pages {
            assert_eq!(Page::parse(&page.path()), Some(page.clone()), "{page:?}");
        }
    }

    #[test]
    fn a_form_writes_spaces_as_plus() {
        assert_eq!(
            Page::parse("/search?x=1&q=slow+bread#top"),
            Some(Page::Search("slow bread".to_owned()))
        );
    }

    #[test]
    fn paths_that_are_no_page_are_none() {
        for path in [
            "",
            "books/bk-1",
            "/books",
            "/books/bk-",
            "/books/bk-01",
            "/books/bk-+1",
            "/books/bk-1/",
            "/books/bk-1/reviews/",
            "/departments/nowhere",
            "/orders/1001",
            "/orders/o--1",
            "//",
        ] {
            assert_eq!(Page::parse(path), None, "{path}");
        }
    }
}
