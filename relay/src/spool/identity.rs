//! Who this spool is: an id that plans and staging carry, and the secret of the
//! duplicate keys. Made once; without it no frame could be read.

use std::io::{self, IoSlice};
use std::path::Path;

use super::files::{File, Files, SyncPoint, read_all};

const MAGIC: [u8; 8] = *b"CLKSID01";
const LENGTH: usize = 44;

/// A spool's id and secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Names this spool in plans, in the lake's staging and in its frames.
    pub id: [u8; 16],
    /// Key of the hash of duplicate keys.
    pub secret: [u8; 16],
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({})", hex(&self.id))
    }
}

/// Sixteen bytes in hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Identity {
    /// Reads it, or makes it when `fresh`; in both cases makes its bytes durable, since
    /// a process killed before its sync leaves bytes that only look so.
    ///
    /// # Errors
    /// When it is unreadable although the spool holds segments.
    pub fn open(files: &dyn Files, path: &Path, fresh: bool) -> io::Result<Self> {
        let (file, found) = match files.open(path) {
            Ok(file) => {
                let found = Self::decode(&read_all(&*file)?);
                (file, found)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && fresh => {
                (files.create(path)?, None)
            }
            Err(error) => return Err(error),
        };
        let identity = match found {
            Some(identity) => identity,
            None if fresh => Self {
                id: files.entropy()?,
                secret: files.entropy()?,
            },
            None => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!(
                        "{} is damaged: put back a copy of this file, or move the spool's folder away to start an empty one",
                        path.display()
                    ),
                ));
            }
        };
        identity.write(&*file)?;
        Ok(identity)
    }

    /// Reads it and nothing more; none if it is damaged.
    ///
    /// # Errors
    /// When the disk cannot be read; `NotFound` when there is none.
    pub fn read(files: &dyn Files, path: &Path) -> io::Result<Option<Self>> {
        Ok(Self::decode(&read_all(&*files.open(path)?)?))
    }

    fn write(&self, file: &dyn File) -> io::Result<()> {
        let mut bytes = [&MAGIC[..], &self.id, &self.secret].concat();
        let checksum = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        file.write_at(0, &mut [IoSlice::new(&bytes)])?;
        file.sync(SyncPoint::Identity)
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() < LENGTH || bytes[..8] != MAGIC {
            return None;
        }
        let checksum = super::frame::u32_at(bytes, LENGTH - 4);
        if checksum != crc32fast::hash(&bytes[..LENGTH - 4]) {
            return None;
        }
        let (mut id, mut secret) = ([0; 16], [0; 16]);
        id.copy_from_slice(&bytes[8..24]);
        secret.copy_from_slice(&bytes[24..40]);
        Some(Self { id, secret })
    }
}
