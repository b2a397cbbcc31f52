//! Segments begun, made and used again.

use std::io;
use std::sync::atomic::Ordering;

use super::{CommitError, Current, Log, Standing};
use crate::spool::files::SyncPoint;
use crate::spool::header::{Header, MOST_ENDS, SECTOR};
use crate::spool::segment::{Segment, SegmentFile};

/// A spare file is zero-filled by so much between two commits.
const STEP: u64 = 1 << 20;

impl Log {
    /// No frame goes to the current segment any more; what stands behind its end is void
    /// once the next header says so.
    pub(super) fn close_current(&mut self) {
        if let Some(current) = self.current.take() {
            self.unsettled.push((current.number, current.at));
        }
    }

    /// Begins a new segment, whose first record has this position.
    pub(super) fn roll(
        &mut self,
        first: u64,
        standing: &Standing,
        recycled: &mut Vec<(u64, u64)>,
    ) -> Result<(), CommitError> {
        if self.unsettled.len() >= MOST_ENDS {
            return Err(CommitError::Failing(format!(
                "{MOST_ENDS} segments in a row could not be synced: replace the spool's disk and restart"
            )));
        }
        let salt = self.files.entropy()?;
        let file = self.free_file(standing.ids, recycled)?;
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
        Ok(())
    }

    /// A whole segment file that holds nothing needed.
    fn free_file(
        &mut self,
        ids: usize,
        recycled: &mut Vec<(u64, u64)>,
    ) -> Result<SegmentFile, CommitError> {
        // Delivered segments are kept while they may: their ids are the duplicate window.
        if self.free.is_empty() && ids >= self.most_ids {
            self.recycle(recycled);
        }
        if self.free.is_empty() && self.file_count() < self.most_segments {
            match self.add_file() {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => {}
                Err(error) => return Err(error.into()),
            }
        }
        if self.free.is_empty() {
            self.recycle(recycled);
        }
        let Some(mut file) = self.free.pop() else {
            return Err(CommitError::Full);
        };
        match file.grow(self.segment_size, u64::MAX) {
            Ok(_) => Ok(file),
            Err(error) => {
                self.free.push(file);
                Err(error.into())
            }
        }
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
        self.free.push(file);
        Ok(())
    }

    /// Frees the oldest segment if all of it is delivered. Never another: its end may be
    /// known only from the header of one behind it.
    fn recycle(&mut self, recycled: &mut Vec<(u64, u64)>) {
        let delivered = self.shared.delivered.load(Ordering::Acquire);
        let current = self.current.as_ref().map(|current| current.number);
        let mut table = self.shared.segments();
        let Some(oldest) = table.first_entry() else {
            return;
        };
        if oldest.get().until <= delivered && Some(*oldest.key()) != current {
            let segment = oldest.remove();
            recycled.push((segment.number, segment.until));
            self.free.push(segment.file);
        }
    }

    /// Makes a spare segment file, a step at a time, while nobody waits; says whether
    /// more is to be done.
    pub fn prepare(&mut self) -> bool {
        if self.free.is_empty() {
            let room = self.current.as_ref().map_or(0, |current| {
                current.file.capacity.saturating_sub(current.at)
            });
            let wanted = room < self.segment_size / 2 && self.file_count() < self.most_segments;
            // A full disk is met again, and said, when the segment is needed.
            return wanted && self.add_file().is_ok();
        }
        let size = self.segment_size;
        match self.free.last_mut() {
            Some(spare) => spare.grow(size, STEP).is_ok_and(|whole| !whole),
            None => false,
        }
    }
}
