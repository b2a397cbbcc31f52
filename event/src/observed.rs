//! What the tracker's full edition records beside: how fast a page was, errors, clicks that did nothing,
//! elements seen, searches.

use serde::Serialize;

use crate::action::Element;

/// The name of the track event that tells how fast a document was, once.
pub const WEB_VITALS_MEASURED: &str = "Web Vitals Measured";

/// The name of the track event that an error of a page's scripts makes.
pub const ERROR_OCCURRED: &str = "Error Occurred";

/// The name of the track event that a page's end makes of the errors that were not told one by one.
pub const ERRORS_COUNTED: &str = "Errors Counted";

/// The name of the track event that a click makes after which nothing changed.
pub const DEAD_CLICKED: &str = "Dead Clicked";

/// The name of the track event that an element makes which is seen, where its attribute names no other.
pub const ELEMENT_VIEWED: &str = "Element Viewed";

/// The name of the track event that an address with a search term makes, as the Segment spec has it.
pub const PRODUCTS_SEARCHED: &str = "Products Searched";

/// The properties of [`WEB_VITALS_MEASURED`] ("Web Vitals Measured"), by the definitions of web.dev. Times
/// are milliseconds from the navigation, or from the moment that a page drawn in advance was shown. What
/// a browser does not measure, or what did not happen, is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WebVitals {
    /// Largest Contentful Paint: when the largest text or image was drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lcp_ms: Option<u32>,
    /// Interaction to Next Paint: how long the page took to answer, of all clicks, taps and keys one of
    /// the slowest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inp_ms: Option<u32>,
    /// Cumulative Layout Shift: how much of the window moved by itself, times how far, as a part of it; of
    /// the five seconds in which that was the most, with three decimals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cls: Option<f64>,
    /// First Contentful Paint: when anything was drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fcp_ms: Option<u32>,
    /// Time to First Byte: when the server's answer began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttfb_ms: Option<u32>,
}

/// The properties of [`ERROR_OCCURRED`] ("Error Occurred").
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ErrorOccurred<'a> {
    /// `error`, or `rejection` of a promise that nobody caught.
    pub kind: &'a str,
    /// The error's class, as `TypeError`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// What it says, cut at 300 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<&'a str>,
    /// The script's address, cut at 300 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'a str>,
    /// The line in it, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column in that, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// The functions that had been called, as the browser writes them, cut at 2,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stack: Option<&'a str>,
}

/// The properties of [`ERRORS_COUNTED`] ("Errors Counted"): how many a page had beside those told.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ErrorsCounted {
    /// The same as one that was told.
    pub repeated: u32,
    /// In another origin's scripts, of which the browser says nothing.
    pub foreign: u32,
    /// Beyond those that are told of a page.
    pub more: u32,
}

/// The properties of [`DEAD_CLICKED`] ("Dead Clicked").
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeadClicked<'a> {
    /// The message id of the click that it is about.
    pub click: &'a str,
}

/// The properties of [`ELEMENT_VIEWED`] ("Element Viewed"), or of the event that the element's attribute
/// names, beside what the page's own attributes say.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ElementViewed<'a> {
    /// What was seen.
    pub element: Element<'a>,
}

/// The properties of [`PRODUCTS_SEARCHED`] ("Products Searched").
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProductsSearched<'a> {
    /// What was searched for, cut at 200 characters.
    pub query: &'a str,
}
