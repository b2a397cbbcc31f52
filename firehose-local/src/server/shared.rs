//! What the connections and the deliveries share: the streams, the clock, the dice.

mod faults;

use super::config::{Config, StartError};
use super::counters::{Count, Counters};
use super::definition::Definition;
use super::dice::Dice;
use super::live::{Checked, Common, Live, Status};
use super::recent::Recent;
use super::saved::Saved;
use super::stop::{Stop, Undelivered};
use crate::api::error::ApiError;
use crate::api::signature::AccessKey;
use crate::buffers::Buffers;
use crate::clock::Clock;
use crate::deliver::KEPT;
use crate::metrics;
use crate::partition::Arrival;
use crate::stream::Stream;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The account of every stream.
pub(crate) const ACCOUNT: &str = "000000000000";

/// Partitions open at once, of a stream that a call made.
const ACTIVE_PARTITIONS: u32 = 500;

/// A stream's name, and its region unless it is in every one.
type Key = (String, Option<String>);

type Streams = BTreeMap<Key, Arc<Live>>;

/// The server's inside.
#[derive(Debug)]
pub struct Shared {
    clock: Arc<dyn Clock>,
    started: Instant,
    common: Common,
    pub(crate) access_keys: Vec<AccessKey>,
    most_streams: usize,
    saved: Saved,
    /// Kept streams that the command line's of the same name answer in place of: kept on.
    hidden: Mutex<Vec<Definition>>,
    /// Held while a definition changes and its file is written: control calls take turns.
    streams: Mutex<Streams>,
    dice: Dice,
    counters: Arc<Counters>,
    pub(super) recent: Recent,
    pub(crate) stop: Stop,
    /// A stream was made: it wants a delivery.
    made: Notify,
    unserved: Mutex<Vec<Arc<Live>>>,
}

impl Shared {
    pub(crate) fn new(config: Config) -> Result<Self, StartError> {
        let spill = config.dir.join(".spill");
        let buffers = Buffers::new(&spill, config.memory)
            .map_err(|cause| StartError::Dir { dir: spill, cause })?;
        let common = Common {
            buffers,
            account: ACCOUNT.to_owned(),
            accelerate: config.accelerate.get(),
            transition: config.transition,
            dir: config.dir,
            buckets: config.buckets,
        };
        let saved = Saved::new(&common.dir);
        let kept = saved.read().map_err(|cause| StartError::State {
            file: saved.path().to_owned(),
            cause,
        })?;
        let mut streams = Streams::new();
        for given in config.streams {
            common.buckets.takes(&given.bucket)?;
            Stream::new(given.clone())?;
            let definition = Definition::of(&given, config.clock.now_ms());
            let partitions = given.active_partitions;
            add(&mut streams, None, definition, partitions, &common)?;
        }
        let (hidden, kept): (Vec<_>, Vec<_>) = kept
            .into_iter()
            .partition(|definition| streams.contains_key(&(definition.name.clone(), None)));
        for Definition { name, region, .. } in &hidden {
            tracing::warn!(
                stream = name,
                region,
                "a call made a stream of this name here: the command line's answers in its place, and it is there again without that"
            );
        }
        for definition in kept {
            let region = Some(definition.region.clone());
            add(&mut streams, region, definition, ACTIVE_PARTITIONS, &common)?;
        }
        Ok(Self {
            clock: config.clock,
            access_keys: config.access_keys,
            most_streams: config.streams_of_a_region,
            started: Instant::now(),
            common,
            saved,
            hidden: Mutex::new(hidden),
            unserved: Mutex::new(streams.values().cloned().collect()),
            streams: Mutex::new(streams),
            dice: Dice::new(config.seed, config.faults),
            counters: Arc::default(),
            recent: Recent::default(),
            stop: Stop::new(),
            made: Notify::new(),
        })
    }

    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// A clock that only goes forward.
    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// The streams of a region, or of all, by name.
    pub(crate) fn list(&self, region: Option<&str>) -> Vec<Arc<Live>> {
        let now = self.now();
        let mut streams = self.streams();
        streams.retain(|_, live| live.status(now) != Status::Gone);
        let here = |live: &&Arc<Live>| {
            let own = live.region.as_deref();
            region.is_none() || own.is_none() || own == region
        };
        streams.values().filter(here).cloned().collect()
    }

    /// A stream of a region.
    pub(crate) fn find(&self, name: &str, region: &str) -> Result<Arc<Live>, ApiError> {
        let streams = self.streams();
        let live = streams
            .get(&(name.to_owned(), None))
            .or_else(|| streams.get(&(name.to_owned(), Some(region.to_owned()))));
        match live {
            Some(live) if live.status(self.now()) != Status::Gone => Ok(Arc::clone(live)),
            _ => Err(ApiError::not_found(name, ACCOUNT)),
        }
    }

    /// A stream that takes records and changes now.
    pub(crate) fn active(&self, name: &str, region: &str) -> Result<Arc<Live>, ApiError> {
        let live = self.find(name, region)?;
        match live.status(self.now()) {
            Status::Active => Ok(live),
            status => Err(ApiError::not_active(name, ACCOUNT, status.name())),
        }
    }

    /// Makes a stream, CREATING from now on.
    pub(crate) fn create(&self, definition: Definition) -> Result<String, ApiError> {
        let region = definition.region.clone();
        let here = self.list(Some(&region));
        let mut streams = self.streams();
        let key = (definition.name.clone(), Some(region.clone()));
        let taken = [&key, &(definition.name.clone(), None)]
            .into_iter()
            .any(|key| streams.contains_key(key));
        if taken {
            return Err(ApiError::exists(&definition.name, ACCOUNT));
        }
        if here.len() >= self.most_streams {
            return Err(ApiError::limit_exceeded(format!(
                "{} delivery streams are in {region} already",
                self.most_streams
            )));
        }
        let checked = Checked::new(definition.clone(), ACTIVE_PARTITIONS, &self.common)?;
        self.save(&streams, &key, Some(definition))?;
        let active = self.now() + self.common.transition;
        let live = Arc::new(Live::new(Some(region), checked, &self.common, active));
        let arn = live.arn();
        self.unserved
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::clone(&live));
        streams.insert(key, live);
        self.made.notify_one();
        Ok(arn)
    }

    /// Changes a stream's definition: its file first, then the stream.
    pub(crate) fn change(
        &self,
        live: &Live,
        change: impl FnOnce(&mut Definition) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        let streams = self.streams();
        let old = live.definition();
        let mut new = old.clone();
        change(&mut new)?;
        let checked = match new.version == old.version {
            true => None,
            false => Some(live.check(new.clone())?),
        };
        let key = (new.name.clone(), live.region.clone());
        self.save(&streams, &key, Some(new.clone()))?;
        match checked {
            Some(checked) => live.become_(checked),
            None => live.describe_as(new),
        }
        Ok(())
    }

    /// Deletes a stream, and gives how many records are thrown away with it.
    pub(crate) fn delete(&self, live: &Live) -> Result<u64, ApiError> {
        let streams = self.streams();
        let name = live.definition().name;
        self.save(&streams, &(name, live.region.clone()), None)?;
        let discarded = live.delete(self.now());
        self.counters.add(Count::DiscardedRecords, discarded);
        Ok(discarded)
    }

    /// Writes the file with one definition changed. Streams of the command line are not in it.
    fn save(
        &self,
        streams: &Streams,
        changed: &Key,
        definition: Option<Definition>,
    ) -> Result<(), ApiError> {
        if changed.1.is_none() {
            return Ok(());
        }
        let others = streams
            .iter()
            .filter(|(key, live)| *key != changed && live.region.is_some() && !live.is_deleted());
        let mut definitions: Vec<Definition> = others.map(|(_, live)| live.definition()).collect();
        let mut hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        let (name, region) = changed;
        hidden.retain(|old| old.name != *name || Some(&old.region) != region.as_ref());
        definitions.extend(hidden.iter().cloned());
        definitions.extend(definition);
        self.saved
            .write(definitions)
            .map_err(|cause| ApiError::machine("the stream cannot be kept", &cause))
    }

    /// All streams' figures, as Prometheus reads them.
    pub(crate) fn metrics(&self) -> String {
        let streams = self.streams();
        let definitions: Vec<_> = streams.values().map(|live| live.definition()).collect();
        let named = definitions.iter().zip(streams.values());
        metrics::prometheus(named.map(|(definition, live)| {
            let metrics = live.metrics(self.now_ms());
            (
                definition.name.as_str(),
                definition.region.as_str(),
                metrics,
            )
        }))
    }

    /// Takes records into a stream's partitions; false if it was deleted meanwhile.
    pub(crate) fn put(&self, live: &Live, records: &[Vec<u8>]) -> bool {
        let arrival = Arrival {
            at_ms: self.clock.now_ms(),
            now: self.now(),
        };
        let clock = || self.now();
        if !live.put(records, arrival, &clock, &mut || self.random()) {
            return false;
        }
        let taken = u64::try_from(records.len()).unwrap_or(u64::MAX);
        self.counters.add(Count::Records, taken);
        true
    }

    pub(super) fn random(&self) -> [u8; 16] {
        self.dice.bytes()
    }

    /// An opaque id of the length that AWS's examples have: 224 characters.
    pub(crate) fn record_id(&self) -> String {
        STANDARD.encode(self.dice.bytes::<168>())
    }

    /// A UUID for `x-amzn-RequestId`.
    pub(crate) fn request_id(&self) -> String {
        crate::object::uuid(self.random())
    }

    /// No call will come: all is to be delivered.
    pub(super) fn finish(&self) {
        self.stop.finish();
        self.made.notify_one();
        self.wake_all();
    }

    /// Buckets have taken nothing for long enough: what is left goes where it can.
    pub(super) fn give_up(&self) {
        self.stop.give_up();
        self.common.buckets.give_up();
        self.wake_all();
    }

    fn wake_all(&self) {
        for live in self.streams().values() {
            live.changed.notify_one();
        }
    }

    /// Counts an object that is written.
    pub(super) fn delivered(&self, records: u64, failed: bool) {
        let (objects, of_records) = match failed {
            false => (Count::Objects, Count::DeliveredRecords),
            true => (Count::ErrorObjects, Count::ErroredRecords),
        };
        self.counters.add(objects, 1);
        self.counters.add(of_records, records);
        self.stop.landed();
    }

    pub(super) fn discarded(&self, records: u64) {
        self.counters.add(Count::DiscardedRecords, records);
    }

    /// The streams that were made since this was asked last, once there is one.
    pub(super) fn unserved(&self) -> Vec<Arc<Live>> {
        std::mem::take(&mut *self.unserved.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until a stream is made, or a stop has come so far that none will be.
    pub(super) async fn made(&self) {
        self.made.notified().await;
    }

    /// When the clock of [`Self::now`] shows this time.
    pub(super) fn at(&self, now: Duration) -> Instant {
        self.started + now
    }

    /// What a stop leaves that no bucket has taken, if that is anything.
    pub(super) fn undelivered(&self) -> Option<Undelivered> {
        let streams = self.streams();
        let lost: u64 = streams.values().map(|live| live.undelivered()).sum();
        let kept: u64 = streams.values().map(|live| live.kept()).sum();
        let folder = self.common.dir.join(KEPT);
        (lost + kept > 0).then_some(Undelivered { lost, kept, folder })
    }
}

/// Adds a stream that is ACTIVE from the start.
fn add(
    streams: &mut Streams,
    region: Option<String>,
    definition: Definition,
    partitions: u32,
    common: &Common,
) -> Result<(), StartError> {
    let key = (definition.name.clone(), region.clone());
    let name = definition.name.clone();
    let checked =
        Checked::new(definition, partitions, common).map_err(|error| StartError::Stream {
            name,
            cause: error.message,
        })?;
    let live = Live::new(region, checked, common, Duration::ZERO);
    streams.insert(key, Arc::new(live));
    Ok(())
}
