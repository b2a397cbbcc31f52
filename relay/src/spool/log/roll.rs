//! Segments begun, made and used again.

use std::io;
use std::sync::atomic::Ordering;

use super::{CommitError, Current, Log};
use crate::spool::files::SyncPoint;
use crate::spool::header::{Header, MOST_ENDS, SECTOR};
use crate::spool::segment::{Segment, SegmentFile};

/// A spare file is zero-filled by so much between two commits.
const STEP: u64 = 1 << 20;

/// So many segments must have room on the disk for one to be made before it is needed.
const ROOMY: u64 = 16;

impl Log {
    /// No frame goes to the current segment any more; what stands behind its end is void
    /// once the next header says so.
    pub(super) fn close_current(&mut self) {
        if let Some(current) = self.current.take() {
            self.unsettled.push((current.number, current.at));
        }
    }

    /// Begins a new segment, whose first record has this position.
    pub(super) fn roll(&mut self, first: u64, ended: &mut bool) -> Result<(), CommitError> {
        if self.unsettled.len() >= MOST_ENDS {
            return Err(CommitError::Failing(format!(
                "{MOST_ENDS} segments in a row could not be synced: replace the spool's disk and restart"
            )));
        }
        let salt = self.files.entropy()?;
        let file = self.free_file()?;
        self.close_current();
        let header = Header {
            number: self.next_number,
            salt,
            first,
            ends: self.unsettled.clone(),
        };
        self.next_number += 1;
        let segment = Segment {
            number: header.number,
            first,
            seed: header.seed(&self.identity.id),
            end: SECTOR,
            until: 0,
            file: file.clone(),
        };
        self.current = Some(Current {
            file,
            number: header.number,
            seed: segment.seed,
            at: SECTOR,
            header: Some(header.encode(&self.identity.id)),
        });
        self.shared.segments().insert(header.number, segment);
        *ended = true;
        Ok(())
    }

    /// A whole segment file that holds nothing needed.
    fn free_file(&mut self) -> Result<SegmentFile, CommitError> {
        if !self.free.last().is_some_and(|spare| self.is_whole(spare)) {
            // On a full disk a spare may never become whole.
            self.recycle();
        }
        if self.free.is_empty() && self.file_count() < self.most_segments {
            self.add_file().inspect_err(|error| self.note_room(error))?;
        }
        let Some(mut file) = self.free.pop() else {
            return Err(CommitError::Full);
        };
        if self.is_whole(&file) {
            return Ok(file);
        }
        match file.grow(self.segment_size, u64::MAX) {
            Ok(_) => {
                self.disk_full = false;
                Ok(file)
            }
            Err(error) => {
                self.free.push(file);
                self.note_room(&error);
                Err(error.into())
            }
        }
    }

    fn is_whole(&self, file: &SegmentFile) -> bool {
        file.capacity >= self.segment_size
    }

    fn note_room(&mut self, error: &io::Error) {
        self.disk_full |= error.kind() == io::ErrorKind::StorageFull;
    }

    /// Gives the disk back what spares took that it had no room for: a file of ids needs less
    /// and frees a whole segment. Says whether there was any.
    pub(in crate::spool) fn drop_unfinished_spares(&mut self) -> bool {
        let size = self.segment_size;
        let unfinished = self.free.extract_if(.., |spare| spare.capacity < size);
        let removed = unfinished.map(|spare| self.files.remove_file(&spare.path));
        removed.count() > 0
    }

    /// Files in use and free.
    #[must_use]
    pub fn file_count(&self) -> usize {
        self.shared.segments().len() + self.free.len()
    }

    fn add_file(&mut self) -> io::Result<()> {
        let file = SegmentFile::create(&*self.files, &self.dir, self.next_slot)?;
        self.next_slot += 1;
        if let Err(error) = self.files.sync_dir(&self.dir, SyncPoint::SegmentName) {
            // What is written under a name that may be lost would be lost with it.
            let _ = self.files.remove_file(&file.path);
            return Err(error);
        }
        self.free.insert(0, file);
        Ok(())
    }

    /// Frees the oldest segment if all of it is delivered and its ids are in a file. Never
    /// another: its end may be known only from the header of one behind it.
    fn recycle(&mut self) {
        let filed = self.shared.filed.load(Ordering::Acquire);
        if self.oldest_delivered().is_some_and(|until| until <= filed) {
            let oldest = self.shared.segments().pop_first();
            self.free.extend(oldest.map(|(_, segment)| segment.file));
        }
    }

    /// Where the oldest segment ends, if all of it is delivered and it is not in use.
    fn oldest_delivered(&self) -> Option<u64> {
        let delivered = self.shared.delivered.load(Ordering::Acquire);
        let current = self.current.as_ref().map(|current| current.number);
        let table = self.shared.segments();
        let (number, oldest) = table.first_key_value()?;
        (oldest.until <= delivered && Some(*number) != current).then_some(oldest.until)
    }

    /// Whether the next segment would have to be one that is delivered, but whose ids are
    /// not yet in a file.
    pub(in crate::spool) fn lacks_filed_ids(&self) -> bool {
        let filed = self.shared.filed.load(Ordering::Acquire);
        let lacks = match self.free.last() {
            None => self.disk_full || self.file_count() >= self.most_segments,
            Some(spare) => self.disk_full && !self.is_whole(spare),
        };
        lacks && self.oldest_delivered().is_some_and(|until| until > filed)
    }

    /// Makes a spare segment file, a step at a time, while nobody waits; says whether
    /// more is to be done.
    pub fn prepare(&mut self) -> bool {
        if self.free.is_empty() {
            let filed = self.shared.filed.load(Ordering::Acquire);
            if self.oldest_delivered().is_some_and(|until| until <= filed) {
                return false;
            }
            let room = self.current.as_ref().map_or(0, |current| {
                current.file.capacity.saturating_sub(current.at)
            });
            let wanted = room < self.segment_size / 2 && self.file_count() < self.most_segments;
            // A full disk is met again, and said, when the segment is needed.
            return wanted && self.add_file().is_ok();
        }
        self.grow_spare()
    }

    /// A step of what makes the spare whole that is not; says whether more is to be done.
    fn grow_spare(&mut self) -> bool {
        let size = self.segment_size;
        match self.free.first_mut() {
            Some(spare) => spare.grow(size, STEP).is_ok_and(|whole| !whole),
            None => false,
        }
    }

    /// As [`Log::prepare`], until a burst of the size that was set finds empty segments. For
    /// quiet times only: a step is a sync that an append would have to wait for.
    pub fn make_ready(&mut self) -> bool {
        if self.grow_spare() {
            return true;
        }
        let is_lacking = self.ready_bytes() < self.ready
            && self.file_count() < self.most_segments
            && self.is_roomy();
        is_lacking && self.add_file().is_ok()
    }

    /// Whether a segment that nobody needs yet takes no room that plans, ids, or whatever else is
    /// on the disk may need.
    fn is_roomy(&self) -> bool {
        let room = self.files.room(&self.dir);
        room.is_ok_and(|room| room / ROOMY >= self.segment_size)
    }

    /// Bytes of segments that are whole and empty, or that all is delivered of.
    #[must_use]
    pub fn ready_bytes(&self) -> u64 {
        let filed = self.shared.filed.load(Ordering::Acquire);
        let delivered = self.shared.delivered.load(Ordering::Acquire);
        let current = self.current.as_ref().map(|current| current.number);
        let table = self.shared.segments();
        let used = table
            .values()
            .take_while(|one| one.until <= filed.min(delivered) && Some(one.number) != current);
        let whole = self.free.iter().filter(|file| self.is_whole(file));
        (used.count() + whole.count()) as u64 * self.segment_size
    }
}
