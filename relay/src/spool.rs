//! The spool: what is acknowledged is durable here until it is delivered.
//!
//! **On the disk.** The folder holds `lock`, `identity`, two checkpoints, plans, and
//! segments: files of 16 MiB, zero-filled beforehand and used again and again. A segment
//! begins with a sector that says which one it is and where those before it end
//! ([`header`]); then come frames ([`frame`]), in commits. Each commit starts with a frame
//! that says up to where all was durable before it. So a start can tell rot (damage below
//! such a position: that frame is set aside and alarmed) from a torn tail (damage above:
//! the commit was never acknowledged and is cut off).
//!
//! **Positions** number the records. None is ever used twice; those of a commit that
//! failed stay unused.
//!
//! **Durability.** One thread writes; one `fdatasync` serves all who wait. After a failed
//! sync the segment is closed for ever, its tail is void and the next segment's header
//! says so. Readers go no further than the durable position.
//!
//! **Damage** costs what it hit: it is counted, said, and kept beside the segments as
//! `rot-…`. A block that the disk refuses to read is given up only after several tries
//! ([`damage`]); a file whose head is damaged is set aside whole and never written again.
//!
//! **Limits.** All segments together stay below [`Config::size`]; beyond it appends get
//! [`AppendError::Full`], the oldest event is never dropped for a new one. A segment is
//! used again only when the checkpoint is past it and its ids are in a file of their own
//! ([`crate::duplicate`]; those files come on top of the bound). A line must fit into a
//! segment.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::clock::Clock;
use crate::duplicate::view::Window;
use crate::duplicate::{DuplicateKey, KeyedHash};

pub mod ahead;
pub mod append;
pub mod books;
pub mod checkpoint;
pub mod config;
pub mod damage;
pub mod files;
pub mod frame;
pub mod head;
pub mod header;
pub mod identity;
pub mod ids;
pub mod inspect;
pub mod log;
pub mod open;
pub mod part;
pub mod plans;
pub mod prepared;
pub mod probe;
pub mod queue;
pub mod reader;
pub mod recovery;
pub mod refused;
pub mod salvage;
pub mod scan;
pub mod segment;
pub mod tell;
pub mod twin;
pub mod writer;

pub use append::{AppendError, Entry, Stored};
pub use books::{Counters, Totals};
pub use checkpoint::Checkpoint;
pub use config::{Config, Durability};
pub use files::{Files, RealFiles};
pub use open::OpenError;
pub use prepared::Prepared;
pub use reader::{Cursor, Reader, Record};
pub use refused::Refused;

use books::Books;
use checkpoint::Checkpoints;
use files::Lock;
use identity::Identity;
use ids::Ids;
use log::Shared;
use prepared::Pool;
use queue::Queue;
use refused::RefusedFiles;
use writer::Writer;

/// What may be wrong, for `/readyz`; none when all is well.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// Why appends fail.
    pub intake: Option<String>,
    /// Why delivery stands still, with file and remedy.
    pub delivery: Option<String>,
}

/// A handle to the spool; cheap to clone. When the last is dropped, the spool closes.
#[derive(Debug, Clone)]
pub struct Spool {
    handle: Arc<Handle>,
}

#[derive(Debug)]
struct Handle {
    core: Arc<Core>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// What the handles, the writer and the readers share.
#[derive(Debug)]
pub struct Core {
    files: Arc<dyn Files>,
    dir: PathBuf,
    identity: Identity,
    hash: KeyedHash,
    longest_line: usize,
    pool: Pool,
    queue_bytes: usize,
    shared: Arc<Shared>,
    clock: Arc<dyn Clock>,
    queue: Mutex<Queue>,
    /// Wakes the writer.
    wake: Condvar,
    ids: Mutex<Ids>,
    /// Why the last file of ids could not be written, while that lasts.
    ids_trouble: Mutex<Option<String>>,
    /// Wakes who puts ids into files.
    tend: Condvar,
    window: Arc<Window>,
    horizon_ms: u64,
    books: Mutex<Books>,
    checkpoints: Mutex<Checkpoints>,
    refused: Mutex<RefusedFiles>,
    health: Mutex<Health>,
    _lock: Box<dyn Lock>,
}

impl Spool {
    /// Opens the folder, reads what is in it and starts its threads: the writer's, and one
    /// that puts ids into files. Appends are answered by a task of the runtime that this is
    /// called in, if it is called in one. Blocks while it reads.
    ///
    /// # Errors
    /// When another process has it open, or the disk fails.
    pub fn open(
        config: &Config,
        files: Arc<dyn Files>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let (spool, mut writer) = Self::open_without_thread(config, files, clock)?;
        writer.tell_in_runtime();
        let core = Arc::clone(spool.core());
        spool.start("spool-writer", move || writer.run())?;
        spool.start("spool-ids", move || ids::run(&core))?;
        Ok(spool)
    }

    fn start(&self, name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), OpenError> {
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(body)
            .map_err(|error| OpenError::disk(self.dir(), error))?;
        lock(&self.handle.threads).push(thread);
        Ok(())
    }

    /// As [`Spool::open`], with the writer in the caller's hands: appends wait until it
    /// commits, and ids until it tends them.
    ///
    /// # Errors
    /// As [`Spool::open`].
    pub fn open_without_thread(
        config: &Config,
        files: Arc<dyn Files>,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Writer), OpenError> {
        let (core, writer) = open::open(config, files, clock)?;
        let threads = Mutex::default();
        Ok((
            Self {
                handle: Arc::new(Handle { core, threads }),
            },
            writer,
        ))
    }

    /// The key of an event in the window of duplicates.
    #[must_use]
    pub fn key(&self, source: &str, key_kind: u8, message_id: &str) -> DuplicateKey {
        self.core().hash.key(source, key_kind, message_id)
    }

    /// Puts events that the intake rejected into the books.
    pub fn count_rejected(&self, count: u64) {
        self.core().books().rejected(count);
    }

    /// A copy of all counters.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let mut counters = Counters {
            rot: self.core().shared.damage.count(),
            ..self.core().books().counters()
        };
        self.core().count_ids(&mut counters);
        counters
    }

    /// What became of every event so far.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.core().books().counters().totals
    }

    /// What is wrong at the moment.
    #[must_use]
    pub fn health(&self) -> Health {
        lock(&self.core().health).clone()
    }

    /// Says why delivery stands still, or that it goes on.
    pub fn set_delivery_health(&self, stopped: Option<String>) {
        lock(&self.core().health).delivery = stopped;
    }

    /// The checkpoint that holds.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        lock(&self.core().checkpoints).latest()
    }

    /// Makes a checkpoint durable: everything below `next.position` and in `next.ahead` is
    /// delivered, and its sums are those of all time ([`Spool::checkpoint`] plus what was delivered since).
    /// Blocks for a sync.
    ///
    /// # Errors
    /// When the disk fails: then the former checkpoint holds.
    pub fn advance(&self, next: Checkpoint) -> std::io::Result<()> {
        let core = self.core();
        let mut checkpoints = lock(&core.checkpoints);
        let before = checkpoints.latest();
        checkpoints.advance(next)?;
        let now = checkpoints.latest();
        lock(&core.refused).passed(&now);
        core.shared.delivered.store(now.position, Ordering::Release);
        core.books().delivered(&before, &now);
        if lock(&core.health).intake.is_some() {
            core.queue().probe = true;
            core.wake.notify_one();
        }
        Ok(())
    }

    /// Sets events aside that the stream refuses for ever, durably, before a checkpoint passes
    /// them; those that are set aside already stay as they are. Says in which file; none when
    /// nothing was to be written. Blocks for a sync.
    ///
    /// # Errors
    /// When the disk fails: then the same may be tried again.
    pub fn set_aside(&self, refused: &[Refused]) -> std::io::Result<Option<PathBuf>> {
        let core = self.core();
        lock(&core.refused).keep(refused, core.clock.now_ms())
    }

    /// Positions that are set aside and that no checkpoint has passed: a process was killed
    /// between the two. They are not to be sent again.
    #[must_use]
    pub fn set_aside_ahead(&self) -> BTreeSet<u64> {
        lock(&self.core().refused).ahead().clone()
    }

    /// Everything below this position is durable; changes wake who waits.
    #[must_use]
    pub fn durable(&self) -> tokio::sync::watch::Receiver<u64> {
        self.core().shared.durable.subscribe()
    }

    /// This spool's id, which plans and the lake's staging carry.
    #[must_use]
    pub fn id(&self) -> [u8; 16] {
        self.core().identity.id
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.core().dir
    }

    /// The file system that it lies on.
    #[must_use]
    pub fn files(&self) -> &Arc<dyn Files> {
        &self.core().files
    }

    /// Takes no more appends, commits what waits, ends the threads. The folder is
    /// unlocked when the last handle is dropped.
    pub async fn close(&self) {
        self.handle.stop();
        let threads = std::mem::take(&mut *lock(&self.handle.threads));
        for thread in threads {
            // Joining blocks; the thread's own death has been said by the panic hook.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }

    fn core(&self) -> &Arc<Core> {
        &self.handle.core
    }
}

impl Handle {
    fn stop(&self) {
        self.core.queue().closed = true;
        self.core.wake.notify_one();
        self.core.tend.notify_one();
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Core {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        lock(&self.queue)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        lock(&self.books)
    }

    /// Until somebody wakes the writer, or so long.
    fn sleep<'a>(
        &self,
        mut queue: MutexGuard<'a, Queue>,
        most: Option<Duration>,
    ) -> MutexGuard<'a, Queue> {
        queue.writer_sleeps = true;
        let mut queue = Self::wait(&self.wake, queue, most);
        queue.writer_sleeps = false;
        queue
    }

    fn wait<'a>(
        wake: &Condvar,
        queue: MutexGuard<'a, Queue>,
        most: Option<Duration>,
    ) -> MutexGuard<'a, Queue> {
        match most {
            None => wake.wait(queue).unwrap_or_else(PoisonError::into_inner),
            Some(most) => {
                let woken = wake.wait_timeout(queue, most);
                woken.unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }

    fn full_text(&self) -> String {
        if let Some(trouble) = &*lock(&self.ids_trouble) {
            return format!(
                "the spool in {} can use no segment again, for its message ids cannot be put into a file: {trouble}",
                self.dir.display()
            );
        }
        format!(
            "the spool in {} is full: delivery must catch up, or raise --spool-size",
            self.dir.display()
        )
    }

    fn set_intake_health(&self, reason: Option<String>) {
        lock(&self.health).intake = reason;
    }
}

/// The lock, also after another thread died holding it: every section leaves it whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
