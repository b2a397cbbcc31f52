//! What other people's SDKs say and what they ask for first: their routes, the form of each body, the
//! answers that they wait for. Nothing else knows them.
//!
//! An SDK is met as it is, with nothing but its key and its host set; `docs/sdks.md` says how.

pub mod jitsu;
pub mod rudderstack;
pub mod segment;

use clickstream_event::kind::EventType;
use clickstream_event::limits::Limits;
use clickstream_event::read::{self, Batch};
use clickstream_event::validate::Malformed;

/// What a route's body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `{"batch":[…],"context":{…},"sentAt":…,"writeKey":…}`.
    Batch,
    /// One event, whose type the route says.
    Single(EventType),
}

impl Form {
    /// Reads a body of this form.
    ///
    /// # Errors
    /// When its frame cannot be read; an event that cannot is refused by itself, later.
    pub fn read<'a>(self, body: &'a [u8], limits: &Limits) -> Result<Batch<'a>, Malformed> {
        match self {
            Self::Batch => read::batch(body, limits),
            Self::Single(kind) => read::single(body, kind, limits),
        }
    }
}

/// Every route that takes events, in all dialects.
pub fn routes() -> impl Iterator<Item = (&'static str, Form)> {
    segment::ROUTES
        .into_iter()
        .chain(rudderstack::ROUTES)
        .chain(jitsu::ROUTES)
}

/// Every route on which an SDK reports about itself: neither events nor errors.
pub const OWN_METRICS: [&str; 2] = [segment::OWN_METRICS, rudderstack::OWN_METRICS];
