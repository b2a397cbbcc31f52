//! The sector at the head of a segment file: which segment it holds, and where those
//! before it validly end.
//!
//! It stands there twice, each copy with its own checksum; the first commit of the
//! segment makes it durable. `salt` is new each time a file becomes a segment: it goes
//! into the seed of every frame's checksum, so that frames of the file's former lives,
//! also of one whose header never became durable, do not look valid.

use super::frame::{MOST, u32_at, u64_at};

/// Where frames begin.
pub const SECTOR: u64 = 4096;
/// More ends than this do not fit: so many segments in a row could not be synced.
pub const MOST_ENDS: usize = 120;

const COPY: usize = 2048;
const FIXED: usize = 60;
const MAGIC: [u8; 8] = *b"CLKSPL01";

/// What a segment says about itself and those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Its number: one more than that of the segment before it.
    pub number: u64,
    /// New in each life of the file.
    pub salt: [u8; 16],
    /// The lowest position that a frame in it may have.
    pub first: u64,
    /// Number and valid end of each earlier segment whose end was not yet known durable:
    /// frames beyond are void, however intact.
    pub ends: Vec<(u64, u64)>,
}

impl Header {
    /// Where the checksums of this segment's frames start from.
    #[must_use]
    pub fn seed(&self, spool_id: &[u8; 16]) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(spool_id);
        hasher.update(&self.number.to_le_bytes());
        hasher.update(&self.salt);
        hasher.finalize()
    }

    /// The whole sector.
    #[must_use]
    pub fn encode(&self, spool_id: &[u8; 16]) -> Vec<u8> {
        let mut copy = Vec::with_capacity(COPY);
        copy.extend_from_slice(&MAGIC);
        copy.extend_from_slice(spool_id);
        copy.extend_from_slice(&self.number.to_le_bytes());
        copy.extend_from_slice(&self.salt);
        copy.extend_from_slice(&self.first.to_le_bytes());
        let ends = &self.ends[..self.ends.len().min(MOST_ENDS)];
        copy.extend_from_slice(&u32::try_from(ends.len()).unwrap_or(0).to_le_bytes());
        for (number, end) in ends {
            copy.extend_from_slice(&number.to_le_bytes());
            copy.extend_from_slice(&end.to_le_bytes());
        }
        let checksum = crc32fast::hash(&copy);
        copy.extend_from_slice(&checksum.to_le_bytes());
        copy.resize(COPY, 0);
        copy.extend_from_within(..);
        copy
    }

    /// The header in this sector: of two different intact copies the newer one, since a
    /// torn write may leave a former life's copy behind.
    #[must_use]
    pub fn decode(sector: &[u8], spool_id: &[u8; 16]) -> Option<Self> {
        sector
            .chunks_exact(COPY)
            .filter_map(|copy| Self::decode_copy(copy, spool_id))
            .max_by_key(|header| header.number)
    }

    fn decode_copy(copy: &[u8], spool_id: &[u8; 16]) -> Option<Self> {
        let count = u32_at(copy, FIXED - 4) as usize;
        let length = FIXED + count.min(MOST_ENDS + 1) * 16;
        if count > MOST_ENDS
            || copy[..8] != MAGIC
            || copy[8..24] != spool_id[..]
            || u32_at(copy, length) != crc32fast::hash(&copy[..length])
        {
            return None;
        }
        let mut salt = [0; 16];
        salt.copy_from_slice(&copy[32..48]);
        let (number, first) = (u64_at(copy, 24), u64_at(copy, 48));
        // As in a frame: nothing here comes to more.
        (number.max(first) <= MOST).then(|| Self {
            number,
            salt,
            first,
            ends: (0..count)
                .map(|index| FIXED + index * 16)
                .map(|at| (u64_at(copy, at), u64_at(copy, at + 8)))
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(number: u64, ends: usize) -> Header {
        Header {
            number,
            salt: [number as u8; 16],
            first: 100 * number,
            ends: (0..ends as u64).map(|index| (index, index * 8)).collect(),
        }
    }

    #[test]
    fn a_header_comes_back_with_all_its_ends() {
        for ends in [0, 1, MOST_ENDS] {
            let sector = header(7, ends).encode(&[1; 16]);
            assert_eq!(sector.len() as u64, SECTOR);
            assert_eq!(Header::decode(&sector, &[1; 16]), Some(header(7, ends)));
        }
    }

    #[test]
    fn one_damaged_copy_is_borne_and_two_are_not() {
        let mut sector = header(7, 3).encode(&[1; 16]);
        sector[30] ^= 1;
        assert_eq!(Header::decode(&sector, &[1; 16]), Some(header(7, 3)));
        sector[COPY + 30] ^= 1;
        assert_eq!(Header::decode(&sector, &[1; 16]), None);
    }

    #[test]
    fn another_spools_header_is_none() {
        let sector = header(7, 0).encode(&[1; 16]);
        assert_eq!(Header::decode(&sector, &[2; 16]), None);
    }

    #[test]
    fn a_torn_new_header_over_an_old_one_is_either() {
        let old = header(3, 1).encode(&[1; 16]);
        let new = header(9, 2).encode(&[1; 16]);
        for torn in 0..=new.len() {
            let mut sector = new[..torn].to_vec();
            sector.extend_from_slice(&old[torn..]);
            let found = Header::decode(&sector, &[1; 16]).expect("one copy is always whole");
            assert!(found == header(3, 1) || found == header(9, 2), "{torn}");
        }
    }
}
