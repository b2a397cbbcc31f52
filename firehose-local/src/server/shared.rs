//! What the connections and the delivery share.

use super::Config;
use super::counters::{Count, Counters};
use crate::api::ApiError;
use crate::clock::Clock;
use crate::faults::{Fate, Faults};
use crate::partition::{Arrival, Closed, Limits, Partitions};
use crate::stream::Stream;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

/// Bytes in all open partitions together. AWS has no such bound: it spills.
const MEMORY: usize = 256 << 20;

/// Bytes that wait for the disk before calls are throttled.
const MOST_WAITING: usize = 256 << 20;

/// Where a stop stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Serving,
    /// No new connections, no new requests on old ones.
    Stopping,
    /// No call will come: deliver all.
    Finishing,
}

#[derive(Debug)]
struct State {
    partitions: Partitions,
    /// Closed, not yet written.
    closed: VecDeque<Closed>,
    waiting_bytes: usize,
    random: ChaCha8Rng,
    faults: Faults,
}

/// The server's inside.
#[derive(Debug)]
pub struct Shared {
    stream: Arc<Stream>,
    clock: Arc<dyn Clock>,
    started: Instant,
    created_ms: u64,
    state: Mutex<State>,
    counters: Arc<Counters>,
    phase: watch::Sender<Phase>,
    changed: Notify,
}

impl Shared {
    pub(super) fn new(stream: Stream, config: &Config) -> Self {
        let stream = Arc::new(stream);
        let size = usize::try_from(config.stream.buffering_size_mib).unwrap_or(usize::MAX >> 20);
        let interval = Duration::from_secs(config.stream.buffering_interval_seconds.into());
        let limits = Limits {
            size: size << 20,
            interval: interval / config.accelerate.get(),
            partitions: usize::try_from(config.stream.active_partitions).unwrap_or(usize::MAX),
            memory: MEMORY,
        };
        Self {
            clock: Arc::clone(&config.clock),
            started: Instant::now(),
            created_ms: config.clock.now_ms(),
            state: Mutex::new(State {
                partitions: Partitions::new(Arc::clone(&stream), limits),
                closed: VecDeque::new(),
                waiting_bytes: 0,
                random: ChaCha8Rng::from_seed(config.seed),
                faults: Faults::new(config.faults),
            }),
            stream,
            counters: Arc::default(),
            phase: watch::Sender::new(Phase::Serving),
            changed: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves counts and buffers, each whole: going on loses nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stream.
    pub fn stream(&self) -> &Stream {
        &self.stream
    }

    pub(super) fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// When the stream was made, in seconds, as the API writes times.
    pub(crate) fn created_seconds(&self) -> f64 {
        // Exact: milliseconds of any year that a clock shows fit into 53 bits.
        #[allow(clippy::cast_precision_loss)]
        let ms = self.created_ms as f64;
        ms / 1000.0
    }

    /// Refuses every name but the stream's.
    pub(crate) fn check_name(&self, name: &str) -> Result<(), ApiError> {
        let config = self.stream.config();
        match name == config.name {
            true => Ok(()),
            false => Err(ApiError::not_found(name, &config.account)),
        }
    }

    pub(crate) fn draw_fate(&self) -> Fate {
        let fate = self.state().faults.call();
        match fate {
            Fate::Cut => self.counters.add(Count::CutCalls, 1),
            Fate::Throttled => self.counters.add(Count::ThrottledCalls, 1),
            Fate::Lost => self.counters.add(Count::LostAnswers, 1),
            Fate::Served => {}
        }
        if fate != Fate::Cut {
            self.counters.add(Count::Calls, 1);
        }
        fate
    }

    pub(crate) fn draw_failure(&self) -> bool {
        let fails = self.state().faults.record_fails();
        self.counters.add(Count::FailedRecords, fails.into());
        fails
    }

    /// Whether so much waits for the disk that calls must be throttled.
    pub(crate) fn is_full(&self) -> bool {
        self.state().waiting_bytes > MOST_WAITING
    }

    /// Takes records into their partitions.
    pub(crate) fn put(&self, records: &[Vec<u8>]) {
        let arrival = Arrival {
            at_ms: self.clock.now_ms(),
            now: self.started.elapsed(),
        };
        let mut state = self.state();
        let State {
            partitions,
            closed,
            waiting_bytes,
            random,
            ..
        } = &mut *state;
        for record in records {
            let full = partitions.put(record, arrival, &mut || bytes(random));
            *waiting_bytes += full.iter().map(|object| object.bytes.len()).sum::<usize>();
            closed.extend(full);
        }
        drop(state);
        let taken = u64::try_from(records.len()).unwrap_or(u64::MAX);
        self.counters.add(Count::Records, taken);
        self.changed.notify_one();
    }

    pub(super) fn random(&self) -> [u8; 16] {
        bytes(&mut self.state().random)
    }

    /// An opaque id of the length that AWS's examples have: 224 characters.
    pub(crate) fn record_id(&self) -> String {
        let mut id = [0; 168];
        self.state().random.fill_bytes(&mut id);
        STANDARD.encode(id)
    }

    /// A UUID for `x-amzn-RequestId`.
    pub(crate) fn request_id(&self) -> String {
        crate::object::uuid(self.random())
    }

    pub(super) fn stop(&self) {
        self.phase.send_replace(Phase::Stopping);
    }

    pub(super) fn finish(&self) {
        self.phase.send_replace(Phase::Finishing);
        self.changed.notify_one();
    }

    pub(super) fn is_finishing(&self) -> bool {
        *self.phase.borrow() == Phase::Finishing
    }

    pub(super) async fn stopped(&self) {
        let mut phase = self.phase.subscribe();
        // The sender lives in `self`: waiting cannot fail.
        let _ = phase.wait_for(|phase| *phase >= Phase::Stopping).await;
    }

    /// The next object to write, with what is due closed first; all of it at a stop.
    pub(super) fn next_closed(&self) -> Option<Closed> {
        let finishing = self.is_finishing();
        let mut state = self.state();
        if state.closed.is_empty() {
            let more = match finishing {
                true => state.partitions.drain(),
                false => state.partitions.due(self.started.elapsed()),
            };
            state.waiting_bytes += more.iter().map(|object| object.bytes.len()).sum::<usize>();
            state.closed.extend(more);
        }
        state.closed.pop_front()
    }

    /// Puts an object back that could not be written.
    pub(super) fn put_back(&self, object: Closed) {
        self.state().closed.push_front(object);
    }

    /// Counts an object that is written.
    pub(super) fn delivered(&self, object: &Closed) {
        self.state().waiting_bytes -= object.bytes.len();
        let (objects, records) = match object.error {
            None => (Count::Objects, Count::DeliveredRecords),
            Some(_) => (Count::ErrorObjects, Count::ErroredRecords),
        };
        self.counters.add(objects, 1);
        self.counters.add(records, object.records);
    }

    /// Records that are taken and not written.
    pub(super) fn undelivered(&self) -> u64 {
        let mut state = self.state();
        let open = state.partitions.drain();
        let closed = state.closed.iter().chain(&open);
        closed.map(|object| object.records).sum()
    }

    /// Waits until a partition is due, or something changes.
    pub(super) async fn wait(&self) {
        let due = self.state().partitions.next_due();
        let changed = self.changed.notified();
        match due {
            Some(due) => {
                tokio::select! {
                    () = tokio::time::sleep_until(self.started + due) => {}
                    () = changed => {}
                }
            }
            None => changed.await,
        }
    }
}

fn bytes(random: &mut ChaCha8Rng) -> [u8; 16] {
    let mut bytes = [0; 16];
    random.fill_bytes(&mut bytes);
    bytes
}
