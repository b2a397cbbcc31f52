//! What the stream refuses for ever is set aside beside the segments, in files `refused-…`,
//! before the checkpoint passes it: so it holds up nothing, and is not lost.
//!
//! A line of them is an error record as Firehose writes it, with the event's position and a
//! checksum behind ([`line`]); `clickstream-relay replay` reads it. Lines are appended and synced,
//! then the checkpoint moves. So every line up to the last one that it has passed was synced:
//! a broken one there is rot. Behind it a broken line is a write that was not finished, of which
//! nobody was told: a start cuts it off. The intact ones there it writes once more where they
//! stand and syncs, and what they hold is not sent again: no event is both delivered and here.
//!
//! Somebody may move these files away while the relay runs: each write opens its file by name, and
//! begins another one where it is gone.

use std::collections::BTreeSet;
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::checkpoint::Checkpoint;
use super::damage::Damage;
use super::files::{File, Files, SyncPoint};
use super::part::{Part, State, part};
use super::salvage;

mod line;

/// A file that has so many bytes gets no further line.
const FULL: u64 = 16 << 20;

/// How the names of the files begin; a number follows.
const NAME: &str = "refused-";

/// An event that the stream refuses for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its position in the spool.
    pub position: u64,
    /// When it came, milliseconds since 1970.
    pub received_at: u64,
    /// Its line.
    pub line: Bytes,
    /// How often it was tried.
    pub attempts: u32,
    /// The stream's error code.
    pub code: Arc<str>,
    /// The stream's words.
    pub message: Arc<str>,
}

/// The files of a spool.
#[derive(Debug)]
pub struct RefusedFiles {
    files: Arc<dyn Files>,
    dir: PathBuf,
    /// Where the next line goes, if any file was made.
    current: Option<Current>,
    /// The highest number that a file ever had.
    number: u64,
    /// Positions that are in the files and that the checkpoint has not passed.
    ahead: BTreeSet<u64>,
}

#[derive(Debug)]
struct Current {
    path: PathBuf,
    end: u64,
    /// Its name is durable.
    named: bool,
    /// Nothing is behind its end but what a failed write may have left.
    settled: bool,
}

impl RefusedFiles {
    /// Reads the files of this spool and mends the last one's end. What the checkpoint has passed
    /// is delivered.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn open(
        files: Arc<dyn Files>,
        dir: &Path,
        checkpoint: &Checkpoint,
        damage: &Damage,
    ) -> io::Result<Self> {
        let mut found = Self {
            dir: dir.to_path_buf(),
            current: None,
            number: 0,
            ahead: BTreeSet::new(),
            files,
        };
        let numbers = numbers(&*found.files, dir)?;
        for (number, path) in &numbers {
            let file = found.files.open(path)?;
            let seen = Seen::of(&*file, checkpoint)?;
            if seen.rotten > 0 {
                damage.copy(
                    path,
                    "events that the stream had refused are damaged: the others in this file are not",
                );
            }
            found.ahead.extend(&seen.ahead);
            if numbers.last_key_value().map(|(last, _)| last) == Some(number) {
                seen.mend(&*file)?;
                found.number = *number;
                found.current = Some(Current {
                    path: path.clone(),
                    end: seen.end,
                    // The start syncs all names that it found.
                    named: true,
                    settled: true,
                });
            }
        }
        Ok(found)
    }

    /// Writes these events down and syncs them, but for those that are there already. Says in
    /// which file; none when nothing was to be written. After an error the same events may be
    /// given again, with others behind them.
    ///
    /// # Errors
    /// When the disk fails, or is full.
    pub fn keep(&mut self, refused: &[Refused], now_ms: u64) -> io::Result<Option<PathBuf>> {
        let new: Vec<&Refused> = refused
            .iter()
            .filter(|event| !self.ahead.contains(&event.position))
            .collect();
        let Some(first) = new.first() else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        for event in &new {
            line::encode(event, now_ms, &mut bytes);
        }
        let (file, current) = self.file(first.position)?;
        if !current.settled {
            file.set_len(current.end)?;
        }
        current.settled = false;
        file.write_at(current.end, &mut [IoSlice::new(&bytes)])?;
        file.sync(SyncPoint::Refused)?;
        current.end += bytes.len() as u64;
        current.settled = true;
        let path = current.path.clone();
        self.ahead.extend(new.iter().map(|event| event.position));
        Ok(Some(path))
    }

    /// The file for the next lines, its name durable.
    fn file(&mut self, position: u64) -> io::Result<(Arc<dyn File>, &mut Current)> {
        let current = self.current.take();
        let current = current.filter(|current| !current.settled || current.end < FULL);
        let opened = match current {
            None => None,
            Some(current) => match self.files.open(&current.path) {
                Ok(file) => Some((file, current)),
                // Somebody has moved it away.
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => {
                    self.current = Some(current);
                    return Err(error);
                }
            },
        };
        let (file, mut current) = match opened {
            Some(opened) => opened,
            None => {
                // Positions are never used twice, and so are these numbers.
                self.number = position.max(self.number + 1);
                let path = self.dir.join(format!("{NAME}{}", self.number));
                let file = self.files.create(&path)?;
                let current = Current {
                    path,
                    end: 0,
                    named: false,
                    settled: true,
                };
                (file, current)
            }
        };
        let named = match current.named {
            true => Ok(()),
            false => self.files.sync_dir(&self.dir, SyncPoint::RefusedName),
        };
        current.named = named.is_ok();
        let current = self.current.insert(current);
        named.map(|()| (file, current))
    }

    /// The checkpoint is there now.
    pub fn passed(&mut self, checkpoint: &Checkpoint) {
        self.ahead
            .retain(|position| !checkpoint.has_passed(*position));
    }

    /// Positions that are in the files and that the checkpoint has not passed.
    #[must_use]
    pub fn ahead(&self) -> &BTreeSet<u64> {
        &self.ahead
    }
}

/// The files by their numbers.
fn numbers(files: &dyn Files, dir: &Path) -> io::Result<std::collections::BTreeMap<u64, PathBuf>> {
    let names = files.list(dir)?.into_iter();
    let numbered = names.filter_map(|name| {
        let number = name.name.strip_prefix(NAME)?.parse().ok()?;
        Some((number, dir.join(name.name)))
    });
    Ok(numbered.collect())
}

/// What is in one of the files.
struct Seen {
    bytes: Vec<u8>,
    /// Positions that the checkpoint has not passed.
    ahead: Vec<u64>,
    /// Lines that are whole.
    lines: u64,
    /// Broken lines among those that were synced.
    rotten: u64,
    /// Behind the last line that was surely synced.
    synced: u64,
    /// Behind the last line that counts.
    end: u64,
}

impl Seen {
    fn of(file: &dyn File, checkpoint: &Checkpoint) -> io::Result<Self> {
        let bytes = salvage::read_all(file)?.bytes;
        let mut at = 0;
        let lines: Vec<(u64, Option<u64>)> = bytes
            .split_inclusive(|byte| *byte == b'\n')
            .map(|line| {
                at += line.len() as u64;
                (at, line::position(line))
            })
            .collect();
        let has_passed = |position| checkpoint.has_passed(position);
        let is_passed = |line: &(u64, Option<u64>)| line.1.is_some_and(has_passed);
        let synced = lines.iter().rposition(is_passed).map_or(0, |last| last + 1);
        let (before, behind) = lines.split_at(synced);
        let fresh = behind.iter().take_while(|(_, position)| position.is_some());
        let whole: Vec<&(u64, Option<u64>)> = before.iter().chain(fresh).collect();
        let positions = whole.iter().filter_map(|(_, position)| *position);
        let ahead = positions.clone().filter(|position| !has_passed(*position));
        Ok(Self {
            ahead: ahead.collect(),
            lines: positions.count() as u64,
            rotten: before.iter().filter(|line| line.1.is_none()).count() as u64,
            synced: before.last().map_or(0, |(end, _)| *end),
            end: whole.last().map_or(0, |(end, _)| *end),
            bytes,
        })
    }

    /// Writes once more what only this machine's memory may hold, cuts off what was not finished,
    /// and makes both durable.
    fn mend(&self, file: &dyn File) -> io::Result<()> {
        if self.synced == self.bytes.len() as u64 {
            return Ok(());
        }
        file.set_len(self.end)?;
        let index = |place: u64| usize::try_from(place).unwrap_or(usize::MAX);
        let fresh = self.bytes.get(index(self.synced)..index(self.end));
        let fresh = fresh.unwrap_or_default();
        if !fresh.is_empty() {
            file.write_at(self.synced, &mut [IoSlice::new(fresh)])?;
        }
        file.sync(SyncPoint::RecoveredRefused)
    }
}

/// How the files are, without a change to them, and how many events they hold.
pub(super) fn look(
    files: &dyn Files,
    dir: &Path,
    checkpoint: &Checkpoint,
) -> io::Result<(u64, Vec<Part>)> {
    let (mut events, mut parts) = (0, Vec::new());
    for path in numbers(files, dir)?.values() {
        let seen = Seen::of(&*files.open(path)?, checkpoint)?;
        events += seen.lines;
        let mut holds = format!(
            "{} events that the stream refuses: `clickstream-relay replay` sends them again",
            seen.lines
        );
        let state = match (seen.rotten, seen.end < seen.bytes.len() as u64) {
            (0, false) => State::Intact,
            (0, true) => {
                holds.push_str("; an unfinished write at its end, which a start cuts off");
                State::Torn
            }
            (rotten, _) => {
                holds.push_str(&format!("; {rotten} more are damaged"));
                State::Rotten
            }
        };
        parts.push(part(path, state, holds));
    }
    Ok((events, parts))
}

#[cfg(test)]
mod tests;
