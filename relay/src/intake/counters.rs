//! How requests with events ended.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::answer::Refusal;

/// How often a request met which end.
#[derive(Debug, Default)]
pub struct Counters {
    /// Requests answered with 200.
    pub answered: AtomicU64,
    refused: [AtomicU64; Refusal::CODES.len()],
}

impl Counters {
    /// Counts a request that was refused as a whole.
    pub fn refuse(&self, refusal: &Refusal) {
        let (_, code) = refusal.kind();
        let place = Refusal::CODES.iter().position(|known| *known == code);
        if let Some(counter) = place.and_then(|place| self.refused.get(place)) {
            counter.fetch_add(1, Relaxed);
        }
    }

    /// How many requests were refused, by code.
    pub fn refused(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let counts = self.refused.iter().map(|counter| counter.load(Relaxed));
        Refusal::CODES.into_iter().zip(counts)
    }
}
