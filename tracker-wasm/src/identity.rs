//! Who it was, as far as the page knows: the browser's own id, and the claim of a user's.
//!
//! A claim is what the page says; the relay decides whether to believe it. A page says it
//! with `data-user-id` on the script tag (then it holds for that page) or by `identify`
//! (then it holds until `reset`, as sites that come from other trackers expect).

use clickstream_event::text::joined;

use crate::store::{
    Store,
    names::{ANONYMOUS, FIRST, NEW, SESSION, USER},
};

/// The ids that go onto events.
pub struct Identity {
    store: Box<dyn Store>,
    random: Box<dyn Fn() -> String>,
    anonymous: String,
    user: Option<String>,
    /// An `identify` is owed, before the page's first event: it joins both ids.
    due: bool,
    /// What is recorded now is of an earlier page with another claim.
    held: bool,
    /// The id was made because there was none: the relay may know an older one.
    new: bool,
}

impl Identity {
    /// Takes up what the store knows. When the page claims a user whom the page before did
    /// not, an `identify` is due.
    ///
    /// When one user's page follows another's without a page in between that claims none,
    /// the browser's id changes too: two people never share one.
    #[must_use]
    pub fn open(
        store: Box<dyn Store>,
        random: Box<dyn Fn() -> String>,
        page_user: Option<String>,
    ) -> Self {
        let known = store.get(USER).unwrap_or_default();
        let said_by = known.get(..1).unwrap_or_default();
        let known_user = known.get(1..).unwrap_or_default();
        let mut identity = Self {
            anonymous: store.get(ANONYMOUS).unwrap_or_default(),
            user: page_user,
            store,
            random,
            due: false,
            held: false,
            new: false,
        };
        if identity.anonymous.is_empty() {
            identity.renew();
            identity.store.set(NEW, "1");
        }
        identity.new = identity.store.get(NEW).is_some();
        match &identity.user {
            Some(user) if user == known_user && said_by == "p" => {}
            Some(user) if user == known_user => identity.store.set(USER, &joined(&["p", user])),
            Some(user) => {
                identity.store.set(USER, &joined(&["p", user]));
                identity.due = true;
                if said_by == "p" {
                    identity.rotate();
                }
            }
            None if said_by == "c" => identity.user = Some(known_user.to_owned()),
            None if said_by == "p" => identity.store.remove(USER),
            None => {}
        }
        identity
    }

    /// Whether an `identify` is due; it is no longer.
    pub const fn take_due(&mut self) -> bool {
        !self.held && std::mem::replace(&mut self.due, false)
    }

    /// What follows happened on an earlier page, which claimed `user`: when this page claims
    /// somebody else, it is nobody's claim.
    pub fn hold(&mut self, user: Option<String>) {
        self.held = user.filter(|user| !user.is_empty()) != self.user;
    }

    /// What follows happens on this page.
    pub const fn release(&mut self) {
        self.held = false;
    }

    /// The browser's own id.
    #[must_use]
    pub fn anonymous(&self) -> &str {
        &self.anonymous
    }

    /// The user claimed.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref().filter(|_| !self.held)
    }

    /// A call named the user.
    pub fn claim(&mut self, user: &str) {
        if self.user.as_deref() != Some(user) {
            self.store.set(USER, &joined(&["c", user]));
            self.user = Some(user.to_owned());
        }
    }

    /// Somebody signed out: a new id for the browser, and no claim.
    pub fn reset(&mut self) {
        self.user = None;
        self.due = false;
        self.store.remove(USER);
        self.rotate();
    }

    /// Whether the id was made because there was none, and the relay has not answered yet.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.new
    }

    /// The relay has answered, with the id that it `remembered` for a browser that had lost it. One
    /// that was changed on purpose meanwhile stays changed.
    pub fn settle(&mut self, remembered: Option<String>) {
        if !std::mem::take(&mut self.new) {
            return;
        }
        self.store.remove(NEW);
        if let Some(id) = remembered.filter(|id| !id.is_empty()) {
            self.store.set(ANONYMOUS, &id);
            self.anonymous = id;
        }
    }

    /// What may be kept from now on is kept, or taken up where the browser has it.
    pub fn keep(&mut self) {
        match self.store.get(ANONYMOUS) {
            Some(known) => self.anonymous = known,
            None => self.store.set(ANONYMOUS, &self.anonymous),
        }
    }

    /// Where this is kept.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// Another person: an id and a visit of its own, which no older one takes the place of.
    fn rotate(&mut self) {
        self.settle(None);
        for name in [SESSION, FIRST] {
            self.store.remove(name);
        }
        self.renew();
    }

    fn renew(&mut self) {
        self.anonymous = (self.random)();
        self.store.set(ANONYMOUS, &self.anonymous);
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Ids of people stay out of logs.
        formatter.write_str("Identity")
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, rc::Rc};

    use super::*;
    use crate::store::memory::MemoryStore;

    /// A browser: pages follow each other and share a store.
    #[derive(Clone, Default)]
    struct Browser(Rc<MemoryStore>, Rc<Cell<u32>>);

    impl Store for Browser {
        fn get(&self, name: &str) -> Option<String> {
            self.0.get(name)
        }
        fn set(&self, name: &str, value: &str) {
            self.0.set(name, value);
        }
        fn remove(&self, name: &str) {
            self.0.remove(name);
        }
    }

    impl Browser {
        fn page(&self, user: Option<&str>) -> (Identity, bool) {
            let count = self.1.clone();
            let random = move || {
                count.set(count.get() + 1);
                format!("id{}", count.get())
            };
            let user = user.map(str::to_owned);
            let mut identity = Identity::open(Box::new(self.clone()), Box::new(random), user);
            let due = identity.take_due();
            (identity, due)
        }
    }

    #[test]
    fn the_browsers_id_stays_from_page_to_page() {
        let browser = Browser::default();
        assert_eq!(browser.page(None).0.anonymous(), "id1");
        let (second, due) = browser.page(None);
        assert_eq!(
            (second.anonymous(), second.user(), due),
            ("id1", None, false)
        );
    }

    #[test]
    fn only_the_first_signed_in_page_identifies() {
        let browser = Browser::default();
        browser.page(None);
        let (first, due) = browser.page(Some("45"));
        assert_eq!(
            (first.anonymous(), first.user(), due),
            ("id1", Some("45"), true)
        );
        assert!(!browser.page(Some("45")).1);
        // Signed out without reset(): the claim goes with the page that made it.
        assert_eq!(browser.page(None).0.user(), None);
        assert!(browser.page(Some("45")).1);
    }

    #[test]
    fn another_user_gets_another_browser_id() {
        let browser = Browser::default();
        browser.page(Some("45"));
        let (other, due) = browser.page(Some("90"));
        assert_eq!(
            (other.anonymous(), other.user(), due),
            ("id2", Some("90"), true)
        );
    }

    #[test]
    fn a_claim_by_call_lasts_until_reset() {
        let browser = Browser::default();
        browser.page(None).0.claim("7");
        let (mut page, due) = browser.page(None);
        assert_eq!((page.user(), due), (Some("7"), false));
        page.reset();
        assert_eq!((page.user(), page.anonymous()), (None, "id2"));
        let (after, _) = browser.page(None);
        assert_eq!((after.user(), after.anonymous()), (None, "id2"));
    }

    #[test]
    fn a_page_that_repeats_a_call_s_claim_does_not_identify_again() {
        let browser = Browser::default();
        browser.page(None).0.claim("7");
        let (page, due) = browser.page(Some("7"));
        assert_eq!(
            (page.user(), due, page.anonymous()),
            (Some("7"), false, "id1")
        );
        // From now on it is the page's claim, and goes with it.
        assert_eq!(browser.page(None).0.user(), None);
    }

    #[test]
    fn what_another_page_left_is_not_claimed_for_this_one_s_user() {
        let browser = Browser::default();
        let mut page = Identity::open(
            Box::new(browser.clone()),
            Box::new(|| "id".to_owned()),
            Some("7".into()),
        );
        page.hold(None);
        assert!(page.user().is_none() && !page.take_due());
        page.release();
        assert!(page.user() == Some("7") && page.take_due());
        page.hold(Some("7".into()));
        assert_eq!(page.user(), Some("7"));
    }

    #[test]
    fn an_id_that_was_lost_comes_back_once() {
        let browser = Browser::default();
        assert!(browser.page(None).0.is_new());
        // The first page ended without an answer: the next one still asks.
        let (mut page, _) = browser.page(None);
        assert!(page.is_new());
        page.settle(Some("old".to_owned()));
        assert_eq!((page.anonymous(), page.is_new()), ("old", false));
        page.settle(Some("other".to_owned()));
        assert_eq!(page.anonymous(), "old");
        let (next, _) = browser.page(None);
        assert_eq!((next.anonymous(), next.is_new()), ("old", false));
    }

    #[test]
    fn an_id_that_was_changed_on_purpose_stays_changed() {
        let browser = Browser::default();
        let (mut page, _) = browser.page(None);
        page.reset();
        assert!(!page.is_new());
        page.settle(Some("old".to_owned()));
        assert_eq!(page.anonymous(), "id2");
        assert_eq!(browser.page(None).0.anonymous(), "id2");
        // The same when one user's page follows another's.
        let browser = Browser::default();
        browser.page(Some("45"));
        let (mut other, _) = browser.page(Some("90"));
        other.settle(Some("old".to_owned()));
        assert_eq!((other.anonymous(), other.is_new()), ("id2", false));
    }

    #[test]
    fn what_is_no_letter_in_the_store_is_nobody() {
        let browser = Browser::default();
        browser.set(USER, "é45");
        assert_eq!(browser.page(None).0.user(), None);
    }
}
