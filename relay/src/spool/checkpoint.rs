//! How far delivery is: two files in turn, each with sequence and checksum; the highest
//! intact one wins. They are zero-filled beforehand, so that a full disk stops no
//! checkpoint.

use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::damage::Damage;
use super::files::{File, Files, SyncPoint};
use super::frame::{MOST, u32_at, u64_at};
use super::inspect::{Part, State, part};
use super::salvage::{self, Salvaged};

const MAGIC: [u8; 8] = *b"CLKCHK01";
const LENGTH: usize = 8 + 7 * 8 + 4;
const SIZE: u64 = 4096;

/// Everything below `position` is delivered.
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
    /// A file that the disk refuses to read is set aside: the other one holds.
    ///
    /// # Errors
    /// When the disk fails, or is too full to make the files.
    pub fn open(files: &dyn Files, dir: &Path, damage: &Damage) -> io::Result<Self> {
        let mut slots = [
            open_slot(files, &dir.join("checkpoint-a"))?,
            open_slot(files, &dir.join("checkpoint-b"))?,
        ];
        let mut latest = Checkpoint::default();
        for (slot, name) in slots.iter_mut().zip(["checkpoint-a", "checkpoint-b"]) {
            let found = salvage::read_all(&**slot)?;
            if !found.unreadable.is_empty() {
                let path = dir.join(name);
                damage.set_aside(
                    &path,
                    "a checkpoint cannot be read and is set aside: if it was the newest, the last delivery is done twice",
                );
                *slot = open_slot(files, &path)?;
                continue;
            }
            match Checkpoint::decode(&found.bytes) {
                Some(found) if found.sequence > latest.sequence => latest = found,
                _ => {}
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

    /// Makes a new one durable. On failure the former holds, and the next attempt writes
    /// over the failed one, never over the one that holds.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn advance(&mut self, next: Checkpoint) -> io::Result<()> {
        let next = Checkpoint {
            sequence: self.latest.sequence + 1,
            ..next
        };
        self.write(&next, SyncPoint::Checkpoint)?;
        self.latest = next;
        Ok(())
    }

    fn write(&self, checkpoint: &Checkpoint, point: SyncPoint) -> io::Result<()> {
        let slot = &self.slots[usize::from(checkpoint.sequence % 2 == 1)];
        slot.write_at(0, &mut [IoSlice::new(&checkpoint.encode())])?;
        slot.sync(point)
    }
}

/// What stands in the files, without a change to them: the one that holds, and how each is.
pub(super) fn look(files: &dyn Files, dir: &Path) -> io::Result<(Checkpoint, Vec<Part>)> {
    let mut found = Vec::new();
    for name in ["checkpoint-a", "checkpoint-b"] {
        let path = dir.join(name);
        match files.open(&path) {
            Ok(file) => found.push((path, salvage::read_all(&*file)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    let intact = |(_, read): &(_, Salvaged)| Checkpoint::decode(&read.bytes);
    let latest = found
        .iter()
        .filter_map(intact)
        .max_by_key(|found| found.sequence);
    let part_of = |slot: &(PathBuf, Salvaged)| {
        let blank = slot.1.bytes.iter().all(|byte| *byte == 0);
        let (state, holds) = match intact(slot) {
            Some(at) => {
                let holds = format!(
                    "number {}: all below position {} is delivered",
                    at.sequence, at.position
                );
                (State::Intact, holds)
            }
            None if !slot.1.unreadable.is_empty() => (State::Rotten, "cannot be read".to_owned()),
            None if blank => (State::Spare, "no checkpoint yet".to_owned()),
            None if latest.is_some() => (
                State::Torn,
                "not finished, or damaged: the other one holds".to_owned(),
            ),
            None => (State::Rotten, "damaged, and there is no other".to_owned()),
        };
        part(&slot.0, state, holds)
    };
    let parts = found.iter().map(part_of).collect();
    Ok((latest.unwrap_or_default(), parts))
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
    fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        for word in [
            self.sequence,
            self.position,
            self.plan,
            self.delivered,
            self.failed,
            self.bytes,
            self.objects,
        ] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        let checksum = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() < LENGTH || bytes[..8] != MAGIC {
            return None;
        }
        if u32_at(bytes, LENGTH - 4) != crc32fast::hash(&bytes[..LENGTH - 4]) {
            return None;
        }
        let word = |index: usize| u64_at(bytes, 8 + 8 * index);
        // As in a frame: nothing here comes to more.
        (0..7).all(|index| word(index) <= MOST).then(|| Self {
            sequence: word(0),
            position: word(1),
            plan: word(2),
            delivered: word(3),
            failed: word(4),
            bytes: word(5),
            objects: word(6),
        })
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

    fn open(dir: &Path) -> io::Result<Checkpoints> {
        Checkpoints::open(&RealFiles, dir, &Damage::new(Arc::new(RealFiles), dir))
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

        // The fifth stands in b: damaged, the fourth holds.
        let path = dir.path().join("checkpoint-b");
        let mut bytes = fs_err::read(&path).unwrap();
        bytes[20] ^= 1;
        fs_err::write(&path, bytes).unwrap();
        let again = open(dir.path()).unwrap();
        assert_eq!(again.latest().position, 4);
    }

    #[test]
    fn a_checkpoint_torn_at_any_byte_leaves_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let mut checkpoints = open(dir.path()).unwrap();
        checkpoints.advance(at(1)).unwrap();
        checkpoints.advance(at(2)).unwrap();
        let (old, new) = (
            at(1),
            Checkpoint {
                sequence: 3,
                ..at(3)
            },
        );
        let old = Checkpoint { sequence: 1, ..old }.encode();
        for torn in 0..LENGTH {
            let bytes = [&new.encode()[..torn], &old[torn..]].concat();
            fs_err::write(dir.path().join("checkpoint-b"), bytes).unwrap();
            let found = open(dir.path()).unwrap().latest();
            assert_eq!(found.position, 2, "{torn}");
        }
    }
}
