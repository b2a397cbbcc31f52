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

/// What became of a line, for who watches (`data-debug`).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Note {
    /// `queued`, `sent`, `acknowledged` or `rejected`.
    pub state: &'static str,
    /// The line's JSON.
    pub line: String,
    /// Why it was rejected.
    pub reason: Option<String>,
}
