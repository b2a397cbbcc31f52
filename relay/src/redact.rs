//! What is left out before anything is stored: members by their path, query parameters by their name.
//!
//! The rules hold for accepted lines and for the rejected events that are kept. A member that a rule
//! names is gone with all that is in it, as if the client had never sent it. It is found by its
//! decoded name, so `em\u0061il` is `email`.

pub mod path;
pub mod query;
mod walk;

use self::path::Path;
use self::query::Names;

/// What to leave out; empty, it costs nothing.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Members.
    pub paths: Vec<Path>,
    /// Parameters of addresses, wherever a text holds one.
    pub queries: Names,
}

impl Rules {
    /// Whether there is nothing to leave out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.queries.is_empty()
    }

    /// `json`, an event, without what the rules name and without white space. None where it cannot
    /// be told what is a name and what a value: then it must not be stored.
    #[must_use]
    pub fn apply(&self, json: &[u8]) -> Option<Vec<u8>> {
        walk::without(self, std::str::from_utf8(json).ok()?)
    }

    /// As [`Rules::apply`], for an `identify` whose `traits` are a copy of its context's: what a rule
    /// leaves out there, it leaves out of the copy.
    #[must_use]
    pub fn apply_with_copy(&self, json: &[u8]) -> Option<Vec<u8>> {
        let rules = Self {
            paths: path::with_copies(&self.paths),
            queries: self.queries.clone(),
        };
        rules.apply(json)
    }
}

#[cfg(test)]
mod tests;
