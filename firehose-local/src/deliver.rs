//! Objects to a bucket: a whole object appears under its name, or none does.

mod folder;
mod keys;
mod log;
#[cfg(feature = "s3")]
pub mod s3;

use crate::config::StreamConfig;
use crate::failure::{log_line, refusal_line};
use crate::partition::Closed;
use crate::refusal::{ConfigError, refused};
use crate::stream::Stream;
use folder::Folder;
use log::Log;
use std::io;
use std::path::Path;

/// Where a server's buckets are.
#[derive(Debug, Clone, Default)]
pub enum Buckets {
    /// Folders beside the log.
    #[default]
    Folders,
    /// S3.
    #[cfg(feature = "s3")]
    S3(s3::S3),
}

/// The folder, beside the log's, of what S3 has not taken at a stop: a folder for each bucket.
pub(crate) const KEPT: &str = "undelivered";

impl Buckets {
    /// Waits for no answer any more: what is on its way is refused.
    pub fn give_up(&self) {
        match self {
            Self::Folders => {}
            #[cfg(feature = "s3")]
            Self::S3(s3) => s3.give_up(),
        }
    }

    /// Whether a bucket may have this name here. S3 itself judges one in S3; its folder is only that of
    /// its listing, and for the log's there is room beside it.
    ///
    /// # Errors
    /// A name of a folder that is this program's own.
    pub fn takes(&self, bucket: &str) -> Result<(), ConfigError> {
        let is_log = bucket == "log" && matches!(self, Self::Folders);
        if bucket.starts_with('.') || is_log {
            return refused(format!(
                "the bucket {bucket} cannot be a folder beside firehose-local's own: choose a name without a dot at its beginning, and not log"
            ));
        }
        Ok(())
    }
}

/// What an object is called by, beside its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// When it was first to be delivered, ms since 1970.
    pub at_ms: u64,
    /// What no other object has.
    pub random: [u8; 16],
}

/// An object to be delivered.
#[derive(Debug, Clone, Copy)]
pub struct Parcel<'a> {
    /// Its stream, as it was when it was closed.
    pub stream: &'a Stream,
    /// Its bytes.
    pub object: &'a Closed,
    /// What it is called.
    pub name: Name,
}

/// A stream's bucket, and its log, which is always a file.
#[derive(Debug)]
pub struct Bucket {
    place: Place,
    log: Log,
}

#[derive(Debug)]
enum Place {
    Folder(Folder),
    #[cfg(feature = "s3")]
    S3(s3::Bucket),
}

impl Bucket {
    /// Makes the folders of a stream's bucket and log, and tries to write there. A bucket in S3 is
    /// not tried.
    ///
    /// # Errors
    /// A folder that cannot be made or written.
    pub fn open(buckets: &Buckets, dir: &Path, config: &StreamConfig) -> io::Result<Self> {
        let place = match buckets {
            Buckets::Folders => Place::Folder(Folder::open(dir, config)?),
            #[cfg(feature = "s3")]
            Buckets::S3(s3) => Place::S3(s3.bucket(dir, config)?),
        };
        Ok(Self {
            place,
            log: Log::open(dir, config)?,
        })
    }

    /// How many objects are worth one call of [`Self::deliver`]: a disk syncs them together.
    pub fn a_call(&self) -> usize {
        match &self.place {
            Place::Folder(_) => 256,
            #[cfg(feature = "s3")]
            Place::S3(_) => 1,
        }
    }

    /// How many calls of [`Self::deliver`] it takes at once: a disk is no faster for it, while S3 is far
    /// away.
    pub fn at_once(&self) -> usize {
        match &self.place {
            Place::Folder(_) => 1,
            #[cfg(feature = "s3")]
            Place::S3(_) => s3::UPLOADS,
        }
    }

    /// Writes objects, and for failed records a line in the log; gives the key of each in the bucket. Done
    /// again after a failure under the same name, one takes the place of what has appeared all the same.
    ///
    /// An error is what the bucket refuses that one with. Nothing of it has appeared there then, unless it
    /// was an answer of S3 that got lost.
    pub fn deliver(&self, parcels: &[Parcel<'_>], now_ms: u64) -> Vec<io::Result<String>> {
        let outcomes = match &self.place {
            Place::Folder(folder) => folder.put(parcels),
            #[cfg(feature = "s3")]
            Place::S3(bucket) => parcels.iter().map(|parcel| bucket.put(parcel)).collect(),
        };
        for (Parcel { stream, object, .. }, outcome) in parcels.iter().zip(&outcomes) {
            if let (Some(code), Ok(_)) = (object.error, outcome) {
                self.log.add(|| log_line(stream.config(), code, now_ms));
            }
        }
        outcomes
    }

    /// Puts an object away in a folder, as it would lie in a bucket there, where the bucket is in S3. A
    /// bucket that is a folder has no such place: it is asked once more.
    #[cfg_attr(
        not(feature = "s3"),
        allow(unused_variables, reason = "only S3 has such a place")
    )]
    pub fn put_away(&self, parcel: &Parcel<'_>) -> Option<io::Result<()>> {
        match &self.place {
            Place::Folder(_) => None,
            #[cfg(feature = "s3")]
            Place::S3(bucket) => Some(bucket.put_away(parcel)),
        }
    }

    /// Writes a line in the log: an object could not be delivered.
    pub fn log_refusal(&self, stream: &Stream, error: &io::Error, now_ms: u64) {
        self.log
            .add(|| refusal_line(stream.config(), error, now_ms));
    }
}
