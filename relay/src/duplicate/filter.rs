//! Says of an id that it is surely not in a generation's files, or that it may be.
//!
//! A Bloom filter in blocks of a cache line: one look into memory a question. It is filled
//! while others ask.

use std::sync::atomic::{AtomicU64, Ordering};

use super::DuplicateKey;
use super::config::FILTER_BITS;

/// Bits that each id sets in its block.
const MARKS: u32 = 7;
/// Bits of a block's number of bits.
const WIDTH: u32 = 9;

#[derive(Debug, Default)]
#[repr(align(64))]
struct Block([AtomicU64; 8]);

/// The filter.
#[derive(Debug)]
pub struct Filter {
    blocks: Vec<Block>,
}

impl Filter {
    /// For so many ids. With more of them it answers "may be" more often.
    #[must_use]
    pub fn new(ids: u64) -> Self {
        let blocks = (ids * FILTER_BITS).div_ceil(1 << WIDTH).max(1);
        Self {
            blocks: (0..blocks).map(|_| Block::default()).collect(),
        }
    }

    /// Bytes that it takes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        (self.blocks.len() * size_of::<Block>()) as u64
    }

    /// Puts an id in. For one at a time: of two who do it at once one may undo the other's marks.
    pub fn insert(&self, key: DuplicateKey) {
        let block = self.block(key);
        for (word, bit) in marks(key) {
            let word = &block.0[word];
            word.store(word.load(Ordering::Relaxed) | bit, Ordering::Relaxed);
        }
    }

    /// Has the processor fetch the blocks of these ids, many at once; nothing changes.
    pub fn fetch(&self, keys: impl Iterator<Item = DuplicateKey>) {
        let met = keys.fold(0, |met, key| {
            met ^ self.block(key).0[0].load(Ordering::Relaxed)
        });
        std::hint::black_box(met);
    }

    /// Whether the id may have been put in. Who learned of it through a lock has a sure
    /// "no".
    #[must_use]
    pub fn may_hold(&self, key: DuplicateKey) -> bool {
        let block = self.block(key);
        // All marks, then one test, which nearly always ends the same: one for each nobody can guess.
        let missing = marks(key).fold(0, |missing, (word, bit)| {
            missing | (!block.0[word].load(Ordering::Relaxed) & bit)
        });
        missing == 0
    }

    fn block(&self, key: DuplicateKey) -> &Block {
        let place = (u128::from(key.0[0]) * self.blocks.len() as u128) >> 64;
        &self.blocks[usize::try_from(place).unwrap_or(0)]
    }
}

/// An id's bits in its block, as word and bit.
fn marks(key: DuplicateKey) -> impl Iterator<Item = (usize, u64)> {
    (0..MARKS).map(move |mark| {
        let bit = key.0[1] >> (mark * WIDTH) & ((1 << WIDTH) - 1);
        (usize::try_from(bit >> 6).unwrap_or(0), 1 << (bit & 63))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duplicate::KeyedHash;

    #[test]
    fn what_was_put_in_may_be_there_and_hardly_anything_else() {
        let hash = KeyedHash::new(&[3; 16]);
        let key = |number: u64| hash.key("shop", 1, &number.to_string());
        let filter = Filter::new(50_000);
        assert_eq!(filter.bytes(), 50_000 * FILTER_BITS / 8 / 64 * 64 + 64);
        (0..50_000).for_each(|number| filter.insert(key(number)));
        assert!((0..50_000).all(|number| filter.may_hold(key(number))));
        let wrong = (50_000..150_000).filter(|n| filter.may_hold(key(*n)));
        let wrong = wrong.count();
        assert!(wrong < 1_000, "{wrong} of 100,000");
    }
}
