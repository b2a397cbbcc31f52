//! What a server is made of, and why it does not start.

use crate::api::signature::AccessKey;
use crate::buffers::Buffers;
use crate::clock::Clock;
use crate::config::StreamConfig;
use crate::deliver::Buckets;
use crate::faults::Rates;
use crate::refusal::ConfigError;
use std::io;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What a server is made of.
#[derive(Debug)]
pub struct Config {
    /// Streams that are there from the start, in every region. Calls make others; those are
    /// kept in the folder and are there again after a restart.
    pub streams: Vec<StreamConfig>,
    /// The folder that holds the log, what is being written, and the buckets unless they are in S3.
    pub dir: PathBuf,
    /// Whether the buckets are folders there, or in S3.
    pub buckets: Buckets,
    /// Bytes of all records that wait, of all streams together, that are kept in memory; more
    /// are kept in files in the folder.
    pub memory: usize,
    /// Every interval is divided by this: the one deviation from AWS that is asked for.
    pub accelerate: NonZeroU32,
    /// How long a stream is CREATING and DELETING, and its encryption ENABLING and DISABLING.
    pub transition: Duration,
    /// How many streams a region may have.
    pub streams_of_a_region: usize,
    /// Keys that calls must be signed with; none takes every call.
    pub access_keys: Vec<AccessKey>,
    /// How long a stop waits for calls that are under way, and then for buckets that take nothing.
    pub grace: Duration,
    /// What goes wrong on purpose.
    pub faults: Rates,
    /// Where ids and random strings come from.
    pub seed: [u8; 32],
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
}

impl Config {
    /// No stream, 5,000 to come as at AWS, nothing accelerated, nothing wrong on purpose; a second for each
    /// transition, 20 of grace.
    pub fn new(dir: impl Into<PathBuf>, seed: [u8; 32], clock: Arc<dyn Clock>) -> Self {
        Self {
            streams: Vec::new(),
            dir: dir.into(),
            buckets: Buckets::default(),
            memory: Buffers::BOUND,
            accelerate: NonZeroU32::MIN,
            transition: Duration::from_secs(1),
            streams_of_a_region: 5000,
            access_keys: Vec::new(),
            grace: Duration::from_secs(20),
            faults: Rates::default(),
            seed,
            clock,
        }
    }
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The stream's configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The folder.
    #[error("the folder {} cannot be used: {cause}. Give --dir a folder that this user may write", dir.display())]
    Dir {
        /// Which.
        dir: PathBuf,
        /// Why. The message tells it, so it is no `source` that would tell it again.
        cause: io::Error,
    },
    /// The file of the streams that calls made.
    #[error("the streams that were made by calls cannot be read from {}: {cause}. Move the file away to begin without them", file.display())]
    State {
        /// Which.
        file: PathBuf,
        /// Why; told by the message.
        cause: io::Error,
    },
    /// A stream that was kept cannot be opened again.
    #[error("the stream {name} cannot be opened: {cause}")]
    Stream {
        /// Its name.
        name: String,
        /// Why; told by the message.
        cause: String,
    },
}
