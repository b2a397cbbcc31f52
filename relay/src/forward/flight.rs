//! One call on its way, until the stream has taken all of it: only what failed is sent again,
//! after a pause that grows and is never twice the same.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::Instant;

use super::acks::Done;
use super::counters::Counters;
use super::hanging::Hanging;
use super::pack::{Call, Limits, Packing, Record};
use super::patience::Patience;
use super::voice::{Source, Voice};
use super::window::{Place, Window};

pub mod sender;
mod trip;

pub use sender::{Answer, Failed, Kind, Sender, Trouble};
use trip::Trip;

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Landed {
    /// All of it is taken, but for what is refused for ever.
    Taken(Done),
    /// The stream is gone, or the call ended by a fault of ours; who was in trouble by it.
    Gone(Source),
}

/// Throttles in a row after which a call's trouble is said, not only counted.
const THROTTLES_BEFORE_WORDS: u32 = 6;

/// So many refusals of records in a row, nothing taken between them, are said: it is not the
/// records.
const REFUSALS_BEFORE_WORDS: u32 = 3;

/// The pause before refused records are sent again grows no longer than before this attempt, if
/// others were taken: it is not the stream that needs rest, and something waits behind them.
const MOST_ATTEMPTS_OF_PAUSE: u32 = 4;

/// What all calls on their way share.
#[derive(Debug)]
pub struct Airport<S> {
    sender: S,
    window: Window,
    hanging: Hanging,
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
            hanging: Hanging::default(),
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

    /// The calls that hang.
    #[must_use]
    pub fn hanging(&self) -> &Hanging {
        &self.hanging
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

    /// Sends a call until all of it is taken, but for what the stream refuses for ever; or until
    /// the stream is gone. A fault on the way ends this call alone: it counts as one that found no
    /// stream, and whoever begins anew at the checkpoint sends it again.
    pub async fn fly(&self, call: Call) -> Landed {
        let (source, lines) = (self.voice.source(), call.all_lines());
        let flight = AssertUnwindSafe(self.fly_to_the_end(call, source));
        flight.catch_unwind().await.unwrap_or_else(|_| {
            Counters::add(&self.counters.doubles_at_most, lines);
            self.voice.trouble(
                source,
                "a call ended by a fault of the relay: it is sent again, please report what the log says above",
            );
            Landed::Gone(source)
        })
    }

    async fn fly_to_the_end(&self, call: Call, source: Source) -> Landed {
        let (alone, bytes) = (call.billed_alone, call.sent_bytes);
        let (mut trip, records) = Trip::new(call, self.limits());
        Counters::add(&self.counters.too_long, trip.done.refused.len() as u64);
        let mut parts = VecDeque::from([records]);
        let mut attempt = 0;
        let mut hangs = None;
        while let Some(part) = parts.pop_front() {
            if part.is_empty() {
                continue;
            }
            let mut left = Vec::new();
            match self
                .attempt(part, &mut left, attempt, source, &mut trip)
                .await
            {
                Attempt::Gone => return Landed::Gone(source),
                Attempt::Progress => attempt = 1,
                Attempt::Nothing => attempt += 1,
            }
            let whole = left.is_empty();
            let now = Instant::now();
            let taken = self.counters.records.load(Relaxed);
            let mut records = left.iter().flatten();
            if records.all(|record| record.is_alone_refused(taken)) {
                attempt = attempt.min(MOST_ATTEMPTS_OF_PAUSE);
            }
            let judged = left
                .into_iter()
                .map(|part| trip.judge(part, &self.patience, now, taken));
            parts.extend(judged.filter(|part| !part.is_empty()));
            let mut all = parts.iter().flatten();
            if !all.all(|record| record.is_alone_refused(taken)) {
                hangs = None;
            } else if !parts.is_empty() {
                hangs.get_or_insert_with(|| self.hanging.one());
            }
            if !whole && !parts.is_empty() {
                self.pause(attempt).await;
            }
        }
        // What was in trouble may have been set aside.
        self.voice.well(source);
        Counters::add(&self.counters.event_bytes, bytes - trip.bytes_aside);
        Counters::add(&self.counters.billed_bytes, trip.billed);
        let alone = alone.saturating_sub(trip.billed_aside);
        Counters::add(
            &self.counters.saved_bytes,
            alone.saturating_sub(trip.billed),
        );
        trip.done.refused.sort_by_key(|refused| refused.position);
        Landed::Taken(trip.done)
    }

    /// One call: leaves in `left`, in parts that go by themselves, what was not taken.
    async fn attempt(
        &self,
        mut part: Vec<Record>,
        left: &mut Vec<Vec<Record>>,
        attempt: u32,
        source: Source,
        trip: &mut Trip,
    ) -> Attempt {
        let counters = &self.counters;
        let place = self.window.place().await;
        Counters::add(&counters.calls, 1);
        match self.sender.send(&part).await {
            Answer::Taken => {
                place.succeeded();
                self.voice.well(source);
                self.count_taken(&part, trip);
                Attempt::Progress
            }
            Answer::Partly(failed) => {
                // Who refuses a record takes the others as fast as ever.
                if failed.iter().any(|failed| failed.said.is_none()) {
                    place.throttled();
                }
                Counters::add(&counters.failed_records, failed.len() as u64);
                self.partly(part, &failed, left, attempt, source, trip)
            }
            Answer::Refused { said, text } => {
                Counters::add(&counters.refused_calls, 1);
                let (now, taken) = (Instant::now(), counters.records.load(Relaxed));
                let alone = part.len() == 1;
                let theirs = part.iter().all(|record| record.is_alone_refused(taken));
                if attempt >= REFUSALS_BEFORE_WORDS && !theirs {
                    self.voice.trouble(source, &text);
                }
                for record in &mut part {
                    record.refuse(&said, alone, now, taken);
                }
                // For which of them, nobody says.
                let second = part.split_off(part.len().div_ceil(2));
                left.extend([part, second]);
                Attempt::Nothing
            }
            Answer::Not(trouble) => {
                let attempted = self.not(&trouble, &part, place, attempt, source);
                left.push(part);
                attempted
            }
        }
    }

    /// These records of a call failed, the others were taken.
    fn partly(
        &self,
        part: Vec<Record>,
        failed: &[Failed],
        left: &mut Vec<Vec<Record>>,
        attempt: u32,
        source: Source,
        trip: &mut Trip,
    ) -> Attempt {
        let now = Instant::now();
        let before = self.counters.records.load(Relaxed);
        let (mut again, mut taken) = (Vec::with_capacity(failed.len()), Vec::new());
        for (index, mut record) in part.into_iter().enumerate() {
            match failed.binary_search_by_key(&index, |failed| failed.index) {
                Ok(found) => {
                    if let Some(said) = failed.get(found).and_then(|failed| failed.said.as_ref()) {
                        record.refuse(said, true, now, before);
                    }
                    again.push(record);
                }
                Err(_) => taken.push(record),
            }
        }
        self.count_taken(&taken, trip);
        let theirs = again.iter().all(|record| record.is_alone_refused(before));
        left.push(again);
        if !taken.is_empty() {
            self.voice.well(source);
            return Attempt::Progress;
        }
        match failed.iter().find_map(|failed| failed.said.as_ref()) {
            None => self.throttled(attempt, source),
            Some(said) if attempt >= REFUSALS_BEFORE_WORDS && !theirs => {
                let text = format!(
                    "the stream refuses records and takes no others: {}: {}",
                    said.code, said.message
                );
                self.voice.trouble(source, &text);
            }
            Some(_) => {}
        }
        Attempt::Nothing
    }

    /// Nothing of a call was taken, or nobody knows.
    fn not(
        &self,
        trouble: &Trouble,
        part: &[Record],
        place: Place,
        attempt: u32,
        source: Source,
    ) -> Attempt {
        let counters = &self.counters;
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
                let lines = part.iter().map(Record::lines).sum();
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

    fn throttled(&self, attempt: u32, source: Source) {
        if attempt >= THROTTLES_BEFORE_WORDS {
            self.voice.trouble(
                source,
                "the stream throttles: it gets more than its limits allow; ask AWS for higher ones",
            );
        }
    }

    fn count_taken(&self, taken: &[Record], trip: &mut Trip) {
        let lines = taken.iter().map(Record::lines).sum();
        Counters::add(&self.counters.records, taken.len() as u64);
        Counters::add(&self.counters.events, lines);
        let billed = taken
            .iter()
            .map(|record| trip.limits.billed(record.data.len()));
        trip.billed += billed.sum::<u64>();
    }

    /// The pause before attempt number `attempt` + 1. Half of it is drawn by lot, so that relays
    /// which failed together come apart.
    pub async fn pause(&self, attempt: u32) {
        let Patience {
            first_pause,
            longest_pause,
            ..
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
