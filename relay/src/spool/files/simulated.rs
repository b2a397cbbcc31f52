//! A disk in memory that keeps only what was synced.
//!
//! It is as unkind as a real one may be. At a power cut it loses unsynced bytes, or some of
//! them, tears a write at any byte, and forgets names that were not synced, each by
//! itself. After a failed sync what was written stays to be seen and is lost at the next
//! power cut, and syncing again says nothing about it (as on Linux). It can be full, fail
//! on command, and lose power after any number of operations. One kind of sync can be
//! left out ([`SimulatedDisk::skip`]): so the tests show that each is needed.
//!
//! A folder whose file system is synced as a whole is taken for a file system of its own:
//! nothing outside becomes durable with it.
//!
//! Kinder than it might be in one thing: a failed sync of names keeps them pending, as a
//! journal does.

use std::collections::BTreeMap;
use std::io::{self, IoSlice};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{File, FileSystem, Files, Lock, Name, SyncPoint};

mod disk;
mod node;

use disk::Disk;

/// How the machine went down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// The process was killed: the operating system keeps what it wrote.
    Kill,
    /// Power was cut: only what was synced is sure to be there.
    PowerCut,
}

/// The disk; clones are the same disk.
#[derive(Debug, Clone)]
pub struct SimulatedDisk {
    disk: Arc<Mutex<Disk>>,
    meanwhile: Arc<Mutex<Meanwhile>>,
}

/// What others do during a sync.
#[derive(Default)]
struct Meanwhile(Option<(SyncPoint, Box<dyn FnOnce() + Send>)>);

impl std::fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "during {:?}", self.0.as_ref().map(|(point, _)| point))
    }
}

impl SimulatedDisk {
    /// An empty disk whose accidents repeat with the seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            disk: Arc::new(Mutex::new(Disk::new(seed))),
            meanwhile: Arc::default(),
        }
    }

    /// So many files may be open at once; one more fails.
    pub fn set_most_open(&self, count: usize) {
        self.disk().most_open = count;
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves out this sync from now on.
    pub fn skip(&self, point: SyncPoint) {
        self.disk().skip = Some(point);
    }

    /// Whether a whole file system can be synced in one call. It can by default.
    pub fn set_syncs_file_systems(&self, can: bool) {
        self.disk().syncs_file_systems = can;
    }

    /// Files may grow by so many bytes more; none: without bound.
    pub fn set_room(&self, bytes: Option<u64>) {
        let mut disk = self.disk();
        disk.capacity = bytes.map(|bytes| disk.used() + bytes);
    }

    /// The files below this folder may grow by so many bytes more, as on a disk of its own.
    pub fn set_room_below(&self, dir: &Path, bytes: u64) {
        let mut disk = self.disk();
        let most = disk.used_below(dir) + bytes;
        disk.quota = Some((dir.to_path_buf(), most));
    }

    /// The sync after so many more fails.
    pub fn fail_sync_after(&self, count: Option<u64>) {
        self.disk().fail_sync = count;
    }

    /// The write after so many more fails.
    pub fn fail_write_after(&self, count: Option<u64>) {
        self.disk().fail_write = count;
    }

    /// These bytes of a file can no longer be read, until they are allowed again.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn refuse_reads(&self, path: &Path, range: Range<u64>) -> io::Result<()> {
        let mut disk = self.disk();
        let node = disk.open(path)?;
        disk.refused.push((node, range));
        Ok(())
    }

    /// Everything can be read again.
    pub fn allow_reads(&self) {
        self.disk().refused.clear();
    }

    /// After so many more operations that change something, nothing works until
    /// [`SimulatedDisk::restart`].
    pub fn stop_after(&self, operations: u64) {
        self.disk().stop_in = Some(operations);
    }

    /// The sync after so many more is the moment at which nothing works any more: what it
    /// was to make durable is written, and that is all.
    pub fn stop_at_sync(&self, count: u64) {
        self.disk().stop_at_sync = Some(count);
    }

    /// While a file is being synced at this point for the next time, this happens.
    pub fn during_sync(&self, point: SyncPoint, happens: impl FnOnce() + Send + 'static) {
        self.meanwhile().0 = Some((point, Box::new(happens)));
    }

    /// Forgets what [`SimulatedDisk::during_sync`] asked for and has not come.
    pub fn nothing_during_sync(&self) {
        self.meanwhile().0 = None;
    }

    fn meanwhile(&self) -> MutexGuard<'_, Meanwhile> {
        self.meanwhile
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it has stopped.
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.disk().stopped
    }

    /// Comes up again: open files and locks are gone, commanded failures too.
    pub fn restart(&self, crash: Crash) {
        self.disk().restart(crash);
    }

    /// Makes this folder another file system.
    pub fn mount(&self, dir: &Path) {
        self.disk().mounts.push(dir.to_path_buf());
    }

    /// How often each sync was asked for.
    #[must_use]
    pub fn syncs(&self) -> BTreeMap<SyncPoint, u64> {
        self.disk().syncs.clone()
    }

    /// The files under a folder with their contents, as anyone sees them now.
    #[must_use]
    pub fn contents(&self, dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        self.disk().contents(dir)
    }

    /// Overwrites bytes of a file where nobody asked for it, durably.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn rot(&self, path: &Path, offset: usize, bytes: &[u8]) -> io::Result<()> {
        self.disk().rot(path, offset, bytes)
    }
}

impl Files for SimulatedDisk {
    fn create_dir(&self, path: &Path) -> io::Result<bool> {
        self.disk().create_dir(path)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let mut disk = self.disk();
        disk.can_open()?;
        let node = disk.open(path)?;
        Ok(Arc::new(self.handle(&disk, node)))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let mut disk = self.disk();
        disk.can_open()?;
        let node = disk.create(path)?;
        Ok(Arc::new(self.handle(&disk, node)))
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.disk();
        let node = match disk.open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => disk.create(path)?,
            other => other?,
        };
        let end = disk.len(node)?;
        disk.write(node, end, bytes.to_vec())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Name>> {
        self.disk().list(dir)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.disk().remove(path, false)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        match self.disk().remove(path, true) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk().rename(from, to, true)
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk().rename(from, to, false)
    }

    fn sync_dir(&self, dir: &Path, point: SyncPoint) -> io::Result<()> {
        self.disk().sync_dir(dir, point)
    }

    fn file_system(&self, dir: &Path) -> io::Result<Arc<dyn FileSystem>> {
        let mut disk = self.disk();
        if !disk.syncs_file_systems {
            return Err(io::ErrorKind::Unsupported.into());
        }
        disk.can_open()?;
        let node = disk.open_dir(dir)?;
        Ok(Arc::new(self.handle(&disk, node)))
    }

    fn room(&self, dir: &Path) -> io::Result<u64> {
        let disk = self.disk();
        Ok(disk.room(disk.find(dir)?).unwrap_or(u64::MAX))
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        let mut disk = self.disk();
        disk.lock(path)?;
        Ok(Box::new(SimulatedLock {
            path: path.to_path_buf(),
            handle: self.handle(&disk, 0),
        }))
    }

    fn entropy(&self) -> io::Result<[u8; 16]> {
        Ok(self.disk().entropy())
    }
}

impl SimulatedDisk {
    fn handle(&self, disk: &Disk, node: usize) -> Handle {
        Handle {
            disk: self.clone(),
            life: disk.life,
            node,
            _open: Arc::clone(&disk.open),
        }
    }
}

/// An open file, dead after a restart.
#[derive(Debug)]
struct Handle {
    disk: SimulatedDisk,
    life: u64,
    node: usize,
    /// Its clones are the open files.
    _open: Arc<()>,
}

impl Handle {
    fn disk(&self) -> io::Result<MutexGuard<'_, Disk>> {
        let disk = self.disk.disk();
        if disk.life == self.life {
            Ok(disk)
        } else {
            Err(io::Error::other("this file was open before a restart"))
        }
    }
}

impl File for Handle {
    fn len(&self) -> io::Result<u64> {
        self.disk()?.len(self.node)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.disk()?.read(self.node, offset, into)
    }

    fn write_at(&self, offset: u64, parts: &mut [IoSlice<'_>]) -> io::Result<()> {
        let mut bytes = Vec::new();
        for part in parts {
            bytes.extend_from_slice(part);
        }
        self.disk()?.write(self.node, offset, bytes)
    }

    fn fill_zero(&self, offset: u64, len: u64) -> io::Result<()> {
        let zeros = vec![0; usize::try_from(len).map_err(io::Error::other)?];
        self.disk()?.write(self.node, offset, zeros)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk()?.set_len(self.node, len)
    }

    fn sync(&self, point: SyncPoint) -> io::Result<()> {
        let due = self.disk.meanwhile().0.take_if(|(at, _)| *at == point);
        if let Some((_, happens)) = due {
            happens();
        }
        self.disk()?.sync_file(self.node, point)
    }
}

impl FileSystem for Handle {
    fn sync(&self, point: SyncPoint) -> io::Result<()> {
        self.disk()?.sync_below(self.node, point)
    }
}

#[derive(Debug)]
struct SimulatedLock {
    path: PathBuf,
    handle: Handle,
}

impl Lock for SimulatedLock {}

impl Drop for SimulatedLock {
    fn drop(&mut self) {
        if let Ok(mut disk) = self.handle.disk() {
            disk.locks.remove(&self.path);
        }
    }
}
