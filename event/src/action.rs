//! What the tracker records by itself: a page seen, an element clicked.

use serde::Serialize;

use crate::context::Page;

/// The name of the track event that a click makes.
pub const ELEMENT_CLICKED: &str = "Element Clicked";

/// The properties of a page event: the page in the spec's names, and how it was reached.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PageViewed<'a> {
    /// The whole address.
    pub url: &'a str,
    /// Its path.
    pub path: &'a str,
    /// The document's title.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub title: &'a str,
    /// The page before it.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub referrer: &'a str,
    /// The query, with its question mark.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub search: &'a str,
    /// How it was reached; absent when a site calls `page()`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub navigation: Option<Navigation>,
}

impl<'a> PageViewed<'a> {
    /// The view of `page`.
    #[must_use]
    pub const fn new(page: &Page<'a>, navigation: Option<Navigation>) -> Self {
        Self {
            url: page.url,
            path: page.path,
            title: page.title,
            referrer: page.referrer,
            search: page.search,
            navigation,
        }
    }
}

/// How a page was reached.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Navigation {
    /// A document was loaded.
    Load,
    /// A script pushed an entry onto the history.
    Push,
    /// A script replaced the history's entry.
    Replace,
    /// Back or forward within a document, or a hash route.
    Traverse,
    /// The back/forward cache gave the page back.
    Restore,
}

/// The properties of [`ELEMENT_CLICKED`], beside what the page's own attributes say.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ElementClicked<'a> {
    /// What was clicked.
    pub element: Element<'a>,
    /// With what.
    pub input: Input<'a>,
}

/// The nearest link, control or marked element around what was hit.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Element<'a> {
    /// Its tag, in small letters.
    pub tag: &'a str,
    /// Its `id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
    /// Its classes.
    #[serde(skip_serializing_if = "<[&str]>::is_empty")]
    pub classes: &'a [&'a str],
    /// What it says, cut at 100 characters; never what somebody typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<&'a str>,
    /// Where it leads, as its attribute has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<&'a str>,
    /// Where it stands: `main > ul#books > li > a`.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub path: &'a str,
}

/// With what something was clicked.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Input<'a> {
    /// `mouse`, `touch`, `pen`, `keyboard` or `script`.
    pub kind: &'a str,
    /// Which button of a mouse: 0 the main one, 1 the middle one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub button: Option<i16>,
    /// Where in the window, from the left; absent for a keyboard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<i32>,
    /// Where in the window, from the top; absent for a keyboard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<i32>,
    /// `false` when a script made the event; absent when a person did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusted: Option<bool>,
}
