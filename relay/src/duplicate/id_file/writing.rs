//! An id file on its way to the disk.

use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::{CHUNK, IdFile, fence, name};
use crate::duplicate::DuplicateKey;
use crate::duplicate::format::{Head, KEYS, PAGE, write_page};
use crate::spool::files::{File, Files, SyncPoint};

/// A file on its way: keys in order, then the head.
#[derive(Debug)]
pub struct Writing {
    path: PathBuf,
    file: Arc<dyn File>,
    seed: u32,
    page: Vec<DuplicateKey>,
    chunk: Vec<u8>,
    fences: Vec<u32>,
    count: u64,
    written: u64,
}

impl Writing {
    /// Begins the file for the ids of these positions. What an earlier attempt left under
    /// its name is removed.
    ///
    /// # Errors
    /// When the disk is full or fails.
    pub fn begin(
        files: &dyn Files,
        dir: &Path,
        (first, until): (u64, u64),
        spool_id: &[u8; 16],
    ) -> io::Result<Self> {
        let path = dir.join(name(first, until));
        let file = match files.create(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                files.remove_file(&path)?;
                files.create(&path)?
            }
            other => other?,
        };
        Ok(Self {
            path,
            file,
            seed: Head::seed(spool_id, first, until),
            page: Vec::with_capacity(KEYS),
            chunk: Vec::with_capacity(CHUNK * PAGE),
            fences: Vec::new(),
            count: 0,
            written: 0,
        })
    }

    /// Appends a key, above all before it.
    ///
    /// # Errors
    /// When the disk is full or fails.
    pub fn push(&mut self, key: DuplicateKey) -> io::Result<()> {
        self.page.push(key);
        self.count += 1;
        match self.page.len() {
            KEYS => self.end_page(),
            _ => Ok(()),
        }
    }

    fn end_page(&mut self) -> io::Result<()> {
        if let Some(first) = self.page.first() {
            let number = self.fences.len() as u64;
            self.fences.push(fence(*first));
            write_page(&mut self.chunk, &self.page, self.seed, number);
            self.page.clear();
        }
        match self.chunk.len() {
            length if length == CHUNK * PAGE => self.write(),
            _ => Ok(()),
        }
    }

    fn write(&mut self) -> io::Result<()> {
        let offset = (self.written + 1) * PAGE as u64;
        self.file
            .write_at(offset, &mut [IoSlice::new(&self.chunk)])?;
        self.written += (self.chunk.len() / PAGE) as u64;
        self.chunk.clear();
        Ok(())
    }

    /// Makes the pages durable, then the head that says so, then the name.
    ///
    /// # Errors
    /// When the disk fails: then the file is void.
    pub fn end(
        mut self,
        files: &dyn Files,
        dir: &Path,
        head: Head,
        spool_id: &[u8; 16],
    ) -> io::Result<IdFile> {
        self.end_page()?;
        if !self.chunk.is_empty() {
            self.write()?;
        }
        self.file.sync(SyncPoint::Ids)?;
        let head = Head {
            count: self.count,
            ..head
        };
        let page = head.encode(spool_id);
        self.file.write_at(0, &mut [IoSlice::new(&page)])?;
        self.file.sync(SyncPoint::IdsHead)?;
        files.sync_dir(dir, SyncPoint::IdsName)?;
        self.fences.shrink_to_fit();
        Ok(IdFile {
            path: self.path,
            head,
            file: self.file,
            seed: self.seed,
            fences: self.fences,
            damaged: AtomicBool::new(false),
        })
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}
