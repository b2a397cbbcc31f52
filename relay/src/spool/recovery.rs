//! What a start finds: segments, a torn tail, rot; and what it says about them.
//!
//! Damage below the highest position that a later commit names as durable is rot: that
//! stretch is set aside, counted and alarmed, the frames behind it stay. Damage above it
//! is a commit that was not finished: it is cut off there. What stands between the last
//! position known durable and the cut may be only in this machine's memory, so it is
//! written once more and synced; intact frames behind the cut are made void.

use std::collections::BTreeMap;
use std::io::{self, IoSlice};
use std::path::Path;

use super::files::{File, Files, SyncPoint, read_all};
use super::frame::{Commit, Frame};
use super::header::{Header, SECTOR};
use super::identity::Identity;
use super::log::Current;
use super::scan::{Scan, scan};
use super::segment::{Segment, SegmentFile, slots};
use crate::duplicate::Index;

/// What was found.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Segments by number.
    pub table: BTreeMap<u64, Segment>,
    /// The one to go on with.
    pub current: Option<Current>,
    /// Where the last commit ended, and whether a later one says so.
    pub last: ((u64, u64), bool),
    /// Files without a segment.
    pub free: Vec<SegmentFile>,
    /// Never used by a segment file.
    pub next_slot: u64,
    /// Never used by a segment.
    pub next_number: u64,
    /// Never used by a record.
    pub next_position: u64,
    /// Ids of all records in the segments.
    pub index: Index,
    /// Records ever made durable, duplicates and rejected ever counted.
    pub stored: u64,
    /// See `stored`.
    pub duplicate: u64,
    /// See `stored`.
    pub rejected: u64,
    /// Position, `receivedAt` and line length of each record not yet delivered.
    pub waiting: Vec<(u64, u64, u64)>,
    /// The highest clock reading that the frames name.
    pub highest_clock: u64,
    /// Damaged stretches where durable frames had been.
    pub rot: u64,
    /// Whether an unfinished commit was cut off.
    pub torn: bool,
}

/// Reads all segments. `delivered` is the checkpoint: damage below it is of no concern.
///
/// # Errors
/// When the disk cannot be read, or does not make the tail durable.
pub fn recover(
    files: &dyn Files,
    dir: &Path,
    identity: &Identity,
    delivered: u64,
) -> io::Result<Recovered> {
    let mut recovered = Recovered {
        next_position: delivered.max(1),
        next_number: 1,
        ..Recovered::default()
    };
    let mut headers = BTreeMap::new();
    for slot in slots(files, dir)? {
        recovered.next_slot = recovered.next_slot.max(slot + 1);
        let file = SegmentFile::open(files, dir, slot)?;
        let mut sector = vec![0; usize::try_from(SECTOR).unwrap_or(4096)];
        file.file.read_at(0, &mut sector)?;
        match Header::decode(&sector, &identity.id) {
            Some(header) => {
                headers.insert(header.number, (header, file));
            }
            None => recovered.free.push(file),
        }
    }
    // The newest header that names an end is right: it knew all that the older ones did.
    let mut ends: BTreeMap<u64, u64> = BTreeMap::new();
    for (header, _) in headers.values() {
        ends.extend(header.ends.iter().copied());
        recovered.next_number = recovered.next_number.max(header.number + 1);
    }
    let firsts: Vec<u64> = headers.values().map(|(header, _)| header.first).collect();
    let count = headers.len();
    for (index, (number, (header, file))) in headers.into_iter().enumerate() {
        let next_first = firsts.get(index + 1).copied();
        let segment = Segment {
            number,
            first: header.first,
            seed: header.seed(&identity.id),
            end: ends.get(&number).copied().unwrap_or(u64::MAX),
            until: 0,
            file,
        };
        let found = Found {
            segment,
            past: next_first.is_some_and(|first| first <= delivered),
            last: index + 1 == count,
        };
        recovered.take(files, dir, found, delivered)?;
    }
    Ok(recovered)
}

/// A segment on its way in.
struct Found {
    /// Its end is what a later header says, the highest number if none does.
    segment: Segment,
    /// All of it is delivered.
    past: bool,
    /// The last one: its end is not yet settled.
    last: bool,
}

impl Recovered {
    fn take(
        &mut self,
        files: &dyn Files,
        dir: &Path,
        found: Found,
        delivered: u64,
    ) -> io::Result<()> {
        let mut segment = found.segment;
        let bytes = read_all(&*segment.file.file)?;
        let whole = scan(
            bytes.get(SECTOR as usize..).unwrap_or_default(),
            segment.seed,
            SECTOR,
        );
        for (_, frame) in &whole.frames {
            // Void ones too: a position is never used twice.
            let next = frame.position + u64::from(frame.commit.is_none());
            self.next_position = self.next_position.max(next);
        }
        let durable = durable_in(&whole, segment.number);
        let end = if found.last {
            whole
                .damage
                .iter()
                .map(|damage| damage.start)
                .find(|start| *start >= durable)
                .unwrap_or(whole.end.max(durable))
        } else if segment.end == u64::MAX {
            // No header names its end, which only damage can bring about.
            whole.end
        } else {
            segment.end
        };
        // Of a former life that came back because the header of the next one was lost, nobody
        // says any more which frames are void. Those below the checkpoint are not delivered
        // again, so their ids must not say that they are durable.
        let unnamed = !found.last && segment.end == u64::MAX;
        segment.end = end;
        let valid = whole.frames.iter().filter(|(at, _)| *at < end);
        let mut last_commit = None;
        for (at, frame) in valid {
            match frame.commit {
                Some(commit) => last_commit = Some((at + frame.padded() as u64, commit)),
                None if unnamed && *at >= durable && frame.position < delivered => {}
                None => {
                    segment.until = segment.until.max(frame.position + 1);
                    self.record(segment.number, frame, delivered);
                }
            }
            self.count(frame);
        }
        if !found.past {
            self.set_aside(files, dir, &segment, &whole, &bytes)?;
        }
        if found.last {
            self.torn = whole.end > end || !unwritten(&bytes, whole.end.max(durable));
            self.settle_tail(&segment, &whole, &bytes, durable)?;
            // A commit frame at the very end says that all before it is durable.
            let said = last_commit.is_some_and(|(behind, _)| behind == end);
            self.last = ((segment.number, end), said);
            self.current = Some(Current {
                file: segment.file.clone(),
                number: segment.number,
                seed: segment.seed,
                at: end,
                header: None,
            });
        }
        self.table.insert(segment.number, segment);
        Ok(())
    }

    fn record(&mut self, segment: u64, frame: &Frame, delivered: u64) {
        self.index.insert(frame.key, frame.position);
        self.index.settle(segment, frame.key);
        if frame.position >= delivered {
            let bytes = frame.length - super::frame::HEADER;
            self.waiting
                .push((frame.position, frame.time, bytes as u64));
        }
    }

    fn count(&mut self, frame: &Frame) {
        match frame.commit {
            Some(commit) => {
                self.stored = commit.stored;
                self.duplicate = commit.duplicate;
                self.rejected = commit.rejected;
                self.highest_clock = self.highest_clock.max(frame.time);
            }
            None => self.stored += 1,
        }
    }

    /// Keeps what rot left, beside the segments, for who wants to look at it.
    fn set_aside(
        &mut self,
        files: &dyn Files,
        dir: &Path,
        segment: &Segment,
        whole: &Scan,
        bytes: &[u8],
    ) -> io::Result<()> {
        let mut stretches: Vec<_> = whole
            .damage
            .iter()
            .filter(|damage| damage.start < segment.end)
            .cloned()
            .collect();
        if whole.end < segment.end {
            stretches.push(whole.end..segment.end);
        }
        for stretch in stretches {
            self.rot += 1;
            let path = dir.join(format!("rot-{}-{}", segment.number, stretch.start));
            tracing::error!(
                segment = %segment.file.path.display(),
                from = stretch.start,
                until = stretch.end,
                kept = %path.display(),
                "damaged events in the spool: they are lost to delivery, their bytes are kept"
            );
            let (from, until) = (stretch.start as usize, stretch.end as usize);
            let kept = &bytes[from.min(bytes.len())..until.min(bytes.len())];
            match files.create(&path) {
                Ok(file) => file.write_at(0, &mut [IoSlice::new(kept)])?,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Makes the last segment's frames durable and those behind its end void.
    fn settle_tail(
        &self,
        segment: &Segment,
        whole: &Scan,
        bytes: &[u8],
        durable: u64,
    ) -> io::Result<()> {
        let file: &dyn File = &*segment.file.file;
        // With nothing known durable in this segment, its header is not either.
        let from = if durable > SECTOR { durable } else { 0 };
        let tail = &bytes[from as usize..(segment.end as usize).min(bytes.len())];
        let void: Vec<u64> = whole
            .frames
            .iter()
            .map(|(at, _)| *at)
            .filter(|at| *at >= segment.end)
            .collect();
        if self.torn {
            tracing::warn!(
                segment = %segment.file.path.display(),
                at = segment.end,
                "an unfinished commit was cut off: nobody had been told that it was taken"
            );
        }
        if tail.is_empty() && void.is_empty() {
            return Ok(());
        }
        file.write_at(from, &mut [IoSlice::new(tail)])?;
        for at in void {
            file.write_at(at, &mut [IoSlice::new(&[0; super::frame::HEADER])])?;
        }
        file.sync(SyncPoint::RecoveredTail)
    }
}

/// Up to where later commits in the segment say that it is durable.
fn durable_in(whole: &Scan, number: u64) -> u64 {
    whole
        .frames
        .iter()
        .filter_map(|(_, frame)| frame.commit)
        .map(|Commit { durable, .. }| durable)
        .filter(|(segment, _)| *segment == number)
        .map(|(_, offset)| offset)
        .max()
        .unwrap_or(SECTOR)
}

/// Whether nothing but the end stands at `from`.
fn unwritten(bytes: &[u8], from: u64) -> bool {
    bytes
        .iter()
        .skip(usize::try_from(from).unwrap_or(usize::MAX))
        .take(super::frame::ALIGN)
        .all(|byte| *byte == 0)
}
