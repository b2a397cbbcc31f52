//! Objects to a bucket: a whole object appears under its name, or none does.

mod folder;
mod keys;
mod log;

use crate::config::StreamConfig;
use crate::failure::{log_line, refusal_line};
use crate::partition::Closed;
use crate::stream::Stream;
use folder::Folder;
use log::Log;
use std::io;
use std::path::Path;

/// Where a stream's objects and its log are written.
#[derive(Debug)]
pub struct Bucket {
    place: Folder,
    log: Log,
}

impl Bucket {
    /// Makes the folders of a stream's bucket and log, and tries to write there.
    ///
    /// # Errors
    /// A folder that cannot be made or written.
    pub fn open(dir: &Path, config: &StreamConfig) -> io::Result<Self> {
        Ok(Self {
            place: Folder::open(dir, config)?,
            log: Log::open(dir, config)?,
        })
    }

    /// Writes an object, and for failed records a line in the log; gives its name in the bucket.
    /// Done again after a failure it starts anew: the name is new too.
    ///
    /// # Errors
    /// What the bucket refuses it with: nothing has appeared there then.
    pub fn deliver(
        &self,
        stream: &Stream,
        object: &Closed,
        now_ms: u64,
        random: [u8; 16],
    ) -> io::Result<String> {
        let name = self.place.put(stream, object, now_ms, random)?;
        if let Some(code) = object.error {
            self.log.add(|| log_line(stream.config(), code, now_ms));
        }
        Ok(name)
    }

    /// Writes a line in the log: an object could not be delivered.
    pub fn log_refusal(&self, stream: &Stream, error: &io::Error, now_ms: u64) {
        self.log
            .add(|| refusal_line(stream.config(), error, now_ms));
    }
}
