//! What can be clicked in the shop, as its pages write it.

use clickstream_demo_site::catalogue::{Book, Department, Pence};
use clickstream_demo_site::routes::{Page, SHOP};
use serde_json::{Map, Value, json};

/// The longest text of an element, as the tracker cuts it.
const TEXT: usize = 100;

/// Something clicked.
#[derive(Clone, Debug, PartialEq)]
pub struct Click {
    /// The element's tag.
    pub tag: &'static str,
    /// Its classes.
    pub classes: &'static [&'static str],
    /// What it says.
    pub text: String,
    /// Where it leads, if it is a link.
    pub href: Option<String>,
    /// Where it stands.
    pub path: &'static str,
    /// What its `data-clickstream-` attributes say.
    pub marks: Map<String, Value>,
}

impl Click {
    fn link(text: impl Into<String>, page: &Page, path: &'static str) -> Self {
        Self {
            tag: "a",
            classes: &[],
            text: text.into(),
            href: Some(page.path()),
            path,
            marks: Map::new(),
        }
    }

    fn button(text: impl Into<String>, path: &'static str) -> Self {
        Self {
            tag: "button",
            classes: &["button"],
            text: text.into(),
            href: None,
            path,
            marks: Map::new(),
        }
    }

    fn classed(mut self, classes: &'static [&'static str]) -> Self {
        self.classes = classes;
        self
    }

    fn marked(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.marks.insert(name.to_owned(), value.into());
        self
    }

    fn about(self, book: &Book) -> Self {
        self.marked("product_id", book.id.to_string())
    }

    fn priced(self, book: &Book) -> Self {
        self.about(book)
            .marked("price", book.price.pounds())
            .marked("currency", Pence::CURRENCY)
    }

    /// The shop's sign.
    pub fn brand() -> Self {
        Self::link(SHOP, &Page::Home, "body > header > div > a").classed(&["brand"])
    }

    /// The link to a department in the header.
    pub fn department(department: Department) -> Self {
        let page = Page::Department(department);
        Self::link(department.name(), &page, "body > header > nav > a")
            .marked("department", department.slug())
    }

    /// The button beside the field for words.
    pub fn search() -> Self {
        Self::button("Search", "body > header > div > form > button").classed(&[])
    }

    /// A book on a shelf, at a place that counts from 1.
    pub fn book(book: &Book, list: &str, position: usize) -> Self {
        let says = format!(
            "{} {} {} {}",
            book.title, book.author, book.blurb, book.price
        );
        let says: String = says.chars().take(TEXT).collect();
        Self::link(says, &Page::Book(book.id), "main#main > ul > li > a")
            .classed(&["card"])
            .priced(book)
            .marked("list_id", list)
            .marked("position", json!(position))
    }

    /// The tab with the description.
    pub fn description(book: &Book) -> Self {
        Self::link(
            "Description",
            &Page::Book(book.id),
            "main#main > section#tabs > nav > a",
        )
        .about(book)
        .marked("tab", "description")
    }

    /// The tab with the reviews.
    pub fn reviews(book: &Book) -> Self {
        let says = format!("Reviews ({})", book.reviews.len());
        Self::link(
            says,
            &Page::Reviews(book.id),
            "main#main > section#tabs > nav > a",
        )
        .about(book)
        .marked("tab", "reviews")
    }

    /// The button that puts a book on the wish list or off it again.
    pub fn like(book: &Book, liked: bool) -> Self {
        let says = if liked {
            "On your wish list"
        } else {
            "Add to wish list"
        };
        Self::button(says, "main#main > article > div > div > form > button")
            .classed(&["button", "quiet"])
            .priced(book)
    }

    /// The button that puts a copy into the basket.
    pub fn add(book: &Book) -> Self {
        Self::button(
            "Add to basket",
            "main#main > article > div > div > form > button",
        )
        .priced(book)
    }

    /// The button under a review.
    pub fn publish(book: &Book) -> Self {
        Self::button(
            "Publish review",
            "main#main > section#tabs > div > form > button",
        )
        .about(book)
    }

    /// The button that takes a book out of the basket.
    pub fn remove(book: &Book) -> Self {
        let says = format!("Remove {}", book.title);
        Self::button(says, "ul > li > div > div > div > form > button")
            .classed(&["plain"])
            .priced(book)
    }

    /// The link from the basket to the checkout.
    pub fn check_out() -> Self {
        Self::link(
            "Check out",
            &Page::Delivery,
            "main#main > div > section > a",
        )
        .classed(&["button"])
    }

    /// The button under the address.
    pub fn on_to_payment() -> Self {
        Self::button("On to payment", "main#main > div > form > button")
    }

    /// The button under the card.
    pub fn pay() -> Self {
        Self::button("Pay and order", "main#main > div > form > button")
    }
}
