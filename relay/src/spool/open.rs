//! Opening a spool: lock, identity, checkpoint, segments, books.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Condvar, Mutex};

use tokio::sync::watch;

use super::books::Books;
use super::checkpoint::Checkpoints;
use super::damage::Damage;
use super::files::{Files, Lock, SyncPoint, create_dirs, sync_ancestors};
use super::frame::{ALIGN, COMMIT, HEADER};
use super::header::SECTOR;
use super::identity::Identity;
use super::ids::Ids;
use super::log::{Log, Shared};
use super::prepared::Pool;
use super::queue::Queue;
use super::recovery::{Recovered, recover};
use super::refused::RefusedFiles;
use super::tell::Teller;
use super::writer::Writer;
use super::{Config, Core, Health, plans, segment};
use crate::clock::Clock;
use crate::duplicate::KeyedHash;
use crate::duplicate::index::Batch;
use crate::duplicate::keeper::Keeper;
use crate::quantity::Size;

/// Why a spool could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error(
        "the spool {} is in use by another process: stop it, or give this one its own --spool-dir",
        .0.display()
    )]
    Locked(PathBuf),
    /// The disk failed, or what is on it cannot be read.
    #[error("cannot open the spool {}: {error}; mend that, or name another --spool-dir", .dir.display())]
    Disk {
        /// The spool's folder.
        dir: PathBuf,
        /// What happened.
        error: io::Error,
    },
    /// Settings that cannot work.
    #[error("{0}")]
    Settings(String),
}

impl OpenError {
    pub(super) fn disk(dir: &Path, error: io::Error) -> Self {
        Self::Disk {
            dir: dir.to_path_buf(),
            error,
        }
    }
}

pub(super) fn open(
    config: &Config,
    files: Arc<dyn Files>,
    clock: Arc<dyn Clock>,
) -> Result<(Arc<Core>, Writer), OpenError> {
    let smallest = SECTOR + 4 * COMMIT as u64;
    if config.segment_size < smallest || config.size < config.smallest_size() {
        return Err(OpenError::Settings(format!(
            "--spool-size {} is too small; give at least {}",
            Size(config.size),
            Size(config.smallest_size().max(2 * smallest))
        )));
    }
    let dir = &config.dir;
    let failed = |error| OpenError::disk(dir, error);
    create_dirs(&*files, dir).map_err(failed)?;
    let lock = take_lock(&*files, dir)?;
    let fresh = segment::slots(&*files, dir).map_err(failed)?.is_empty();
    if fresh {
        sync_ancestors(&*files, dir, SyncPoint::SpoolParents).map_err(failed)?;
    }
    let identity = Identity::open(&*files, &dir.join("identity"), fresh).map_err(failed)?;
    let damage = Damage::new(Arc::clone(&files), dir);
    let checkpoints = Checkpoints::open(&*files, dir, &damage).map_err(failed)?;
    let checkpoint = checkpoints.latest();
    let id_files = Arc::clone(&files);
    let mut keeper = Keeper::open(id_files, dir, identity.id, config.duplicates).map_err(failed)?;
    let recovered = recover(&*files, dir, &identity, &checkpoint, &damage, &mut keeper);
    let mut recovered = recovered.map_err(failed)?;
    let refused =
        RefusedFiles::open(Arc::clone(&files), dir, &checkpoint, &damage).map_err(failed)?;
    let planned = plans::highest_position(&*files, dir, &damage).map_err(failed)?;
    recovered.next_position = recovered.next_position.max(planned).max(keeper.named());
    // All names that this start found or made, also those of a process that was killed
    // before it could sync them.
    files.sync_dir(dir, SyncPoint::SpoolNames).map_err(failed)?;

    let durable = recovered.next_position;
    let highest_clock = recovered.highest_clock.max(keeper.highest_clock());
    let found = std::mem::take(&mut recovered.ids);
    let index = keeper.started(found, recovered.lowest, highest_clock);
    let mut books = books(&mut recovered, durable);
    books.delivered_before(&checkpoint, recovered.waiting_bytes);
    let shared = Arc::new(Shared {
        table: Mutex::new(recovered.table),
        durable: watch::Sender::new(durable),
        delivered: AtomicU64::new(checkpoint.position),
        damage,
        filed: AtomicU64::new(index.filed()),
        highest_clock: AtomicU64::new(highest_clock),
    });
    let core = Arc::new(Core {
        files: Arc::clone(&files),
        dir: dir.clone(),
        identity,
        hash: KeyedHash::new(&identity.secret),
        longest_line: longest_line(config.segment_size),
        pool: Pool::default(),
        queue_bytes: config.queue_bytes,
        shared: Arc::clone(&shared),
        clock: Arc::clone(&clock),
        queue: Mutex::new(Queue {
            index,
            next_position: durable,
            durable,
            ..Queue::default()
        }),
        wake: Condvar::new(),
        window: Arc::clone(keeper.window()),
        horizon_ms: u64::try_from(config.duplicates.horizon.as_millis()).unwrap_or(u64::MAX),
        ids: Mutex::new(Ids {
            keeper,
            batch: Batch::default(),
        }),
        ids_trouble: Mutex::default(),
        tend: Condvar::new(),
        books: Mutex::new(books),
        checkpoints: Mutex::new(checkpoints),
        refused: Mutex::new(refused),
        health: Mutex::new(Health::default()),
        _lock: lock,
    });
    recovered.free.sort_by_key(|file| file.capacity);
    let log = Log {
        files,
        clock,
        dir: dir.clone(),
        identity,
        durability: config.durability,
        segment_size: config.segment_size,
        most_segments: usize::try_from(config.size / config.segment_size).unwrap_or(usize::MAX),
        ready: config.ready.min(config.size / 4),
        shared,
        current: recovered.current,
        unsettled: recovered.unsettled,
        next_number: recovered.next_number,
        next_slot: recovered.next_slot,
        free: recovered.free,
        disk_full: false,
        last: recovered.last,
    };
    let writer = Writer {
        core: Arc::clone(&core),
        log,
        trouble: None,
        teller: Teller::default(),
    };
    Ok((core, writer))
}

fn take_lock(files: &dyn Files, dir: &Path) -> Result<Box<dyn Lock>, OpenError> {
    files.lock(&dir.join("lock")).map_err(|error| {
        if error.kind() == io::ErrorKind::WouldBlock {
            OpenError::Locked(dir.to_path_buf())
        } else {
            OpenError::disk(dir, error)
        }
    })
}

fn books(recovered: &mut Recovered, durable: u64) -> Books {
    let mut books = std::mem::take(&mut recovered.books).recovered(
        recovered.stored,
        recovered.duplicate,
        recovered.rejected,
        recovered.waiting,
    );
    let counters = books.counters_mut();
    counters.durable_position = durable;
    counters.torn_tails = u64::from(recovered.torn);
    counters.segments = (recovered.table.len() + recovered.free.len()) as u64;
    books
}

/// A line must fit into a segment together with its frame and its commit's.
fn longest_line(segment_size: u64) -> usize {
    let room = usize::try_from(segment_size - SECTOR).unwrap_or(usize::MAX);
    room - COMMIT - HEADER - ALIGN
}
