//! A store that lives as long as the page: for who asked not to be tracked, for browsers
//! that give none, and for tests.

use std::cell::RefCell;

use super::Store;

/// Texts in memory.
#[derive(Debug, Default)]
pub struct MemoryStore(RefCell<Vec<(String, String)>>);

impl Store for MemoryStore {
    fn get(&self, name: &str) -> Option<String> {
        let entries = self.0.borrow();
        let (_, value) = entries.iter().find(|(known, _)| known == name)?;
        Some(value.clone())
    }

    fn set(&self, name: &str, value: &str) {
        self.remove(name);
        self.0
            .borrow_mut()
            .push((name.to_owned(), value.to_owned()));
    }

    fn remove(&self, name: &str) {
        let mut entries = self.0.borrow_mut();
        if let Some(at) = entries.iter().position(|(known, _)| known == name) {
            entries.swap_remove(at);
        }
    }
}
