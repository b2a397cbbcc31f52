//! The window of message ids: which events the spool has already taken.
//!
//! An id counts as seen from the moment its event waits for the disk, and stops to count
//! when that fails, so that a client who was told to try again is not told "duplicate".
//!
//! **Recent ids** lie in a table of fixed size ([`recent`]) under the queue's lock
//! ([`index`]). Those whose events are durable go, a batch at a time, into sorted **id
//! files** beside the segments ([`id_file`], [`mod@format`]); no segment is used again before
//! its ids are in one. Small files are merged ([`merge`]).
//!
//! **Generations.** A horizon's ids are cut into at most eight generations, each with one
//! filter in memory for all its files ([`filter`]). So a new id costs eight looks into
//! memory and no lock ([`view`]); one that a filter knows costs the read of a page. The
//! oldest generation leaves as a whole: when it is older than the horizon by the highest
//! clock reading ever seen, or when the budget or the disk has no room for it
//! ([`keeper`]).
//!
//! Keys are kept whole, sixteen bytes, in the table and in the files: two events meet only
//! if their hashes do, at odds of 2⁻¹²⁸.
//!
//! **Memory** stays within [`Config::memory`], whatever the backlog: [`config::Budget`]
//! says how it is divided.

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher24};

pub mod config;
pub mod filter;
pub mod format;
pub mod id_file;
pub mod index;
pub mod keeper;
pub mod merge;
pub mod recent;
pub mod view;

pub use config::Config;

/// Source, kind of write key and message id, hashed with a key that the spool keeps: a
/// client cannot make two ids meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct DuplicateKey(pub [u64; 2]);

impl DuplicateKey {
    /// The key's sixteen bytes, as they stand in a frame.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.0[0].to_le_bytes());
        bytes[8..].copy_from_slice(&self.0[1].to_le_bytes());
        bytes
    }

    /// The key from its sixteen bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        let both = u128::from_le_bytes(bytes);
        #[allow(clippy::cast_possible_truncation, reason = "the two halves")]
        Self([both as u64, (both >> 64) as u64])
    }
}

/// Hashes ids; its secret lives beside the spool.
#[derive(Debug, Clone, Copy)]
pub struct KeyedHash {
    hasher: SipHasher24,
}

impl KeyedHash {
    /// With this secret.
    #[must_use]
    pub fn new(secret: &[u8; 16]) -> Self {
        Self {
            hasher: SipHasher24::new_with_key(secret),
        }
    }

    /// The key of an event. Each part's length goes in, so that parts cannot shift.
    #[must_use]
    pub fn key(&self, source: &str, key_kind: u8, message_id: &str) -> DuplicateKey {
        let mut hasher = self.hasher;
        hasher.write(&(source.len() as u64).to_le_bytes());
        hasher.write(source.as_bytes());
        hasher.write(&[key_kind]);
        hasher.write(message_id.as_bytes());
        let hash = hasher.finish128();
        DuplicateKey([hash.h1, hash.h2])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_bytes() {
        let key = KeyedHash::new(&[7; 16]).key("shop", 1, "m-1");
        assert_eq!(DuplicateKey::from_bytes(key.to_bytes()), key);
    }

    #[test]
    fn source_kind_and_id_each_make_another_key() {
        let hash = KeyedHash::new(&[7; 16]);
        let keys = [
            hash.key("shop", 1, "m-1"),
            hash.key("shop", 2, "m-1"),
            hash.key("shop", 1, "m-2"),
            hash.key("sho", 1, "pm-1"),
            KeyedHash::new(&[8; 16]).key("shop", 1, "m-1"),
        ];
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys[index + 1..].contains(key), "{index}");
        }
    }
}
