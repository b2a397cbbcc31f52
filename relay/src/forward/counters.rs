//! What forwarding has done since the start, as numbers.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::partitions::Partitions;

/// One number each. Calls are to the stream's API.
#[derive(Debug, Default)]
pub struct Counters {
    /// Partitions that deliveries to the lake wrote to: the distinct folders of each delivery's
    /// objects, error prefix aside, added up.
    pub partitions: AtomicU64,
    /// Bytes of the most lines that a delivery to the lake held in memory at once.
    pub largest_epoch: AtomicU64,
    /// Calls made, each attempt counted.
    pub calls: AtomicU64,
    /// Calls that were throttled.
    pub throttled_calls: AtomicU64,
    /// Calls that the stream refused, or that did not reach it.
    pub refused_calls: AtomicU64,
    /// Calls without an answer: they may have been taken.
    pub unanswered_calls: AtomicU64,
    /// Records that failed in a call that was answered, and were sent again.
    pub failed_records: AtomicU64,
    /// Records that the stream took.
    pub records: AtomicU64,
    /// Events in them.
    pub events: AtomicU64,
    /// Bytes of their lines.
    pub event_bytes: AtomicU64,
    /// Bytes that are billed for them: each record in steps.
    pub billed_bytes: AtomicU64,
    /// Bytes that one event a record would have cost more.
    pub saved_bytes: AtomicU64,
    /// Events that may lie in the stream once more, because an answer did not come.
    pub doubles_at_most: AtomicU64,
    /// Events longer than a record may be: they can never be delivered.
    pub too_long: AtomicU64,
    /// Events set aside, because the stream refuses them for ever: too long ones among them.
    pub set_aside: AtomicU64,
    /// Calls begun whose acknowledgement is not durable yet.
    pub in_flight: AtomicU64,
    /// Events in them: so many come twice if the process is killed now.
    pub in_flight_events: AtomicU64,
    /// What the stream will make of them.
    pub foreseen: Partitions,
}

/// The numbers at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the same names as in `Counters`")]
pub struct Totals {
    pub partitions: u64,
    pub largest_epoch: u64,
    pub calls: u64,
    pub throttled_calls: u64,
    pub refused_calls: u64,
    pub unanswered_calls: u64,
    pub failed_records: u64,
    pub records: u64,
    pub events: u64,
    pub event_bytes: u64,
    pub billed_bytes: u64,
    pub saved_bytes: u64,
    pub doubles_at_most: u64,
    pub too_long: u64,
    pub set_aside: u64,
    pub in_flight: u64,
    pub in_flight_events: u64,
}

impl Counters {
    /// Adds to one of them.
    pub(crate) fn add(counter: &AtomicU64, more: u64) {
        counter.fetch_add(more, Relaxed);
    }

    /// Takes from one of them.
    pub(crate) fn subtract(counter: &AtomicU64, less: u64) {
        counter.fetch_sub(less, Relaxed);
    }

    /// A copy.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let Self {
            partitions,
            largest_epoch,
            calls,
            throttled_calls,
            refused_calls,
            unanswered_calls,
            failed_records,
            records,
            events,
            event_bytes,
            billed_bytes,
            saved_bytes,
            doubles_at_most,
            too_long,
            set_aside,
            in_flight,
            in_flight_events,
            foreseen: _,
        } = self;
        Totals {
            partitions: partitions.load(Relaxed),
            largest_epoch: largest_epoch.load(Relaxed),
            calls: calls.load(Relaxed),
            throttled_calls: throttled_calls.load(Relaxed),
            refused_calls: refused_calls.load(Relaxed),
            unanswered_calls: unanswered_calls.load(Relaxed),
            failed_records: failed_records.load(Relaxed),
            records: records.load(Relaxed),
            events: events.load(Relaxed),
            event_bytes: event_bytes.load(Relaxed),
            billed_bytes: billed_bytes.load(Relaxed),
            saved_bytes: saved_bytes.load(Relaxed),
            doubles_at_most: doubles_at_most.load(Relaxed),
            too_long: too_long.load(Relaxed),
            set_aside: set_aside.load(Relaxed),
            in_flight: in_flight.load(Relaxed),
            in_flight_events: in_flight_events.load(Relaxed),
        }
    }
}
