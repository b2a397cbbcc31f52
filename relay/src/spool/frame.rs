//! One frame: length, checksum, receivedAt, duplicate key, the final line.
//!
//! ```text
//!  0 length    u32   of the frame without its padding; 0 is the end
//!  4 checksum  u32   over the segment's seed, the offset, and all that follows
//!  8 position  u64   a record's own; a commit's: the next position at that time
//! 16 kind      u8    1 a record, 2 a commit; seven zeros
//! 24 time      u64   a record's receivedAt; a commit's: the highest clock reading yet
//! 32 key       16 bytes
//! 48 body      a record's line; a commit's [`Commit`]
//! ```
//!
//! Frames begin at multiples of eight, so that behind a damaged one the next is found.
//! The checksum of the body is made by who brings the line; the writer thread only mixes
//! in where the frame came to lie.

use crate::duplicate::DuplicateKey;

/// Bytes before the body.
pub const HEADER: usize = 48;
/// Frames begin at multiples of this.
pub const ALIGN: usize = 8;
/// Bytes of a whole commit frame.
pub const COMMIT: usize = HEADER + 48;

/// No number of a spool comes to more, and some of them can be added without a thought. A frame that
/// says otherwise is damaged, whatever its checksum says: that is no signature.
pub const MOST: u64 = 1 << 60;

const RECORD_KIND: u8 = 1;
const COMMIT_KIND: u8 = 2;

/// What a commit says about the time before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Commit {
    /// Everything below this offset of this segment was durable.
    pub durable: (u64, u64),
    /// Records ever made durable.
    pub stored: u64,
    /// Events ever answered "duplicate".
    pub duplicate: u64,
    /// Events ever rejected by the intake.
    pub rejected: u64,
}

/// An intact frame, found in `bytes[start..end]` of what was searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// A record's position, or a commit's next one.
    pub position: u64,
    /// A record's `receivedAt`, or a commit's highest clock reading.
    pub time: u64,
    /// A record's key.
    pub key: DuplicateKey,
    /// Where the body ends, from the frame's start.
    pub length: usize,
    /// What a commit frame says; none in a record.
    pub commit: Option<Commit>,
}

impl Frame {
    /// Bytes it takes on the disk.
    #[must_use]
    pub fn padded(&self) -> usize {
        padded(self.length)
    }
}

/// Length with padding.
#[must_use]
pub fn padded(length: usize) -> usize {
    length.next_multiple_of(ALIGN)
}

/// Appends a record's frame without position and checksum, its line written by `line`, which only
/// appends; returns the line's length, and the checksum of the contents for [`seal`].
pub fn write_record(
    into: &mut Vec<u8>,
    time: u64,
    key: DuplicateKey,
    line: impl FnOnce(&mut Vec<u8>),
) -> (usize, u32) {
    write(into, RECORD_KIND, time, key, line)
}

/// Appends a commit's frame; as [`write_record`].
pub fn write_commit(into: &mut Vec<u8>, time: u64, commit: &Commit) -> u32 {
    let mut body = [0; COMMIT - HEADER];
    let words = [
        commit.durable.0,
        commit.durable.1,
        commit.stored,
        commit.duplicate,
        commit.rejected,
    ];
    for (slot, word) in body.chunks_exact_mut(8).zip(words) {
        slot.copy_from_slice(&word.to_le_bytes());
    }
    let key = DuplicateKey::default();
    let write_body = |into: &mut Vec<u8>| into.extend_from_slice(&body);
    write(into, COMMIT_KIND, time, key, write_body).1
}

fn write(
    into: &mut Vec<u8>,
    kind: u8,
    time: u64,
    key: DuplicateKey,
    body: impl FnOnce(&mut Vec<u8>),
) -> (usize, u32) {
    let start = into.len();
    let mut header = [0; HEADER];
    header[16] = kind;
    header[24..32].copy_from_slice(&time.to_le_bytes());
    header[32..].copy_from_slice(&key.to_bytes());
    into.extend_from_slice(&header);
    body(into);
    let length = into.len() - start;
    let said = u32::try_from(length).unwrap_or(u32::MAX);
    into[start..start + 4].copy_from_slice(&said.to_le_bytes());
    let contents = crc32fast::hash(&into[start + 16..]);
    into.resize(start + padded(length), 0);
    (length - HEADER, contents)
}

/// Writes position and checksum into a frame that came to lie at `offset` of the segment
/// with this seed.
pub fn seal(frame: &mut [u8], position: u64, contents: u32, seed: u32, offset: u64) {
    frame[8..16].copy_from_slice(&position.to_le_bytes());
    let length = u32_at(frame, 0);
    let checksum = mixed(seed, offset, length, position, contents);
    frame[4..8].copy_from_slice(&checksum.to_le_bytes());
}

fn mixed(seed: u32, offset: u64, length: u32, position: u64, contents: u32) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(seed);
    hasher.update(&place(offset, length, position, contents));
    hasher.finalize()
}

fn place(offset: u64, length: u32, position: u64, contents: u32) -> [u8; 24] {
    let mut place = [0; 24];
    place[..8].copy_from_slice(&offset.to_le_bytes());
    place[8..16].copy_from_slice(&position.to_le_bytes());
    place[16..20].copy_from_slice(&length.to_le_bytes());
    place[20..].copy_from_slice(&contents.to_le_bytes());
    place
}

/// The seed that makes the frame at the start of `bytes`, which lies at `offset`, a valid one,
/// and its padded length: the checksum run backwards. Any bytes in a frame's form have one.
#[must_use]
pub fn seed_of(bytes: &[u8], offset: u64) -> Option<(u32, usize)> {
    /// CRC-32's polynomial, reflected; its highest bit tells whether it was taken off.
    const POLYNOMIAL: u32 = 0xedb8_8320;
    let head = bytes.get(..HEADER)?;
    let length = u32_at(head, 0);
    let whole = length as usize;
    let in_form = matches!(head[16], RECORD_KIND | COMMIT_KIND) && head[17..24] == [0; 7];
    if !in_form || whole < HEADER || padded(whole) > bytes.len() {
        return None;
    }
    let contents = crc32fast::hash(&bytes[16..whole]);
    let mut crc = !u32_at(head, 4);
    for byte in place(offset, length, u64_at(head, 8), contents)
        .iter()
        .rev()
    {
        for _ in 0..8 {
            crc = match crc >> 31 {
                0 => crc << 1,
                _ => (crc ^ POLYNOMIAL) << 1 | 1,
            };
        }
        crc ^= u32::from(*byte);
    }
    Some((!crc, padded(whole)))
}

/// What stands at the start of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// An intact frame.
    Frame(Frame),
    /// A length that needs more bytes than were given.
    Short,
    /// Zeros where a length would stand.
    End,
    /// No frame of this segment, or a damaged one.
    Damage,
}

/// Reads the frame at the start of `bytes`, which lies at `offset` of the segment with
/// this seed.
#[must_use]
pub fn read(bytes: &[u8], seed: u32, offset: u64) -> Found {
    if bytes.len() < HEADER {
        return Found::Short;
    }
    let length = u32_at(bytes, 0) as usize;
    if length == 0 {
        return Found::End;
    }
    let kind = bytes[16];
    if length < HEADER || !matches!(kind, RECORD_KIND | COMMIT_KIND) {
        return Found::Damage;
    }
    if padded(length) > bytes.len() {
        return Found::Short;
    }
    let (position, time) = (u64_at(bytes, 8), u64_at(bytes, 24));
    let contents = crc32fast::hash(&bytes[16..length]);
    if u32_at(bytes, 4) != mixed(seed, offset, u32_at(bytes, 0), position, contents) {
        return Found::Damage;
    }
    let mut key = [0; 16];
    key.copy_from_slice(&bytes[32..48]);
    let said = (kind == COMMIT_KIND && length == COMMIT).then_some([48, 56, 64, 72, 80]);
    let said = said.map(|places| places.map(|at| u64_at(bytes, at)));
    let numbers = [position, time]
        .into_iter()
        .chain(said.into_iter().flatten());
    if numbers.max() > Some(MOST) {
        return Found::Damage;
    }
    let commit = said.map(|[number, end, stored, duplicate, rejected]| Commit {
        durable: (number, end),
        stored,
        duplicate,
        rejected,
    });
    Found::Frame(Frame {
        position,
        time,
        key: DuplicateKey::from_bytes(key),
        length,
        commit,
    })
}

/// The four bytes at `at`, which the caller knows to be there.
#[must_use]
pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(word)
}

/// The eight bytes at `at`, which the caller knows to be there.
#[must_use]
pub fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sealed(line: &[u8], position: u64, seed: u32, offset: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        let write_line = |bytes: &mut Vec<u8>| bytes.extend_from_slice(line);
        let (_, contents) = write_record(&mut bytes, 77, DuplicateKey([1, 2]), write_line);
        seal(&mut bytes, position, contents, seed, offset);
        bytes
    }

    #[test]
    fn a_commit_says_what_was_said() {
        let commit = Commit {
            durable: (3, 4096),
            stored: 9,
            duplicate: 8,
            rejected: 7,
        };
        let mut bytes = Vec::new();
        let contents = write_commit(&mut bytes, 5, &commit);
        assert_eq!(bytes.len(), COMMIT);
        seal(&mut bytes, 12, contents, 1, 64);
        let Found::Frame(frame) = read(&bytes, 1, 64) else {
            panic!("not found")
        };
        assert_eq!(frame.commit, Some(commit));
        assert_eq!((frame.position, frame.time), (12, 5));
    }

    #[test]
    fn numbers_that_no_spool_comes_to_are_damage() {
        assert_eq!(read(&sealed(b"{}", MOST + 1, 1, 64), 1, 64), Found::Damage);
        let commit = Commit {
            stored: u64::MAX,
            ..Commit::default()
        };
        let mut bytes = Vec::new();
        let contents = write_commit(&mut bytes, 5, &commit);
        seal(&mut bytes, 12, contents, 1, 64);
        assert_eq!(read(&bytes, 1, 64), Found::Damage);
    }

    #[test]
    fn another_seed_or_offset_is_no_frame_of_ours() {
        let bytes = sealed(b"{}", 1, 42, 4096);
        assert!(matches!(read(&bytes, 42, 4096), Found::Frame(_)));
        assert_eq!(read(&bytes, 43, 4096), Found::Damage);
        assert_eq!(read(&bytes, 42, 4104), Found::Damage);
    }

    proptest! {
        #[test]
        fn any_line_comes_back(line in proptest::collection::vec(any::<u8>(), 0..200), position in 0..=MOST) {
            let bytes = sealed(&line, position, 9, 8);
            prop_assert_eq!(bytes.len() % ALIGN, 0);
            let Found::Frame(frame) = read(&bytes, 9, 8) else { panic!("not found") };
            prop_assert_eq!(&bytes[HEADER..frame.length], &line[..]);
            prop_assert_eq!(frame.position, position);
            prop_assert_eq!(frame.key, DuplicateKey([1, 2]));
        }

        #[test]
        fn a_frame_tells_its_seed(line in proptest::collection::vec(any::<u8>(), 0..100), position: u64, seed: u32, offset: u64) {
            let bytes = sealed(&line, position, seed, offset);
            prop_assert_eq!(seed_of(&bytes, offset), Some((seed, bytes.len())));
        }

        #[test]
        fn one_flipped_bit_is_seen(line in proptest::collection::vec(any::<u8>(), 0..100), at: usize, bit in 0u8..8) {
            let mut bytes = sealed(&line, 3, 9, 8);
            let length = u32_at(&bytes, 0) as usize;
            let at = at % length;
            bytes[at] ^= 1 << bit;
            prop_assert!(!matches!(read(&bytes, 9, 8), Found::Frame(_)));
        }

        #[test]
        fn bytes_of_others_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes, 1, 0);
            let _ = seed_of(&bytes, 0);
        }
    }
}
