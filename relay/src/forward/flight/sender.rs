//! A stream's API, as far as forwarding needs it: what is sent, and what may come back.

use crate::forward::pack::{Limits, Packing, Record};
use crate::forward::said::Said;

/// What kind of trouble a call met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The stream asks for less; nothing was taken.
    Throttled,
    /// Nothing was taken, and the same call will meet the same again until somebody acts:
    /// no such stream, no right, nobody at the address.
    Refused,
    /// The stream is not there. Nothing was taken, and when it is there again it may want its
    /// records otherwise.
    Gone,
    /// No answer came: it may have been taken.
    NoAnswer,
}

/// Why a call was not taken, for the log and for `/readyz`: with the remedy, and without
/// anything that differs from one call to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What kind.
    pub kind: Kind,
    /// What to say of it.
    pub text: String,
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// All of it was taken.
    Taken,
    /// These records were not, in the order of their indices.
    Partly(Vec<Failed>),
    /// None of it, for what is in one of its records, or in the call itself.
    Refused {
        /// Why.
        said: Said,
        /// What to say of it if it is the call, as in [`Trouble`].
        text: String,
    },
    /// None of it, or nobody knows.
    Not(Trouble),
}

/// A record that was not taken in a call that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// Which of the call's.
    pub index: usize,
    /// What the stream says against it; none when it is throttled.
    pub said: Option<Said>,
}

impl Failed {
    /// All of so many: the stream says that they failed, and not why.
    #[must_use]
    pub fn all(count: usize) -> Vec<Self> {
        (0..count).map(|index| Self { index, said: None }).collect()
    }
}

/// The stream's API, as far as it is needed here.
pub trait Sender: std::fmt::Debug + Send + Sync + 'static {
    /// What a record and a call may hold, and how a record is billed.
    fn limits(&self) -> Limits;

    /// How the stream wants its records.
    fn packing(&self) -> impl Future<Output = Result<Packing, Trouble>> + Send;

    /// One call with these records.
    fn send(&self, records: &[Record]) -> impl Future<Output = Answer> + Send;
}
