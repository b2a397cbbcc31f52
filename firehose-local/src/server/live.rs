//! One stream that answers: its definition, its state, its partitions and what waits for the
//! disk. Time comes in as an argument: a state that lasts a while is told from when it began.

mod figures;
mod objects;

use super::definition::Definition;
use crate::api::error::ApiError;
use crate::buffers::Buffers;
use crate::config::StreamConfig;
use crate::deliver::{Bucket, Buckets};
use crate::metrics::Tally;
use crate::outbox::Outbox;
use crate::partition::{Arrival, Limits, Partitions};
use crate::stream::{Pieces, Stream};
use objects::InFlight;
pub(super) use objects::Ready;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// What every stream of a server has in common.
#[derive(Debug, Clone)]
pub(crate) struct Common {
    pub dir: PathBuf,
    pub buckets: Buckets,
    /// What waits, of all streams.
    pub buffers: Arc<Buffers>,
    pub account: String,
    /// Every interval is divided by this.
    pub accelerate: u32,
    /// How long a stream is CREATING, DELETING, or its encryption changing.
    pub transition: Duration,
}

/// Where a stream is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Creating,
    Active,
    Deleting,
    /// Deleted for good.
    Gone,
}

impl Status {
    /// As the API writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Creating => "CREATING",
            Self::Active => "ACTIVE",
            Self::Deleting | Self::Gone => "DELETING",
        }
    }
}

/// A definition that holds together: it can take records.
#[derive(Debug)]
pub(crate) struct Checked {
    definition: Definition,
    stream: Arc<Stream>,
    bucket: Arc<Bucket>,
}

#[derive(Debug)]
struct State {
    now: Checked,
    partitions: Partitions,
    closed: Outbox<Ready>,
    tally: Tally,
    /// When it was made, and how long it is CREATING from then.
    created: Duration,
    deleted: Option<Duration>,
    encryption_changed: Option<Duration>,
    /// When encryption was started or stopped by a call within the last day, ms.
    encryption_calls: VecDeque<u64>,
    in_flight: Vec<InFlight>,
    /// Records of objects that nothing has taken at the end.
    lost: u64,
    /// Records of objects that were put away beside their bucket.
    kept: u64,
}

/// One stream.
#[derive(Debug)]
pub(crate) struct Live {
    /// In which region alone it is found; those of the command line are in every one.
    pub region: Option<String>,
    common: Common,
    active_partitions: u32,
    state: Mutex<State>,
    pub changed: Notify,
}

/// Starts and stops of encryption, a stream and a day.
const ENCRYPTION_CALLS: usize = 25;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

impl Checked {
    /// Compiles a definition and makes its folders.
    ///
    /// # Errors
    /// AWS's refusals, and a folder that cannot be made.
    pub(super) fn new(
        definition: Definition,
        active_partitions: u32,
        common: &Common,
    ) -> Result<Self, ApiError> {
        let mut config = StreamConfig {
            name: definition.name.clone(),
            version: definition.version,
            account: common.account.clone(),
            region: definition.region.clone(),
            active_partitions,
            ..StreamConfig::clickstream(crate::PartitionBy::User)
        };
        definition.destination.configure(&mut config);
        let taken = common.buckets.takes(&config.bucket);
        let stream = taken
            .and_then(|()| Stream::new(config))
            .map_err(|error| ApiError::invalid_argument(error.to_string()))?;
        let bucket = Bucket::open(&common.buckets, &common.dir, stream.config())
            .map_err(|cause| ApiError::machine("the bucket cannot be used", &cause))?;
        Ok(Self {
            definition,
            stream: Arc::new(stream),
            bucket: Arc::new(bucket),
        })
    }
}

impl Live {
    pub(super) fn new(
        region: Option<String>,
        checked: Checked,
        common: &Common,
        created: Duration,
    ) -> Self {
        let active_partitions = checked.stream.config().active_partitions;
        Self {
            region,
            common: common.clone(),
            active_partitions,
            state: Mutex::new(State {
                partitions: partitions(&checked.stream, common),
                now: checked,
                closed: Outbox::default(),
                tally: Tally::default(),
                created,
                deleted: None,
                encryption_changed: None,
                encryption_calls: VecDeque::new(),
                in_flight: Vec::new(),
                lost: 0,
                kept: 0,
            }),
            changed: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves counts and buffers, each whole: going on loses nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn definition(&self) -> Definition {
        self.state().now.definition.clone()
    }

    pub fn arn(&self) -> String {
        self.state().now.stream.config().arn()
    }

    /// Its state at this time.
    pub fn status(&self, now: Duration) -> Status {
        let state = self.state();
        match state.deleted {
            Some(since) if now >= since + self.common.transition => Status::Gone,
            Some(_) => Status::Deleting,
            None if now < state.created => Status::Creating,
            None => Status::Active,
        }
    }

    /// The state of its encryption, as the API writes it.
    pub fn encryption(&self, now: Duration) -> &'static str {
        let state = self.state();
        let changing = state
            .encryption_changed
            .is_some_and(|since| now < since + self.common.transition);
        match (state.now.definition.encryption.on, changing) {
            (true, true) => "ENABLING",
            (true, false) => "ENABLED",
            (false, true) => "DISABLING",
            (false, false) => "DISABLED",
        }
    }

    /// Checks another definition of this stream, to be [`Self::become_`].
    pub fn check(&self, definition: Definition) -> Result<Checked, ApiError> {
        Checked::new(definition, self.active_partitions, &self.common)
    }

    /// Goes on with another definition. What is open is closed under the old one.
    pub fn become_(&self, checked: Checked) {
        let mut state = self.state();
        let state = &mut *state;
        let open = state.partitions.drain();
        state.close(open);
        state.tally.counts += state.partitions.counts();
        state.partitions = partitions(&checked.stream, &self.common);
        state.now = checked;
        self.changed.notify_one();
    }

    /// Goes on with other tags or another encryption: its records notice nothing.
    pub fn describe_as(&self, definition: Definition) {
        self.state().now.definition = definition;
    }

    /// Begins a change of the encryption, if there were not too many today.
    pub fn change_encryption(&self, now: Duration, now_ms: u64) -> Result<(), ApiError> {
        let mut state = self.state();
        while (state.encryption_calls.front())
            .is_some_and(|at| now_ms.saturating_sub(*at) >= DAY_MS)
        {
            state.encryption_calls.pop_front();
        }
        if state.encryption_calls.len() >= ENCRYPTION_CALLS {
            return Err(ApiError::limit_exceeded(
                "StartDeliveryStreamEncryption and StopDeliveryStreamEncryption have a combined limit of 25 calls per delivery stream per 24 hours",
            ));
        }
        state.encryption_calls.push_back(now_ms);
        state.encryption_changed = Some(now);
        Ok(())
    }

    /// Deletes it, and gives the number of records that are thrown away with it.
    pub fn delete(&self, now: Duration) -> u64 {
        let mut state = self.state();
        state.deleted = Some(now);
        let open = state.partitions.drain();
        let closed = state.closed.drain().map(|ready| ready.object.records);
        let discarded = open.iter().map(|object| object.records).sum::<u64>() + closed.sum::<u64>();
        drop(state);
        self.changed.notify_one();
        discarded
    }

    pub(super) fn is_deleted(&self) -> bool {
        self.state().deleted.is_some()
    }

    /// Whether calls must be throttled: memory is full, and the disk takes nothing of it.
    pub fn is_full(&self) -> bool {
        self.common.buffers.relieve().is_err()
    }

    /// Takes records into their partitions, unless it was deleted meanwhile. They are read before
    /// others have to wait; `clock` says how long that took.
    pub fn put(
        &self,
        records: &[Vec<u8>],
        arrival: Arrival,
        clock: &dyn Fn() -> Duration,
        random: &mut dyn FnMut() -> [u8; 16],
    ) -> bool {
        let mut stream = Arc::clone(&self.state().now.stream);
        let (mut pieces, mut spent) = read(&stream, records, clock);
        let mut state = loop {
            let state = self.state();
            if Arc::ptr_eq(&stream, &state.now.stream) {
                break state;
            }
            // It was changed meanwhile: what counts is what it is when it takes them.
            stream = Arc::clone(&state.now.stream);
            drop(state);
            (pieces, spent) = read(&stream, records, clock);
        };
        if state.deleted.is_some() {
            return false;
        }
        for (record, pieces) in records.iter().zip(&pieces) {
            let full = state.partitions.put(record, pieces, arrival, random);
            state.close(full);
        }
        state.partitions.count_extraction(spent);
        drop(state);
        self.changed.notify_one();
        true
    }
}

/// Takes records apart, and says how long it took.
fn read(
    stream: &Stream,
    records: &[Vec<u8>],
    clock: &dyn Fn() -> Duration,
) -> (Vec<Pieces>, Duration) {
    let begun = clock();
    let read = records.iter().map(|record| {
        let mut pieces = Pieces::default();
        stream.read(record, &mut pieces);
        pieces
    });
    let read = read.collect();
    (read, clock().saturating_sub(begun))
}

fn partitions(stream: &Arc<Stream>, common: &Common) -> Partitions {
    let config = stream.config();
    let size = usize::try_from(config.buffering_size_mib).unwrap_or(usize::MAX >> 20);
    let interval = Duration::from_secs(config.buffering_interval_seconds.into());
    let limits = Limits {
        size: size << 20,
        interval: interval / common.accelerate.max(1),
        partitions: usize::try_from(config.active_partitions).unwrap_or(usize::MAX),
    };
    Partitions::new(Arc::clone(stream), limits, Arc::clone(&common.buffers))
}

#[cfg(test)]
mod tests;
