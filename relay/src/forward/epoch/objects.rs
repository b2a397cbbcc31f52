//! An object's bytes: the lines of its records, or their error lines.

use std::io::{self, IoSlice};

use firehose_local::{ErrorCode, data_line, error_line};
use sha2::{Digest, Sha256};

use super::plan::Object;
use crate::spool::files::File;
use crate::spool::reader::Record;

/// Written in pieces of this size.
const PIECE: usize = 256 << 10;

/// The lines of one object.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    records: Vec<&'a Record>,
    error: Option<ErrorCode>,
    now_ms: u64,
}

impl<'a> Lines<'a> {
    /// Those of the records with these indices.
    pub fn new(
        records: &'a [Record],
        members: impl Iterator<Item = usize>,
        error: Option<ErrorCode>,
        now_ms: u64,
    ) -> Self {
        Self {
            records: members.filter_map(|index| records.get(index)).collect(),
            error,
            now_ms,
        }
    }

    /// The object that they make under this key.
    pub fn object(&self, key: String) -> Object {
        let mut print = Print::default();
        let hashed: io::Result<()> = self.pieces(|piece| {
            print.add(piece);
            Ok(())
        });
        debug_assert!(hashed.is_ok(), "hashing cannot fail");
        Object {
            key,
            error: self.error,
            lines: self.count(),
            length: print.length,
            sha256: print.hash.finalize().into(),
        }
    }

    /// How many they are.
    pub fn count(&self) -> u64 {
        self.records.len() as u64
    }

    /// Writes them into a new file; says what was written.
    pub fn write(&self, file: &dyn File) -> io::Result<Print> {
        let mut print = Print::default();
        self.pieces(|piece| {
            file.write_at(print.length, &mut [IoSlice::new(piece)])?;
            print.add(piece);
            Ok(())
        })?;
        Ok(print)
    }

    /// Whether these bytes are they.
    pub fn are(&self, bytes: &[u8]) -> bool {
        same(bytes, &self.object(String::new()))
    }

    fn pieces(&self, mut each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut piece = Vec::new();
        for record in &self.records {
            match self.error {
                None => data_line(&record.line, &mut piece),
                Some(code) => {
                    let arrival = record.received_at;
                    error_line(&record.line, code, arrival, self.now_ms, &mut piece);
                }
            }
            if piece.len() >= PIECE {
                each(&piece)?;
                piece.clear();
            }
        }
        each(&piece)
    }
}

/// Length and SHA-256 of bytes.
#[derive(Debug, Default)]
pub struct Print {
    length: u64,
    hash: Sha256,
}

impl Print {
    fn add(&mut self, piece: &[u8]) {
        self.length += piece.len() as u64;
        self.hash.update(piece);
    }

    /// Whether the bytes were the object's, as it was planned.
    pub fn are(self, object: &Object) -> bool {
        self.length == object.length && self.hash.finalize()[..] == object.sha256
    }
}

/// Whether these bytes are the object's, as it was planned.
pub fn same(bytes: &[u8], object: &Object) -> bool {
    bytes.len() as u64 == object.length && Sha256::digest(bytes)[..] == object.sha256
}
