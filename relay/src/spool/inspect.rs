//! Looks at a stopped spool and changes nothing in it: what `spool verify`, `list` and
//! `export` know.
//!
//! It judges as a start does (see [`super::recovery`]) and does none of what a start does
//! then: nothing is cut off, set aside or synced.

use std::collections::BTreeMap;
use std::io;
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::checkpoint::{self, Checkpoint};
use super::files::{Files, Lock};
use super::frame;
use super::head::{self, Head, Holds};
use super::header::SECTOR;
use super::identity::Identity;
use super::part::{Part, State, part};
use super::plans;
use super::reader::Record;
use super::recovery::{durable_in, tail_end, unwritten};
use super::refused;
use super::salvage;
use super::scan::{Scan, scan};
use super::segment::{SegmentFile, slots};

mod ids;
mod missing;

/// Why a spool could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// Not a spool's folder.
    #[error("there is no spool in {}: name its folder with --spool-dir", .0.display())]
    None(PathBuf),
    /// A relay has it.
    #[error(
        "a relay has the spool {} open: stop that relay first, or look at a copy of the folder",
        .0.display()
    )]
    Locked(PathBuf),
    /// Without its identity no frame can be told from noise.
    #[error("{} is damaged: put back a copy of this file; without it nothing in the spool can be read", .0.display())]
    Identity(PathBuf),
    /// The disk.
    #[error("cannot read the spool {}: {error}", .dir.display())]
    Disk {
        /// The spool's folder.
        dir: PathBuf,
        /// What happened.
        error: io::Error,
    },
}

/// What a look at all segments found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Each file.
    pub parts: Vec<Part>,
    /// Events that the segments hold.
    pub events: u64,
    /// Of these, not delivered.
    pub waiting: u64,
}

/// An opened spool.
#[derive(Debug)]
pub struct Inspector<'a> {
    files: &'a dyn Files,
    dir: &'a Path,
    identity: Identity,
    checkpoint: Checkpoint,
    begun: Option<u64>,
    refused: u64,
    /// By number, with the end that a later header names.
    segments: BTreeMap<u64, (Head, SegmentFile, Option<u64>)>,
    /// Where headers say that segments end, also those that are not there.
    ends: BTreeMap<u64, u64>,
    parts: Vec<Part>,
    _lock: Box<dyn Lock>,
}

/// A segment that was read.
struct Read {
    bytes: Bytes,
    whole: Scan,
    end: u64,
    rot: Vec<Range<u64>>,
    torn: bool,
}

impl<'a> Inspector<'a> {
    /// Opens the spool in this folder, and holds its lock. Nothing in it is changed.
    ///
    /// # Errors
    /// When there is none, a relay has it, or the disk fails.
    pub fn open(files: &'a dyn Files, dir: &'a Path) -> Result<Self, InspectError> {
        let disk = |error| InspectError::Disk {
            dir: dir.to_path_buf(),
            error,
        };
        let path = dir.join("identity");
        let identity = match Identity::read(files, &path) {
            Ok(Some(identity)) => identity,
            Ok(None) => return Err(InspectError::Identity(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(InspectError::None(dir.to_path_buf()));
            }
            Err(error) => return Err(disk(error)),
        };
        let lock = match files.lock(&dir.join("lock")) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(InspectError::Locked(dir.to_path_buf()));
            }
            other => other.map_err(disk)?,
        };
        let (checkpoint, mut parts) = checkpoint::look(files, dir).map_err(disk)?;
        let (begun, plans) = plans::look(files, dir, checkpoint.position).map_err(disk)?;
        parts.extend(plans);
        parts.extend(ids::look(files, dir, &identity.id).map_err(disk)?);
        let (refused, files_of_refused) = refused::look(files, dir, &checkpoint).map_err(disk)?;
        parts.extend(files_of_refused);
        let mut inspector = Self {
            files,
            dir,
            identity,
            checkpoint,
            begun,
            refused,
            segments: BTreeMap::new(),
            ends: BTreeMap::new(),
            parts,
            _lock: lock,
        };
        inspector.find_segments().map_err(disk)?;
        inspector.find_asides().map_err(disk)?;
        Ok(inspector)
    }

    /// The checkpoint that holds: what it has passed is delivered.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The number of a delivery to a lake that was begun and is not finished.
    #[must_use]
    pub fn begun(&self) -> Option<u64> {
        self.begun
    }

    /// Events that the stream refuses for ever, set aside in files `refused-…`.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }

    fn find_segments(&mut self) -> io::Result<()> {
        for slot in slots(self.files, self.dir)? {
            let file = SegmentFile::open(self.files, self.dir, slot)?;
            let (state, holds) = match head::read(&*file.file, &self.identity)? {
                Holds::Segment(head) => {
                    self.segments.insert(head.number, (head, file, None));
                    continue;
                }
                Holds::Nothing => (State::Spare, "no segment yet"),
                Holds::Unknown => (
                    State::Rotten,
                    "its head is damaged: which segment it holds cannot be said; a start sets it aside",
                ),
            };
            self.parts.push(part(&file.path, state, holds.to_owned()));
        }
        let ends: BTreeMap<u64, u64> = self
            .segments
            .values()
            .flat_map(|(header, _, _)| header.ends.iter().copied())
            .collect();
        for (number, (_, _, end)) in &mut self.segments {
            *end = ends.get(number).copied();
        }
        self.ends = ends;
        Ok(())
    }

    fn find_asides(&mut self) -> io::Result<()> {
        let mut names = self.files.list(self.dir)?;
        names.sort_unstable();
        for name in names
            .into_iter()
            .filter(|name| name.name.starts_with("rot-"))
        {
            let holds = "damaged bytes that an earlier start or delivery met".to_owned();
            self.parts.push(Part {
                name: name.name,
                state: State::Aside,
                holds,
            });
        }
        Ok(())
    }

    fn read(&self, number: u64) -> io::Result<Option<Read>> {
        let Some((head, file, named)) = self.segments.get(&number) else {
            return Ok(None);
        };
        let salvaged = salvage::read_all(&*file.file)?;
        let bytes = salvaged.bytes.get(SECTOR as usize..).unwrap_or_default();
        let whole = scan(bytes, head.seed, SECTOR);
        let last = self.segments.last_key_value().map(|(last, _)| *last) == Some(number);
        let durable = durable_in(&whole, number);
        let end = match (last, named) {
            (true, _) => tail_end(&whole, durable, &salvaged),
            (false, Some(end)) => *end,
            (false, None) => whole.end,
        };
        let mut rot: Vec<_> = whole
            .damage
            .iter()
            .filter(|at| at.start < end)
            .cloned()
            .collect();
        rot.extend((whole.end < end).then_some(whole.end..end));
        let behind_all = end == whole.end.max(durable);
        let torn = last && (whole.end > end || (behind_all && !unwritten(&salvaged.bytes, end)));
        Ok(Some(Read {
            bytes: Bytes::from(salvaged.bytes),
            whole,
            end,
            rot,
            torn,
        }))
    }

    /// Hands on every event that a start would find, in order, with positions in this range.
    /// Says how many damaged stretches were met on the way.
    ///
    /// # Errors
    /// When the disk fails in another way than refusing blocks, or `each` says so.
    pub fn records(
        &self,
        range: &Range<u64>,
        mut each: impl FnMut(Record) -> io::Result<ControlFlow<()>>,
    ) -> io::Result<u64> {
        let mut damaged = 0;
        let firsts: Vec<u64> = self
            .segments
            .values()
            .map(|(header, _, _)| header.first)
            .collect();
        for (index, number) in self.segments.keys().enumerate() {
            let next = firsts.get(index + 1).copied();
            let past = next.is_some_and(|next| next <= range.start);
            if past || firsts[index] >= range.end {
                continue;
            }
            let Some(read) = self.read(*number)? else {
                continue;
            };
            damaged += read.rot.len() as u64;
            for (at, found) in &read.whole.frames {
                if *at >= read.end || found.commit.is_some() || !range.contains(&found.position) {
                    continue;
                }
                let start = usize::try_from(*at).map_err(io::Error::other)?;
                let record = Record {
                    position: found.position,
                    received_at: found.time,
                    line: read
                        .bytes
                        .slice(start + frame::HEADER..start + found.length),
                };
                if each(record)?.is_break() {
                    return Ok(damaged);
                }
            }
        }
        Ok(damaged)
    }

    /// Reads all of it, and says of every file how it is.
    ///
    /// # Errors
    /// When the disk fails in another way than refusing blocks.
    pub fn verify(&self) -> io::Result<Seen> {
        let mut seen = Seen {
            parts: self.parts.clone(),
            ..Seen::default()
        };
        for (number, (head, file, _)) in &self.segments {
            let Some(read) = self.read(*number)? else {
                continue;
            };
            let valid = read
                .whole
                .frames
                .iter()
                .filter(|(at, found)| *at < read.end && found.commit.is_none());
            let positions: Vec<u64> = valid.map(|(_, found)| found.position).collect();
            let is_waiting = |position: &&u64| !self.checkpoint.has_passed(**position);
            let waiting = positions.iter().filter(is_waiting).count();
            seen.events += positions.len() as u64;
            seen.waiting += waiting as u64;
            let mut holds = match (positions.first(), positions.last()) {
                (Some(first), Some(last)) => format!(
                    "segment {number}: {} events at positions {first} to {last}, {waiting} not delivered",
                    positions.len()
                ),
                _ => format!("segment {number}: no event"),
            };
            if head.lost {
                holds.push_str("; its head is damaged, and its events tell what it said");
            }
            let state = match (read.rot.is_empty() && !head.lost, read.torn) {
                (false, _) => State::Rotten,
                (true, true) => State::Torn,
                (true, false) => State::Intact,
            };
            for at in &read.rot {
                holds.push_str(&format!("; bytes {} to {} are lost", at.start, at.end));
            }
            if read.torn {
                holds.push_str("; an unfinished commit at its end, which a start cuts off");
            }
            seen.parts.push(part(&file.path, state, holds));
        }
        seen.parts.extend(self.missing());
        seen.parts.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(seen)
    }
}
