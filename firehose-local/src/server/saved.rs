//! The file that lets streams survive a restart. It holds definitions, no records, and is
//! replaced as a whole.

use super::definition::Definition;
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The form of the file that this version writes and reads.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    format: u32,
    streams: Vec<Definition>,
}

/// The file.
#[derive(Debug, Clone)]
pub struct Saved {
    path: PathBuf,
}

impl Saved {
    /// In the server's folder.
    pub fn new(dir: &Path) -> Self {
        Self {
            path: dir.join(".streams.json"),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was kept; nothing where there is no file.
    ///
    /// # Errors
    /// Where it cannot be read, or is not what this version writes.
    pub fn read(&self) -> io::Result<Vec<Definition>> {
        let bytes = match fs_err::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let contents: Contents = serde_json::from_slice(&bytes)?;
        match contents.format {
            FORMAT => Ok(contents.streams),
            other => Err(io::Error::other(format!(
                "it has the form {other}, this version knows {FORMAT}"
            ))),
        }
    }

    /// Replaces the file.
    ///
    /// # Errors
    /// Where it cannot be written; what was there stays.
    pub fn write(&self, streams: Vec<Definition>) -> io::Result<()> {
        let contents = Contents {
            format: FORMAT,
            streams,
        };
        let bytes = serde_json::to_vec_pretty(&contents)?;
        let staged = self.path.with_extension("json.new");
        let write = || {
            let mut file = fs_err::File::create(&staged)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs_err::rename(&staged, &self.path)
        };
        let written = write();
        if written.is_err() {
            let _ = fs_err::remove_file(&staged);
        }
        written
    }
}
