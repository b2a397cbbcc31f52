//! One call on its way, until the stream has taken all of it: only what failed is sent again,
//! after a pause that grows and is never twice the same.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::acks::Sums;
use super::counters::Counters;
use super::pack::{Call, Limits, Packing, Record};
use super::voice::{Source, Voice};
use super::window::Window;

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
    /// The records with these indices were not.
    Partly(Vec<usize>),
    /// None of it, or nobody knows.
    Not(Trouble),
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

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landed {
    /// All of it is taken.
    Taken(Sums),
    /// The stream is gone; who was in trouble by it.
    Gone(Source),
}

/// How patient forwarding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// About how long it pauses before the second attempt; twice as long before each next.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(30),
        }
    }
}

/// Throttles in a row after which a call's trouble is said, not only counted.
const THROTTLES_BEFORE_WORDS: u32 = 6;

/// What all calls on their way share.
#[derive(Debug)]
pub struct Airport<S> {
    sender: S,
    window: Window,
    counters: Arc<Counters>,
    patience: Patience,
    random: Mutex<StdRng>,
    voice: Voice,
}

/// What one attempt came to.
enum Attempt {
    Progress,
    Nothing,
    Gone,
}

impl<S: Sender> Airport<S> {
    /// For calls by this sender.
    #[must_use]
    pub fn new(
        sender: S,
        most: usize,
        patience: Patience,
        seed: u64,
        counters: Arc<Counters>,
        voice: Voice,
    ) -> Self {
        Self {
            sender,
            window: Window::new(most),
            counters,
            patience,
            random: Mutex::new(StdRng::seed_from_u64(seed)),
            voice,
        }
    }

    /// What has been done.
    #[must_use]
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// What a record and a call may hold.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.sender.limits()
    }

    /// Who hears of trouble.
    #[must_use]
    pub fn voice(&self) -> &Voice {
        &self.voice
    }

    /// Asks how the stream wants its records, until it says so.
    pub async fn packing(&self) -> Packing {
        let mut attempt = 0;
        let source = self.voice.source();
        loop {
            match self.sender.packing().await {
                Ok(packing) => {
                    self.voice.well(source);
                    return packing;
                }
                Err(trouble) => {
                    attempt += 1;
                    if trouble.kind != Kind::Throttled || attempt >= THROTTLES_BEFORE_WORDS {
                        self.voice.trouble(source, &trouble.text);
                    }
                    self.pause(attempt).await;
                }
            }
        }
    }

    /// Sends a call until all of it is taken, or the stream is gone.
    pub async fn fly(&self, call: Call) -> Landed {
        let sums = Sums {
            delivered: call.lines,
            failed: call.too_long,
            bytes: call.bytes,
        };
        if call.too_long > 0 {
            tracing::error!(
                events = call.too_long,
                below = call.last + 1,
                "events longer than a record of the stream may be: they are counted as failed"
            );
            Counters::add(&self.counters.too_long, call.too_long);
        }
        let (alone, bytes) = (call.billed_alone, call.sent_bytes);
        let limits = self.sender.limits();
        let records = call.records.iter();
        let billed: u64 = records.map(|record| limits.billed(record.data.len())).sum();
        let mut left = call.records;
        let source = self.voice.source();
        let mut attempt = 0;
        while !left.is_empty() {
            match self.attempt(&mut left, attempt, source).await {
                Attempt::Gone => return Landed::Gone(source),
                Attempt::Progress => attempt = 1,
                Attempt::Nothing => attempt += 1,
            }
            if !left.is_empty() {
                self.pause(attempt).await;
            }
        }
        Counters::add(&self.counters.event_bytes, bytes);
        Counters::add(&self.counters.billed_bytes, billed);
        Counters::add(&self.counters.saved_bytes, alone.saturating_sub(billed));
        Landed::Taken(sums)
    }

    /// One call: leaves in `left` what was not taken.
    async fn attempt(&self, left: &mut Vec<Record>, attempt: u32, source: Source) -> Attempt {
        let counters = &self.counters;
        let place = self.window.place().await;
        Counters::add(&counters.calls, 1);
        match self.sender.send(left).await {
            Answer::Taken => {
                place.succeeded();
                self.voice.well(source);
                self.count_taken(left);
                left.clear();
                Attempt::Progress
            }
            Answer::Partly(failed) => {
                place.throttled();
                Counters::add(&counters.failed_records, failed.len() as u64);
                let mut again = Vec::with_capacity(failed.len());
                let mut taken = Vec::with_capacity(left.len());
                for (index, record) in left.drain(..).enumerate() {
                    match failed.binary_search(&index) {
                        Ok(_) => again.push(record),
                        Err(_) => taken.push(record),
                    }
                }
                self.count_taken(&taken);
                *left = again;
                if taken.is_empty() {
                    self.throttled(attempt, source);
                    return Attempt::Nothing;
                }
                self.voice.well(source);
                Attempt::Progress
            }
            Answer::Not(trouble) => {
                match trouble.kind {
                    Kind::Throttled => {
                        Counters::add(&counters.throttled_calls, 1);
                        place.throttled();
                        self.throttled(attempt, source);
                        return Attempt::Nothing;
                    }
                    Kind::Refused | Kind::Gone => Counters::add(&counters.refused_calls, 1),
                    Kind::NoAnswer => {
                        Counters::add(&counters.unanswered_calls, 1);
                        let lines = left.iter().map(|record| record.lines).sum();
                        Counters::add(&counters.doubles_at_most, lines);
                        place.throttled();
                        // One cut connection is no news; the next attempt mostly mends it.
                        if attempt == 0 {
                            return Attempt::Nothing;
                        }
                    }
                }
                self.voice.trouble(source, &trouble.text);
                match trouble.kind {
                    Kind::Gone => Attempt::Gone,
                    _ => Attempt::Nothing,
                }
            }
        }
    }

    fn throttled(&self, attempt: u32, source: Source) {
        if attempt >= THROTTLES_BEFORE_WORDS {
            self.voice.trouble(
                source,
                "the stream throttles: it gets more than its limits allow; ask AWS for higher ones",
            );
        }
    }

    fn count_taken(&self, taken: &[Record]) {
        let lines = taken.iter().map(|record| record.lines).sum();
        Counters::add(&self.counters.records, taken.len() as u64);
        Counters::add(&self.counters.events, lines);
    }

    /// The pause before attempt number `attempt` + 1. Half of it is drawn by lot, so that relays
    /// which failed together come apart.
    pub async fn pause(&self, attempt: u32) {
        let Patience {
            first_pause,
            longest_pause,
        } = self.patience;
        let doubled = first_pause.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
        let share = {
            let random = self.random.lock();
            let mut random = random.unwrap_or_else(PoisonError::into_inner);
            random.random_range(0.5..1.0)
        };
        tokio::time::sleep(doubled.min(longest_pause).mul_f64(share)).await;
    }
}

#[cfg(test)]
mod tests;
