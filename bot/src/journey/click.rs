//! What can be clicked in the shop, as its pages write it.

use clickstream_demo_site::catalogue::{Book, Department};
use clickstream_demo_site::routes::Page;

/// Something clicked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Click {
    /// The element's tag.
    pub tag: &'static str,
    /// What it says.
    pub text: String,
    /// Where it leads, if it is a link.
    pub href: Option<String>,
    /// The book it speaks of.
    pub product_id: Option<String>,
}

impl Click {
    /// A link to a page.
    pub fn link(text: impl Into<String>, page: &Page) -> Self {
        Self {
            tag: "a",
            text: text.into(),
            href: Some(page.path()),
            product_id: None,
        }
    }

    /// A button.
    pub fn button(text: impl Into<String>) -> Self {
        Self {
            tag: "button",
            text: text.into(),
            href: None,
            product_id: None,
        }
    }

    /// The link to a department in the header.
    pub fn department(department: Department) -> Self {
        Self::link(department.name(), &Page::Department(department))
    }

    /// A book on a shelf.
    pub fn book(book: &Book) -> Self {
        Self::link(book.title.clone(), &Page::Book(book.id)).about(book)
    }

    /// The same, speaking of a book.
    pub fn about(mut self, book: &Book) -> Self {
        self.product_id = Some(book.id.to_string());
        self
    }
}
