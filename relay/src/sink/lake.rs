//! The lake as a folder: objects under their keys, each whole from the moment it is seen.
//!
//! ```text
//! raw/<key>             objects, published by rename and never overwritten
//! log/aws/…/*.jsonl     the stream's log lines about failed records
//! .lake-id              which lake this is: plans name it
//! .staging/<spool id>/  objects before they are published; wiped at start
//! .delivered/<spool id> up to which position this spool's events are in the lake for good;
//!                       objects newer than this file must not be moved
//! ```

use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use firehose_local::{PartitionBy, StreamConfig};

use crate::spool::files::{File, FileSystem, Files, SyncPoint, create_dirs, read_all};

pub mod open;
pub mod trial;

pub use open::OpenError;

/// More folders than this are synced in one call, where the system can.
const MANY_KEYS: usize = 6;

/// Settings of the lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Its folder; made when missing. Default `data/lake`.
    pub dir: PathBuf,
    /// An epoch ends so long after its first event. Default 60 s.
    pub buffer_interval: Duration,
    /// …or when so many bytes of lines wait. Default 64 MiB.
    pub buffer_size: u64,
    /// What divides the objects. Default by user.
    pub partition_by: PartitionBy,
}

impl Config {
    /// The defaults, in this folder.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            buffer_interval: Duration::from_secs(60),
            buffer_size: 64 << 20,
            partition_by: PartitionBy::User,
        }
    }

    /// The stream that these settings mean.
    #[must_use]
    pub fn stream(&self) -> StreamConfig {
        StreamConfig::clickstream(self.partition_by)
    }
}

/// Why something could not be done in the lake.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// An object has a key that was chosen for other lines.
    #[error(
        "{} exists with other lines: move it out of the lake; delivery then goes on by itself",
        .0.display()
    )]
    KeyTaken(PathBuf),
    /// A part of the lake is on another file system.
    #[error(
        "{} is on another file system than the lake's staging folder, so objects cannot appear there whole: unmount it, or move the whole lake there (--lake-dir)",
        .0.display()
    )]
    CrossDevice(PathBuf),
    /// The disk is full.
    #[error("the lake's disk is full: make room for {}; delivery then goes on by itself", .0.display())]
    Full(PathBuf),
    /// Anything else that the disk says.
    #[error("cannot write {}: {}; see that this user may write there", .path.display(), cause(.error))]
    Disk {
        /// The file.
        path: PathBuf,
        /// What happened.
        error: io::Error,
    },
}

/// What happened, without the path that fs-err repeats, where the kind says it all.
fn cause(error: &io::Error) -> String {
    use io::ErrorKind as Kind;
    match error.kind() {
        kind @ (Kind::NotADirectory
        | Kind::AlreadyExists
        | Kind::PermissionDenied
        | Kind::ReadOnlyFilesystem
        | Kind::IsADirectory) => kind.to_string(),
        _ => error.to_string(),
    }
}

impl LakeError {
    /// What an error at this path means.
    #[must_use]
    pub fn at(path: &Path, error: io::Error) -> Self {
        let path = path.to_path_buf();
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(path),
            io::ErrorKind::CrossesDevices => Self::CrossDevice(path),
            _ => Self::Disk { path, error },
        }
    }
}

/// The opened folder, for one spool.
#[derive(Debug)]
pub struct Lake {
    files: Arc<dyn Files>,
    dir: PathBuf,
    id: [u8; 16],
    spool: String,
    /// The log may end in half a line, by a crash or by an append of ours that failed. Not looked
    /// at each time: another relay's line may just be on its way.
    log_may_be_torn: AtomicBool,
}

/// A delivery being staged.
#[derive(Debug)]
pub struct Staging<'a> {
    lake: &'a Lake,
    dir: PathBuf,
    /// From before anything was written; none where the system has no such sync.
    file_system: Option<Arc<dyn FileSystem>>,
    keys: Vec<PathBuf>,
}

impl Lake {
    /// Which lake this is.
    #[must_use]
    pub fn id(&self) -> [u8; 16] {
        self.id
    }

    /// Its folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where an object with this key lies, in this stream's bucket.
    #[must_use]
    pub fn object(&self, bucket: &str, key: &str) -> PathBuf {
        self.dir.join(bucket).join(key)
    }

    /// The object's bytes, or none if there is no such object.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, LakeError> {
        match self.files.open(path) {
            Ok(file) => match read_all(&*file) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) => Err(LakeError::at(path, error)),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LakeError::at(path, error)),
        }
    }

    /// Empties this spool's staging folder and begins anew. The descriptor for the sync
    /// is opened before anything is written, so that it hears of every failure.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn stage(&self) -> Result<Staging<'_>, LakeError> {
        let dir = self.staging_dir();
        let failed = |error| LakeError::at(&dir, error);
        self.files.remove_dir_all(&dir).map_err(failed)?;
        create_dirs(&*self.files, &dir).map_err(failed)?;
        let file_system = match self.files.file_system(&self.dir) {
            Ok(file_system) => Some(file_system),
            Err(error) if error.kind() == io::ErrorKind::Unsupported => None,
            Err(error) => return Err(failed(error)),
        };
        Ok(Staging {
            lake: self,
            dir,
            file_system,
            keys: Vec::new(),
        })
    }

    /// Removes this spool's staging folder with all that is in it.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn clear_staging(&self) -> Result<(), LakeError> {
        let dir = self.staging_dir();
        let cleared = self.files.remove_dir_all(&dir);
        cleared.map_err(|error| LakeError::at(&dir, error))
    }

    /// Appends lines to a log file of the lake, whole, also where another relay does the
    /// same; half a line that a crash left is ended first.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn log(&self, file: &str, lines: &[u8]) -> Result<(), LakeError> {
        let path = self.dir.join(file);
        self.append(&path, lines)
            .map_err(|error| LakeError::at(&path, error))
    }

    fn append(&self, path: &Path, lines: &[u8]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let look = self.log_may_be_torn.swap(true, Ordering::Relaxed);
        let half_a_line = match self.files.open(path) {
            Ok(_) if !look => false,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if let Some(parent) = path.parent() {
                    create_dirs(&*self.files, parent)?;
                }
                false
            }
            other => ends_in_half_a_line(&*other?)?,
        };
        // One call, behind whatever another relay has written meanwhile.
        match half_a_line {
            true => self.files.append(path, &[b"\n", lines].concat())?,
            false => self.files.append(path, lines)?,
        }
        self.log_may_be_torn.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Says up to which position this spool's events are in the lake for good. It may
    /// lag; it is never ahead.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn mark_delivered(&self, position: u64) -> Result<(), LakeError> {
        let path = self.dir.join(".delivered").join(&self.spool);
        let new = self
            .dir
            .join(".delivered")
            .join(format!("{}.new", self.spool));
        let write = || {
            let file = match self.files.open(&new) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.files.create(&new)?,
                other => other?,
            };
            file.set_len(0)?;
            file.write_at(0, &mut [IoSlice::new(format!("{position}\n").as_bytes())])?;
            self.files.rename(&new, &path)
        };
        write().map_err(|error| LakeError::at(&path, error))
    }

    fn staging_dir(&self) -> PathBuf {
        self.dir.join(".staging").join(&self.spool)
    }
}

fn ends_in_half_a_line(file: &dyn File) -> io::Result<bool> {
    let length = file.len()?;
    let mut last = [b'\n'];
    if length > 0 {
        file.read_at(length - 1, &mut last)?;
    }
    Ok(last != [b'\n'])
}

impl Staging<'_> {
    /// A new file for the object that shall lie at `path`; the folder of its key is made.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn create(&mut self, number: usize, path: &Path) -> Result<Arc<dyn File>, LakeError> {
        let staged = self.dir.join(number.to_string());
        let files = &*self.lake.files;
        let file = files
            .create(&staged)
            .map_err(|error| LakeError::at(&staged, error))?;
        self.prepare(path)?;
        Ok(file)
    }

    /// All of a staged file is written. It is not kept open until the sync of all, since an
    /// epoch may have more objects than a process may have files: where the file systems
    /// are synced as a whole nothing else is needed, elsewhere it is synced now.
    ///
    /// # Errors
    /// When the disk failed: then what was staged must be staged anew, never synced again.
    pub fn written(&self, file: Arc<dyn File>) -> Result<(), LakeError> {
        match self.file_system {
            Some(_) => Ok(()),
            None => file
                .sync(SyncPoint::StagedFile)
                .map_err(|error| LakeError::at(&self.dir, error)),
        }
    }

    /// Makes the folder of an object's key, and has it synced.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn prepare(&mut self, path: &Path) -> Result<(), LakeError> {
        if let Some(parent) = path.parent() {
            create_dirs(&*self.lake.files, parent).map_err(|error| LakeError::at(parent, error))?;
            self.keys.push(parent.to_path_buf());
        }
        Ok(())
    }

    /// Makes all that was staged and [`Staging::written`] durable, and the folders of all keys.
    ///
    /// # Errors
    /// When the disk failed: then what was staged must be staged anew, never synced again.
    pub fn sync(&mut self) -> Result<(), LakeError> {
        self.keys.sort_unstable();
        self.keys.dedup();
        let lake = self.lake;
        if let Some(file_system) = &self.file_system {
            let synced = file_system.sync(SyncPoint::Staged);
            return synced.map_err(|error| LakeError::at(&lake.dir, error));
        }
        // Also those that were there before: who made them may not have synced them.
        let mut folders: Vec<&Path> = self
            .keys
            .iter()
            .flat_map(|key| key.ancestors().skip(1))
            .filter(|folder| folder.starts_with(&lake.dir))
            .collect();
        folders.sort_unstable();
        folders.dedup();
        for folder in folders {
            let synced = lake.files.sync_dir(folder, SyncPoint::KeyPath);
            synced.map_err(|error| LakeError::at(folder, error))?;
        }
        Ok(())
    }

    /// Gives a staged object its name, if nothing has it; says whether it did.
    ///
    /// # Errors
    /// When the disk fails, or the name is on another file system.
    pub fn publish(&self, number: usize, path: &Path) -> Result<bool, LakeError> {
        let staged = self.dir.join(number.to_string());
        match self.lake.files.rename_new(&staged, path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(LakeError::at(path, error)),
        }
    }

    /// Makes the names durable: the folders of every key, whether the object was there
    /// before or not, since who put it there may not have synced them.
    ///
    /// # Errors
    /// When the disk failed.
    pub fn sync_keys(&self) -> Result<(), LakeError> {
        if let Some(file_system) = &self.file_system
            && self.keys.len() > MANY_KEYS
        {
            let synced = file_system.sync(SyncPoint::PublishedMany);
            return synced.map_err(|error| LakeError::at(&self.lake.dir, error));
        }
        for folder in &self.keys {
            let synced = self.lake.files.sync_dir(folder, SyncPoint::Published);
            synced.map_err(|error| LakeError::at(folder, error))?;
        }
        Ok(())
    }
}
