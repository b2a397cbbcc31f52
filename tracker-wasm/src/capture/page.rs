//! Page views: documents loaded, places within a document, pages given back by the
//! back/forward cache. No browser in here.
//!
//! A view waits a second before it is an event, because applications set the new page's
//! title after they have moved, and because a site's own `page()` call for the same page
//! then takes its place. Whatever else happens meanwhile ends the wait, the page's end too.

use clickstream_event::{action::Navigation, text};

use crate::options::PageBy;

/// How long a view waits, in milliseconds.
pub const SETTLING: f64 = 1000.0;

/// A page seen, not yet an event.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// How it was reached.
    pub navigation: Navigation,
    /// When, in milliseconds since 1970.
    pub time: f64,
    /// Its address.
    pub url: String,
    /// Its title, as far as it was known.
    pub title: String,
    /// The page before it.
    pub referrer: String,
}

/// Where the visitor is.
#[derive(Debug, Default)]
pub struct Pages {
    by: PageBy,
    url: String,
    referrer: String,
    waiting: Option<View>,
}

impl Pages {
    /// No page yet; `by` tells two of them apart.
    #[must_use]
    pub fn new(by: PageBy) -> Self {
        Self {
            by,
            ..Self::default()
        }
    }

    /// A document was loaded; `referrer` is what led to it.
    pub fn loaded(&mut self, url: &str, title: &str, referrer: String, time: f64) {
        self.referrer = referrer;
        self.happened("load", url, title, time);
    }

    /// The page before the present one.
    #[must_use]
    pub fn referrer(&self) -> &str {
        &self.referrer
    }

    /// Something that may be a navigation happened, by the event's or method's name. The
    /// caller has settled the view before.
    pub fn happened(&mut self, kind: &str, url: &str, title: &str, time: f64) {
        let navigation = match kind {
            "load" => Navigation::Load,
            "pageshow" => Navigation::Restore,
            "pushState" => Navigation::Push,
            "replaceState" => Navigation::Replace,
            _ => Navigation::Traverse,
        };
        let within = !matches!(navigation, Navigation::Load | Navigation::Restore);
        let before = std::mem::replace(&mut self.url, url.to_owned());
        if within {
            // Filters replace the query at every key; that is no page (umami#2461).
            let query_counts = navigation != Navigation::Replace;
            let query_counts = query_counts && self.by != PageBy::Path;
            if self.place(&before, query_counts) == self.place(url, query_counts) {
                return;
            }
            self.referrer = before;
        }
        self.waiting = Some(View {
            navigation,
            time,
            url: url.to_owned(),
            title: title.to_owned(),
            referrer: self.referrer.clone(),
        });
    }

    /// When the view that waits is due.
    #[must_use]
    pub fn due(&self) -> Option<f64> {
        self.waiting.as_ref().map(|view| view.time + SETTLING)
    }

    /// The view that waits, if one does: it becomes an event now, with the title that the
    /// document has now if it is still there.
    pub fn settle(&mut self, url: &str, title: &str) -> Option<View> {
        let mut view = self.waiting.take()?;
        if view.url == url {
            title.clone_into(&mut view.title);
        }
        Some(view)
    }

    /// A site's own `page()` takes the place of the view that waits for the same address.
    pub fn replaced(&mut self, url: &str) {
        if self.waiting.as_ref().is_some_and(|view| view.url == url) {
            self.waiting = None;
        }
    }

    /// What tells two pages apart: the path, the query where it counts, and the fragment where
    /// it is a route (`#/…`, `#!…`) and no place on the page, or as the site has chosen.
    fn place<'a>(&self, url: &'a str, query_counts: bool) -> (&'a str, &'a str) {
        let (page, fragment) = text::split(url, b'#');
        let (path, _) = text::split(page, b'?');
        let fragment_counts = match self.by {
            PageBy::Path | PageBy::Query => false,
            PageBy::Hash => true,
            PageBy::Route => fragment.starts_with("/") || fragment.starts_with("!"),
        };
        (
            if query_counts { page } else { path },
            if fragment_counts { fragment } else { "" },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: &str = "https://shop.example/";

    fn at(url: &str) -> Pages {
        let mut pages = Pages::default();
        pages.loaded(url, "", "https://search.example/".into(), 0.0);
        pages.settle("", "");
        pages
    }

    /// dev-portal#2645: an automatic and a manual view for one page.
    #[test]
    fn complaint_21_a_page_call_within_a_second_takes_the_views_place() {
        let mut pages = Pages::default();
        pages.loaded(HOME, "", String::new(), 7.0);
        assert_eq!(pages.due(), Some(1007.0), "until then nothing is recorded");
        pages.replaced("https://shop.example/another");
        assert!(pages.due().is_some(), "it is about another page");
        pages.replaced(HOME);
        assert_eq!((pages.due(), pages.settle(HOME, "")), (None, None));
    }

    fn seen(pages: &mut Pages, kind: &str, url: &str) -> Option<(Navigation, String)> {
        pages.happened(kind, url, "", 5.0);
        pages
            .settle("", "")
            .map(|view| (view.navigation, view.referrer))
    }

    #[test]
    fn a_document_is_seen_once_with_what_led_to_it() {
        let mut pages = Pages::default();
        pages.loaded(HOME, "", "https://search.example/".into(), 7.0);
        assert_eq!(pages.due(), Some(7.0 + SETTLING));
        let view = pages.settle(HOME, "").unwrap();
        assert_eq!(
            (view.navigation, view.referrer.as_str(), view.time),
            (Navigation::Load, "https://search.example/", 7.0)
        );
        assert_eq!((pages.settle(HOME, ""), pages.due()), (None, None));
    }

    #[test]
    fn path_query_and_hash_route_are_places_an_anchor_is_not() {
        for (to, moves) in [
            ("https://shop.example/books", true),
            ("https://shop.example/?tab=reviews", true),
            ("https://shop.example/#/route", true),
            ("https://shop.example/#!route", true),
            ("https://shop.example/#reviews", false),
            ("https://shop.example/", false),
        ] {
            let mut pages = at(HOME);
            let seen = seen(&mut pages, "pushState", to);
            let expected = moves.then(|| (Navigation::Push, HOME.to_owned()));
            assert_eq!(seen, expected, "{to}");
        }
    }

    /// gridfinity-layout-tool#311, umami#2461.
    #[test]
    fn complaint_19_replacing_the_query_is_no_view_replacing_the_path_is() {
        let mut pages = at(HOME);
        assert_eq!(
            seen(&mut pages, "replaceState", "https://shop.example/?q=a"),
            None
        );
        assert_eq!(pages.referrer(), "https://search.example/");
        let (navigation, _) = seen(&mut pages, "replaceState", "https://shop.example/b").unwrap();
        assert_eq!(navigation, Navigation::Replace);
    }

    #[test]
    fn one_step_back_is_one_view_though_two_events_tell_of_it() {
        let mut pages = at("https://shop.example/#/b");
        assert!(seen(&mut pages, "popstate", "https://shop.example/#/a").is_some());
        assert_eq!(
            seen(&mut pages, "hashchange", "https://shop.example/#/a"),
            None
        );
    }

    #[test]
    fn a_title_set_after_the_move_is_taken_the_next_page_s_is_not() {
        let mut pages = at(HOME);
        let titled = |pages: &mut Pages, url| {
            pages.happened("pushState", &format!("{HOME}b"), "Home", 5.0);
            let title = pages.settle(url, "Later").unwrap().title;
            *pages = at(HOME);
            title
        };
        assert_eq!(titled(&mut pages, "https://shop.example/b"), "Later");
        assert_eq!(titled(&mut pages, "https://shop.example/c"), "Home");
    }

    #[test]
    fn a_page_given_back_is_seen_again() {
        let (navigation, _) = seen(&mut at(HOME), "pageshow", HOME).unwrap();
        assert_eq!(navigation, Navigation::Restore);
    }

    /// posthog-js#2011, plausible-tracker#18.
    #[test]
    fn complaint_20_a_site_chooses_what_another_page_is() {
        for (by, query, route, anchor) in [
            (PageBy::Path, false, false, false),
            (PageBy::Query, true, false, false),
            (PageBy::Route, true, true, false),
            (PageBy::Hash, true, true, true),
        ] {
            let counts = |to: &str| {
                let mut pages = at(HOME);
                pages.by = by;
                seen(&mut pages, "pushState", &format!("{HOME}{to}")).is_some()
            };
            assert_eq!(
                (
                    counts("?tab=a"),
                    counts("#/route"),
                    counts("#anchor"),
                    counts("other")
                ),
                (query, route, anchor, true),
                "{by:?}"
            );
        }
    }

    /// hashicorp/dev-portal#2645.
    #[test]
    fn a_site_s_own_page_call_takes_the_place_of_the_view() {
        let mut pages = at(HOME);
        pages.happened("pushState", "https://shop.example/b", "", 5.0);
        pages.replaced(HOME);
        assert!(pages.due().is_some());
        pages.replaced("https://shop.example/b");
        assert_eq!(pages.due(), None);
    }
}
