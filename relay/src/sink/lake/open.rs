//! Opening a lake: its folders, its id, and a trial that objects can appear in it whole.

use std::io::{self, IoSlice};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::{Lake, LakeError};
use crate::spool::files::{File, Files, SyncPoint, create_dirs, read_all, sync_ancestors};
use crate::spool::identity::hex;

const MAGIC: [u8; 8] = *b"CLKLAK01";
const LENGTH: usize = 8 + 16 + 4;

/// The id's open file with the id that is in it.
type FileAndId = (Arc<dyn File>, [u8; 16]);

/// Why a lake could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the lake given with --lake-dir: {0}")]
pub struct OpenError(LakeError);

impl From<LakeError> for OpenError {
    fn from(error: LakeError) -> Self {
        Self(error)
    }
}

impl Lake {
    /// Opens or makes the lake in `dir` for the spool with this id; its staging is wiped.
    ///
    /// # Errors
    /// When it cannot be written, or part of it is on another file system.
    pub fn open(
        files: Arc<dyn Files>,
        dir: &Path,
        bucket: &str,
        spool: &[u8; 16],
    ) -> Result<Self, OpenError> {
        let mut lake = Self {
            files,
            dir: dir.to_path_buf(),
            id: [0; 16],
            spool: hex(spool),
            log_may_be_torn: AtomicBool::new(true),
        };
        lake.clear_staging()?;
        for folder in [dir.join(bucket), dir.join(".delivered"), lake.staging_dir()] {
            create_dirs(&*lake.files, &folder).map_err(|error| LakeError::at(&folder, error))?;
        }
        lake.id = lake.settle_id()?;
        lake.try_rename(bucket)?;
        Ok(lake)
    }

    /// Reads or makes the id, and makes it durable together with the folders' names: a
    /// plan must never name a lake that a power cut can make another one.
    fn settle_id(&self) -> Result<[u8; 16], LakeError> {
        let path = self.dir.join(".lake-id");
        let settle = || -> io::Result<[u8; 16]> {
            let file_system = match self.files.file_system(&self.dir) {
                Err(error) if error.kind() == io::ErrorKind::Unsupported => None,
                other => Some(other?),
            };
            let (file, id) = self.read_or_make_id(&path)?;
            write(&*file, &id)?;
            match file_system {
                Some(file_system) => file_system.sync(SyncPoint::LakeIdentity)?,
                None => {
                    file.sync(SyncPoint::LakeIdentityFile)?;
                    self.files.sync_dir(&self.dir, SyncPoint::LakeNames)?;
                }
            }
            Ok(id)
        };
        settle().map_err(|error| LakeError::at(&path, error))
    }

    fn read_or_make_id(&self, path: &Path) -> io::Result<FileAndId> {
        if let Some(found) = self.read_id(path)? {
            return Ok(found);
        }
        // Once there is an id, this is known to be done.
        sync_ancestors(&*self.files, &self.dir, SyncPoint::LakeParents)?;
        // Written aside and renamed: another relay that opens this lake at the same
        // moment sees a whole id or none.
        let new = self.dir.join(format!(".lake-id-{}", self.spool));
        match self.files.remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let id = self.files.entropy()?;
        write(&*self.files.create(&new)?, &id)?;
        match self.files.rename_new(&new, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                match self.read_id(path)? {
                    Some(found) => {
                        self.files.remove_file(&new)?;
                        return Ok(found);
                    }
                    // Torn by a crash before any plan could name it.
                    None => self.files.rename(&new, path)?,
                }
            }
            other => other?,
        }
        Ok((self.files.open(path)?, id))
    }

    fn read_id(&self, path: &Path) -> io::Result<Option<FileAndId>> {
        match self.files.open(path) {
            Ok(file) => {
                let id = decode(&read_all(&*file)?);
                Ok(id.map(|id| (file, id)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Publishing is a rename: better to learn at start that it cannot be one.
    fn try_rename(&self, bucket: &str) -> Result<(), LakeError> {
        let probe = self.staging_dir().join("probe");
        let target = self.dir.join(bucket).join(format!(".probe-{}", self.spool));
        let created = self.files.create(&probe);
        created.map_err(|error| LakeError::at(&probe, error))?;
        let renamed = self.files.rename(&probe, &target);
        renamed.map_err(|error| LakeError::at(&target, error))?;
        let removed = self.files.remove_file(&target);
        removed.map_err(|error| LakeError::at(&target, error))
    }
}

fn write(file: &dyn File, id: &[u8; 16]) -> io::Result<()> {
    let mut bytes = [&MAGIC[..], id].concat();
    let checksum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    file.write_at(0, &mut [IoSlice::new(&bytes)])
}

fn decode(bytes: &[u8]) -> Option<[u8; 16]> {
    if bytes.len() < LENGTH || bytes[..8] != MAGIC {
        return None;
    }
    let checksum = crate::spool::frame::u32_at(bytes, LENGTH - 4);
    if checksum != crc32fast::hash(&bytes[..LENGTH - 4]) {
        return None;
    }
    let mut id = [0; 16];
    id.copy_from_slice(&bytes[8..24]);
    Some(id)
}
