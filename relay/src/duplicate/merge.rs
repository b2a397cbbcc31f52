//! Several id files of a generation become one, a step at a time.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::DuplicateKey;
use super::format::Head;
use super::id_file::{IdFile, Reading, Writing};
use super::view::Generation;
use crate::spool::files::Files;

/// So many files of one size in a row become one.
const FAN: usize = 4;
/// So many files at most are read at once.
const MOST: usize = 16;

/// A merge on its way.
#[derive(Debug)]
pub struct Merge {
    /// The generation whose files they are.
    pub generation: u64,
    /// The files, oldest first.
    pub inputs: Vec<Arc<IdFile>>,
    cursors: Vec<Cursor>,
    writing: Writing,
    head: Head,
    last: Option<DuplicateKey>,
}

/// The files of a generation that are to become one: all of one that grows no more, the
/// newest ones of about the same size while it grows. A damaged one stays as it is: what
/// cannot be read of it now may be readable later.
#[must_use]
pub fn due(generation: &Generation, grows: bool) -> Option<Vec<Arc<IdFile>>> {
    let files = &generation.files;
    if !grows {
        let mut runs = files.split(|file| file.is_damaged());
        let run = runs.find(|run| run.len() > 1)?;
        return Some(run[..run.len().min(MOST)].to_vec());
    }
    let files = files.rsplit(|file| file.is_damaged()).next()?;
    let class = |file: &Arc<IdFile>| file.head.count.max(1).ilog2() / FAN.ilog2();
    let newest = class(files.last()?);
    let alike = files.iter().rev().take_while(|file| class(file) <= newest);
    let alike = alike.count();
    (alike >= FAN).then(|| files[files.len() - alike.min(MOST)..].to_vec())
}

impl Merge {
    /// Begins to write the file that takes the place of these.
    ///
    /// # Errors
    /// When the disk is full or fails.
    pub fn begin(
        files: &dyn Files,
        dir: &Path,
        inputs: Vec<Arc<IdFile>>,
        spool_id: &[u8; 16],
    ) -> io::Result<Self> {
        let mut head = inputs.first().map_or(Head::default(), |file| file.head);
        for input in &inputs {
            head.until = head.until.max(input.head.until);
            head.until_ms = head.until_ms.max(input.head.until_ms);
            head.begun_ms = head.begun_ms.min(input.head.begun_ms);
        }
        let writing = Writing::begin(files, dir, (head.first, head.until), spool_id)?;
        Ok(Self {
            generation: head.generation,
            cursors: inputs.iter().map(Cursor::new).collect(),
            inputs,
            writing,
            head,
            last: None,
        })
    }

    /// Writes up to `most` ids more; says whether all are written.
    ///
    /// # Errors
    /// When the disk is full or fails, or a page is damaged.
    pub fn step(&mut self, most: usize) -> io::Result<bool> {
        for _ in 0..most {
            if let Some(broken) = self.cursors.iter().find(|one| one.broken) {
                broken.file.say_damaged();
                return Err(io::ErrorKind::InvalidData.into());
            }
            let cursors = self.cursors.iter_mut();
            let lowest = cursors.filter(|one| one.key().is_some());
            let Some(lowest) = lowest.min_by_key(|one| one.key()) else {
                return Ok(true);
            };
            let key = lowest.key();
            lowest.advance();
            if let Some(key) = key.filter(|key| Some(*key) != self.last) {
                self.writing.push(key)?;
                self.last = Some(key);
            }
        }
        Ok(false)
    }

    /// Makes the new file durable.
    ///
    /// # Errors
    /// When the disk fails: then it is void.
    pub fn end(self, files: &dyn Files, dir: &Path, spool_id: &[u8; 16]) -> io::Result<IdFile> {
        self.writing.end(files, dir, self.head, spool_id)
    }

    /// Where the new file lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.writing.path()
    }
}

/// A place in a file: the keys of one page.
#[derive(Debug)]
struct Cursor {
    file: Arc<IdFile>,
    /// A page was not intact.
    broken: bool,
    reading: Reading,
    next: u64,
    pages: u64,
    keys: Vec<DuplicateKey>,
    at: usize,
}

impl Cursor {
    fn new(file: &Arc<IdFile>) -> Self {
        let mut cursor = Self {
            file: Arc::clone(file),
            broken: false,
            reading: Reading::new(file),
            next: 0,
            pages: file.head.pages(),
            keys: Vec::new(),
            at: 0,
        };
        cursor.turn();
        cursor
    }

    fn key(&self) -> Option<DuplicateKey> {
        self.keys.get(self.at).copied()
    }

    fn advance(&mut self) {
        self.at += 1;
        if self.at == self.keys.len() {
            self.turn();
        }
    }

    /// To the next page.
    fn turn(&mut self) {
        self.keys.clear();
        self.at = 0;
        if self.next < self.pages {
            match self.reading.page(self.next) {
                Some(page) => self.keys.extend((0..page.count()).map(|at| page.key(at))),
                None => self.broken = true,
            }
            self.next += 1;
        }
    }
}
