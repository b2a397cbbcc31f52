//! The log that many buffers are moved to: a row of files, each removed when no buffer needs it.

use super::chunks::Chunks;
use super::own::copy;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

/// A file of the log is not continued beyond so many bytes; tests see files come and go sooner.
const LONGEST: u64 = if cfg!(test) { 64 << 10 } else { 64 << 20 };

/// Before each part, a `u64` each, little-endian: which of the buffer's files the part before it
/// stands in, counted from 1, and where; 0 for the first part. Then the part's own length.
const HEAD: u64 = 24;

#[derive(Debug)]
pub(super) struct Log {
    folder: PathBuf,
    made: u64,
    current: Option<Current>,
    full: Vec<(Weak<Segment>, u64)>,
}

/// The file that is written to.
#[derive(Debug)]
struct Current {
    segment: Arc<Segment>,
    file: fs_err::File,
    end: u64,
}

/// A file of the log, which is gone when nobody has it any more.
#[derive(Debug)]
struct Segment {
    path: PathBuf,
}

impl Drop for Segment {
    fn drop(&mut self) {
        // What cannot be removed now is removed at the next start.
        let _ = fs_err::remove_file(&self.path);
    }
}

/// Where a buffer's last part stands, and the files that its parts are in, in their order.
#[derive(Debug, Clone)]
pub(super) struct Place {
    segments: Vec<Arc<Segment>>,
    offset: u64,
}

impl Log {
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        fs_err::create_dir_all(folder)?;
        for entry in fs_err::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|name| name == "spill") {
                fs_err::remove_file(path)?;
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
            made: 0,
            current: None,
            full: Vec::new(),
        })
    }

    /// Bytes of all files.
    pub(super) fn length(&self) -> u64 {
        let needed = self.full.iter().filter(|(file, _)| file.strong_count() > 0);
        let full: u64 = needed.map(|(_, length)| length).sum();
        full + self.current.as_ref().map_or(0, |current| current.end)
    }

    /// Appends a part of a buffer whose parts so far end at `before`. After an error the log is
    /// as it was.
    pub(super) fn append(&mut self, before: Option<&Place>, part: &Chunks) -> io::Result<Place> {
        let current = self.current()?;
        let mut segments = before.map_or(Vec::new(), |before| before.segments.clone());
        let length = u64::try_from(part.length()).unwrap_or(u64::MAX);
        let head = [
            u64::try_from(segments.len()).unwrap_or(u64::MAX),
            before.map_or(0, |before| before.offset),
            length,
        ];
        // Behind the end may lie what a write that failed has left.
        current.file.seek(SeekFrom::Start(current.end))?;
        part.write_to(&head.map(u64::to_le_bytes).concat(), &mut current.file)?;
        let offset = current.end;
        current.end += HEAD + length;
        if !segments
            .last()
            .is_some_and(|last| Arc::ptr_eq(last, &current.segment))
        {
            segments.push(Arc::clone(&current.segment));
        }
        Ok(Place { segments, offset })
    }

    /// The file to write to: the one before while it is short, emptied if nobody needs it.
    fn current(&mut self) -> io::Result<&mut Current> {
        if let Some(current) = &mut self.current
            && Arc::strong_count(&current.segment) == 1
            && current.end > 0
        {
            current.file.set_len(0)?;
            current.end = 0;
        }
        let current = match self.current.take() {
            Some(current) if current.end < LONGEST => current,
            full => {
                self.full.retain(|(file, _)| file.strong_count() > 0);
                if let Some(full) = full {
                    let segment = Arc::downgrade(&full.segment);
                    self.full.push((segment, full.end));
                }
                self.made += 1;
                let path = self.folder.join(format!("{}.spill", self.made));
                Current {
                    file: fs_err::File::create(&path)?,
                    segment: Arc::new(Segment { path }),
                    end: 0,
                }
            }
        };
        Ok(self.current.insert(current))
    }
}

impl Place {
    /// Writes the buffer's parts to `out`, the first one first.
    pub(super) fn write_to(&self, out: &mut dyn Write) -> io::Result<()> {
        let opened = self.segments.iter();
        let mut files = opened
            .map(|segment| fs_err::File::open(&segment.path))
            .collect::<io::Result<Vec<_>>>()?;
        let mut parts = Vec::new();
        let mut next = (files.len(), self.offset);
        while let (Some(file), (index, offset)) = (file(&mut files, next.0), next) {
            file.seek(SeekFrom::Start(offset))?;
            let [before, at, length] = read_head(file)?;
            parts.push((index, offset + HEAD, length));
            next = (usize::try_from(before).unwrap_or(usize::MAX), at);
            if next >= (index, offset) {
                return Err(torn());
            }
        }
        for (index, offset, length) in parts.into_iter().rev() {
            let Some(file) = file(&mut files, index) else {
                return Err(torn());
            };
            file.seek(SeekFrom::Start(offset))?;
            copy(file, length, out)?;
        }
        Ok(())
    }
}

/// A buffer's file by its number from 1.
fn file(files: &mut [fs_err::File], number: usize) -> Option<&mut fs_err::File> {
    files.get_mut(number.checked_sub(1)?)
}

fn read_head(file: &mut fs_err::File) -> io::Result<[u64; 3]> {
    let mut head = [0; 24];
    file.read_exact(&mut head)?;
    let (numbers, _) = head.as_chunks::<8>();
    let mut numbers = numbers.iter().map(|number| u64::from_le_bytes(*number));
    Ok([(); 3].map(|()| numbers.next().unwrap_or_default()))
}

fn torn() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the log of spilled buffers is not as it was written",
    )
}
