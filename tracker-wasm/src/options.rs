//! What a site chooses to have captured, from the script tag's attributes.

use clickstream_event::text::word;

use crate::{settings::Host, words::setting};

/// What tells two places of a single-page application apart (`data-page-by`).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum PageBy {
    /// The path alone.
    Path,
    /// Path and query.
    Query,
    /// Path, query and any fragment.
    Hash,
    /// Path, query and a fragment that is a route (`#/…`, `#!…`).
    #[default]
    Route,
}

/// The subjects (`data-capture`); all of them but `rage` unless some are named.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Page views.
    pub pages: bool,
    /// Clicks on anything.
    pub clicks: bool,
    /// Where clicked links lead: to another host, to a file.
    pub links: bool,
    /// Forms: started, submitted, abandoned.
    pub forms: bool,
    /// Clicks that follow each other fast; only where it is named.
    pub rage: bool,
    /// The end of a view: its scroll depth and engaged time.
    pub leave: bool,
    /// What is another page.
    pub page_by: PageBy,
    /// Patterns of a single-page application's routes (`data-routes`).
    pub routes: String,
    /// Query parameters whose values nobody sees, beside the secret ones (`data-redact`).
    pub redact: String,
}

impl Options {
    /// Reads them.
    pub fn read(host: &Host) -> Self {
        let named = host.get(setting::CAPTURE).as_string();
        let page_by = host.text(setting::PAGE_BY).unwrap_or_default();
        Self {
            routes: host.text(setting::ROUTES).unwrap_or_default(),
            redact: host.text(setting::REDACT).unwrap_or_default(),
            ..Self::of(named.as_deref(), &page_by)
        }
    }

    /// `capture` is a list of subjects, `page_by` a word of [`PageBy`].
    pub(crate) fn of(capture: Option<&str>, page_by: &str) -> Self {
        let wanted = |subject: &str| match capture {
            None => true,
            Some(named) => word(named, &mut |name| name == subject).is_some(),
        };
        Self {
            pages: cfg!(feature = "pages") && wanted("pages"),
            clicks: cfg!(feature = "clicks") && wanted("clicks"),
            links: cfg!(feature = "links") && wanted("links"),
            forms: cfg!(feature = "forms") && wanted("forms"),
            leave: cfg!(feature = "leave") && wanted("leave"),
            rage: cfg!(feature = "rage") && capture.is_some() && wanted("rage"),
            page_by: match page_by {
                "path" => PageBy::Path,
                "query" => PageBy::Query,
                "hash" => PageBy::Hash,
                _ => PageBy::Route,
            },
            routes: String::new(),
            redact: String::new(),
        }
    }
}

/// The subjects of the full edition: all of them but `dead` unless some are named.
#[derive(Clone, Debug, Default)]
#[cfg(any(feature = "watch", test))]
pub struct Watched {
    /// How fast a document was.
    pub vitals: bool,
    /// Errors of the page's scripts.
    pub errors: bool,
    /// Clicks after which nothing changed; only where it is named.
    pub dead: bool,
    /// Elements that are seen.
    pub visible: bool,
    /// Query parameters that say a search term (`data-search`).
    pub search: String,
}

#[cfg(any(feature = "watch", test))]
impl Watched {
    /// Reads them.
    pub fn read(host: &Host) -> Self {
        let named = host.get(setting::CAPTURE).as_string();
        Self {
            search: host.text(setting::SEARCH).unwrap_or_default(),
            ..Self::of(named.as_deref())
        }
    }

    /// `capture` is a list of subjects.
    pub(crate) fn of(capture: Option<&str>) -> Self {
        let wanted = |subject: &str| {
            capture.is_none_or(|named| word(named, &mut |name| name == subject).is_some())
        };
        Self {
            vitals: cfg!(any(feature = "vitals", test)) && wanted("vitals"),
            errors: cfg!(any(feature = "errors", test)) && wanted("errors"),
            dead: cfg!(any(feature = "dead", test)) && capture.is_some() && wanted("dead"),
            visible: cfg!(any(feature = "visible", test)) && wanted("visible"),
            search: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_captured_unless_something_is_named() {
        let all = Options::of(None, "");
        assert!(all.pages && all.clicks && all.links && all.forms && all.leave);
        assert!(!all.rage);
        let full = Watched::of(None);
        assert!(full.vitals && full.errors && full.visible && !full.dead);
        assert!(Watched::of(Some("dead")).dead && !Watched::of(Some("")).errors);
        let some = Options::of(Some(" pages\nlinks rage"), "");
        assert!(some.pages && some.links && some.rage);
        assert!(!some.clicks && !some.forms && !some.leave);
        let none = Options::of(Some(""), "");
        assert!(!none.pages && !none.clicks && !none.links && !none.forms && !none.leave);
    }

    #[test]
    fn one_word_says_what_another_page_is() {
        for (word, page_by) in [
            ("path", PageBy::Path),
            ("query", PageBy::Query),
            ("hash", PageBy::Hash),
            ("", PageBy::Route),
            ("else", PageBy::Route),
        ] {
            assert_eq!(Options::of(None, word).page_by, page_by);
        }
    }
}
