//! The same bytes twice in one file, made durable by one sync: what rot takes from one copy, the
//! other still has.
//!
//! The copies alternate by blocks of 4 KiB, so that they share no sector and the second one is
//! found whatever becomes of the file's length. Each brings its own checksum, which is its
//! owner's affair.

use std::io::{self, IoSlice};
use std::ops::Range;

use super::files::File;
use super::salvage::{self, Salvaged};

/// Bytes of one copy that stand together: no disk has larger sectors.
pub const BLOCK: usize = 4096;
/// What a disk writes whole, if any disk does.
const SECTOR: usize = 512;

/// What stands in a file of two copies.
#[derive(Debug)]
pub struct Twins {
    /// Both, each with whatever stands behind it; zeros where the disk refuses to read.
    pub copies: [Vec<u8>; 2],
    /// Whether the disk refuses to read some of a copy.
    pub unreadable: [bool; 2],
}

/// How the copies are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// As they were written, or as a write that was not finished leaves them.
    Sound,
    /// Damaged.
    Damaged,
}

/// Room that two copies of so many bytes take.
#[must_use]
pub fn room(length: usize) -> u64 {
    2 * (length.div_ceil(BLOCK) * BLOCK) as u64
}

/// Writes the bytes twice. Not yet durable.
///
/// # Errors
/// When the disk fails, or is full where the file has no [`room`] yet.
pub fn write(file: &dyn File, bytes: &[u8]) -> io::Result<()> {
    const ZEROS: [u8; BLOCK] = [0; BLOCK];
    let mut parts = Vec::with_capacity(2 * bytes.len().div_ceil(BLOCK) + 1);
    for block in bytes.chunks(BLOCK) {
        parts.push(IoSlice::new(block));
        parts.push(IoSlice::new(&ZEROS[block.len()..]));
        parts.push(IoSlice::new(block));
        parts.push(IoSlice::new(&ZEROS[block.len()..]));
    }
    file.write_at(0, &mut parts)
}

/// Reads both copies.
///
/// # Errors
/// When the disk fails in another way than refusing blocks.
pub fn read(file: &dyn File) -> io::Result<Twins> {
    Ok(Twins::of(&salvage::read_all(file)?))
}

impl Twins {
    /// The copies in what was read of a whole file.
    #[must_use]
    pub fn of(read: &Salvaged) -> Self {
        let mut twins = Self {
            copies: [Vec::new(), Vec::new()],
            unreadable: [false, false],
        };
        for (number, block) in read.bytes.chunks(BLOCK).enumerate() {
            twins.copies[number % 2].extend_from_slice(block);
        }
        for Range { start, end } in &read.unreadable {
            let blocks = start / BLOCK as u64..end.div_ceil(BLOCK as u64);
            for block in blocks.take(2) {
                twins.unreadable[usize::from(block % 2 == 1)] = true;
            }
        }
        twins
    }

    /// Whether nothing is in the file yet.
    #[must_use]
    pub fn are_blank(&self) -> bool {
        let zeros = |copy: &Vec<u8>| copy.iter().all(|byte| *byte == 0);
        self.unreadable == [false, false] && self.copies.iter().all(zeros)
    }

    /// How they are, in a file that held zeros before it was written: a write that was not
    /// finished leaves each sector with its first bytes and zeros behind them, so anything else
    /// in which two copies differ is damage. `whole` says of each whether its checksum fits.
    #[must_use]
    pub fn health(&self, whole: [bool; 2]) -> Health {
        let length = self.copies.iter().map(Vec::len).max().unwrap_or(0);
        let sector = |copy: &[u8], at: usize| {
            let mut bytes = [0; SECTOR];
            let there = &copy[at.min(copy.len())..(at + SECTOR).min(copy.len())];
            bytes[..there.len()].copy_from_slice(there);
            bytes
        };
        let is_damaged = |at: usize| {
            let both = self.copies.each_ref().map(|copy| sector(copy, at));
            let differ = (0..SECTOR).find(|index| both[0][*index] != both[1][*index]);
            let unfinished = |from: usize, number: usize| {
                !whole[number] && both[number][from..].iter().all(|byte| *byte == 0)
            };
            differ.is_some_and(|from| !unfinished(from, 0) && !unfinished(from, 1))
        };
        let refused = self.unreadable != [false, false];
        match refused || (0..length).step_by(SECTOR).any(is_damaged) {
            true => Health::Damaged,
            false => Health::Sound,
        }
    }
}
