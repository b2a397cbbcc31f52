//! Lines to records, records to calls, within the stream's limits. A record of a stream is
//! billed in steps of 5 KiB, so many lines share one: but never more than 500, because
//! Firehose then takes the record with a 200 and keeps all of it from the lake.

use bytes::Bytes;

use super::said::Refusal;

use crate::spool::Record as Line;

/// What a stream takes at once, and how it bills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Lines of one record, at most, where the stream takes records apart.
    pub record_lines: u64,
    /// Bytes of one record, at most.
    pub record_bytes: usize,
    /// Records of one call, at most.
    pub call_records: usize,
    /// Bytes of one call, at most.
    pub call_bytes: usize,
    /// A record is billed in steps of so many bytes.
    pub billed_step: usize,
}

impl Limits {
    /// Amazon Data Firehose: 1,000 KiB a record, 500 records a call. A call may hold 4 MiB;
    /// whether base64 counts is said nowhere, and with it this is just within.
    pub const FIREHOSE: Self = Self {
        record_lines: 500,
        record_bytes: 1_024_000,
        call_records: 500,
        call_bytes: 3 << 20,
        billed_step: 5 * 1024,
    };

    /// Amazon Kinesis Data Streams: 500 records and 5 MiB a call, 1 MiB a record, partition keys
    /// included, which have up to 1 KiB each. On demand a record is billed in steps of 1 KiB.
    pub const KINESIS: Self = Self {
        record_lines: 1,
        record_bytes: (1 << 20) - 1024,
        call_records: 500,
        call_bytes: 4 << 20,
        billed_step: 1024,
    };

    /// What is billed for a record of so many bytes.
    #[must_use]
    pub fn billed(&self, bytes: usize) -> u64 {
        (bytes.div_ceil(self.billed_step) * self.billed_step) as u64
    }
}

/// How lines become records, which is for the stream to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// The stream takes records apart: many lines a record.
    Many,
    /// It does not, or does not say: a line a record, with a newline of ours if the stream
    /// adds none.
    One {
        /// Whether a newline is ours to add.
        newline: bool,
    },
}

/// Where a line of a record stands in the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its position.
    pub position: u64,
    /// When it came, milliseconds since 1970.
    pub received_at: u64,
}

/// A record to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its bytes.
    pub data: Bytes,
    /// Of each of its lines.
    pub places: Vec<Place>,
    /// What the stream has said against it so far.
    pub refusal: Option<Box<Refusal>>,
}

impl Record {
    /// How many lines are in it.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.places.len() as u64
    }
}

/// The records of one call, and what they stand for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Call {
    /// The records.
    pub records: Vec<Record>,
    /// The last position in it.
    pub last: u64,
    /// How many lines it sends.
    pub lines: u64,
    /// Lines that fit into no record: they can never be sent.
    pub too_long: Vec<Line>,
    /// Lines that an earlier process has set aside.
    pub aside: u64,
    /// Bytes of all its lines.
    pub bytes: u64,
    /// Bytes of the lines that it sends.
    pub sent_bytes: u64,
    /// What the lines would be billed one by one.
    pub billed_alone: u64,
}

impl Call {
    /// How many lines it stands for, sent or not.
    #[must_use]
    pub fn all_lines(&self) -> u64 {
        self.lines + self.too_long.len() as u64 + self.aside
    }
}

/// A call being filled.
#[derive(Debug)]
pub struct Packer {
    packing: Packing,
    limits: Limits,
    call: Call,
    record: Vec<u8>,
    places: Vec<Place>,
    sealed_bytes: usize,
}

impl Packer {
    /// An empty one.
    #[must_use]
    pub fn new(packing: Packing, limits: Limits) -> Self {
        Self {
            packing,
            limits,
            call: Call::default(),
            record: Vec::new(),
            places: Vec::new(),
            sealed_bytes: 0,
        }
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.call.all_lines() == 0
    }

    /// Bytes that still fit, newlines aside.
    #[must_use]
    pub fn room(&self) -> usize {
        let held = self.sealed_bytes + self.record.len();
        self.limits.call_bytes.saturating_sub(held)
    }

    /// Whether waiting for more lines would save less than a twentieth of the bill: what the
    /// last record is rounded up by is no more than that.
    #[must_use]
    pub fn is_ripe(&self) -> bool {
        let held = self.sealed_bytes + self.record.len();
        self.packing == Packing::Many && held >= 20 * self.limits.billed_step
    }

    /// Takes the next line, or says that the call is full.
    #[must_use]
    pub fn push(&mut self, line: &Line) -> bool {
        let newline = usize::from(self.packing != Packing::One { newline: false });
        let length = line.line.len() + newline;
        if length > self.limits.record_bytes {
            self.call.too_long.push(line.clone());
            self.count(line);
            return true;
        }
        let lines = match self.packing {
            Packing::Many => self.limits.record_lines,
            Packing::One { .. } => 1,
        };
        let full = self.places.len() as u64 >= lines
            || self.record.len() + length > self.limits.record_bytes;
        // The open record is one of them.
        let records = self.call.records.len() + usize::from(!self.record.is_empty());
        if full && records >= self.limits.call_records || length > self.room() {
            return false;
        }
        if full {
            self.seal();
        }
        self.record.extend_from_slice(&line.line);
        if newline == 1 {
            self.record.push(b'\n');
        }
        self.places.push(Place {
            position: line.position,
            received_at: line.received_at,
        });
        self.call.lines += 1;
        self.call.sent_bytes += line.line.len() as u64;
        self.call.billed_alone += self.limits.billed(line.line.len());
        self.count(line);
        true
    }

    /// Passes over a line that is set aside already.
    pub fn pass(&mut self, line: &Line) {
        self.call.aside += 1;
        self.count(line);
    }

    fn count(&mut self, line: &Line) {
        self.call.bytes += line.line.len() as u64;
        self.call.last = line.position;
    }

    fn seal(&mut self) {
        let mut data = std::mem::take(&mut self.record);
        let places = std::mem::take(&mut self.places);
        if places.is_empty() {
            return;
        }
        // Newlines stand between the lines of a packed record, not after them.
        if self.packing == Packing::Many {
            data.pop();
        }
        self.sealed_bytes += data.len();
        self.call.records.push(Record {
            data: data.into(),
            places,
            refusal: None,
        });
    }

    /// The call so far; the packer is empty again.
    pub fn take(&mut self) -> Call {
        self.seal();
        self.sealed_bytes = 0;
        std::mem::take(&mut self.call)
    }
}

#[cfg(test)]
mod tests;
