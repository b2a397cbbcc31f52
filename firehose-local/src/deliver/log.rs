//! A stream's log: a file of JSON lines, as its CloudWatch log stream would have them.

use super::keys;
use crate::config::StreamConfig;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The log of one stream; none where the stream has logging switched off.
#[derive(Debug)]
pub(super) struct Log(Option<PathBuf>);

impl Log {
    /// Makes its folder.
    pub(super) fn open(dir: &Path, config: &StreamConfig) -> io::Result<Self> {
        if !config.logs() {
            return Ok(Self(None));
        }
        let file = dir.join(keys::log_path(&config.log_file()));
        if let Some(parent) = file.parent() {
            fs_err::create_dir_all(parent)?;
        }
        Ok(Self(Some(file)))
    }

    /// Adds a line. The log is the lesser promise: what the line tells of is done, and must not be
    /// done twice because of it.
    pub(super) fn add(&self, line: impl FnOnce() -> String) {
        let Self(Some(file)) = self else {
            return;
        };
        let line = line();
        if let Err(error) = append(file, &line) {
            tracing::warn!(%error, line, "the log could not be written");
        }
    }
}

fn append(file: &Path, line: &str) -> io::Result<()> {
    let mut file = fs_err::OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)?;
    file.write_all(format!("{line}\n").as_bytes())
}
