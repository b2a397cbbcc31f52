//! Segment files: a fixed name each, zero-filled beforehand, used again and again.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::{File, Files};

const PREFIX: &str = "segment-";

/// A file that holds a segment, or may.
#[derive(Debug, Clone)]
pub struct SegmentFile {
    /// Its name's number, which is not the segment's.
    pub slot: u64,
    /// Where it lies.
    pub path: PathBuf,
    /// Open.
    pub file: Arc<dyn File>,
    /// Bytes it has room for.
    pub capacity: u64,
}

/// A segment whose frames up to `end` are durable.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Its number, from its header.
    pub number: u64,
    /// The lowest position that may stand in it.
    pub first: u64,
    /// Where its frames' checksums start from.
    pub seed: u32,
    /// Behind its last durable frame.
    pub end: u64,
    /// Above the position of its last durable record; 0 without one.
    pub until: u64,
    /// The file.
    pub file: SegmentFile,
}

/// The slots of the segment files in a folder.
///
/// # Errors
/// When it cannot be listed.
pub fn slots(files: &dyn Files, dir: &Path) -> io::Result<Vec<u64>> {
    let mut slots: Vec<u64> = files
        .list(dir)?
        .iter()
        .filter_map(|name| name.name.strip_prefix(PREFIX)?.parse().ok())
        .collect();
    slots.sort_unstable();
    Ok(slots)
}

impl SegmentFile {
    /// Opens an existing one.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(files: &dyn Files, dir: &Path, slot: u64) -> io::Result<Self> {
        let path = path(dir, slot);
        let file = files.open(&path)?;
        let capacity = file.len()?;
        Ok(Self {
            slot,
            path,
            file,
            capacity,
        })
    }

    /// Makes a new, empty one; [`Self::grow`] gives it room.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn create(files: &dyn Files, dir: &Path, slot: u64) -> io::Result<Self> {
        let path = path(dir, slot);
        let file = files.create(&path)?;
        Ok(Self {
            slot,
            path,
            file,
            capacity: 0,
        })
    }

    /// Zero-fills up to `step` bytes more, up to `size`; says whether it is whole.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn grow(&mut self, size: u64, step: u64) -> io::Result<bool> {
        if self.capacity < size {
            let more = step.min(size - self.capacity);
            self.file.fill_zero(self.capacity, more)?;
            self.capacity += more;
        }
        Ok(self.capacity >= size)
    }
}

fn path(dir: &Path, slot: u64) -> PathBuf {
    dir.join(format!("{PREFIX}{slot:05}"))
}
