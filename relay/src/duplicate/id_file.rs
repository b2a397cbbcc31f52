//! One id file: written once, searched by one page at a time.

use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::DuplicateKey;
use super::format::{Head, PAGE, Page};
use crate::spool::files::{File, Files, SyncPoint};

mod writing;

pub use writing::Writing;

/// Pages that are read or written at once.
const CHUNK: usize = 32;

/// A whole id file.
#[derive(Debug)]
pub struct IdFile {
    /// Where it lies.
    pub path: PathBuf,
    /// What it says about itself.
    pub head: Head,
    file: Arc<dyn File>,
    seed: u32,
    /// The upper half of the first half of each page's first key.
    fences: Vec<u32>,
    damaged: AtomicBool,
}

/// The name of the file with the ids of these positions.
#[must_use]
pub fn name(first: u64, until: u64) -> String {
    format!("ids-{first}-{until}")
}

/// The positions that a file's name speaks of, if it is an id file's.
#[must_use]
pub fn positions(name: &str) -> Option<(u64, u64)> {
    let (first, until) = name.strip_prefix("ids-")?.split_once('-')?;
    let (first, until) = (first.parse().ok()?, until.parse().ok()?);
    (first < until).then_some((first, until))
}

impl IdFile {
    /// Opens the file with this name, if its head is intact: `None` when its writer did not
    /// come to the end, or rot has hit it.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(
        files: &dyn Files,
        path: &Path,
        (first, until): (u64, u64),
        spool_id: &[u8; 16],
    ) -> io::Result<Option<Self>> {
        let file = files.open(path)?;
        let mut page = vec![0; PAGE];
        // A head that cannot be read is a damaged one.
        let _ = file.read_at(0, &mut page);
        let head = Head::decode(&page, spool_id);
        Ok(head
            .filter(|head| (head.first, head.until) == (first, until))
            .map(|head| Self {
                path: path.to_path_buf(),
                head,
                file,
                seed: Head::seed(spool_id, first, until),
                fences: Vec::new(),
                damaged: AtomicBool::new(false),
            }))
    }

    /// Reads all keys once, to learn where the pages begin; says whether all are intact.
    pub fn load(&mut self, mut each: impl FnMut(DuplicateKey)) -> bool {
        let pages = self.head.pages();
        let mut fences = Vec::with_capacity(usize::try_from(pages).unwrap_or(0));
        let mut reading = Reading::new(self);
        let mut intact = true;
        for number in 0..pages {
            match reading.page(number) {
                Some(page) => {
                    fences.push(fence(page.key(0)));
                    (0..page.count()).for_each(|index| each(page.key(index)));
                }
                None => {
                    intact = false;
                    fences.push(u32::MAX);
                }
            }
        }
        // A damaged page begins where the next one does, so that none before it is missed.
        for index in (1..fences.len()).rev() {
            fences[index - 1] = fences[index - 1].min(fences[index]);
        }
        self.fences = fences;
        *self.damaged.get_mut() |= !intact;
        intact
    }

    /// Writes the head once more and syncs it: a process that was killed may have left it
    /// in this machine's memory alone.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn settle(&self, spool_id: &[u8; 16]) -> io::Result<()> {
        let head = self.head.encode(spool_id);
        self.file.write_at(0, &mut [IoSlice::new(&head)])?;
        self.file.sync(SyncPoint::RecoveredIds)
    }

    /// Whether the key is in it, by reading one page, rarely two. Damage is said once and
    /// costs the keys of the page that it hit.
    #[must_use]
    pub fn holds(&self, key: DuplicateKey) -> bool {
        let wanted = fence(key);
        let mut number = self.fences.partition_point(|fence| *fence <= wanted);
        let mut bytes = [0; PAGE];
        while number > 0 {
            number -= 1;
            let Some(page) = self.read_page(number as u64, &mut bytes) else {
                self.say_damaged();
                // The page before may still end with it.
                if self.fences[number] == wanted {
                    continue;
                }
                return false;
            };
            if key >= page.key(0) {
                return page.holds(key);
            }
        }
        false
    }

    fn read_page<'a>(&self, number: u64, bytes: &'a mut [u8; PAGE]) -> Option<Page<'a>> {
        let offset = (number + 1) * PAGE as u64;
        let read = self.file.read_at(offset, bytes).ok()?;
        Page::read(&bytes[..read], self.seed, number)
    }

    /// A page of it is damaged or cannot be read: says so once.
    pub fn say_damaged(&self) {
        if !self.damaged.swap(true, Ordering::Relaxed) {
            tracing::error!(
                file = %self.path.display(),
                "a damaged page in a file of message ids: events whose ids it held may be taken twice"
            );
        }
    }

    /// Whether damage was met.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Its bytes on the disk.
    #[must_use]
    pub fn disk_bytes(&self) -> u64 {
        (1 + self.head.pages()) * PAGE as u64
    }

    /// Its bytes in memory.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        (self.fences.capacity() * size_of::<u32>()) as u64
    }
}

fn fence(key: DuplicateKey) -> u32 {
    u32::try_from(key.0[0] >> 32).unwrap_or(u32::MAX)
}

/// Pages of a file in order, some of them read at once.
#[derive(Debug)]
pub struct Reading {
    file: Arc<dyn File>,
    seed: u32,
    pages: u64,
    chunk: Vec<u8>,
    /// The number of the chunk's first page.
    from: u64,
}

impl Reading {
    /// From the file's first page on.
    #[must_use]
    pub fn new(of: &IdFile) -> Self {
        Self {
            file: Arc::clone(&of.file),
            seed: of.seed,
            pages: of.head.pages(),
            chunk: Vec::new(),
            from: 0,
        }
    }

    /// The page with this number; none when it is damaged, or beyond the end.
    pub fn page(&mut self, number: u64) -> Option<Page<'_>> {
        let behind = self.from + (self.chunk.len() / PAGE) as u64;
        if !(self.from..behind).contains(&number) {
            self.from = number;
            let pages = self.pages.saturating_sub(number).min(CHUNK as u64);
            self.chunk = vec![0; usize::try_from(pages).unwrap_or(CHUNK) * PAGE];
            let offset = (number + 1) * PAGE as u64;
            let mut read = self.file.read_at(offset, &mut self.chunk);
            if read.is_err() && pages > 1 {
                // What cannot be read costs only the page that it is in.
                read = self.file.read_at(offset, &mut self.chunk[..PAGE]);
            }
            self.chunk.truncate(read.unwrap_or(0) / PAGE * PAGE);
        }
        let at = usize::try_from(number - self.from).ok()? * PAGE;
        Page::read(self.chunk.get(at..at + PAGE)?, self.seed, number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duplicate::format::KEYS;
    use crate::spool::RealFiles;

    const ID: [u8; 16] = [5; 16];

    /// Keys that crowd: many share the upper half of their first half.
    fn key(number: u64) -> DuplicateKey {
        DuplicateKey([(number / 400) << 33 | number, number])
    }

    fn write(dir: &Path, numbers: impl Iterator<Item = u64>) -> IdFile {
        let mut writing = Writing::begin(&RealFiles, dir, (1, 9), &ID).unwrap();
        numbers.for_each(|number| writing.push(key(number)).unwrap());
        let head = Head {
            first: 1,
            until: 9,
            ..Head::default()
        };
        writing.end(&RealFiles, dir, head, &ID).unwrap()
    }

    #[test]
    fn a_file_knows_its_keys_and_no_others_also_when_opened_again() {
        let dir = tempfile::tempdir().unwrap();
        for count in [1, 254, 255, 256, 20_000] {
            let written = write(dir.path(), (0..count).map(|number| 2 * number));
            let path = dir.path().join(name(1, 9));
            let mut opened = IdFile::open(&RealFiles, &path, (1, 9), &ID)
                .unwrap()
                .unwrap();
            let mut loaded = 0;
            assert!(opened.load(|_| loaded += 1));
            assert_eq!((loaded, opened.head), (count, written.head));
            for file in [&written, &opened] {
                for number in 0..count {
                    assert!(file.holds(key(2 * number)), "{number} of {count}");
                    assert!(!file.holds(key(2 * number + 1)), "{number} of {count}");
                }
            }
        }
    }

    #[test]
    fn a_damaged_page_costs_its_own_keys_and_is_known() {
        let dir = tempfile::tempdir().unwrap();
        let written = write(dir.path(), 0..2_000);
        for page in 0..8 {
            let mut bytes = fs_err::read(&written.path).unwrap();
            bytes[(page + 1) * PAGE + 100] ^= 1;
            let path = dir.path().join("damaged");
            fs_err::write(&path, &bytes).unwrap();
            let mut file = IdFile::open(&RealFiles, &path, (1, 9), &ID)
                .unwrap()
                .unwrap();
            assert!(!file.load(|_| {}) && file.is_damaged());
            for number in 0..2_000 {
                let lost = number / KEYS == page;
                assert_eq!(file.holds(key(number as u64)), !lost, "{number}, {page}");
            }
        }
        // Damage that comes while it is open.
        let file = fs_err::OpenOptions::new()
            .write(true)
            .open(&written.path)
            .unwrap();
        file.set_len(3 * PAGE as u64).unwrap();
        assert!(written.holds(key(0)) && !written.is_damaged());
        assert!(!written.holds(key(1_999)) && written.is_damaged());
    }
}
