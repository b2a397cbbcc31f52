//! Damage in the spool: each stretch counted, said and kept aside once, however often it is
//! met; and how often a block that cannot be read is tried before it is given up.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IoSlice};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::files::Files;
use super::segment::{Segment, SegmentFile};

/// So many tries of a delivery, which come ever more seldom, meet an unreadable block before
/// what is behind it is delivered without it: a cable that came loose is no bad block.
pub const PATIENCE: u32 = 8;

/// What is damaged in a spool.
#[derive(Debug)]
pub struct Damage {
    files: Arc<dyn Files>,
    dir: PathBuf,
    found: Mutex<Found>,
}

#[derive(Debug, Default)]
struct Found {
    /// Segment and offset of each stretch.
    stretches: BTreeSet<(u64, u64)>,
    /// Files that hold no segment any more, other files of the spool, and copies in them.
    files: u64,
    /// How often each block was tried.
    tries: BTreeMap<(u64, u64), u32>,
}

impl Damage {
    /// Of the spool in this folder.
    #[must_use]
    pub fn new(files: Arc<dyn Files>, dir: &Path) -> Self {
        Self {
            files,
            dir: dir.to_path_buf(),
            found: Mutex::default(),
        }
    }

    /// Damaged stretches and files, each once.
    #[must_use]
    pub fn count(&self) -> u64 {
        let found = self.found();
        found.stretches.len() as u64 + found.files
    }

    /// Where durable frames had been there is nothing of ours. `bytes` are kept beside the
    /// segments, for who wants to look at them.
    pub fn stretch(&self, segment: &Segment, at: Range<u64>, bytes: &[u8]) {
        if !self.found().stretches.insert((segment.number, at.start)) {
            return;
        }
        let path = self
            .dir
            .join(format!("rot-{}-{}", segment.number, at.start));
        tracing::error!(
            segment = %segment.file.path.display(),
            from = at.start,
            until = at.end,
            kept = %path.display(),
            "damaged events in the spool: they are lost to delivery, their bytes are kept"
        );
        let kept = match self.files.create(&path) {
            Ok(file) => file.write_at(0, &mut [IoSlice::new(bytes)]),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = kept {
            tracing::warn!(%error, kept = %path.display(), "a copy of damaged bytes could not be kept");
        }
    }

    /// The head of a segment file is damaged, and its frames tell what it said.
    pub fn head(&self, file: &SegmentFile) {
        self.found().files += 1;
        tracing::error!(
            file = %file.path.display(),
            "the head of a segment file is damaged: its events tell which segment it is, and none is lost"
        );
    }

    /// Nobody can say any more which segment this file holds: it is set aside whole.
    pub fn segment_file(&self, file: &SegmentFile) {
        self.set_aside(
            &file.path,
            "the head of a segment file is damaged: what it holds cannot be delivered, and the file is set aside",
        );
    }

    /// One of the copies of something that stands twice in its file is damaged.
    pub fn copy(&self, path: &Path, what: &'static str) {
        self.found().files += 1;
        tracing::error!(file = %path.display(), "{what}");
    }

    /// Sets a file of the spool aside under a name of its own, never over another.
    pub fn set_aside(&self, path: &Path, what: &'static str) {
        self.found().files += 1;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut aside = self.dir.join(format!("rot-{name}"));
        let mut number = 1;
        let moved = loop {
            match self.files.rename_new(path, &aside) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    number += 1;
                    aside = self.dir.join(format!("rot-{name}-{number}"));
                }
                other => break other,
            }
        };
        tracing::error!(file = %path.display(), kept = %aside.display(), "{what}");
        if let Err(error) = moved {
            // It keeps its name, is not used, and is found again by the next start.
            tracing::warn!(%error, "a damaged file could not be set aside");
        }
    }

    /// These blocks of a segment could not be read once more. Whether they are given up.
    #[must_use]
    pub fn give_up(&self, segment: u64, unreadable: &[Range<u64>]) -> bool {
        let mut found = self.found();
        let mut enough = true;
        for block in unreadable {
            let tries = found.tries.entry((segment, block.start)).or_default();
            *tries += 1;
            enough &= *tries >= PATIENCE;
        }
        enough
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
