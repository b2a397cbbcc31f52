//! What a start finds: segments, a torn tail, rot; and what it says about them.
//!
//! Damage below the highest position that a later commit names as durable is rot: that
//! stretch is set aside, counted and alarmed, the frames behind it stay. Damage above it
//! is a commit that was not finished: it is cut off there. What stands between the last
//! position known durable and the cut may be only in this machine's memory, so it is
//! written once more and synced; intact frames behind the cut are made void.
//!
//! What the disk refuses to read is rot wherever it stands, and nothing more is written to
//! a segment with such a block. Where the head is damaged, the frames say which segment it is
//! ([`super::head`]); a file of which nobody can say that is set aside whole.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{self, IoSlice};
use std::ops::Range;
use std::path::Path;

use super::books::Books;
use super::checkpoint::Checkpoint;
use super::damage::Damage;
use super::files::{File, Files, SyncPoint};
use super::frame::{ALIGN, Commit, Frame, HEADER};
use super::head::{self, Head, Holds};
use super::header::SECTOR;
use super::identity::Identity;
use super::log::Current;
use super::salvage::{self, Salvaged};
use super::scan::{Scan, scan};
use super::segment::{Segment, SegmentFile, slots};
use crate::duplicate::DuplicateKey;
use crate::duplicate::keeper::Keeper;
use crate::duplicate::keeper::loading::Found as FoundIds;

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
    /// Ids of records in the segments that are in no file.
    pub ids: FoundIds,
    /// The lowest position that the segments may hold; 0 without one.
    pub lowest: u64,
    /// Records ever made durable, duplicates and rejected ever counted.
    pub stored: u64,
    /// See `stored`.
    pub duplicate: u64,
    /// See `stored`.
    pub rejected: u64,
    /// Records not yet delivered.
    pub waiting: u64,
    /// Bytes of their lines.
    pub waiting_bytes: u64,
    /// Where they stand, and since when.
    pub books: Books,
    /// The highest clock reading that the frames name.
    pub highest_clock: u64,
    /// Number and end of the last segment, if nothing more may be written to it.
    pub unsettled: Vec<(u64, u64)>,
    /// So many records may have stood in files that were set aside.
    aside: u64,
    /// Whether an unfinished commit was cut off.
    pub torn: bool,
}

/// Reads all segments, and tells `damage` what it met: below the checkpoint's position damage is
/// of no concern. The keeper gets the ids that are in none of its files.
///
/// # Errors
/// When the disk cannot be read, or does not make the tail durable.
pub fn recover(
    files: &dyn Files,
    dir: &Path,
    identity: &Identity,
    checkpoint: &Checkpoint,
    damage: &Damage,
    keeper: &mut Keeper,
) -> io::Result<Recovered> {
    let mut recovered = Recovered {
        next_position: checkpoint.end().max(1),
        next_number: 1,
        ..Recovered::default()
    };
    let mut headers: BTreeMap<u64, (Head, SegmentFile)> = BTreeMap::new();
    let mut lost = Vec::new();
    for slot in slots(files, dir)? {
        recovered.next_slot = recovered.next_slot.max(slot + 1);
        let file = SegmentFile::open(files, dir, slot)?;
        match head::read(&*file.file, identity)? {
            Holds::Segment(head) if !head.lost => {
                headers.insert(head.number, (head, file));
            }
            Holds::Segment(head) => lost.push((head, file)),
            Holds::Nothing => recovered.free.push(file),
            Holds::Unknown => recovered.set_aside(&file, damage),
        }
    }
    for (head, file) in lost {
        match headers.entry(head.number) {
            Entry::Vacant(place) => {
                damage.head(&file);
                place.insert((head, file));
            }
            // A former life of another file's segment.
            Entry::Occupied(_) => recovered.set_aside(&file, damage),
        }
    }
    // The newest header that names an end is right: it knew all that the older ones did.
    let mut ends: BTreeMap<u64, u64> = BTreeMap::new();
    for (header, _) in headers.values() {
        ends.extend(header.ends.iter().copied());
        recovered.next_number = recovered.next_number.max(header.number + 1);
        // Of the positions before it, all may have been void: none may come behind this head.
        recovered.next_position = recovered.next_position.max(header.first);
    }
    let firsts: Vec<u64> = headers.values().map(|(header, _)| header.first).collect();
    let count = headers.len();
    recovered.lowest = firsts.first().copied().unwrap_or(0);
    keeper.judge(recovered.lowest)?;
    for (index, (number, (header, file))) in headers.into_iter().enumerate() {
        let next_first = firsts.get(index + 1).copied();
        let segment = Segment {
            number,
            first: header.first,
            seed: header.seed,
            end: ends.get(&number).copied().unwrap_or(u64::MAX),
            until: 0,
            file,
        };
        let found = Found {
            segment,
            past: next_first.is_some_and(|first| first <= checkpoint.position),
            last: index + 1 == count,
            lost: header.lost,
        };
        // All of them are durable by now.
        for (key, position) in recovered.take(found, checkpoint, damage)? {
            keeper.found(&mut recovered.ids, key, position, recovered.highest_clock);
        }
    }
    // A position is never used twice, those that nobody can read any more included.
    recovered.next_position += recovered.aside;
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
    /// Its header is damaged.
    lost: bool,
}

impl Recovered {
    fn set_aside(&mut self, file: &SegmentFile, damage: &Damage) {
        damage.segment_file(file);
        self.aside += file.capacity / (HEADER + ALIGN) as u64;
    }

    /// Takes it in; returns the ids of its records with their positions.
    fn take(
        &mut self,
        found: Found,
        checkpoint: &Checkpoint,
        damage: &Damage,
    ) -> io::Result<Vec<(DuplicateKey, u64)>> {
        let mut segment = found.segment;
        let salvaged = salvage::read_all(&*segment.file.file)?;
        let bytes = &salvaged.bytes;
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
            tail_end(&whole, durable, &salvaged)
        } else if segment.end == u64::MAX {
            // No header names its end, which only damage can bring about.
            whole.end
        } else {
            segment.end
        };
        // Of a former life that came back because the header of the next one was lost, nobody
        // says any more which frames are void. Those that the checkpoint has passed are not delivered
        // again, so their ids must not say that they are durable.
        let unnamed = !found.last && segment.end == u64::MAX;
        segment.end = end;
        let valid = whole.frames.iter().filter(|(at, _)| *at < end);
        let mut last_commit = None;
        let mut ids = Vec::new();
        for (at, frame) in valid {
            match frame.commit {
                Some(commit) => last_commit = Some((at + frame.padded() as u64, commit)),
                None if unnamed && *at >= durable && checkpoint.has_passed(frame.position) => {}
                None => {
                    segment.until = segment.until.max(frame.position + 1);
                    ids.push((frame.key, frame.position));
                    self.record(frame, checkpoint);
                }
            }
            self.count(frame);
        }
        if !found.past {
            set_aside(damage, &segment, &whole, bytes);
        }
        if found.last {
            let behind_all = end == whole.end.max(durable);
            self.torn = whole.end > end || (behind_all && !unwritten(bytes, end));
            self.settle_tail(&segment, &whole, &salvaged, durable)?;
            // A commit frame at the very end says that all before it is durable.
            let said = last_commit.is_some_and(|(behind, _)| behind == end);
            self.last = ((segment.number, end), said);
            if found.lost || !salvaged.unreadable.is_empty() {
                self.unsettled.push((segment.number, end));
                self.table.insert(segment.number, segment);
                return Ok(ids);
            }
            self.current = Some(Current {
                file: segment.file.clone(),
                number: segment.number,
                seed: segment.seed,
                at: end,
                header: None,
            });
        }
        self.table.insert(segment.number, segment);
        Ok(ids)
    }

    fn record(&mut self, frame: &Frame, checkpoint: &Checkpoint) {
        if !checkpoint.has_passed(frame.position) {
            self.waiting += 1;
            self.waiting_bytes += (frame.length - HEADER) as u64;
            self.books.waits(frame.position, frame.time);
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

    /// Makes the last segment's frames durable and those behind its end void.
    fn settle_tail(
        &self,
        segment: &Segment,
        whole: &Scan,
        salvaged: &Salvaged,
        durable: u64,
    ) -> io::Result<()> {
        let file: &dyn File = &*segment.file.file;
        // With nothing known durable in this segment, its header is not either.
        let from = if durable > SECTOR { durable } else { 0 };
        let tail = readable(salvaged, from..segment.end);
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
        for (from, piece) in tail {
            file.write_at(from, &mut [IoSlice::new(piece)])?;
        }
        for at in void {
            file.write_at(at, &mut [IoSlice::new(&[0; HEADER])])?;
        }
        file.sync(SyncPoint::RecoveredTail)
    }
}

/// Tells where durable frames had been and are none.
fn set_aside(damage: &Damage, segment: &Segment, whole: &Scan, bytes: &[u8]) {
    let stretches = whole.damage.iter().cloned();
    let behind = (whole.end < segment.end).then_some(whole.end..segment.end);
    for stretch in stretches.filter(|at| at.start < segment.end).chain(behind) {
        let (from, until) = (stretch.start as usize, stretch.end as usize);
        let kept = &bytes[from.min(bytes.len())..until.min(bytes.len())];
        damage.stretch(segment, stretch, kept);
    }
}

/// Where the last segment ends: at the first damage that a commit which was not finished may
/// have left, else behind the last intact frame, and behind what cannot be read there.
pub(super) fn tail_end(whole: &Scan, durable: u64, salvaged: &Salvaged) -> u64 {
    let torn = whole.damage.iter().find(|damage| {
        // An unfinished commit is no reason for the disk to refuse a block.
        damage.start >= durable && !salvaged.misses(damage)
    });
    if let Some(torn) = torn {
        return torn.start;
    }
    let end = whole.end.max(durable);
    // The frame there begins or goes on in a block that cannot be read.
    let next = Range {
        start: end,
        end: end + frame_at(&salvaged.bytes, end),
    };
    let lost = salvaged
        .unreadable
        .iter()
        .filter(|bad| bad.start < next.end && next.start < bad.end);
    lost.map(|bad| bad.end).max().unwrap_or(end)
}

/// Bytes that a frame at `at` says that it has, at least its first word.
fn frame_at(bytes: &[u8], at: u64) -> u64 {
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    let word = bytes.get(at..at.saturating_add(4));
    let length = word.map_or(0, |word| super::frame::u32_at(word, 0));
    u64::from(length).max(ALIGN as u64)
}

/// The parts of a range that could be read, with their offsets; none is empty.
fn readable(salvaged: &Salvaged, range: Range<u64>) -> Vec<(u64, &[u8])> {
    let bytes = &salvaged.bytes;
    let mut parts = Vec::new();
    let mut from = range.start;
    let past = range.end..range.end;
    for bad in salvaged.unreadable.iter().chain([&past]) {
        let until = bad.start.clamp(from, range.end.max(from));
        let part = bytes.get(from as usize..(until as usize).min(bytes.len()));
        if let Some(part) = part.filter(|part| !part.is_empty()) {
            parts.push((from, part));
        }
        from = from.max(bad.end);
    }
    parts
}

/// Up to where later commits in the segment say that it is durable.
pub(super) fn durable_in(whole: &Scan, number: u64) -> u64 {
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
pub(super) fn unwritten(bytes: &[u8], from: u64) -> bool {
    bytes
        .iter()
        .skip(usize::try_from(from).unwrap_or(usize::MAX))
        .take(super::frame::ALIGN)
        .all(|byte| *byte == 0)
}
