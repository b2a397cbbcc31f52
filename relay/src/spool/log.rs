//! The segments as one log: commits at its end, segments rolled and recycled.
//!
//! One owner, no threads: the writer thread drives it, and so do the tests on a
//! simulated disk.

use std::collections::BTreeMap;
use std::io::{self, IoSlice};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::Durability;
use super::damage::Damage;
use super::files::{Files, SyncPoint};
use super::frame::{self, Commit};
use super::identity::Identity;
use super::segment::{Segment, SegmentFile};

mod roll;

/// What the log's owner and its readers share.
#[derive(Debug)]
pub struct Shared {
    /// Segments by number; readers read each up to its end.
    pub table: Mutex<BTreeMap<u64, Segment>>,
    /// Everything below this position is durable (or void).
    pub durable: watch::Sender<u64>,
    /// Everything below this position is delivered, and the checkpoint that says so durable.
    pub delivered: AtomicU64,
    /// What is damaged.
    pub damage: Damage,
    /// The ids of all records below this position are in files.
    pub filed: AtomicU64,
    /// The highest clock reading yet.
    pub highest_clock: AtomicU64,
}

impl Shared {
    /// The table, also after another thread died holding it: it is always whole.
    pub fn segments(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, Segment>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One append's frames, back to back.
#[derive(Debug, Default)]
pub struct Frames {
    /// The frames, each padded, without position and checksum.
    pub bytes: Vec<u8>,
    /// Each frame's end in `bytes`, checksum of its contents, and position.
    pub ends: Vec<(usize, u32, u64)>,
}

/// The segment that commits go to.
#[derive(Debug)]
pub struct Current {
    /// Its file.
    pub file: SegmentFile,
    /// Its number.
    pub number: u64,
    /// Where its checksums start from.
    pub seed: u32,
    /// Where the next commit goes; all before it is durable.
    pub at: u64,
    /// The sector that its first commit writes.
    pub header: Option<Vec<u8>>,
}

/// How a commit ended.
#[derive(Debug, Default)]
pub struct Outcome {
    /// So many of the frames, in order, are durable.
    pub stored: usize,
    /// Why the rest is not.
    pub error: Option<CommitError>,
    /// Segment and number of frames of each piece that was stored.
    pub placed: Vec<(u64, usize)>,
    /// Whether a segment was ended and a new one begun.
    pub ended: bool,
    /// How long the syncs took.
    pub synced: Vec<std::time::Duration>,
}

/// Why a commit failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommitError {
    /// No segment is free and none can be made.
    Full,
    /// The disk failed.
    Failing(String),
}

/// Numbers that each commit frame repeats.
#[derive(Debug, Clone, Copy, Default)]
pub struct Standing {
    /// Records ever made durable.
    pub stored: u64,
    /// Events ever answered "duplicate".
    pub duplicate: u64,
    /// Events ever rejected.
    pub rejected: u64,
    /// The next position after this commit's.
    pub next_position: u64,
}

/// The log.
#[derive(Debug)]
pub struct Log {
    pub(super) files: Arc<dyn Files>,
    pub(super) clock: Arc<dyn crate::clock::Clock>,
    pub(super) dir: PathBuf,
    pub(super) identity: Identity,
    pub(super) durability: Durability,
    pub(super) segment_size: u64,
    pub(super) most_segments: usize,
    /// So many bytes of empty segments are made ahead of need.
    pub(super) ready: u64,
    pub(super) shared: Arc<Shared>,
    pub(super) current: Option<Current>,
    /// Ends that no durable header names yet.
    pub(super) unsettled: Vec<(u64, u64)>,
    pub(super) next_number: u64,
    pub(super) next_slot: u64,
    /// Files that hold nothing needed; one that is not whole yet comes first.
    pub(super) free: Vec<SegmentFile>,
    /// No file could be added when one was last wanted.
    pub(super) disk_full: bool,
    /// Where the last commit ended, and whether a later commit frame says so.
    pub(super) last: ((u64, u64), bool),
}

impl Log {
    /// Makes the frames durable: in order, with one sync unless they need more than one
    /// segment. `stored` hears of each piece, as number of frames and the position behind
    /// them, before any reader can: nothing is delivered that is not in the books.
    pub fn commit(
        &mut self,
        appends: &mut [&mut Frames],
        standing: Standing,
        mut stored: impl FnMut(usize, u64),
    ) -> Outcome {
        let mut outcome = Outcome::default();
        let mut cursor = (0, 0);
        let total: usize = appends.iter().map(|frames| frames.ends.len()).sum();
        while outcome.stored < total {
            while cursor.1 == appends[cursor.0].ends.len() {
                cursor = (cursor.0 + 1, 0);
            }
            let standing = Standing {
                stored: standing.stored + outcome.stored as u64,
                ..standing
            };
            if let Err(error) = self.room(appends, cursor, &mut outcome.ended) {
                outcome.error = Some(error);
                break;
            }
            let piece =
                self.commit_piece(appends, &mut cursor, &standing, &mut outcome, &mut stored);
            match piece {
                Ok(count) => outcome.stored += count,
                Err(error) => {
                    self.close_current();
                    outcome.error = Some(error.into());
                    break;
                }
            }
        }
        outcome
    }

    /// Sees to it that the next frame fits into the current segment.
    fn room(
        &mut self,
        appends: &[&mut Frames],
        (append, frame): (usize, usize),
        ended: &mut bool,
    ) -> Result<(), CommitError> {
        let (start, end) = appends[append].span(frame);
        let needed = (frame::COMMIT + end - start) as u64;
        match &self.current {
            Some(current) if current.at + needed <= current.file.capacity => Ok(()),
            _ => self.roll(appends[append].ends[frame].2, ended),
        }
    }

    /// Writes and syncs as many frames as fit; says how many.
    fn commit_piece(
        &mut self,
        appends: &mut [&mut Frames],
        cursor: &mut (usize, usize),
        standing: &Standing,
        outcome: &mut Outcome,
        stored: &mut dyn FnMut(usize, u64),
    ) -> io::Result<usize> {
        let Some(current) = &mut self.current else {
            return Err(io::Error::other("no segment is open"));
        };
        let now = self.clock.now_ms();
        let before = self.shared.highest_clock.fetch_max(now, Ordering::Relaxed);
        let mut head = Vec::with_capacity(frame::COMMIT);
        let contents = frame::write_commit(
            &mut head,
            before.max(now),
            &Commit {
                durable: self.last.0,
                stored: standing.stored,
                duplicate: standing.duplicate,
                rejected: standing.rejected,
            },
        );
        frame::seal(
            &mut head,
            standing.next_position,
            contents,
            current.seed,
            current.at,
        );

        let mut at = current.at + head.len() as u64;
        let mut spans = Vec::new();
        let (mut count, mut durable) = (0, 0);
        'appends: for (index, frames) in appends.iter_mut().enumerate().skip(cursor.0) {
            let first = if index == cursor.0 { cursor.1 } else { 0 };
            let mut whole = (frames.start(first), frames.start(first));
            for number in first..frames.ends.len() {
                let (start, end) = frames.span(number);
                let length = (end - start) as u64;
                if at + length > current.file.capacity {
                    *cursor = (index, number);
                    spans.push((index, whole));
                    break 'appends;
                }
                let (_, contents, position) = frames.ends[number];
                frame::seal(
                    &mut frames.bytes[start..end],
                    position,
                    contents,
                    current.seed,
                    at,
                );
                at += length;
                whole.1 = end;
                count += 1;
                durable = position + 1;
            }
            spans.push((index, whole));
        }

        let mut parts = vec![IoSlice::new(&head)];
        parts.extend(
            spans
                .iter()
                .map(|(index, (start, end))| IoSlice::new(&appends[*index].bytes[*start..*end])),
        );
        // The end: zeros where the next length will stand.
        let room = usize::try_from(current.file.capacity - at)
            .unwrap_or(8)
            .min(8);
        parts.push(IoSlice::new(&[0; 8][..room]));
        if let Some(header) = &current.header {
            current.file.file.write_at(0, &mut [IoSlice::new(header)])?;
        }
        current.file.file.write_at(current.at, &mut parts)?;
        if self.durability == Durability::Fsync {
            let started = self.clock.monotonic();
            current.file.file.sync(SyncPoint::Commit)?;
            outcome
                .synced
                .push(self.clock.monotonic().saturating_sub(started));
        }

        current.at = at;
        current.header = None;
        self.unsettled.clear();
        self.last = ((current.number, at), false);
        if let Some(segment) = self.shared.segments().get_mut(&current.number) {
            segment.end = at;
            segment.until = segment.until.max(durable);
        }
        if durable > 0 {
            stored(count, durable);
            self.shared.durable.send_replace(durable);
        }
        outcome.placed.push((current.number, count));
        Ok(count)
    }

    /// An empty commit, behind which a record of so many bytes would have room: so an idle
    /// writer learns whether it can store again.
    pub fn probe(&mut self, standing: &Standing, line: u64) -> Outcome {
        let mut outcome = Outcome::default();
        let needed = 2 * frame::COMMIT as u64 + frame::HEADER as u64 + line;
        let fits = |current: &Current| current.at + needed <= current.file.capacity;
        let room = match self.current.as_ref().is_some_and(fits) {
            true => Ok(()),
            // Not the next position: appends may have come meanwhile that have lower ones.
            false => {
                let first = *self.shared.durable.borrow();
                self.roll(first, &mut outcome.ended)
            }
        };
        let mut none = [&mut Frames::default()];
        let committed = room.and_then(|()| {
            self.commit_piece(
                &mut none,
                &mut (0, 0),
                standing,
                &mut outcome,
                &mut |_, _| {},
            )
            .map_err(|error| {
                self.close_current();
                error.into()
            })
        });
        outcome.error = committed.err();
        outcome
    }

    /// A last, empty commit, so that the next start knows all before it as durable. It is
    /// not synced: what it says is true whether it lasts or not.
    pub fn finish(&mut self, standing: Standing) {
        let fits = self.current.as_ref().is_some_and(|current| {
            current.header.is_none() && current.at + frame::COMMIT as u64 <= current.file.capacity
        });
        if fits && !self.last.1 {
            let mut none = [&mut Frames::default()];
            // A failure loses nothing: the start finds out by itself.
            self.durability = Durability::Buffered;
            let (start, outcome) = (&mut (0, 0), &mut Outcome::default());
            let _ = self.commit_piece(&mut none, start, &standing, outcome, &mut |_, _| {});
            self.last.1 = true;
        }
    }
}

impl Frames {
    fn start(&self, frame: usize) -> usize {
        match frame {
            0 => 0,
            _ => self.ends[frame - 1].0,
        }
    }

    fn span(&self, frame: usize) -> (usize, usize) {
        (self.start(frame), self.ends[frame].0)
    }
}

impl From<io::Error> for CommitError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull => Self::Full,
            _ => Self::Failing(error.to_string()),
        }
    }
}
