//! How far delivery is: two files in turn, each with sequence and checksum; the highest
//! intact one wins. They are zero-filled beforehand, so that a full disk stops no
//! checkpoint.
//!
//! In its file a checkpoint stands twice ([`super::twin`]), so that rot in one copy costs
//! nothing. A copy lies within one sector, which a disk writes whole or not at all: one that is
//! neither intact nor blank is damage and no write that was not finished.
//!
//! One that names ranges ahead begins in its own way: a version that does not know them takes it
//! for damaged, and the one before it holds. Without ranges it is as that version wrote it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::ahead::Ahead;
use super::damage::Damage;
use super::files::{File, Files, SyncPoint};
use super::frame::{MOST, u64_at};
use super::part::{Part, State, part};
use super::twin::{self, BLOCK, Twins};

const MAGIC: [u8; 8] = *b"CLKCHK01";
/// Behind the words that every checkpoint has: how many ranges are ahead, and the ends of each.
const WITH_AHEAD: [u8; 8] = *b"CLKCHK02";
const WORDS: usize = 7;
const SIZE: u64 = 2 * BLOCK as u64;
const NAMES: [&str; 2] = ["checkpoint-a", "checkpoint-b"];

/// Everything below `position` is delivered, and so is what lies in `ahead`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Checkpoint {
    /// Grows by one with each.
    pub sequence: u64,
    /// The lowest position not yet delivered.
    pub position: u64,
    /// The highest plan ever carried out.
    pub plan: u64,
    /// Records ever delivered.
    pub delivered: u64,
    /// Records ever refused by the stream, kept under its error prefix.
    pub failed: u64,
    /// Bytes of lines ever delivered or refused.
    pub bytes: u64,
    /// Objects ever published.
    pub objects: u64,
    /// Delivered above `position`, which is not in it; the sums count it.
    pub ahead: Ahead,
}

/// The two files.
#[derive(Debug)]
pub struct Checkpoints {
    slots: [Arc<dyn File>; 2],
    latest: Checkpoint,
}

impl Checkpoints {
    /// Opens or makes the files and finds the highest checkpoint. It is written once
    /// more where it stands and synced: a process that was killed, or whose sync failed,
    /// may have left bytes there that only this machine's memory holds.
    ///
    /// A damaged copy is written anew; a file with no intact one is set aside: the other file
    /// holds.
    ///
    /// # Errors
    /// When the disk fails, or is too full to make the files.
    pub fn open(files: &dyn Files, dir: &Path, damage: &Damage) -> io::Result<Self> {
        let paths = NAMES.map(|name| dir.join(name));
        let mut slots = [open_slot(files, &paths[0])?, open_slot(files, &paths[1])?];
        let mut latest = Checkpoint::default();
        for (slot, path) in slots.iter_mut().zip(&paths) {
            let found = Found::of(&twin::read(&**slot)?);
            match found.best {
                Some(best) => {
                    if found.damaged {
                        damage.copy(
                            path,
                            "one of the two copies of a checkpoint is damaged: the other one holds, and it is written anew",
                        );
                        put(&**slot, &best, SyncPoint::RecoveredCheckpoint)?;
                    }
                    if best.sequence > latest.sequence {
                        latest = best;
                    }
                }
                None if found.damaged => {
                    damage.set_aside(
                        path,
                        "both copies of a checkpoint are damaged, and their file is set aside: if it was the newest, the last delivery is done twice",
                    );
                    *slot = open_slot(files, path)?;
                }
                None => {}
            }
        }
        let checkpoints = Self { slots, latest };
        if latest.sequence > 0 {
            checkpoints.write(&latest, SyncPoint::RecoveredCheckpoint)?;
        }
        Ok(checkpoints)
    }

    /// The one that holds.
    #[must_use]
    pub fn latest(&self) -> Checkpoint {
        self.latest
    }

    /// Makes a new one durable; its position goes on over a range ahead that it has come to. On failure the former holds, and the next attempt writes
    /// over the failed one, never over the one that holds.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn advance(&mut self, next: Checkpoint) -> io::Result<()> {
        let mut next = Checkpoint {
            sequence: self.latest.sequence + 1,
            ..next
        };
        next.position = next.ahead.pass(next.position);
        self.write(&next, SyncPoint::Checkpoint)?;
        self.latest = next;
        Ok(())
    }

    fn write(&self, checkpoint: &Checkpoint, point: SyncPoint) -> io::Result<()> {
        put(
            &*self.slots[usize::from(checkpoint.sequence % 2 == 1)],
            checkpoint,
            point,
        )
    }
}

/// Writes both copies and syncs them.
fn put(slot: &dyn File, checkpoint: &Checkpoint, point: SyncPoint) -> io::Result<()> {
    twin::write(slot, &checkpoint.encode())?;
    slot.sync(point)
}

/// What one of the files holds.
struct Found {
    /// The higher one of its intact copies: a write that was not finished may have left two.
    best: Option<Checkpoint>,
    /// A copy is damaged.
    damaged: bool,
    unreadable: bool,
}

impl Found {
    fn of(twins: &Twins) -> Self {
        let both = twins.copies.each_ref().map(|copy| Checkpoint::decode(copy));
        let is_damaged = |number: usize| {
            let blank = twins.copies[number].iter().all(|byte| *byte == 0);
            both[number].is_none() && (!blank || twins.unreadable[number])
        };
        Self {
            damaged: is_damaged(0) || is_damaged(1),
            unreadable: twins.unreadable != [false, false],
            best: both.into_iter().flatten().max_by_key(|one| one.sequence),
        }
    }

    fn part(&self, path: &Path, has_other: bool) -> Part {
        let holds = self.best.map(|best| {
            format!(
                "number {}: all below position {} is delivered{}",
                best.sequence,
                best.position,
                ahead(&best)
            )
        });
        let (state, holds) = match holds {
            Some(holds) if self.damaged => (
                State::Rotten,
                format!("{holds}; one of its two copies is damaged, the other one holds"),
            ),
            Some(holds) => (State::Intact, holds),
            None if !self.damaged => (State::Spare, "no checkpoint yet".to_owned()),
            None if self.unreadable => (State::Rotten, "cannot be read".to_owned()),
            None if has_other => (
                State::Rotten,
                "damaged in both copies: the other file holds, and if this one was the newest, the last delivery is done twice".to_owned(),
            ),
            None => (State::Rotten, "damaged, and there is no other".to_owned()),
        };
        part(path, state, holds)
    }
}

/// What stands in the files, without a change to them: the one that holds, and how each is.
pub(super) fn look(files: &dyn Files, dir: &Path) -> io::Result<(Checkpoint, Vec<Part>)> {
    let mut found = Vec::new();
    for name in NAMES {
        let path = dir.join(name);
        match files.open(&path) {
            Ok(file) => found.push((path, Found::of(&twin::read(&*file)?))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    let all = found.iter().filter_map(|(_, found)| found.best);
    let latest = all.max_by_key(|best| best.sequence);
    let parts = found.iter();
    let parts = parts.map(|(path, found)| found.part(path, latest.is_some()));
    Ok((latest.unwrap_or_default(), parts.collect()))
}

/// What is delivered behind a gap, in words.
fn ahead(checkpoint: &Checkpoint) -> String {
    let ranges = checkpoint.ahead.iter();
    let ranges = ranges.map(|range| format!(", and {} to {}", range.start, range.end - 1));
    ranges.collect()
}

fn open_slot(files: &dyn Files, path: &Path) -> io::Result<Arc<dyn File>> {
    let file = match files.open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => files.create(path)?,
        other => other?,
    };
    let length = file.len()?;
    if length < SIZE {
        file.fill_zero(length, SIZE - length)?;
    }
    Ok(file)
}

impl Checkpoint {
    /// Whether the record at this position is delivered.
    #[must_use]
    pub fn has_passed(&self, position: u64) -> bool {
        position < self.position || self.ahead.contains(position)
    }

    /// Above every position that is delivered.
    #[must_use]
    pub fn end(&self) -> u64 {
        let last = self.ahead.iter().last();
        last.map_or(self.position, |range| range.end)
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = match self.ahead.is_empty() {
            true => MAGIC.to_vec(),
            false => WITH_AHEAD.to_vec(),
        };
        let mut words = vec![
            self.sequence,
            self.position,
            self.plan,
            self.delivered,
            self.failed,
            self.bytes,
            self.objects,
        ];
        if !self.ahead.is_empty() {
            words.push(self.ahead.len() as u64);
            words.extend(self.ahead.iter().flat_map(|one| [one.start, one.end]));
        }
        bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        let checksum = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let ranges = match bytes.first_chunk()? {
            magic if *magic == MAGIC => 0,
            magic if *magic == WITH_AHEAD => {
                let count = bytes.get(8 + 8 * WORDS..)?.first_chunk()?;
                usize::try_from(u64::from_le_bytes(*count)).ok()?
            }
            _ => return None,
        };
        let words = match ranges {
            0 => WORDS,
            1..=Ahead::MOST => WORDS + 1 + 2 * ranges,
            _ => return None,
        };
        let (content, rest) = bytes.split_at_checked(8 + 8 * words)?;
        if u32::from_le_bytes(*rest.first_chunk()?) != crc32fast::hash(content) {
            return None;
        }
        let word = |index: usize| u64_at(content, 8 + 8 * index);
        // As in a frame: nothing here comes to more.
        if (0..words).any(|index| word(index) > MOST) {
            return None;
        }
        let range = |number: usize| word(WORDS + 1 + 2 * number)..word(WORDS + 2 + 2 * number);
        let ranges: Vec<_> = (0..ranges).map(range).collect();
        let found = Self {
            sequence: word(0),
            position: word(1),
            plan: word(2),
            delivered: word(3),
            failed: word(4),
            bytes: word(5),
            objects: word(6),
            ahead: Ahead::of(&ranges)?,
        };
        let is_above = ranges
            .first()
            .is_none_or(|first| first.start > found.position);
        is_above.then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::files::RealFiles;

    fn at(position: u64) -> Checkpoint {
        Checkpoint {
            position,
            ..Checkpoint::default()
        }
    }

    fn damage(dir: &Path) -> Damage {
        Damage::new(Arc::new(RealFiles), dir)
    }

    fn open(dir: &Path) -> io::Result<Checkpoints> {
        Checkpoints::open(&RealFiles, dir, &damage(dir))
    }

    #[test]
    fn the_highest_intact_one_wins() {
        let dir = tempfile::tempdir().unwrap();
        let mut checkpoints = open(dir.path()).unwrap();
        for position in 1..=5 {
            checkpoints.advance(at(position)).unwrap();
        }
        let again = open(dir.path()).unwrap();
        assert_eq!(again.latest().position, 5);

        // The fifth stands in b: with both copies damaged, the fourth holds.
        let path = dir.path().join("checkpoint-b");
        let mut bytes = fs_err::read(&path).unwrap();
        bytes[20] ^= 1;
        bytes[BLOCK + 30] ^= 1;
        fs_err::write(&path, bytes).unwrap();
        let damage = damage(dir.path());
        let again = Checkpoints::open(&RealFiles, dir.path(), &damage).unwrap();
        assert_eq!(again.latest().position, 4);
        assert_eq!(damage.count(), 1);
        assert!(dir.path().join("rot-checkpoint-b").exists());
    }

    #[test]
    fn one_damaged_copy_is_counted_once_and_mended() {
        for (position, name) in [(5, "checkpoint-b"), (4, "checkpoint-a")] {
            for copy in [0, BLOCK] {
                let dir = tempfile::tempdir().unwrap();
                let mut checkpoints = open(dir.path()).unwrap();
                for position in 1..=5 {
                    checkpoints.advance(at(position)).unwrap();
                }
                let path = dir.path().join(name);
                let whole = fs_err::read(&path).unwrap();
                let mut bytes = whole.clone();
                bytes[copy + 20] ^= 1;
                fs_err::write(&path, bytes).unwrap();
                for counted in [1, 0] {
                    let damage = damage(dir.path());
                    let found = Checkpoints::open(&RealFiles, dir.path(), &damage).unwrap();
                    assert_eq!(found.latest().position, 5);
                    assert_eq!(damage.count(), counted, "{position} {copy}");
                }
                assert_eq!(fs_err::read(&path).unwrap(), whole);
            }
        }
    }

    #[test]
    fn a_file_of_a_version_that_wrote_one_copy_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let mut bytes = Checkpoint {
            sequence: 7,
            ..at(70)
        }
        .encode();
        bytes.resize(BLOCK, 0);
        fs_err::write(dir.path().join("checkpoint-b"), bytes).unwrap();
        let damage = damage(dir.path());
        let found = Checkpoints::open(&RealFiles, dir.path(), &damage).unwrap();
        assert_eq!((found.latest().position, damage.count()), (70, 0));
    }

    #[test]
    fn a_checkpoint_torn_at_any_byte_leaves_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let mut checkpoints = open(dir.path()).unwrap();
        checkpoints.advance(at(1)).unwrap();
        checkpoints.advance(at(2)).unwrap();
        let path = dir.path().join("checkpoint-b");
        let old = fs_err::read(&path).unwrap();
        let third = dir.path().join("third");
        let slot = RealFiles.create(&third).unwrap();
        for ahead in [Ahead::default(), full()] {
            let new = Checkpoint {
                sequence: 3,
                ahead,
                ..at(3)
            };
            let length = new.encode().len();
            put(&*slot, &new, SyncPoint::Checkpoint).unwrap();
            let new = fs_err::read(&third).unwrap();
            for torn in (0..length + 8).chain(BLOCK - 8..BLOCK + length + 8) {
                fs_err::write(&path, [&new[..torn], &old[torn..]].concat()).unwrap();
                let found = open(dir.path()).unwrap().latest();
                // Intact in one copy it may as well count: all that it says was done before.
                let wanted = match torn < length {
                    true => (2, Ahead::default()),
                    false => (3, ahead),
                };
                assert_eq!((found.position, found.ahead), wanted, "{torn}");
            }
        }
    }

    /// As many ranges as there may be, as high as they may be.
    fn full() -> Ahead {
        let ranges = (1..=16).map(|back| MOST - 2 * back..MOST - 2 * back + 1);
        Ahead::of(&ranges.rev().collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn the_largest_comes_back_and_lies_within_a_sector() {
        let largest = Checkpoint {
            ahead: full(),
            ..at(5)
        };
        let bytes = largest.encode();
        assert!(bytes.len() <= 512);
        assert_eq!(Checkpoint::decode(&bytes), Some(largest));
        for length in 0..bytes.len() {
            assert_eq!(Checkpoint::decode(&bytes[..length]), None, "{length}");
        }
    }

    #[test]
    fn only_one_with_ranges_is_strange_to_a_version_without_them() {
        let ahead = Ahead::of(&[7..9]).unwrap();
        let with = Checkpoint { ahead, ..at(5) }.encode();
        assert_eq!(with[..8], *b"CLKCHK02");
        let without = at(5).encode();
        assert_eq!((without.len(), &without[..8]), (68, &b"CLKCHK01"[..]));
    }

    #[test]
    fn ranges_that_touch_the_position_are_none() {
        for ranges in [[5..6], [4..7], [1..2]] {
            let ahead = Ahead::of(&ranges).unwrap();
            let bytes = Checkpoint { ahead, ..at(5) }.encode();
            assert_eq!(Checkpoint::decode(&bytes), None, "{ranges:?}");
        }
    }

    #[test]
    fn a_position_goes_on_over_the_ranges_that_it_comes_to() {
        let dir = tempfile::tempdir().unwrap();
        let mut checkpoints = open(dir.path()).unwrap();
        let ahead = Ahead::of(&[7..9, 12..15]).unwrap();
        for (position, stands, ranges) in [(5, 5, 2), (6, 6, 2), (7, 9, 1), (13, 15, 0)] {
            checkpoints
                .advance(Checkpoint {
                    ahead,
                    ..at(position)
                })
                .unwrap();
            let latest = open(dir.path()).unwrap().latest();
            assert_eq!(latest, checkpoints.latest());
            assert_eq!((latest.position, latest.ahead.len()), (stands, ranges));
            for at in 0..20 {
                let passed = at < position || ahead.contains(at);
                assert_eq!(latest.has_passed(at), passed, "{position} {at}");
            }
            assert_eq!(latest.end(), 15);
        }
    }
}
