//! Open partitions: records that wait for company before they become an object. Each has a
//! size and a time of its own, as at AWS; time comes in as an argument.

use crate::extract::Values;
use crate::failure::{ErrorCode, error_line};
use crate::stream::Stream;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// When a partition is closed, and how many there may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes at which a partition is closed.
    pub size: usize,
    /// Time since its first record after which it is closed.
    pub interval: Duration,
    /// Partitions open at once; more go to the error prefix.
    pub partitions: usize,
    /// Bytes over all partitions: at more, the largest is closed early. AWS has no such bound.
    pub memory: usize,
}

/// The bytes of an object to be, and where it goes.
#[derive(Debug)]
pub struct Closed {
    /// The evaluated prefix.
    pub prefix: String,
    /// The reason, for failed records.
    pub error: Option<ErrorCode>,
    /// The object's bytes.
    pub bytes: Vec<u8>,
    /// How many records are in them.
    pub records: u64,
}

#[derive(Debug)]
struct Buffer {
    closed: Closed,
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
    open: HashMap<Key, Buffer>,
    data_partitions: usize,
    bytes: usize,
    values: Values,
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
    pub fn new(stream: Arc<Stream>, limits: Limits) -> Self {
        Self {
            stream,
            limits,
            open: HashMap::new(),
            data_partitions: 0,
            bytes: 0,
            values: Values::default(),
        }
    }

    /// Bytes that wait.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Partitions of data that are open.
    pub fn active(&self) -> usize {
        self.data_partitions
    }

    /// Takes a put record: its pieces go to their partitions. Gives what is full by that.
    pub fn put(
        &mut self,
        data: &[u8],
        arrival: Arrival,
        random: &mut dyn FnMut() -> [u8; 16],
    ) -> Vec<Closed> {
        let stream = Arc::clone(&self.stream);
        let mut full = Vec::new();
        for piece in stream.pieces(data) {
            let key = match self.data_key(&stream, piece, arrival, random) {
                Ok(key) => key,
                Err(code) => self.failed_key(&stream, code, arrival, random),
            };
            let Some(buffer) = self.open.get_mut(&key) else {
                continue;
            };
            let bytes = &mut buffer.closed.bytes;
            let before = bytes.len();
            match key {
                Key::Failed(code) => error_line(piece, code, arrival.at_ms, arrival.at_ms, bytes),
                Key::Data(_) => {
                    bytes.extend_from_slice(piece);
                    if stream.appends_delimiter() {
                        bytes.push(b'\n');
                    }
                }
            }
            buffer.closed.records += 1;
            self.bytes += bytes.len() - before;
            if bytes.len() >= self.limits.size {
                full.extend(self.close(&key));
            }
            while self.bytes > self.limits.memory {
                full.extend(self.close_largest());
            }
        }
        full
    }

    fn data_key(
        &mut self,
        stream: &Stream,
        piece: &[u8],
        arrival: Arrival,
        random: &mut dyn FnMut() -> [u8; 16],
    ) -> Result<Key, ErrorCode> {
        stream.partition(piece, &mut self.values)?;
        let key = Key::Data(stream.prefix(&self.values, arrival.at_ms, &mut || [0; 16])?);
        if !self.open.contains_key(&key) {
            if self.data_partitions >= self.limits.partitions {
                return Err(ErrorCode::ActivePartitions);
            }
            let prefix = stream.prefix(&self.values, arrival.at_ms, random)?;
            self.data_partitions += 1;
            self.begin(key.clone(), prefix, None, arrival.now);
        }
        Ok(key)
    }

    fn failed_key(
        &mut self,
        stream: &Stream,
        code: ErrorCode,
        arrival: Arrival,
        random: &mut dyn FnMut() -> [u8; 16],
    ) -> Key {
        let key = Key::Failed(code);
        if !self.open.contains_key(&key) {
            let prefix = stream.error_prefix(code, arrival.at_ms, random);
            self.begin(key.clone(), prefix, Some(code), arrival.now);
        }
        key
    }

    fn begin(&mut self, key: Key, prefix: String, error: Option<ErrorCode>, now: Duration) {
        let closed = Closed {
            prefix,
            error,
            bytes: Vec::new(),
            records: 0,
        };
        let due = now + self.limits.interval;
        self.open.insert(key, Buffer { closed, due });
    }

    fn close(&mut self, key: &Key) -> Option<Closed> {
        let buffer = self.open.remove(key)?;
        self.bytes -= buffer.closed.bytes.len();
        if matches!(key, Key::Data(_)) {
            self.data_partitions -= 1;
        }
        Some(buffer.closed)
    }

    fn close_largest(&mut self) -> Option<Closed> {
        let largest = self
            .open
            .iter()
            .max_by_key(|(_, buffer)| buffer.closed.bytes.len())
            .map(|(key, _)| key.clone())?;
        self.close(&largest)
    }

    /// When the next partition is due.
    pub fn next_due(&self) -> Option<Duration> {
        self.open.values().map(|buffer| buffer.due).min()
    }

    /// Closes what is due.
    pub fn due(&mut self, now: Duration) -> Vec<Closed> {
        let due: Vec<Key> = self
            .open
            .iter()
            .filter(|(_, buffer)| buffer.due <= now)
            .map(|(key, _)| key.clone())
            .collect();
        due.iter().filter_map(|key| self.close(key)).collect()
    }

    /// Closes all.
    pub fn drain(&mut self) -> Vec<Closed> {
        let all: Vec<Key> = self.open.keys().cloned().collect();
        all.iter().filter_map(|key| self.close(key)).collect()
    }
}

#[cfg(test)]
mod tests;
