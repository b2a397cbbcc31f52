//! Where an event happened: the `context` of the Segment spec, and `session`, which is ours.

use serde::Serialize;

use crate::text;

/// Everything around an event that is not what was done.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Context<'a> {
    /// Which library made the event.
    pub library: Library<'a>,
    /// The page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<Page<'a>>,
    /// The browser, as it names itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<&'a str>,
    /// The language, as `en-GB`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<&'a str>,
    /// The time zone's name, as `Europe/London`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<&'a str>,
    /// The screen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub screen: Option<Screen>,
    /// Which visit, and where in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<Session<'a>>,
    /// Which campaign led here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<Campaign<'a>>,
    /// The JSON text of an object with further members, which the caller has kept as text.
    #[serde(skip)] // Written by `write::line`.
    pub more: Option<&'a str>,
    /// Signs that no person did it; absent when there are none.
    #[serde(skip_serializing_if = "Automation::is_none")]
    pub automation: Automation,
}

/// The library that made an event.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Library<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
}

/// A page, in the spec's names.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Page<'a> {
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
    /// The pattern of the site's routes that it is of: `/books/:id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<&'a str>,
}

impl<'a> Page<'a> {
    /// A page by its address, which is cut into path and query here, so that all who make
    /// pages cut alike.
    #[must_use]
    pub fn at(url: &'a str, title: &'a str, referrer: &'a str) -> Self {
        let (path, search) = path_and_search(url);
        Self {
            url,
            path,
            title,
            referrer,
            search,
            route: None,
        }
    }
}

/// The path and the query (with its question mark, or empty) of an absolute address.
fn path_and_search(url: &str) -> (&str, &str) {
    let (shown, _) = text::split(url, b'#');
    // What follows the scheme's two slashes is the host; without them all is local.
    let host = text::split(shown, b':').1.strip_prefix("//");
    let local = match host {
        None => shown,
        Some(host) => {
            let end = host.bytes().position(|byte| byte == b'/' || byte == b'?');
            host.get(end.unwrap_or(host.len())..).unwrap_or_default()
        }
    };
    let (path, _) = text::split(local, b'?');
    let search = local.get(path.len()..).unwrap_or_default();
    (if path.is_empty() { "/" } else { path }, search)
}

/// A screen, in CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Screen {
    /// Its width.
    pub width: i32,
    /// Its height.
    pub height: i32,
    /// Device pixels in a CSS pixel; written with three decimals at most.
    pub density: f64,
}

/// A visit: numbers that put a journey's events in a total order and make gaps countable.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Session<'a> {
    /// The visit's id.
    pub id: &'a str,
    /// Which visit of this browser it is, from 1.
    pub index: u32,
    /// Which event of the visit it is, from 1.
    pub event: u32,
}

/// A campaign, from the address's `utm_…`.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Campaign<'a> {
    /// `utm_campaign`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// `utm_source`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'a str>,
    /// `utm_medium`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub medium: Option<&'a str>,
    /// `utm_term`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub term: Option<&'a str>,
    /// `utm_content`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<&'a str>,
    /// The id that an advertisement's network gave the click.
    #[serde(rename = "clickId", skip_serializing_if = "Option::is_none")]
    pub click_id: Option<ClickId<'a>>,
}

/// The id of a click on an advertisement.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClickId<'a> {
    /// The parameter that it came in, which tells the network: `gclid`.
    pub name: &'a str,
    /// The id.
    pub value: &'a str,
}

/// Signs of automation, kept and never acted upon by a client: the relay marks the event.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Automation {
    /// The browser said so (`navigator.webdriver`).
    #[serde(skip_serializing_if = "is_false")]
    pub webdriver: bool,
    /// There was no browser: the bot made the event.
    #[serde(skip_serializing_if = "is_false")]
    pub synthetic: bool,
}

impl Automation {
    /// Whether there is no sign at all.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

// serde hands a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[cfg(test)]
mod tests {
    use super::Page;

    #[test]
    fn an_address_is_cut_into_path_and_query() {
        for (url, path, search) in [
            (
                "https://shop.example/books/?page=2#top",
                "/books/",
                "?page=2",
            ),
            ("https://shop.example", "/", ""),
            ("https://shop.example?q=a/b", "/", "?q=a/b"),
            ("https://shop.example/#/route?x=1", "/", ""),
            ("http://[::1]:8080/a?b?c", "/a", "?b?c"),
            ("/books/bk-1?tab=reviews", "/books/bk-1", "?tab=reviews"),
            ("about:blank", "about:blank", ""),
            ("/a:b?c:d", "/a:b", "?c:d"),
            ("", "/", ""),
        ] {
            let page = Page::at(url, "", "");
            assert_eq!((page.path, page.search), (path, search), "{url}");
        }
    }
}
