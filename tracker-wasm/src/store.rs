//! What survives the page: a few short texts by name, and the lines that wait.

pub mod browser;
pub mod database;
pub mod left;
pub mod memory;
pub mod names;

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
