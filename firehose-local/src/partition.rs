//! Open partitions: records that wait for company before they become an object. Each has a
//! size and a time of its own, as at AWS; time comes in as an argument.

mod slots;

use crate::body::{Body, Packer};
use crate::buffers::Buffers;
use crate::config::Compression;
use crate::extract::Values;
use crate::failure::{ErrorCode, error_line};
use crate::prefix::Evaluated;
use crate::stream::{Piece, Pieces, Stream};
use slots::{Place, Slots};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// When a partition is closed, and how many there may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes at which a partition is closed.
    pub size: usize,
    /// Time since its first record after which it is closed.
    pub interval: Duration,
    /// Partitions open or not yet delivered at once; more go to the error prefix.
    pub partitions: usize,
}

/// The bytes of an object to be, and where it goes. Its partition counts as active, and its
/// body is kept, until it is dropped.
#[derive(Debug)]
pub struct Closed {
    /// The evaluated prefix.
    pub prefix: Evaluated,
    /// The reason, for failed records.
    pub error: Option<ErrorCode>,
    /// The object's bytes.
    pub body: Body,
    /// How many records are in them.
    pub records: u64,
    /// Arrival of the oldest of them, ms since 1970.
    pub oldest_ms: u64,
    seat: Option<Seat>,
}

impl Closed {
    /// Sends it to the error prefix, because its own could not be delivered to. It is no active
    /// partition from then on.
    pub fn give_up(&mut self, stream: &Stream, random: &mut dyn FnMut() -> [u8; 16]) {
        let code = ErrorCode::Undelivered;
        self.prefix = stream.error_prefix(code, self.oldest_ms, random);
        self.error = Some(code);
        self.seat = None;
    }
}

#[derive(Debug)]
struct Open {
    closed: Closed,
    key: Key,
    due: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    /// By the prefix with nothing random in it: AWS counts evaluated prefixes.
    Data(String),
    Failed(ErrorCode),
}

/// All partitions of a stream that are open.
#[derive(Debug)]
pub struct Partitions {
    stream: Arc<Stream>,
    limits: Limits,
    buffers: Arc<Buffers>,
    active: Active,
    open: Slots<Open>,
    places: HashMap<Key, Place>,
    /// The partitions of keys that were seen at [`Self::times`].
    known: HashMap<Values, Place>,
    /// What the prefix made of the time of arrival of the last record.
    times: String,
    at_ms: Option<u64>,
    counts: Counts,
    /// A failed record's line, before it is appended.
    line: Vec<u8>,
    packer: Packer,
}

/// What has been counted of a stream's records since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Records put.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Records that had no partition left, after deaggregation.
    pub over_the_limit: u64,
    /// Spent on finding partition keys.
    pub extraction: Duration,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.records += more.records;
        self.bytes += more.bytes;
        self.over_the_limit += more.over_the_limit;
        self.extraction += more.extraction;
    }
}

/// One record's arrival, and the moment.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// Wall clock, ms.
    pub at_ms: u64,
    /// A clock that only goes forward.
    pub now: Duration,
}

impl Partitions {
    /// None open.
    pub fn new(stream: Arc<Stream>, limits: Limits, buffers: Arc<Buffers>) -> Self {
        Self {
            stream,
            limits,
            buffers,
            active: Active::default(),
            open: Slots::default(),
            places: HashMap::new(),
            known: HashMap::new(),
            times: String::new(),
            at_ms: None,
            counts: Counts::default(),
            line: Vec::new(),
            packer: Packer::default(),
        }
    }

    /// Partitions of data that are open or not yet delivered.
    pub fn active(&self) -> usize {
        self.active.seats().len()
    }

    /// What has been counted.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Each open partition, and when it is due.
    pub fn open(&self) -> impl Iterator<Item = (&Closed, Duration)> {
        self.open.iter().map(|(_, open)| (&open.closed, open.due))
    }

    /// Takes a put record that [`Stream::read`] has taken apart: its pieces go to their partitions.
    /// Gives what is full by that.
    pub fn put(
        &mut self,
        data: &[u8],
        pieces: &Pieces,
        arrival: Arrival,
        random: &mut dyn FnMut() -> [u8; 16],
    ) -> Vec<Closed> {
        let stream = Arc::clone(&self.stream);
        self.counts.records += 1;
        self.counts.bytes += u64::try_from(data.len()).unwrap_or(u64::MAX);
        if self.at_ms != Some(arrival.at_ms) {
            self.at_ms = Some(arrival.at_ms);
            self.forget(&stream.times(arrival.at_ms));
        }
        let delimiter: &[u8] = match stream.appends_delimiter() {
            true => b"\n",
            false => b"",
        };
        let mut full = Vec::new();
        for piece in pieces.iter() {
            let place = match self.data(&stream, piece, arrival, random) {
                Ok(place) => place,
                Err(code) => self.failed(&stream, code, arrival, random),
            };
            let Some(open) = self.open.get_mut(place) else {
                continue;
            };
            let bytes = data.get(piece.span.clone()).unwrap_or_default();
            let closed = &mut open.closed;
            closed.records += 1;
            let length = match closed.error {
                Some(code) => {
                    self.line.clear();
                    error_line(bytes, code, arrival.at_ms, arrival.at_ms, &mut self.line);
                    closed.body.append(&[&self.line], &mut self.packer)
                }
                None => closed.body.append(&[bytes, delimiter], &mut self.packer),
            };
            if usize::try_from(length).is_ok_and(|length| length >= self.limits.size) {
                full.extend(self.close(place));
            }
        }
        full
    }

    /// Forgets keys whose partition may be another at these times, or is not open any more.
    fn forget(&mut self, times: &str) {
        if self.times != times {
            times.clone_into(&mut self.times);
            self.known.clear();
        }
        if self.known.len() > 2 * self.open.len() + 64 {
            let open = &self.open;
            self.known.retain(|_, place| open.contains(*place));
        }
    }

    /// Counts time spent on reading records that were put.
    pub fn count_extraction(&mut self, time: Duration) {
        self.counts.extraction += time;
    }

    fn data(
        &mut self,
        stream: &Stream,
        piece: &Piece,
        arrival: Arrival,
        random: &mut dyn FnMut() -> [u8; 16],
    ) -> Result<Place, ErrorCode> {
        piece.outcome?;
        let values = &piece.values;
        if let Some(place) = self.known.get(values)
            && self.open.contains(*place)
        {
            return Ok(*place);
        }
        let evaluated = stream.prefix(values, arrival.at_ms, &mut || [0; 16])?;
        let key = Key::Data(evaluated.text.clone());
        let place = match self.places.get(&key) {
            Some(place) => *place,
            None => {
                let Some(seat) = self.active.sit(evaluated.text, self.limits.partitions) else {
                    self.counts.over_the_limit += 1;
                    return Err(ErrorCode::ActivePartitions);
                };
                let prefix = stream.prefix(values, arrival.at_ms, random)?;
                self.begin(key, prefix, Some(seat), arrival)
            }
        };
        self.known.insert(values.clone(), place);
        Ok(place)
    }

    fn failed(
        &mut self,
        stream: &Stream,
        code: ErrorCode,
        arrival: Arrival,
        random: &mut dyn FnMut() -> [u8; 16],
    ) -> Place {
        match self.places.get(&Key::Failed(code)) {
            Some(place) => *place,
            None => {
                let prefix = stream.error_prefix(code, arrival.at_ms, random);
                self.begin(Key::Failed(code), prefix, None, arrival)
            }
        }
    }

    fn begin(
        &mut self,
        key: Key,
        prefix: Evaluated,
        seat: Option<Seat>,
        arrival: Arrival,
    ) -> Place {
        let (error, compression) = match key {
            Key::Data(_) => (None, self.stream.config().compression),
            // They are read once more, for those who look at the page.
            Key::Failed(code) => (Some(code), Compression::Uncompressed),
        };
        let closed = Closed {
            prefix,
            error,
            body: Body::new(&self.buffers, compression),
            records: 0,
            oldest_ms: arrival.at_ms,
            seat,
        };
        let place = self.open.insert(Open {
            closed,
            key: key.clone(),
            due: arrival.now + self.limits.interval,
        });
        self.places.insert(key, place);
        place
    }

    fn close(&mut self, place: Place) -> Option<Closed> {
        let open = self.open.remove(place)?;
        self.places.remove(&open.key);
        Some(open.closed)
    }

    /// When the next partition is due.
    pub fn next_due(&self) -> Option<Duration> {
        self.open.iter().map(|(_, open)| open.due).min()
    }

    /// Closes what is due.
    pub fn due(&mut self, now: Duration) -> Vec<Closed> {
        self.close_if(|open| open.due <= now)
    }

    /// Closes all.
    pub fn drain(&mut self) -> Vec<Closed> {
        self.close_if(|_| true)
    }

    /// Closes those that `which` says, the longest open first.
    fn close_if(&mut self, which: impl Fn(&Open) -> bool) -> Vec<Closed> {
        let chosen = self.open.iter().filter(|(_, open)| which(open));
        let mut places: Vec<Place> = chosen.map(|(place, _)| place).collect();
        places.sort_unstable();
        let closed = places.into_iter().filter_map(|place| self.close(place));
        closed.collect()
    }
}

/// The evaluated prefixes that count as active, each with the number of its objects: the one
/// that is open, and those that wait for their delivery.
#[derive(Debug, Clone, Default)]
struct Active(Arc<Mutex<HashMap<String, usize>>>);

/// A place among the active partitions, given up when it is dropped.
#[derive(Debug)]
struct Seat {
    prefix: String,
    active: Active,
}

impl Active {
    fn seats(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seat, if the prefix has one already or there are fewer than `most`.
    fn sit(&self, prefix: String, most: usize) -> Option<Seat> {
        let mut seats = self.seats();
        if seats.len() >= most && !seats.contains_key(&prefix) {
            return None;
        }
        *seats.entry(prefix.clone()).or_default() += 1;
        drop(seats);
        Some(Seat {
            prefix,
            active: self.clone(),
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.active.seats();
        if let Some(objects) = seats.get_mut(&self.prefix) {
            *objects -= 1;
            if *objects == 0 {
                seats.remove(&self.prefix);
            }
        }
    }
}

#[cfg(test)]
mod tests;
