//! What was refused is kept, beside the spool, so that somebody can find out why.
//!
//! One JSON line an event, with the time, the source, the rule and the bytes as they came (without
//! secrets, and cut where they are too many). It is a help, not a promise: the client was told, so
//! nothing waits for this disk, and what it cannot take is counted. Bodies without a known write key
//! never come here.

mod files;
mod recent;

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use clickstream_event::time::Timestamp;
use serde::Serialize;

use self::files::Files;
pub use self::recent::Recent;

/// Where refused events are kept, and how many.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder; made when missing.
    pub dir: PathBuf,
    /// Bytes of all its files; 0 keeps nothing.
    pub size: u64,
}

/// Bytes of refused events that may wait for the disk.
const WAITING: usize = 8 << 20;

/// One refused event.
#[derive(Clone, Debug)]
pub struct Refused {
    /// When it came, milliseconds since 1970.
    pub received_at_ms: u64,
    /// Whose write key brought it.
    pub source: String,
    /// When its batch was sent, by the batch's own word.
    pub sent_at: Option<Timestamp>,
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
    /// How many bytes came, where `raw` is not all of them.
    pub length: Option<usize>,
}

impl Refused {
    /// The bytes that it holds in memory, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let texts = [&self.source, &self.reason].map(String::len);
        let raw = self.raw.as_ref().map_or(0, Vec::len);
        let id = self.message_id.as_ref().map_or(0, String::len);
        size_of::<Self>() + texts.iter().sum::<usize>() + raw + id
    }
}

/// A handle on the keeper's thread.
#[derive(Debug)]
pub struct Keeper {
    queue: Mutex<Option<Sender<Vec<Refused>>>>,
    /// Bytes in the queue.
    waiting: Arc<AtomicUsize>,
    thread: Mutex<Option<JoinHandle<()>>>,
    counters: Arc<Counters>,
    recent: Recent,
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
        let waiting = Arc::new(AtomicUsize::new(0));
        if config.size == 0 {
            return Ok(Self {
                queue: Mutex::new(None),
                waiting,
                thread: Mutex::new(None),
                counters,
                recent: Recent::default(),
            });
        }
        fs_err::create_dir_all(&config.dir)?;
        let mut files = Files::open(config)?;
        let (queue, queued) = channel();
        let (counted, left) = (Arc::clone(&counters), Arc::clone(&waiting));
        let thread = std::thread::Builder::new()
            .name("rejected".to_owned())
            .spawn(move || keep(&mut files, &queued, &left, &counted))?;
        Ok(Self {
            queue: Mutex::new(Some(queue)),
            waiting,
            thread: Mutex::new(Some(thread)),
            counters,
            recent: Recent::default(),
        })
    }

    /// Keeps `refused`, or counts what it could not. Never waits.
    pub fn keep(&self, mut refused: Vec<Refused>) {
        self.recent.note(&refused);
        let count = refused.len();
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock nobody else adds to it.
        let mut room = match &*queue {
            Some(_) => WAITING.saturating_sub(self.waiting.load(Relaxed)),
            None => 0,
        };
        let fits = |refused: &&Refused| match room.checked_sub(refused.bytes()) {
            Some(left) => {
                room = left;
                true
            }
            None => false,
        };
        refused.truncate(refused.iter().take_while(fits).count());
        let mut queued = refused.len();
        if let Some(queue) = queue.as_ref().filter(|_| queued > 0) {
            let bytes = refused.iter().map(Refused::bytes).sum();
            self.waiting.fetch_add(bytes, Relaxed);
            if queue.send(refused).is_err() {
                // Its thread is gone: nothing will ever fit again.
                queued = 0;
            }
        }
        let not_kept = (count - queued) as u64;
        self.counters.not_kept.fetch_add(not_kept, Relaxed);
    }

    /// Those that came last, kept or not.
    #[must_use]
    pub fn recent(&self) -> &Recent {
        &self.recent
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

fn keep(
    files: &mut Files,
    queued: &Receiver<Vec<Refused>>,
    waiting: &AtomicUsize,
    counters: &Counters,
) {
    while let Ok(batch) = queued.recv() {
        let mut failed = None;
        for refused in batch {
            let bytes = refused.bytes();
            match write_down(files, refused) {
                Ok(()) => counters.kept.fetch_add(1, Relaxed),
                Err(error) => {
                    failed = Some(error);
                    counters.not_kept.fetch_add(1, Relaxed)
                }
            };
            waiting.fetch_sub(bytes, Relaxed);
        }
        if let Some(error) = failed {
            tracing::warn!(%error, "rejected events could not be kept");
        }
    }
}

/// One line; without the event's bytes where a whole file would be too small for them.
fn write_down(files: &mut Files, mut refused: Refused) -> io::Result<()> {
    let mut written = line(&refused);
    if written.len() as u64 > files.longest() {
        let raw = refused.raw.take().map(|raw| raw.len());
        refused.length = refused.length.or(raw);
        written = line(&refused);
    }
    if written.len() as u64 > files.longest() {
        return Err(io::Error::other(
            "--rejected-size is too small for one event",
        ));
    }
    files.append(&written)
}

fn line(refused: &Refused) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Line<'a> {
        received_at: String,
        /// The batch's: where the event says another, that one counts.
        #[serde(skip_serializing_if = "Option::is_none")]
        sent_at: Option<String>,
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
        sent_at: refused.sent_at.map(|time| time.to_string()),
        source: &refused.source,
        index: refused.index,
        message_id: refused.message_id.as_deref(),
        code: refused.code,
        reason: &refused.reason,
        raw: raw.as_deref(),
        length: refused.length,
    };
    let mut bytes = serde_json::to_vec(&line).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::files::{numbers, path};
    use super::*;

    fn refused(index: usize, raw: &[u8]) -> Refused {
        Refused {
            received_at_ms: 1_767_323_045_006,
            source: "shop".to_owned(),
            sent_at: Timestamp::parse("2026-01-02T03:04:04Z"),
            index,
            message_id: Some("m-1".to_owned()),
            code: "too_deep",
            reason: "$.a: nests deeper than 64 levels".to_owned(),
            raw: Some(raw.to_vec()),
            length: None,
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
            "{\"receivedAt\":\"2026-01-02T03:04:05.006Z\",\"sentAt\":\"2026-01-02T03:04:04.000Z\",\"source\":\"shop\",\"index\":3,\
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
    fn one_large_batch_stays_within_the_bound_too() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path(), 64 << 10);
        let keeper = Keeper::start(&config).unwrap();
        // Control characters are written six times as long.
        let batch = (0..400).map(|index| refused(index, &[1; 1000])).collect();
        keeper.keep(batch);
        // Longer than a whole file: its bytes are left out, and that is said.
        keeper.keep(vec![refused(400, &[b'x'; 9 << 10])]);
        keeper.close();
        assert_eq!(keeper.counters().kept.load(Relaxed), 401);
        let mut texts = Vec::new();
        for number in numbers(&config.dir).unwrap() {
            texts.push(fs_err::read_to_string(path(&config.dir, number)).unwrap());
        }
        assert!(texts.iter().all(|text| text.len() <= 8 << 10));
        let total: usize = texts.iter().map(String::len).sum();
        assert!(total > 32 << 10 && total <= 64 << 10, "{total}");
        let last = texts.iter().flat_map(|text| text.lines());
        let last = last.filter(|line| line.contains("\"index\":400,"));
        let lines: Vec<&str> = last.collect();
        assert_eq!(lines.len(), 1);
        assert!(lines[0].ends_with("\"length\":9216}"), "{}", lines[0]);
    }

    #[test]
    fn what_waits_is_bounded_by_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let keeper = Keeper::start(&config(dir.path(), 1 << 20)).unwrap();
        // One batch alone is larger than all that may wait.
        let batch = (0..300).map(|index| refused(index, &[b'x'; 32 << 10]));
        keeper.keep(batch.collect());
        keeper.close();
        let kept = keeper.counters().kept.load(Relaxed);
        assert!((200..256).contains(&kept), "{kept}");
        assert_eq!(kept + keeper.counters().not_kept.load(Relaxed), 300);
        assert_eq!(keeper.waiting.load(Relaxed), 0);
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
