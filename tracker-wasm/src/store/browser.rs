//! `localStorage`, which a browser may refuse to give or to write.

use web_sys::Storage;

use super::Store;

/// The origin's `localStorage`.
#[derive(Debug)]
pub struct BrowserStore(Storage);

impl BrowserStore {
    /// The store, where the browser gives one.
    #[must_use]
    pub fn open() -> Option<Self> {
        web_sys::window()?.local_storage().ok()?.map(Self)
    }
}

impl Store for BrowserStore {
    fn get(&self, name: &str) -> Option<String> {
        self.0.get_item(name).ok()?
    }

    fn set(&self, name: &str, value: &str) {
        // Full, or switched off since: the value lives as long as the page.
        let _ = self.0.set_item(name, value);
    }

    fn remove(&self, name: &str) {
        let _ = self.0.remove_item(name);
    }
}
