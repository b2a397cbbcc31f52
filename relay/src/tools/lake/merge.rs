//! Many small objects become one, and no event is lost or doubled by it, whenever the machine
//! goes down.
//!
//! ```text
//! .compacting/<uuid>       what the new object will hold, whole before its record is
//! .compacting/<uuid>.json  its record: which object it becomes, and of which others
//! .compacting/lock         one at a time
//! ```
//!
//! The new object gets its name first, then the others go. Between these two a reader finds
//! their events twice; a record that is still there when the next merge begins says what is left to
//! do: where its object has its name the others go, where it has not nothing has happened.

use std::collections::BTreeMap;
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::name::Name;
use crate::sink::lake::LakeError;
use crate::spool::files::{Files, SyncPoint, create_dirs, read_all};

const FOLDER: &str = ".compacting";

/// Objects of one folder and one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Their folder.
    pub folder: PathBuf,
    /// Their names, in order.
    pub names: Vec<Name>,
    /// Bytes of all of them.
    pub bytes: u64,
}

/// What a merge leaves to do until it is over.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    /// Below the lake.
    folder: PathBuf,
    object: String,
    of: Vec<String>,
}

/// A lake whose objects are merged; nobody else does so meanwhile.
#[derive(Debug)]
pub struct Merger<'a> {
    files: &'a dyn Files,
    lake: &'a Path,
    dir: PathBuf,
    _lock: Box<dyn crate::spool::files::Lock>,
}

impl<'a> Merger<'a> {
    /// Ends what an earlier one began.
    ///
    /// # Errors
    /// `WouldBlock` when another one is at work, and what the disk says.
    pub fn new(files: &'a dyn Files, lake: &'a Path) -> Result<Self, LakeError> {
        let dir = lake.join(FOLDER);
        let begin = || {
            create_dirs(files, &dir)?;
            files.sync_dir(lake, SyncPoint::MergedNames)?;
            files.lock(&dir.join("lock"))
        };
        let lock = begin().map_err(|error| LakeError::at(&dir, error))?;
        let merger = Self {
            files,
            lake,
            dir,
            _lock: lock,
        };
        merger.finish_earlier()?;
        Ok(merger)
    }

    fn finish_earlier(&self) -> Result<(), LakeError> {
        let failed = |error| LakeError::at(&self.dir, error);
        let names = self.files.list(&self.dir).map_err(failed)?;
        for name in names.iter().filter(|name| name.name.ends_with(".json")) {
            let path = self.dir.join(&name.name);
            let file = self.files.open(&path).map_err(failed)?;
            let bytes = read_all(&*file).map_err(failed)?;
            // One that power cut short was not acted upon.
            if let Ok(record) = serde_json::from_slice::<Record>(&bytes) {
                self.carry_out(&record)?;
            }
            self.files.remove_file(&path).map_err(failed)?;
        }
        for name in names {
            if name.name != "lock" && !name.name.ends_with(".json") {
                let path = self.dir.join(&name.name);
                self.files.remove_file(&path).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Makes one object of a group.
    ///
    /// # Errors
    /// What the disk says: nothing is lost, and the next merger ends what this one began.
    pub fn merge(&self, group: &Group) -> Result<(), LakeError> {
        let Some(object) = merged_name(&group.names) else {
            return Ok(());
        };
        let staged = self.dir.join(object.id());
        let path = self.dir.join(format!("{}.json", object.id()));
        let folder = group.folder.strip_prefix(self.lake);
        let record = Record {
            folder: folder.unwrap_or(&group.folder).to_path_buf(),
            object: object.text().to_owned(),
            of: group
                .names
                .iter()
                .map(|name| name.text().to_owned())
                .collect(),
        };
        self.stage(group, &staged)?;
        let write = || -> io::Result<()> {
            let file = self.files.create(&path)?;
            let text = serde_json::to_vec(&record)?;
            file.write_at(0, &mut [IoSlice::new(&text)])?;
            file.sync(SyncPoint::MergeRecord)?;
            self.files.sync_dir(&self.dir, SyncPoint::MergedNames)
        };
        write().map_err(|error| LakeError::at(&path, error))?;
        let target = group.folder.join(object.text());
        let named = self.files.rename_new(&staged, &target);
        named.map_err(|error| LakeError::at(&target, error))?;
        self.carry_out(&record)?;
        let removed = self.files.remove_file(&path);
        removed.map_err(|error| LakeError::at(&path, error))
    }

    fn stage(&self, group: &Group, staged: &Path) -> Result<(), LakeError> {
        let failed = |error| LakeError::at(staged, error);
        let file = self.files.create(staged).map_err(failed)?;
        let mut end = 0;
        for name in &group.names {
            let path = group.folder.join(name.text());
            let mut bytes = self
                .files
                .open(&path)
                .and_then(|object| read_all(&*object))
                .map_err(|error| LakeError::at(&path, error))?;
            if bytes.last().is_some_and(|last| *last != b'\n') {
                bytes.push(b'\n');
            }
            let written = file.write_at(end, &mut [IoSlice::new(&bytes)]);
            written.map_err(failed)?;
            end += bytes.len() as u64;
        }
        file.sync(SyncPoint::Merged).map_err(failed)
    }

    /// Where the object has its name, makes that durable and lets the others go.
    fn carry_out(&self, record: &Record) -> Result<(), LakeError> {
        let folder = self.lake.join(&record.folder);
        let carry_out = || -> io::Result<()> {
            match self.files.open(&folder.join(&record.object)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                other => other?,
            };
            self.files.sync_dir(&folder, SyncPoint::MergedName)?;
            for name in &record.of {
                match self.files.remove_file(&folder.join(name)) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    other => other?,
                }
            }
            self.files.sync_dir(&folder, SyncPoint::MergedGone)
        };
        carry_out().map_err(|error| LakeError::at(&folder, error))
    }
}

/// The first one's name, with an id that is made of all of them.
fn merged_name(names: &[Name]) -> Option<Name> {
    let mut hash = Sha256::new();
    for name in names {
        hash.update(name.text());
        hash.update(b"\n");
    }
    let digest = hash.finalize();
    let id: [u8; 16] = digest.get(..16)?.try_into().ok()?;
    Some(names.first()?.with_id(id))
}

/// The objects below `dir` that may be merged, by folder and day: those of which `wanted` says how
/// many bytes they have, where there are at least two.
///
/// # Errors
/// What the disk says.
pub fn groups(
    files: &dyn Files,
    dir: &Path,
    wanted: &dyn Fn(&Path, &Name) -> io::Result<Option<u64>>,
) -> Result<Vec<Group>, LakeError> {
    let mut found: BTreeMap<(PathBuf, String), Group> = BTreeMap::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let failed = |error| LakeError::at(&folder, error);
        for entry in files.list(&folder).map_err(failed)? {
            if entry.name.starts_with('.') {
                continue;
            }
            let path = folder.join(&entry.name);
            if entry.is_dir {
                folders.push(path);
            } else if let Some(name) = Name::parse(&entry.name)
                && let Some(bytes) = wanted(&path, &name).map_err(failed)?
            {
                let key = (folder.clone(), name.day().to_owned());
                let group = found.entry(key).or_insert_with(|| Group {
                    folder: folder.clone(),
                    names: Vec::new(),
                    bytes: 0,
                });
                group.names.push(name);
                group.bytes += bytes;
            }
        }
    }
    let groups = found.into_values().filter(|group| group.names.len() > 1);
    Ok(groups
        .map(|mut group| {
            group.names.sort_unstable();
            group
        })
        .collect())
}
