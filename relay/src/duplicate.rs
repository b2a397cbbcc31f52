//! The window of message ids: which events the spool has already taken.
//!
//! An id counts as seen from the moment its event waits for the disk, and stops to count
//! when that fails, so that a client who was told to try again is not told "duplicate".
//! What the window holds is what the segments on disk hold: ids of recycled segments leave.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use siphasher::sip128::{Hasher128, SipHasher24};

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

/// The keys are hashes already: one half of them is the table's hash.
#[derive(Debug, Default)]
struct Half(u64);

impl Hasher for Half {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 ^= u64::from_le_bytes(word);
        }
    }

    fn write_usize(&mut self, _length: usize) {}

    fn write_u64(&mut self, half: u64) {
        self.0 ^= half;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Ids by position, and by the segment that holds them.
#[derive(Debug, Default)]
pub struct Index {
    positions: HashMap<DuplicateKey, u64, BuildHasherDefault<Half>>,
    segments: BTreeMap<u64, Vec<DuplicateKey>>,
}

impl Index {
    /// The position of the event with this id, durable or on its way.
    #[must_use]
    pub fn position(&self, key: DuplicateKey) -> Option<u64> {
        self.positions.get(&key).copied()
    }

    /// An event with this id is on its way to this position.
    pub fn insert(&mut self, key: DuplicateKey, position: u64) {
        self.positions.insert(key, position);
    }

    /// The event did not become durable: its id is free again.
    pub fn remove(&mut self, key: DuplicateKey, position: u64) {
        if self.position(key) == Some(position) {
            self.positions.remove(&key);
        }
    }

    /// The event is durable in this segment.
    pub fn settle(&mut self, segment: u64, key: DuplicateKey) {
        self.segments.entry(segment).or_default().push(key);
    }

    /// The segment is recycled: its ids, all below `until`, leave.
    pub fn forget(&mut self, segment: u64, until: u64) {
        for key in self.segments.remove(&segment).unwrap_or_default() {
            if self.position(key).is_some_and(|position| position < until) {
                self.positions.remove(&key);
            }
        }
    }

    /// How many ids are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// Whether none is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
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

    #[test]
    fn a_recycled_segment_takes_its_ids_along_and_no_others() {
        let mut index = Index::default();
        let (old, new) = (DuplicateKey([1, 1]), DuplicateKey([2, 2]));
        index.insert(old, 5);
        index.settle(1, old);
        index.insert(new, 9);
        index.settle(2, new);
        index.forget(1, 9);
        assert_eq!(index.position(old), None);
        assert_eq!(index.position(new), Some(9));
        assert_eq!(index.len(), 1);
    }

    #[test]
    fn an_id_that_came_again_is_not_forgotten_with_its_first_segment() {
        let mut index = Index::default();
        let key = DuplicateKey([1, 1]);
        index.insert(key, 5);
        index.settle(1, key);
        index.remove(key, 5);
        index.insert(key, 12);
        index.forget(1, 9);
        assert_eq!(index.position(key), Some(12));
    }
}
