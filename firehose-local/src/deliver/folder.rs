//! A bucket that is a folder: an object's bytes are synced elsewhere, and get their name when they are
//! whole.

use super::keys::Keys;
use super::{Name, Parcel};
use crate::config::{Compression, StreamConfig};
use crate::object::uuid;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Bytes that are written at once.
const BUFFER: usize = 64 << 10;

/// From so many objects on the whole disk is synced once, and not each file: on ext4 that is one commit of
/// its journal in place of one for each.
const MANY: usize = 8;

/// A bucket's folder.
#[derive(Debug)]
pub(super) struct Folder {
    bucket: PathBuf,
    staging: PathBuf,
    /// The folder above, open all the time: the disk tells it of every write that failed meanwhile.
    disk: Mutex<fs_err::File>,
    keys: Keys,
}

impl Folder {
    /// Makes the folders of a stream's bucket, and tries to write there.
    pub(super) fn open(dir: &Path, config: &StreamConfig) -> io::Result<Self> {
        let bucket = dir.join(&config.bucket);
        let staging = dir.join(".staging");
        fs_err::create_dir_all(&bucket)?;
        fs_err::create_dir_all(&staging)?;
        let mut folder = Self {
            keys: Keys::new(&bucket),
            bucket,
            disk: Mutex::new(fs_err::File::open(&staging)?),
            staging,
        };
        let probe = folder.staging.join("probe");
        fs_err::write(&probe, b"")?;
        folder.keys.see(&folder.staging.join("PROBE"));
        match fs_err::remove_file(&probe) {
            // Another stream's look at the same folder has removed it.
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(folder),
        }
    }

    /// Writes objects, and gives the path of each in the bucket. None gets its name before all of them
    /// are safe on the disk.
    pub(super) fn put(&self, parcels: &[Parcel<'_>]) -> Vec<io::Result<String>> {
        match SYNCS_ALL && parcels.len() >= MANY {
            true => self.put_together(parcels, sync_all),
            false => {
                let each = parcels.iter();
                each.map(|parcel| {
                    let staged = self.stage(parcel, true)?;
                    self.name(parcel, staged, Ok(()))
                })
                .collect()
            }
        }
    }

    /// The same, synced at once by `sync`.
    fn put_together(
        &self,
        parcels: &[Parcel<'_>],
        sync: impl FnOnce(&fs_err::File) -> io::Result<()>,
    ) -> Vec<io::Result<String>> {
        // One at a time: what a sync says is of the files that were written since the one before it.
        let disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        let each = parcels.iter();
        let staged: Vec<_> = each.map(|parcel| self.stage(parcel, false)).collect();
        let synced = sync(&disk);
        let all = parcels.iter().zip(staged);
        all.map(|(parcel, staged)| {
            let synced = match &synced {
                Ok(()) => Ok(()),
                Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
            };
            self.name(parcel, staged?, synced)
        })
        .collect()
    }

    /// Writes an object's bytes where its name is not.
    fn stage(&self, parcel: &Parcel<'_>, sync: bool) -> io::Result<Staged> {
        let Parcel {
            stream,
            object,
            name: Name { at_ms, random },
        } = *parcel;
        let path = stream.key(&object.prefix.key, at_ms, random);
        let path = self.keys.path(path);
        let place = self.bucket.join(&path);
        let compression = stream.config().compression;
        // Failed records are read once more, for those who look at the page.
        let as_it_is = compression == Compression::Uncompressed && object.error.is_none();
        if as_it_is && let Some((file, own)) = object.body.settle()? {
            if sync {
                file.sync_data()?;
            }
            let staged = own;
            return Ok(Staged {
                staged,
                is_own: true,
                place,
                path,
            });
        }
        let staged = self.staging.join(place.file_name().unwrap_or_default());
        let written = fs_err::File::create(&staged).and_then(|file| {
            let file = BufWriter::with_capacity(BUFFER, file);
            // The entry of a ZIP is named with a UUID, too.
            let entry = uuid(random);
            let file = object.body.pack(compression, file, &entry)?;
            let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
            match sync {
                true => file.sync_data(),
                false => Ok(()),
            }
        });
        let staged = Staged {
            staged,
            is_own: false,
            place,
            path,
        };
        match written {
            Ok(()) => Ok(staged),
            Err(error) => {
                staged.discard();
                Err(error)
            }
        }
    }

    /// Puts the bytes at their place, if they are safe on the disk.
    fn name(
        &self,
        parcel: &Parcel<'_>,
        staged: Staged,
        synced: io::Result<()>,
    ) -> io::Result<String> {
        let named = synced.and_then(|()| {
            if staged.is_own {
                parcel.object.body.settled();
            }
            into_place(&staged.staged, &staged.place)
        });
        if let Err(error) = named {
            staged.discard();
            return Err(error);
        }
        let Name { at_ms, random } = parcel.name;
        let prefix = &parcel.object.prefix.text;
        let s3_key = parcel.stream.s3_key(prefix, at_ms, random);
        self.keys.list_if_other(&s3_key, &staged.path);
        Ok(staged.path)
    }
}

/// An object's bytes, and where they are to be.
struct Staged {
    staged: PathBuf,
    /// Whether the file is the buffer's own, which may be needed again.
    is_own: bool,
    place: PathBuf,
    /// The place in the bucket.
    path: String,
}

impl Staged {
    /// Best effort: what could not be written must not fill the disk as well.
    fn discard(&self) {
        if !self.is_own {
            let _ = fs_err::remove_file(&self.staged);
        }
    }
}

/// Whether all of a disk can be synced at once.
const SYNCS_ALL: bool = cfg!(target_os = "linux");

/// Makes everything on the disk safe that this folder is on.
#[cfg(target_os = "linux")]
fn sync_all(folder: &fs_err::File) -> io::Result<()> {
    Ok(rustix::fs::syncfs(folder.file())?)
}

#[cfg(not(target_os = "linux"))]
fn sync_all(_: &fs_err::File) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Gives a file its name. Its folder is there for most.
fn into_place(file: &Path, place: &Path) -> io::Result<()> {
    match (fs_err::rename(file, place), place.parent()) {
        (Err(error), Some(parent)) if error.kind() == io::ErrorKind::NotFound => {
            fs_err::create_dir_all(parent)?;
            fs_err::rename(file, place)
        }
        (renamed, _) => renamed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffers::Buffers;
    use crate::partition::{Arrival, Closed, Limits, Partitions};
    use crate::stream::{Pieces, Stream};
    use crate::{PartitionBy, StreamConfig};
    use std::sync::Arc;
    use std::time::Duration;
    use tempfile::TempDir;

    /// An object for each of these users. Those of whom the number is odd are large: they have a file to
    /// themselves, others are in memory or in the log.
    fn objects(dir: &Path, users: std::ops::Range<usize>) -> (Arc<Stream>, Vec<Closed>) {
        let stream = Stream::new(StreamConfig::clickstream(PartitionBy::User)).unwrap();
        let (stream, mut pieces) = (Arc::new(stream), Pieces::default());
        let limits = Limits {
            size: 1 << 20,
            interval: Duration::ZERO,
            partitions: 100,
        };
        let buffers = Buffers::new(&dir.join(".spill"), 4000).unwrap();
        let mut partitions = Partitions::new(Arc::clone(&stream), limits, buffers);
        let arrival = Arrival {
            at_ms: 0,
            now: Duration::ZERO,
        };
        for user in users {
            let record = record(user);
            stream.read(record.as_bytes(), &mut pieces);
            partitions.put(record.as_bytes(), &pieces, arrival, &mut || [0; 16]);
        }
        let objects = partitions.drain();
        (stream, objects)
    }

    fn parcels<'a>(stream: &'a Stream, objects: &'a [Closed]) -> Vec<Parcel<'a>> {
        let numbered = (0..).zip(objects);
        let parcels = numbered.map(|(number, object)| Parcel {
            stream,
            object,
            name: Name {
                at_ms: 0,
                random: [number; 16],
            },
        });
        parcels.collect()
    }

    fn record(user: usize) -> String {
        let filler = "x".repeat(user % 2 * 3000);
        format!(r#"{{"userId":{user},"filler":"{filler}"}}"#)
    }

    /// The objects' records in the order of users.
    fn named(bucket: &Path) -> Vec<String> {
        let (mut found, mut folders) = (Vec::new(), vec![bucket.to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in fs_err::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => found.push(fs_err::read_to_string(path).unwrap()),
                }
            }
        }
        found.sort();
        found
    }

    #[test]
    fn of_many_objects_none_has_its_name_before_one_sync_of_all() {
        let dir = TempDir::new().unwrap();
        let (stream, objects) = objects(dir.path(), 10..20);
        assert!(objects.len() >= MANY);
        let folder = Folder::open(dir.path(), stream.config()).unwrap();
        let bucket = dir.path().join("raw");
        let parcels = parcels(&stream, &objects);
        // A disk that could not keep what was written: nothing appears, and nothing is left over.
        let refused = folder.put_together(&parcels, |_| {
            assert!(named(&bucket).is_empty());
            Err(io::ErrorKind::StorageFull.into())
        });
        let full = |outcome: &io::Result<String>| {
            outcome.as_ref().err().map(io::Error::kind) == Some(io::ErrorKind::StorageFull)
        };
        assert!(refused.iter().all(full), "{refused:?}");
        assert!(named(&bucket).is_empty());
        assert!(named(&dir.path().join(".staging")).is_empty());
        // The same again, as the outbox does it.
        let mut syncs = 0;
        let put = folder.put_together(&parcels, |disk| {
            assert!(named(&bucket).is_empty());
            syncs += 1;
            sync_all(disk)
        });
        assert!(put.iter().all(Result::is_ok), "{put:?}");
        assert_eq!(syncs, 1);
        let wanted: Vec<String> = (10..20).map(|user| record(user) + "\n").collect();
        assert_eq!(named(&bucket), wanted);
        assert!(named(&dir.path().join(".staging")).is_empty());
    }

    #[test]
    fn one_object_that_cannot_be_holds_up_no_other() {
        let dir = TempDir::new().unwrap();
        let (stream, objects) = objects(dir.path(), 10..20);
        let folder = Folder::open(dir.path(), stream.config()).unwrap();
        let bucket = dir.path().join("raw");
        fs_err::create_dir(bucket.join("clickstream")).unwrap();
        fs_err::write(bucket.join("clickstream/userId=13"), "in the way").unwrap();
        let parcels = parcels(&stream, &objects);
        let outcomes = folder.put(&parcels);
        let refused = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        assert_eq!(refused, 1, "{outcomes:?}");
        assert_eq!(named(&bucket).len(), 10, "nine and the one in the way");
        fs_err::remove_file(bucket.join("clickstream/userId=13")).unwrap();
        for (parcel, outcome) in parcels.iter().zip(outcomes) {
            if outcome.is_err() {
                let again = folder.put(std::slice::from_ref(parcel));
                assert!(again.iter().all(Result::is_ok), "{again:?}");
            }
        }
        let wanted: Vec<String> = (10..20).map(|user| record(user) + "\n").collect();
        assert_eq!(named(&bucket), wanted);
    }
}
