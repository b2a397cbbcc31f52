//! How an id file lies on the disk: a head, then pages of sorted keys.
//!
//! ```text
//! head, a page of its own, which holds this twice:
//!    0 magic, spool id          24 bytes
//!   24 first, until, previous   positions, see [`Head`]
//!   48 since, begun, until_ms   clock readings, see [`Head`]
//!   72 generation, count        its generation's number; its ids
//!   88 checksum
//! page:
//!    0 keys, sorted             up to 255 of 16 bytes, zeros behind
//! 4080 count
//! 4084 checksum                 over the file's seed, the page's number, keys and count
//! ```
//!
//! The head is written when the pages are durable: a file with an intact head is whole.

use super::DuplicateKey;
use crate::spool::frame::{u32_at, u64_at};

/// Bytes of a page.
pub const PAGE: usize = 4096;
/// Keys that fit into one.
pub const KEYS: usize = 255;

const MAGIC: [u8; 8] = *b"CLKIDS01";
const COPY: usize = PAGE / 2;
const HEAD: usize = 88;
const COUNT: usize = KEYS * 16;

/// What an id file says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// The lowest position whose id may be in it.
    pub first: u64,
    /// The ids of all records from `first` to below this are in it.
    pub until: u64,
    /// Up to which position the file before it goes: between the two nothing is missing.
    pub previous: u64,
    /// Clock reading up to which the ids of the file before go; 0 when there was none.
    pub since_ms: u64,
    /// The clock reading when its generation's first file was made.
    pub begun_ms: u64,
    /// The highest clock reading when its last id became durable, or later.
    pub until_ms: u64,
    /// The number of its generation.
    pub generation: u64,
    /// How many ids it holds.
    pub count: u64,
}

impl Head {
    /// The pages of keys that stand behind it.
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.count.div_ceil(KEYS as u64)
    }

    /// Where the checksums of this file's pages start from.
    #[must_use]
    pub fn seed(spool_id: &[u8; 16], first: u64, until: u64) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(spool_id);
        hasher.update(&first.to_le_bytes());
        hasher.update(&until.to_le_bytes());
        hasher.finalize()
    }

    /// As a page.
    #[must_use]
    pub fn encode(&self, spool_id: &[u8; 16]) -> Vec<u8> {
        let mut copy = Vec::with_capacity(PAGE);
        copy.extend_from_slice(&MAGIC);
        copy.extend_from_slice(spool_id);
        for word in [
            self.first,
            self.until,
            self.previous,
            self.since_ms,
            self.begun_ms,
            self.until_ms,
            self.generation,
            self.count,
        ] {
            copy.extend_from_slice(&word.to_le_bytes());
        }
        let checksum = crc32fast::hash(&copy);
        copy.extend_from_slice(&checksum.to_le_bytes());
        copy.resize(COPY, 0);
        copy.extend_from_within(..);
        copy
    }

    /// The head in this page; one intact copy is enough.
    #[must_use]
    pub fn decode(page: &[u8], spool_id: &[u8; 16]) -> Option<Self> {
        page.chunks_exact(COPY).find_map(|copy| {
            let intact = copy[..8] == MAGIC
                && copy[8..24] == spool_id[..]
                && u32_at(copy, HEAD) == crc32fast::hash(&copy[..HEAD]);
            let word = |index: usize| u64_at(copy, 24 + 8 * index);
            intact.then(|| Self {
                first: word(0),
                until: word(1),
                previous: word(2),
                since_ms: word(3),
                begun_ms: word(4),
                until_ms: word(5),
                generation: word(6),
                count: word(7),
            })
        })
    }
}

/// Appends a page of these keys, at most [`KEYS`], in order.
pub fn write_page(into: &mut Vec<u8>, keys: &[DuplicateKey], seed: u32, number: u64) {
    let start = into.len();
    for key in keys.iter().take(KEYS) {
        into.extend_from_slice(&key.to_bytes());
    }
    into.resize(start + COUNT, 0);
    into.extend_from_slice(&u32::try_from(keys.len()).unwrap_or(0).to_le_bytes());
    let checksum = checksum(&into[start..], seed, number);
    into.extend_from_slice(&checksum.to_le_bytes());
    into.resize(start + PAGE, 0);
}

/// An intact page of keys.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    bytes: &'a [u8],
    count: usize,
}

impl<'a> Page<'a> {
    /// The page in these bytes, if it is this one and intact.
    #[must_use]
    pub fn read(bytes: &'a [u8], seed: u32, number: u64) -> Option<Self> {
        if bytes.len() != PAGE {
            return None;
        }
        let count = u32_at(bytes, COUNT) as usize;
        let intact = u32_at(bytes, COUNT + 4) == checksum(&bytes[..COUNT + 4], seed, number);
        (intact && (1..=KEYS).contains(&count)).then_some(Self { bytes, count })
    }

    /// How many keys it holds: at least one.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// The key with this number.
    #[must_use]
    pub fn key(&self, number: usize) -> DuplicateKey {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.bytes[16 * number..16 * (number + 1)]);
        DuplicateKey::from_bytes(bytes)
    }

    /// Whether the key is in it.
    #[must_use]
    pub fn holds(&self, key: DuplicateKey) -> bool {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.key(middle).cmp(&key) {
                std::cmp::Ordering::Equal => return true,
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        false
    }
}

fn checksum(contents: &[u8], seed: u32, number: u64) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(seed);
    hasher.update(&number.to_le_bytes());
    hasher.update(contents);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Head = Head {
        first: 3,
        until: 900,
        previous: 2,
        since_ms: 5,
        begun_ms: 6,
        until_ms: 7,
        generation: 8,
        count: 511,
    };

    #[test]
    fn a_head_comes_back_and_bears_one_damaged_copy() {
        let mut page = HEAD.encode(&[1; 16]);
        assert_eq!((page.len(), HEAD.pages()), (PAGE, 3));
        assert_eq!(Head::decode(&page, &[1; 16]), Some(HEAD));
        assert_eq!(Head::decode(&page, &[2; 16]), None);
        page[30] ^= 1;
        assert_eq!(Head::decode(&page, &[1; 16]), Some(HEAD));
        page[COPY + 70] ^= 1;
        assert_eq!(Head::decode(&page, &[1; 16]), None);
    }

    #[test]
    fn a_page_knows_its_keys_and_sees_any_flipped_byte() {
        let keys: Vec<_> = (1..=200).map(|n| DuplicateKey([2 * n, 0])).collect();
        let mut bytes = Vec::new();
        write_page(&mut bytes, &keys, 9, 4);
        let page = Page::read(&bytes, 9, 4).unwrap();
        assert_eq!((page.count(), page.key(199)), (200, keys[199]));
        assert!(keys.iter().all(|key| page.holds(*key)));
        assert!((0..=200).all(|n| !page.holds(DuplicateKey([2 * n + 1, 0]))));
        assert!(Page::read(&bytes, 9, 5).is_none() && Page::read(&bytes, 8, 4).is_none());
        for at in 0..COUNT + 8 {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            assert!(Page::read(&bytes, 9, 4).is_none(), "{at}");
        }
    }
}
