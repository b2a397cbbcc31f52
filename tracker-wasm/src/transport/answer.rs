//! What the relay says, and what is said of it.

/// What the relay said to a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Durable but for these: place in the batch and reason.
    Stored(Vec<(usize, String)>),
    /// The batch as such is bad.
    Refused,
    /// The write key is unknown.
    UnknownKey,
    /// Not now; after so many milliseconds if it said so.
    Later(Option<f64>),
    /// No answer, or none that we know.
    Failed,
}

impl Answer {
    /// The answer in a word, for who watches.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Stored(_) => "stored",
            Self::Refused => "refused",
            Self::UnknownKey => "key",
            Self::Later(_) => "later",
            Self::Failed => "failed",
        }
    }
}

/// What became of a line, for who watches (`data-debug`).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Note {
    /// A word of [`crate::words::news`].
    pub state: &'static str,
    /// The line's JSON; `{}` where it is about none.
    pub line: String,
    /// Why.
    pub reason: Option<String>,
}
