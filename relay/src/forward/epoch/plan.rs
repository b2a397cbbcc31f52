//! A plan: which records become which objects, closed before anything of it is done.
//!
//! It holds all that evaluating gave, so that doing it again copies lines by position
//! and evaluates nothing: another binary or configuration makes the same objects.

use std::ops::Range;

use firehose_local::ErrorCode;

use crate::spool::frame::{u32_at, u64_at};
use crate::spool::plans::StoredPlan;

/// What begins a plan for a lake.
const MAGIC: [u8; 8] = *b"LAKEPL01";

/// An object of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its key in the bucket.
    pub key: String,
    /// Why its records failed; none in an object of good records.
    pub error: Option<ErrorCode>,
    /// How many lines it has.
    pub lines: u64,
    /// Bytes of it.
    pub length: u64,
    /// SHA-256 of them.
    pub sha256: [u8; 32],
}

/// What an epoch, or a part of one, delivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Number of the plan; never used twice.
    pub number: u64,
    /// Its positions.
    pub range: Range<u64>,
    /// The spool that it is of.
    pub spool: [u8; 16],
    /// The lake that it is for.
    pub lake: [u8; 16],
    /// The bucket that the keys are in.
    pub bucket: String,
    /// The one reading of the clock that names and error lines use.
    pub now_ms: u64,
    /// The objects.
    pub objects: Vec<Object>,
    /// Position of each record and the number of its object.
    pub records: Vec<(u64, u32)>,
}

impl Plan {
    /// What goes into the plan's file.
    #[must_use]
    pub fn payload(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&self.spool);
        bytes.extend_from_slice(&self.lake);
        bytes.extend_from_slice(&self.now_ms.to_le_bytes());
        put_text(&mut bytes, &self.bucket);
        put_count(&mut bytes, self.objects.len());
        for object in &self.objects {
            put_text(&mut bytes, &object.key);
            bytes.push(object.error.map_or(0, ErrorCode::number));
            bytes.extend_from_slice(&object.lines.to_le_bytes());
            bytes.extend_from_slice(&object.length.to_le_bytes());
            bytes.extend_from_slice(&object.sha256);
        }
        put_count(&mut bytes, self.records.len());
        for (position, object) in &self.records {
            bytes.extend_from_slice(&position.to_le_bytes());
            bytes.extend_from_slice(&object.to_le_bytes());
        }
        bytes
    }

    /// The plan in a file; none if it is of another kind, or of a newer version.
    #[must_use]
    pub fn read(stored: &StoredPlan) -> Option<Self> {
        let mut rest = Rest(&stored.payload);
        if rest.take(8)? != MAGIC {
            return None;
        }
        let mut plan = Self {
            number: stored.number,
            range: stored.range.clone(),
            spool: rest.array()?,
            lake: rest.array()?,
            now_ms: rest.word()?,
            bucket: rest.text()?,
            objects: Vec::new(),
            records: Vec::new(),
        };
        for _ in 0..rest.count()? {
            plan.objects.push(Object {
                key: rest.text()?,
                error: match rest.take(1)?[0] {
                    0 => None,
                    number => Some(ErrorCode::from_number(number)?),
                },
                lines: rest.word()?,
                length: rest.word()?,
                sha256: rest.array()?,
            });
        }
        for _ in 0..rest.count()? {
            let position = rest.word()?;
            let object = u32_at(rest.take(4)?, 0);
            if object as usize >= plan.objects.len() {
                return None;
            }
            plan.records.push((position, object));
        }
        Some(plan)
    }
}

fn put_count(bytes: &mut Vec<u8>, count: usize) {
    bytes.extend_from_slice(&(count as u64).to_le_bytes());
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put_count(bytes, text.len());
    bytes.extend_from_slice(text.as_bytes());
}

/// What of a payload is not yet read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn word(&mut self) -> Option<u64> {
        Some(u64_at(self.take(8)?, 0))
    }

    fn count(&mut self) -> Option<usize> {
        self.word()?.try_into().ok()
    }

    fn text(&mut self) -> Option<String> {
        let length = self.count()?;
        String::from_utf8(self.take(length)?.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_comes_back_and_a_shorter_one_is_none() {
        let plan = Plan {
            number: 4,
            range: 10..13,
            spool: [1; 16],
            lake: [2; 16],
            bucket: "raw".into(),
            now_ms: 77,
            objects: vec![
                Object {
                    key: "clickstream/userId=45/x".into(),
                    error: None,
                    lines: 2,
                    length: 99,
                    sha256: [3; 32],
                },
                Object {
                    key: "clickstream-errors/y".into(),
                    error: Some(ErrorCode::KeyNullOrEmpty),
                    lines: 1,
                    length: 5,
                    sha256: [4; 32],
                },
            ],
            records: vec![(10, 0), (11, 1), (12, 0)],
        };
        let mut stored = StoredPlan {
            number: 4,
            range: 10..13,
            payload: plan.payload(),
        };
        assert_eq!(Plan::read(&stored), Some(plan));
        while stored.payload.pop().is_some() {
            assert_eq!(Plan::read(&stored), None);
        }
    }
}
