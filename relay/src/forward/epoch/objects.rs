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
        let mut hash = Sha256::new();
        let mut length = 0;
        let hashed: io::Result<()> = self.pieces(|piece| {
            length += piece.len() as u64;
            hash.update(piece);
            Ok(())
        });
        debug_assert!(hashed.is_ok(), "hashing cannot fail");
        Object {
            key,
            error: self.error,
            lines: self.records.len() as u64,
            length,
            sha256: hash.finalize().into(),
        }
    }

    /// Writes them into a new file.
    pub fn write(&self, file: &dyn File) -> io::Result<()> {
        let mut at = 0;
        self.pieces(|piece| {
            file.write_at(at, &mut [IoSlice::new(piece)])?;
            at += piece.len() as u64;
            Ok(())
        })
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

/// Whether these bytes are the object's, as it was planned.
pub fn same(bytes: &[u8], object: &Object) -> bool {
    bytes.len() as u64 == object.length && Sha256::digest(bytes)[..] == object.sha256
}
