//! What survives the page: a few short texts by name, and the lines that wait.

pub mod browser;
pub mod database;
mod lease;
pub mod left;
pub mod memory;
pub mod names;
pub mod permit;

use std::rc::Rc;

/// A place for texts. Nothing fails: a store that cannot keep forgets, and the tracker
/// works on as in a browser's first visit.
pub trait Store {
    /// The text under `name`.
    fn get(&self, name: &str) -> Option<String>;
    /// Keeps `value` under `name`.
    fn set(&self, name: &str, value: &str);
    /// Forgets what is under `name`.
    fn remove(&self, name: &str);
}

impl<S: Store + ?Sized> Store for Rc<S> {
    fn get(&self, name: &str) -> Option<String> {
        (**self).get(name)
    }

    fn set(&self, name: &str, value: &str) {
        (**self).set(name, value);
    }

    fn remove(&self, name: &str) {
        (**self).remove(name);
    }
}
