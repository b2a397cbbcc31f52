//! What the tracker records by itself: a page seen and left, an element clicked, a form filled in.

use serde::Serialize;

use crate::context::Page;

/// The name of the track event that a click makes.
pub const ELEMENT_CLICKED: &str = "Element Clicked";

/// The name of the track event that a third fast click on a link or control makes beside its own.
pub const RAGE_CLICKED: &str = "Rage Clicked";

/// The name of the track event that the end of a page view makes.
pub const PAGE_LEFT: &str = "Page Left";

/// The name of the track event that the first input into a form makes.
pub const FORM_STARTED: &str = "Form Started";

/// The name of the track event that a form's submission makes.
pub const FORM_SUBMITTED: &str = "Form Submitted";

/// The name of the track event that a form makes which was started when its page was left.
pub const FORM_ABANDONED: &str = "Form Abandoned";

/// The properties of a page event: the page in the spec's names, and how it was reached.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

/// The properties of [`ELEMENT_CLICKED`] ("Element Clicked"), beside what the page's own attributes say.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ElementClicked<'a> {
    /// What was clicked.
    pub element: Element<'a>,
    /// With what.
    pub input: Input<'a>,
}

/// The nearest link, control or marked element around what was hit.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

/// A link that leads away: member `link` of [`ELEMENT_CLICKED`] ("Element Clicked").
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Link<'a> {
    /// `outbound` (to another host) or `download`.
    pub kind: &'a str,
    /// The other host, with its port; absent for the page's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<&'a str>,
    /// The file's name, of a download.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<&'a str>,
}

/// The properties of [`RAGE_CLICKED`] ("Rage Clicked").
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RageClicked<'a> {
    /// The message id of the click that it is about.
    pub click: &'a str,
}

/// The properties of [`PAGE_LEFT`] ("Page Left"). Where it was is the event's `context.page`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PageLeft {
    /// Milliseconds since the view began.
    pub duration_ms: u32,
    /// Milliseconds of these in which the page was visible and had the focus.
    pub engaged_ms: u32,
    /// How far down the page was seen, in percent of its height.
    pub scroll_percent: u32,
}

/// The properties of a form's events: names, never values.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FormFilled<'a> {
    /// Which form.
    pub form: Form<'a>,
    /// The names of the fields that were filled in, in this order.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub fields: &'a [String],
    /// Milliseconds since its first input; absent when there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u32>,
}

/// A form, as its attributes have it.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Form<'a> {
    /// Its `id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
    /// Its `name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// Where it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<&'a str>,
}
