//! What was refused is kept, beside the spool, so that somebody can find out why.
//!
//! One JSON line an event, with the time, the source, the rule and the bytes as they came (without
//! secrets); a file of at most an eighth of the bound, the oldest file deleted first. It is a help, not a promise: the
//! client was told, so nothing waits for this disk, and what it cannot take is counted. Bodies
//! without a known write key never come here.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use clickstream_event::time::Timestamp;
use serde::Serialize;

/// Where refused events are kept, and how many.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder; made when missing.
    pub dir: PathBuf,
    /// Bytes of all its files; 0 keeps nothing.
    pub size: u64,
}

/// Batches of refused events that may wait for the disk.
const WAITING: usize = 256;

/// The files share the bound, so that deleting the oldest costs an eighth of what is kept.
const FILES: u64 = 8;

/// One refused event.
#[derive(Debug)]
pub struct Refused {
    /// When it came, milliseconds since 1970.
    pub received_at_ms: u64,
    /// Whose write key brought it.
    pub source: String,
    /// Its place in the batch.
    pub index: usize,
    /// Its own id, where it could be read.
    pub message_id: Option<String>,
    /// The rule's stable name.
    pub code: &'static str,
    /// JSON path, rule and limit.
    pub reason: String,
    /// Its bytes as they came, but for secrets; none where those cannot be told apart.
    pub raw: Option<Vec<u8>>,
    /// How many bytes came.
    pub length: usize,
}

/// A handle on the keeper's thread.
#[derive(Debug)]
pub struct Keeper {
    queue: Mutex<Option<SyncSender<Vec<Refused>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    counters: Arc<Counters>,
}

/// How many were kept.
#[derive(Debug, Default)]
pub struct Counters {
    /// Refused events written down.
    pub kept: AtomicU64,
    /// Refused events that the disk could not take, or not fast enough.
    pub not_kept: AtomicU64,
}

/// Why refused events cannot be kept at all.
#[derive(Debug, thiserror::Error)]
pub enum KeeperError {
    /// The folder cannot be made or read.
    #[error("cannot keep rejected events: {0}; make the folder writable, or set --rejected-size 0")]
    Folder(#[from] io::Error),
}

impl Keeper {
    /// Starts keeping; without room (`size` 0) everything is only counted.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn start(config: &Config) -> Result<Self, KeeperError> {
        let counters = Arc::new(Counters::default());
        if config.size == 0 {
            return Ok(Self {
                queue: Mutex::new(None),
                thread: Mutex::new(None),
                counters,
            });
        }
        fs_err::create_dir_all(&config.dir)?;
        let mut files = Files::open(config)?;
        let (queue, waiting) = sync_channel(WAITING);
        let counted = Arc::clone(&counters);
        let thread = std::thread::Builder::new()
            .name("rejected".to_owned())
            .spawn(move || keep(&mut files, &waiting, &counted))?;
        Ok(Self {
            queue: Mutex::new(Some(queue)),
            thread: Mutex::new(Some(thread)),
            counters,
        })
    }

    /// Keeps `refused`, or counts that it could not. Never waits.
    pub fn keep(&self, refused: Vec<Refused>) {
        let count = refused.len() as u64;
        if count == 0 {
            return;
        }
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = match &*queue {
            Some(queue) => queue.try_send(refused),
            None => Err(TrySendError::Disconnected(refused)),
        };
        if sent.is_err() {
            self.counters.not_kept.fetch_add(count, Relaxed);
        }
    }

    /// What has been counted so far.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Writes what waits and ends. Blocks for as long as the disk takes.
    pub fn close(&self) {
        drop(
            self.queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            // It cannot panic; if it did, its events were only a help.
            let _ended = thread.join();
        }
    }
}

fn keep(files: &mut Files, waiting: &Receiver<Vec<Refused>>, counters: &Counters) {
    while let Ok(refused) = waiting.recv() {
        let count = refused.len() as u64;
        let lines: Vec<u8> = refused.iter().flat_map(line).collect();
        match files.append(&lines) {
            Ok(()) => counters.kept.fetch_add(count, Relaxed),
            Err(error) => {
                tracing::warn!(%error, events = count, "rejected events could not be kept");
                counters.not_kept.fetch_add(count, Relaxed)
            }
        };
    }
}

fn line(refused: &Refused) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Line<'a> {
        received_at: String,
        source: &'a str,
        index: usize,
        message_id: Option<&'a str>,
        code: &'a str,
        reason: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        raw: Option<&'a str>,
        /// Said where `raw` is not all that came.
        #[serde(skip_serializing_if = "Option::is_none")]
        length: Option<usize>,
    }
    // Bytes that are no text are shown as replacement characters: the reason says so.
    let raw = refused.raw.as_deref().map(String::from_utf8_lossy);
    let received_at = i64::try_from(refused.received_at_ms).unwrap_or(i64::MAX);
    let line = Line {
        received_at: Timestamp::from_ms(received_at).to_string(),
        source: &refused.source,
        index: refused.index,
        message_id: refused.message_id.as_deref(),
        code: refused.code,
        reason: &refused.reason,
        raw: raw.as_deref(),
        length: raw.is_none().then_some(refused.length),
    };
    let mut bytes = serde_json::to_vec(&line).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// The numbered files, the last of them open.
#[derive(Debug)]
struct Files {
    dir: PathBuf,
    file_size: u64,
    /// Made with its first line, so that starts without rejections push nothing out.
    current: Option<fs_err::File>,
    written: u64,
    number: u64,
}

impl Files {
    fn open(config: &Config) -> io::Result<Self> {
        Ok(Self {
            dir: config.dir.clone(),
            file_size: (config.size / FILES).max(1),
            // Every run writes files of its own: a torn last line of a killed one stays there.
            current: None,
            written: 0,
            number: numbers(&config.dir)?.into_iter().max().unwrap_or(0),
        })
    }

    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let length = lines.len() as u64;
        let full = self.written > 0 && self.written + length > self.file_size;
        let mut file = match self.current.take() {
            Some(file) if !full => file,
            _ => {
                let file = fs_err::File::create(path(&self.dir, self.number + 1))?;
                self.number += 1;
                self.written = 0;
                self.delete_old()?;
                file
            }
        };
        file.write_all(lines)?;
        self.written += length;
        self.current = Some(file);
        Ok(())
    }

    fn delete_old(&mut self) -> io::Result<()> {
        for number in numbers(&self.dir)? {
            if number + FILES <= self.number {
                fs_err::remove_file(path(&self.dir, number))?;
            }
        }
        Ok(())
    }
}

fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("rejected-{number:08}.jsonl"))
}

fn numbers(dir: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs_err::read_dir(dir)? {
        let name = entry?.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_prefix("rejected-")?.strip_suffix(".jsonl"))
            .and_then(|number| number.parse::<u64>().ok());
        numbers.extend(number);
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(index: usize, raw: &[u8]) -> Refused {
        Refused {
            received_at_ms: 1_767_323_045_006,
            source: "shop".to_owned(),
            index,
            message_id: Some("m-1".to_owned()),
            code: "too_deep",
            reason: "$.a: nests deeper than 64 levels".to_owned(),
            raw: Some(raw.to_vec()),
            length: raw.len(),
        }
    }

    fn config(dir: &Path, size: u64) -> Config {
        Config {
            dir: dir.join("rejected"),
            size,
        }
    }

    #[test]
    fn what_was_refused_is_kept_with_its_reason() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path(), 1 << 20);
        let keeper = Keeper::start(&config).unwrap();
        keeper.keep(vec![refused(3, b"{\"a\":\xff}")]);
        keeper.close();
        let text = fs_err::read_to_string(path(&config.dir, 1)).unwrap();
        assert_eq!(
            text,
            "{\"receivedAt\":\"2026-01-02T03:04:05.006Z\",\"source\":\"shop\",\"index\":3,\
             \"messageId\":\"m-1\",\"code\":\"too_deep\",\
             \"reason\":\"$.a: nests deeper than 64 levels\",\"raw\":\"{\\\"a\\\":\u{fffd}}\"}\n"
        );
        assert_eq!(keeper.counters().kept.load(Relaxed), 1);
    }

    #[test]
    fn the_files_stay_within_the_bound_and_the_newest_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path(), 16 << 10);
        for _start in 0..2 {
            let keeper = Keeper::start(&config).unwrap();
            for index in 0..200 {
                keeper.keep(vec![refused(index, &[b'x'; 200])]);
            }
            keeper.close();
            let counters = keeper.counters();
            let all = counters.kept.load(Relaxed) + counters.not_kept.load(Relaxed);
            assert_eq!(all, 200);
        }
        let mut total = 0;
        for entry in fs_err::read_dir(&config.dir).unwrap() {
            total += entry.unwrap().metadata().unwrap().len();
        }
        assert!(total > 8 << 10 && total <= 16 << 10, "{total}");
        let newest = numbers(&config.dir).unwrap().into_iter().max().unwrap();
        let text = fs_err::read_to_string(path(&config.dir, newest)).unwrap();
        assert!(text.lines().last().unwrap().contains("\"index\":199"));
    }

    #[test]
    fn without_room_they_are_only_counted() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path(), 0);
        let keeper = Keeper::start(&config).unwrap();
        keeper.keep(vec![refused(0, b"{}")]);
        keeper.close();
        assert_eq!(keeper.counters().not_kept.load(Relaxed), 1);
        assert!(!config.dir.exists());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_said() {
        let dir = tempfile::tempdir().unwrap();
        fs_err::write(dir.path().join("file"), "").unwrap();
        let error = Keeper::start(&config(&dir.path().join("file"), 1 << 20)).unwrap_err();
        assert!(error.to_string().contains("--rejected-size 0"), "{error}");
    }
}
