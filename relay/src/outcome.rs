//! Every event that is taken ends in exactly one counted outcome with a stable name.
//!
//! The relay takes an event when it answers for it: with 200. From then on the books balance:
//! taken = delivered + waiting + rejected + duplicate + failed. What an answer other than 200 refused
//! was never taken; its client still has it. *Rejected* is refused by the relay, and the client was
//! told; *failed* is refused by the stream, later. Only so.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The stable names of what an event can be rejected for: the event contract's, then the intake's.
pub const REASONS: [&str; 14] = [
    "invalid_utf8",
    "invalid_json",
    "lone_surrogate",
    "number_too_large",
    "too_deep",
    "duplicate_key",
    "event_too_large",
    "not_an_object",
    "missing_type",
    "unknown_type",
    "invalid_message_id",
    "invalid_user_id",
    "invalid_id",
    "invalid_write_key",
];

/// The outcomes before the fsync. Those after it are the spool's and the forwarder's.
#[derive(Debug, Default)]
pub struct Outcomes {
    /// Events that were answered for.
    pub taken: AtomicU64,
    /// Of these, kept already under the same id.
    pub duplicate: AtomicU64,
    /// Of these, durable in the spool.
    pub stored: AtomicU64,
    rejected: [AtomicU64; REASONS.len()],
    unlisted: AtomicU64,
}

impl Outcomes {
    /// Counts a rejected event.
    pub fn reject(&self, reason: &str) {
        let place = REASONS.iter().position(|name| *name == reason);
        let counter = place.and_then(|place| self.rejected.get(place));
        if counter.is_none() {
            // Our bug, and seen as such: the books still balance.
            tracing::error!(
                reason,
                "rejected for a reason that outcome.rs does not list"
            );
        }
        counter.unwrap_or(&self.unlisted).fetch_add(1, Relaxed);
    }

    /// How many events were rejected, by reason.
    pub fn rejected(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let listed = REASONS.iter().copied().zip(&self.rejected);
        listed
            .chain([("unlisted", &self.unlisted)])
            .map(|(name, counter)| (name, counter.load(Relaxed)))
    }

    /// How many events were rejected in all.
    #[must_use]
    pub fn rejected_total(&self) -> u64 {
        self.rejected().map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rejection_is_counted_once_whatever_its_name() {
        let outcomes = Outcomes::default();
        for name in REASONS.into_iter().chain(["a name of the future"]) {
            outcomes.reject(name);
        }
        assert!(outcomes.rejected().all(|(_, count)| count == 1));
        assert_eq!(outcomes.rejected_total(), REASONS.len() as u64 + 1);
    }
}
