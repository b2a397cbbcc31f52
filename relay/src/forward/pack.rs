//! Lines to records, records to calls, within the stream's limits. A record of a stream is
//! billed in steps of 5 KiB, so many lines share one: but never more than 500, because
//! Firehose then takes the record with a 200 and keeps all of it from the lake.

use bytes::Bytes;

use crate::spool::Record as Line;

/// Lines of one record, at most.
pub const MOST_LINES: usize = 500;

/// Bytes of one record, at most: 1,000 KiB.
pub const MOST_RECORD: usize = 1_024_000;

/// Records of one call, at most.
pub const MOST_RECORDS: usize = 500;

/// Bytes of one call, at most. The limit is 4 MiB; whether base64 counts is said nowhere,
/// and with it this is just within.
pub const MOST_CALL: usize = 3 << 20;

/// A record is billed in steps of so many bytes.
const BILLED_STEP: usize = 5 * 1024;

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

/// A record to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its bytes.
    pub data: Bytes,
    /// How many lines are in it.
    pub lines: u64,
}

impl Record {
    /// What Firehose bills for it.
    #[must_use]
    pub fn billed(&self) -> u64 {
        billed(self.data.len())
    }
}

fn billed(bytes: usize) -> u64 {
    (bytes.div_ceil(BILLED_STEP) * BILLED_STEP) as u64
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
    pub too_long: u64,
    /// Bytes of all its lines.
    pub bytes: u64,
    /// What the lines would be billed one by one.
    pub billed_alone: u64,
}

/// A call being filled.
#[derive(Debug)]
pub struct Packer {
    packing: Packing,
    call: Call,
    record: Vec<u8>,
    record_lines: u64,
    sealed_bytes: usize,
}

impl Packer {
    /// An empty one.
    #[must_use]
    pub fn new(packing: Packing) -> Self {
        Self {
            packing,
            call: Call::default(),
            record: Vec::new(),
            record_lines: 0,
            sealed_bytes: 0,
        }
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.call.lines == 0 && self.call.too_long == 0
    }

    /// Bytes that still fit, newlines aside.
    #[must_use]
    pub fn room(&self) -> usize {
        MOST_CALL.saturating_sub(self.sealed_bytes + self.record.len())
    }

    /// Takes the next line, or says that the call is full.
    #[must_use]
    pub fn push(&mut self, line: &Line) -> bool {
        let newline = usize::from(self.packing != Packing::One { newline: false });
        let length = line.line.len() + newline;
        if length > MOST_RECORD {
            self.call.too_long += 1;
            self.count(line);
            return true;
        }
        let lines = match self.packing {
            Packing::Many => MOST_LINES as u64,
            Packing::One { .. } => 1,
        };
        let full = self.record_lines >= lines || self.record.len() + length > MOST_RECORD;
        // The open record is one of them.
        let records = self.call.records.len() + usize::from(!self.record.is_empty());
        if full && records >= MOST_RECORDS || length > self.room() {
            return false;
        }
        if full {
            self.seal();
        }
        self.record.extend_from_slice(&line.line);
        if newline == 1 {
            self.record.push(b'\n');
        }
        self.record_lines += 1;
        self.call.lines += 1;
        self.call.billed_alone += billed(line.line.len());
        self.count(line);
        true
    }

    fn count(&mut self, line: &Line) {
        self.call.bytes += line.line.len() as u64;
        self.call.last = line.position;
    }

    fn seal(&mut self) {
        let mut data = std::mem::take(&mut self.record);
        let lines = std::mem::take(&mut self.record_lines);
        if lines == 0 {
            return;
        }
        // Newlines stand between the lines of a packed record, not after them.
        if self.packing == Packing::Many {
            data.pop();
        }
        self.sealed_bytes += data.len();
        self.call.records.push(Record {
            data: data.into(),
            lines,
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(position: u64, bytes: usize) -> Line {
        Line {
            position,
            received_at: 0,
            line: vec![b'x'; bytes].into(),
        }
    }

    fn fill(packing: Packing, lines: impl Iterator<Item = usize>) -> (Call, usize) {
        let mut packer = Packer::new(packing);
        let taken = (1..)
            .zip(lines)
            .take_while(|(position, bytes)| packer.push(&line(*position, *bytes)))
            .count();
        (packer.take(), taken)
    }

    #[test]
    fn five_hundred_lines_a_record_and_never_more() {
        let (call, taken) = fill(Packing::Many, std::iter::repeat_n(100, 1201));
        assert_eq!(taken, 1201);
        let lines: Vec<u64> = call.records.iter().map(|record| record.lines).collect();
        assert_eq!(lines, [500, 500, 201]);
        assert_eq!(call.records[0].data.len(), 500 * 101 - 1);
        assert_eq!(
            call.records[0].data.iter().filter(|b| **b == b'\n').count(),
            499
        );
        assert_eq!((call.lines, call.last, call.bytes), (1201, 1201, 120_100));
    }

    #[test]
    fn five_hundred_records_a_call_and_never_more() {
        for newline in [true, false] {
            let (call, taken) = fill(Packing::One { newline }, std::iter::repeat(100));
            assert_eq!((taken, call.records.len()), (500, 500));
            assert_eq!(call.records[0].data.len(), 100 + usize::from(newline));
        }
        let (call, taken) = fill(Packing::Many, std::iter::repeat(5));
        assert_eq!((taken, call.records.len()), (250_000, 500));
    }

    #[test]
    fn a_record_is_at_most_1000_kib() {
        let (call, _) = fill(Packing::Many, std::iter::repeat_n(1_023_999, 2));
        assert_eq!(call.records.len(), 2);
        let (call, taken) = fill(Packing::Many, [10, 1_024_000, 20].into_iter());
        assert_eq!((taken, call.too_long, call.lines), (3, 1, 2));
        assert_eq!((call.records.len(), call.last), (1, 3));
    }

    #[test]
    fn a_line_that_can_never_be_sent_is_still_passed() {
        let (call, _) = fill(Packing::One { newline: false }, [2_000_000].into_iter());
        assert_eq!((call.records.len(), call.too_long, call.last), (0, 1, 1));
    }

    #[test]
    fn packing_saves_what_is_billed() {
        let (call, _) = fill(Packing::Many, std::iter::repeat_n(1_059, 480));
        let packed: u64 = call.records.iter().map(Record::billed).sum();
        assert_eq!(packed, 512_000);
        assert_eq!(call.billed_alone, 480 * 5_120);
    }

    proptest! {
        /// Whatever the lines, every call is within every limit, and the calls together hold
        /// every line once, in order.
        #[test]
        fn calls_are_within_all_limits(
            sizes in prop::collection::vec(prop_oneof![
                10 => 1_usize..2_000,
                3 => 50_000_usize..400_000,
                1 => 1_000_000_usize..1_100_000,
            ], 1..60),
            packing in prop_oneof![
                Just(Packing::Many),
                Just(Packing::One { newline: true }),
                Just(Packing::One { newline: false }),
            ],
        ) {
            let mut packer = Packer::new(packing);
            let mut calls = Vec::new();
            for (position, bytes) in (1..).zip(&sizes) {
                let line = line(position, *bytes);
                if !packer.push(&line) {
                    calls.push(packer.take());
                    prop_assert!(packer.is_empty());
                    prop_assert!(packer.push(&line));
                }
            }
            calls.push(packer.take());
            let mut last = 0;
            for call in &calls {
                prop_assert!(call.records.len() <= MOST_RECORDS);
                prop_assert!(call.records.iter().map(|r| r.data.len()).sum::<usize>() <= MOST_CALL);
                prop_assert!(call.records.iter().all(|r| r.data.len() <= MOST_RECORD && r.lines <= 500));
                prop_assert_eq!(call.records.iter().map(|r| r.lines).sum::<u64>(), call.lines);
                prop_assert!(call.last > last);
                last = call.last;
            }
            let lines: u64 = calls.iter().map(|call| call.lines + call.too_long).sum();
            prop_assert_eq!(lines, sizes.len() as u64);
            let bytes: u64 = calls.iter().map(|call| call.bytes).sum();
            prop_assert_eq!(bytes, sizes.iter().sum::<usize>() as u64);
        }
    }
}
