//! The file system as a trait, and every sync call by name.
//!
//! The spool and the lake touch the disk only through [`Files`], so that the tests can
//! run them on [`simulated`], which loses what was not synced. Each sync says which one
//! it is ([`SyncPoint`]): the tests skip them one by one and must find data lost.

use std::fmt::Debug;
use std::io::{self, IoSlice};
use std::path::Path;
use std::sync::Arc;

pub mod real;
pub mod simulated;

pub use real::RealFiles;

/// Every call that makes something durable, so that a test can leave out exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SyncPoint {
    /// The names of the spool's folder and of those above it, before anything is in it.
    SpoolParents,
    /// The spool's id and its key of duplicates.
    Identity,
    /// The names in the spool's folder, at start.
    SpoolNames,
    /// The name of a segment file made later.
    SegmentName,
    /// A commit: the frames, and the header of a segment that begins with them.
    Commit,
    /// The pages of a file of ids.
    Ids,
    /// The head of a file of ids, which says that its pages are durable.
    IdsHead,
    /// The name of a file of ids.
    IdsName,
    /// The head of a file of ids that a start found.
    RecoveredIds,
    /// What a start found above the last position known to be durable.
    RecoveredTail,
    /// The checkpoint that a start found.
    RecoveredCheckpoint,
    /// A checkpoint.
    Checkpoint,
    /// Events set aside that the stream refuses.
    Refused,
    /// The name of a file of such events.
    RefusedName,
    /// The end of such a file that a start found.
    RecoveredRefused,
    /// A plan's bytes.
    Plan,
    /// A plan's name.
    PlanName,
    /// The plan that a start found and carries out again.
    RecoveredPlan,
    /// The names of the lake's folder and of those above it, before it has an id.
    LakeParents,
    /// The lake's id with the names of its folders, in one call.
    LakeIdentity,
    /// The lake's id, where the system cannot sync all at once.
    LakeIdentityFile,
    /// The names in the lake's folder, where the system cannot sync all at once.
    LakeNames,
    /// All that was staged, and the folders of every key, in one call.
    Staged,
    /// One staged file, where the system cannot sync all at once.
    StagedFile,
    /// One folder on the way to a key, where the system cannot sync all at once.
    KeyPath,
    /// One folder in which an object got its name.
    Published,
    /// All folders in which objects got their names, in one call.
    PublishedMany,
    /// An object that was made of many.
    Merged,
    /// Which object becomes one of which others.
    MergeRecord,
    /// The names of these two.
    MergedNames,
    /// The name that such an object got in its folder.
    MergedName,
    /// The names of those that it was made of are gone.
    MergedGone,
}

impl SyncPoint {
    /// All of them, for the tests.
    pub const ALL: [Self; 32] = [
        Self::SpoolParents,
        Self::Identity,
        Self::SpoolNames,
        Self::SegmentName,
        Self::Commit,
        Self::Ids,
        Self::IdsHead,
        Self::IdsName,
        Self::RecoveredIds,
        Self::RecoveredTail,
        Self::RecoveredCheckpoint,
        Self::Checkpoint,
        Self::Refused,
        Self::RefusedName,
        Self::RecoveredRefused,
        Self::Plan,
        Self::PlanName,
        Self::RecoveredPlan,
        Self::LakeParents,
        Self::LakeIdentity,
        Self::LakeIdentityFile,
        Self::LakeNames,
        Self::Staged,
        Self::StagedFile,
        Self::KeyPath,
        Self::Published,
        Self::PublishedMany,
        Self::Merged,
        Self::MergeRecord,
        Self::MergedNames,
        Self::MergedName,
        Self::MergedGone,
    ];
}

/// One name in a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The name alone, without its folder.
    pub name: String,
    /// Whether it is a folder.
    pub is_dir: bool,
}

/// What the spool and the lake ask of the machine: files, and unpredictable bytes.
pub trait Files: Debug + Send + Sync {
    /// Makes one folder; its parent must exist. Says whether it was made now.
    ///
    /// # Errors
    /// When the parent is missing, the disk is full, or a file has this name.
    fn create_dir(&self, path: &Path) -> io::Result<bool>;

    /// Opens an existing file to read and write it.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>>;

    /// Makes a new, empty file.
    ///
    /// # Errors
    /// `AlreadyExists` when the name is taken, `StorageFull` when there is no room.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>>;

    /// Writes behind the end of a file, which is made when missing, in one call: two
    /// processes that append to the same file write over nothing of each other's.
    ///
    /// # Errors
    /// `StorageFull` when there is no room; part may have been written.
    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// The names in a folder, in no order.
    ///
    /// # Errors
    /// `NotFound` when there is no such folder.
    fn list(&self, dir: &Path) -> io::Result<Vec<Name>>;

    /// Removes a file's name.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder with all that is in it; none is no error.
    ///
    /// # Errors
    /// When something in it cannot be removed.
    fn remove_dir_all(&self, path: &Path) -> io::Result<()>;

    /// Renames a file, replacing what has the name.
    ///
    /// # Errors
    /// `CrossesDevices` when the two names are on different file systems.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Renames a file, never replacing.
    ///
    /// # Errors
    /// `AlreadyExists` when the name is taken, `CrossesDevices` as in [`Files::rename`].
    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// When the disk failed: then they may be lost.
    fn sync_dir(&self, dir: &Path, point: SyncPoint) -> io::Result<()>;

    /// A descriptor on the file system that holds `dir`, from before what it shall sync:
    /// it reports failures only of what was written since it was opened.
    ///
    /// # Errors
    /// `Unsupported` where the system cannot sync a whole file system.
    fn file_system(&self, dir: &Path) -> io::Result<Arc<dyn FileSystem>>;

    /// Bytes that may be written below this folder before the disk is full.
    ///
    /// # Errors
    /// When the file system does not say.
    fn room(&self, dir: &Path) -> io::Result<u64>;

    /// Takes a lock that only one process can hold and that dies with it.
    ///
    /// # Errors
    /// `WouldBlock` when another process holds it.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>>;

    /// Sixteen unpredictable bytes.
    ///
    /// # Errors
    /// When the system gives none.
    fn entropy(&self) -> io::Result<[u8; 16]>;
}

/// An open file, read and written by offset.
pub trait File: Debug + Send + Sync {
    /// Its length in bytes.
    ///
    /// # Errors
    /// When the file system does not say.
    fn len(&self) -> io::Result<u64>;

    /// Whether nothing is in it.
    ///
    /// # Errors
    /// When the file system does not say.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Reads up to `into.len()` bytes; less only at the end.
    ///
    /// # Errors
    /// When the disk cannot be read.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize>;

    /// Writes all the parts, one behind the other.
    ///
    /// # Errors
    /// `StorageFull` when there is no room; part may have been written.
    fn write_at(&self, offset: u64, parts: &mut [IoSlice<'_>]) -> io::Result<()>;

    /// Fills a range with zeros and asks the system to write them out. It promises
    /// nothing: it only makes later syncs short.
    ///
    /// # Errors
    /// `StorageFull` when there is no room.
    fn fill_zero(&self, offset: u64, len: u64) -> io::Result<()>;

    /// Cuts or extends it.
    ///
    /// # Errors
    /// When the file system refuses.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Makes all that was written durable, the length included; not the name.
    ///
    /// # Errors
    /// When the disk failed: what was written since the last sync may be lost, and
    /// syncing again says nothing about it.
    fn sync(&self, point: SyncPoint) -> io::Result<()>;
}

/// A descriptor on a whole file system.
pub trait FileSystem: Debug + Send + Sync {
    /// Makes everything on it durable, contents and names.
    ///
    /// # Errors
    /// When any write since this was opened failed.
    fn sync(&self, point: SyncPoint) -> io::Result<()>;
}

/// A held lock; dropping it lets go.
pub trait Lock: Debug + Send + Sync {}

/// Makes a folder and those above it.
///
/// # Errors
/// As [`Files::create_dir`].
pub fn create_dirs(files: &dyn Files, path: &Path) -> io::Result<()> {
    let mut missing = vec![path];
    while let Some(next) = missing.last().copied() {
        match files.create_dir(next) {
            Ok(_) => {
                missing.pop();
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => match next.parent() {
                Some(parent) if parent != Path::new("") => missing.push(parent),
                _ => return Err(error),
            },
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Makes durable the names of a folder and of those above it, up to the root: a process
/// that was killed may have made any of them. Where this one may not even look, it cannot
/// have made anything.
///
/// # Errors
/// When the disk failed.
pub fn sync_ancestors(files: &dyn Files, path: &Path, point: SyncPoint) -> io::Result<()> {
    for ancestor in path.ancestors().skip(1) {
        let ancestor = match ancestor == Path::new("") {
            true => Path::new("."),
            false => ancestor,
        };
        match files.sync_dir(ancestor, point) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            other => other?,
        }
    }
    Ok(())
}

/// Reads a whole file.
///
/// # Errors
/// When the disk cannot be read.
pub fn read_all(file: &dyn File) -> io::Result<Vec<u8>> {
    let length = usize::try_from(file.len()?)
        .map_err(|_| io::Error::other("file larger than this machine's memory"))?;
    let mut bytes = vec![0; length];
    let read = file.read_at(0, &mut bytes)?;
    bytes.truncate(read);
    Ok(bytes)
}
