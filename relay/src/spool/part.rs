//! One file of the spool, as those see it who only look.

use std::path::Path;

/// How a file of the spool is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// As it was written.
    Intact,
    /// Nothing is in it yet.
    Spare,
    /// A write was not finished; nobody had been told that it was.
    Torn,
    /// Damaged, or not readable, where it had been whole.
    Rotten,
    /// Set aside by an earlier start.
    Aside,
}

impl State {
    /// A word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Intact => "intact",
            Self::Spare => "spare",
            Self::Torn => "torn",
            Self::Rotten => "rotten",
            Self::Aside => "aside",
        }
    }
}

/// One file of the spool, and how it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name in the folder.
    pub name: String,
    /// How it is.
    pub state: State,
    /// What is in it, for people.
    pub holds: String,
}

/// The file at this path.
pub(super) fn part(path: &Path, state: State, holds: String) -> Part {
    let name = path.file_name().unwrap_or_default();
    Part {
        name: name.to_string_lossy().into_owned(),
        state,
        holds,
    }
}
