//! The one door to what survives a page: open, everything is kept in the browser; closed, nothing
//! is, and what is asked for lives as long as the page.

use std::cell::Cell;

use super::{Store, memory::MemoryStore, names};

/// A store that a visitor's decision opens and closes.
#[derive(Debug)]
pub struct Permit<S> {
    /// `None` where the browser gives no store, or nothing may ever be stored.
    browser: Option<S>,
    memory: MemoryStore,
    open: Cell<bool>,
}

impl<S: Store> Permit<S> {
    /// A door to `browser`.
    pub fn new(browser: Option<S>, open: bool) -> Self {
        Self {
            open: Cell::new(open && browser.is_some()),
            browser,
            memory: MemoryStore::default(),
        }
    }

    /// What is behind the door, when it is open.
    fn opened(&self) -> Option<&S> {
        self.browser.as_ref().filter(|_| self.open.get())
    }

    /// Opens it: what the page has in memory is kept from now on, unless the browser has
    /// something under that name.
    pub fn open(&self) {
        let Some(browser) = &self.browser else { return };
        self.open.set(true);
        for name in names::ALL {
            if let Some(value) = self.memory.get(name) {
                self.memory.remove(name);
                if browser.get(name).is_none() {
                    browser.set(name, &value);
                }
            }
        }
    }

    /// Closes it: everything that was ever stored is removed.
    pub fn close(&self) {
        for name in names::ALL {
            if let Some(browser) = &self.browser {
                browser.remove(name);
            }
        }
        self.open.set(false);
    }

    /// Keeps the decision about the door itself, whatever it is.
    pub fn decided(&self, decision: &str) {
        if let Some(browser) = &self.browser {
            browser.set(names::CONSENT, decision);
        }
    }
}

impl<S: Store> Store for Permit<S> {
    fn get(&self, name: &str) -> Option<String> {
        match self.opened() {
            Some(browser) => browser.get(name),
            None => self.memory.get(name),
        }
    }

    fn set(&self, name: &str, value: &str) {
        match self.opened() {
            Some(browser) => browser.set(name, value),
            None => self.memory.set(name, value),
        }
    }

    fn remove(&self, name: &str) {
        self.memory.remove(name);
        if let Some(browser) = self.opened() {
            browser.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    fn door(open: bool) -> (Rc<MemoryStore>, Permit<Rc<MemoryStore>>) {
        let browser = Rc::new(MemoryStore::default());
        (Rc::clone(&browser), Permit::new(Some(browser), open))
    }

    #[test]
    fn a_closed_door_lets_nothing_through_in_either_direction() {
        let (browser, permit) = door(false);
        browser.set(names::USER, "before");
        permit.set(names::ANONYMOUS, "a");
        assert_eq!(permit.get(names::ANONYMOUS).as_deref(), Some("a"));
        assert_eq!(permit.get(names::USER), None, "reading is access too");
        assert_eq!(browser.get(names::ANONYMOUS), None);
        permit.remove(names::USER);
        assert!(browser.get(names::USER).is_some());
    }

    #[test]
    fn a_door_that_opens_keeps_what_the_page_has() {
        let (browser, permit) = door(false);
        browser.set(names::USER, "before");
        permit.set(names::ANONYMOUS, "a");
        permit.set(names::USER, "now");
        permit.open();
        assert_eq!(browser.get(names::ANONYMOUS).as_deref(), Some("a"));
        assert_eq!(permit.get(names::USER).as_deref(), Some("before"));
    }

    #[test]
    fn a_door_that_closes_leaves_nothing_behind() {
        let (browser, permit) = door(true);
        for name in names::ALL {
            permit.set(name, "x");
            assert!(browser.get(name).is_some());
        }
        permit.close();
        for name in names::ALL {
            assert_eq!((browser.get(name), permit.get(name)), (None, None));
        }
        permit.set(names::ANONYMOUS, "a");
        assert_eq!(browser.get(names::ANONYMOUS), None);
    }

    #[test]
    fn without_a_store_everything_lives_as_long_as_the_page() {
        let permit = Permit::<MemoryStore>::new(None, true);
        permit.open();
        permit.set(names::ANONYMOUS, "a");
        assert_eq!(permit.get(names::ANONYMOUS).as_deref(), Some("a"));
    }
}
