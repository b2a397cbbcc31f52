//! Objects to a folder: a whole object appears under its name, or none does.

mod keys;

use crate::config::{Compression, StreamConfig};
use crate::failure::{log_line, refusal_line};
use crate::object::uuid;
use crate::partition::Closed;
use crate::stream::Stream;
use keys::Keys;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Bytes that are written at once.
const BUFFER: usize = 64 << 10;

/// Where objects and the log are written.
#[derive(Debug)]
pub struct Folder {
    bucket: PathBuf,
    staging: PathBuf,
    log: PathBuf,
    keys: Keys,
}

impl Folder {
    /// Makes the folders of a stream's bucket and log, and tries to write there.
    pub fn open(dir: &Path, config: &StreamConfig) -> io::Result<Self> {
        let mut folder = Self {
            bucket: dir.join(&config.bucket),
            staging: dir.join(".staging"),
            log: dir.join(keys::log_path(&config.log_file())),
            keys: Keys::new(&dir.join(&config.bucket)),
        };
        fs_err::create_dir_all(&folder.bucket)?;
        fs_err::create_dir_all(&folder.staging)?;
        if config.logs()
            && let Some(parent) = folder.log.parent()
        {
            fs_err::create_dir_all(parent)?;
        }
        let probe = folder.staging.join("probe");
        fs_err::write(&probe, b"")?;
        folder.keys.see(&folder.staging.join("PROBE"));
        fs_err::remove_file(&probe)?;
        Ok(folder)
    }

    /// Writes an object, and for failed records a line in the log; gives its path in the bucket.
    /// Done again after a failure it starts anew: the name is new too.
    pub fn deliver(
        &self,
        stream: &Stream,
        object: &Closed,
        now_ms: u64,
        random: [u8; 16],
    ) -> io::Result<String> {
        let s3_key = stream.s3_key(&object.prefix.text, now_ms, random);
        let path = self
            .keys
            .path(stream.key(&object.prefix.key, now_ms, random));
        let place = self.bucket.join(&path);
        let name = place.file_name().unwrap_or_default();
        let staged = self.staging.join(name);
        self.write(stream, object, &staged, &place, random)?;
        if path != s3_key {
            // As with the log: the object is there, and must not come twice.
            if let Err(error) = self.keys.list(&s3_key, &path) {
                tracing::warn!(%error, s3_key, path, "the listing of keys could not be written");
            }
        }
        if let Some(code) = object.error
            && stream.config().logs()
        {
            // The log is the lesser promise: the object is there, and must not come twice.
            let line = log_line(stream.config(), code, now_ms);
            if let Err(error) = self.log(&line) {
                tracing::warn!(%error, line, "the log could not be written");
            }
        }
        Ok(path)
    }

    /// Writes a line in the log: an object could not be delivered.
    pub fn log_refusal(&self, stream: &Stream, error: &io::Error, now_ms: u64) {
        if stream.config().logs() {
            let line = refusal_line(stream.config(), error, now_ms);
            if let Err(error) = self.log(&line) {
                tracing::warn!(%error, line, "the log could not be written");
            }
        }
    }

    /// Puts the object's bytes at their place: synced in a file elsewhere, which gets its name
    /// when it is whole.
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
            fs_err::OpenOptions::new()
                .write(true)
                .open(&file)?
                .sync_data()?;
            return into_place(&file, place);
        }
        let written = fs_err::File::create(staged).and_then(|file| {
            let file = BufWriter::with_capacity(BUFFER, file);
            // The entry of a ZIP is named with a UUID, too.
            let entry = uuid(random);
            let file = compression.pack(file, &entry, |out| object.body.write_to(out))?;
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

    fn log(&self, line: &str) -> io::Result<()> {
        let mut file = fs_err::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)?;
        file.write_all(format!("{line}\n").as_bytes())
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
