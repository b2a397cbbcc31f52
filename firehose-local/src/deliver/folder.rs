//! A bucket that is a folder: an object's bytes are synced elsewhere, and get their name when they are
//! whole.

use super::Name;
use super::keys::Keys;
use crate::config::{Compression, StreamConfig};
use crate::object::uuid;
use crate::partition::Closed;
use crate::stream::Stream;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

/// Bytes that are written at once.
const BUFFER: usize = 64 << 10;

/// A bucket's folder.
#[derive(Debug)]
pub(super) struct Folder {
    bucket: PathBuf,
    staging: PathBuf,
    keys: Keys,
}

impl Folder {
    /// Makes the folders of a stream's bucket, and tries to write there.
    pub(super) fn open(dir: &Path, config: &StreamConfig) -> io::Result<Self> {
        let bucket = dir.join(&config.bucket);
        let mut folder = Self {
            keys: Keys::new(&bucket),
            bucket,
            staging: dir.join(".staging"),
        };
        fs_err::create_dir_all(&folder.bucket)?;
        fs_err::create_dir_all(&folder.staging)?;
        let probe = folder.staging.join("probe");
        fs_err::write(&probe, b"")?;
        folder.keys.see(&folder.staging.join("PROBE"));
        match fs_err::remove_file(&probe) {
            // Another stream's look at the same folder has removed it.
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(folder),
        }
    }

    /// Writes an object, and gives its path in the bucket.
    pub(super) fn put(
        &self,
        stream: &Stream,
        object: &Closed,
        Name { at_ms, random }: Name,
    ) -> io::Result<String> {
        let s3_key = stream.s3_key(&object.prefix.text, at_ms, random);
        let path = self
            .keys
            .path(stream.key(&object.prefix.key, at_ms, random));
        let place = self.bucket.join(&path);
        let name = place.file_name().unwrap_or_default();
        let staged = self.staging.join(name);
        self.write(stream, object, &staged, &place, random)?;
        self.keys.list_if_other(&s3_key, &path);
        Ok(path)
    }

    /// Puts the object's bytes at their place.
    fn write(
        &self,
        stream: &Stream,
        object: &Closed,
        staged: &Path,
        place: &Path,
        random: [u8; 16],
    ) -> io::Result<()> {
        let compression = stream.config().compression;
        // Failed records are read once more, for those who look at the page.
        let as_it_is = compression == Compression::Uncompressed && object.error.is_none();
        if as_it_is && let Some(file) = object.body.settle()? {
            return into_place(&file, place);
        }
        let written = fs_err::File::create(staged).and_then(|file| {
            let file = BufWriter::with_capacity(BUFFER, file);
            // The entry of a ZIP is named with a UUID, too.
            let entry = uuid(random);
            let file = object.body.pack(compression, file, &entry)?;
            let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.sync_data()?;
            into_place(staged, place)
        });
        if written.is_err() {
            // Best effort: what it could not write must not fill the disk as well.
            let _ = fs_err::remove_file(staged);
        }
        written
    }
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
