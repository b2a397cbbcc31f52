//! Why delivery to the lake cannot start, or does not go on.

use std::path::PathBuf;

use firehose_local::ConfigError;

use crate::sink::lake::{self, LakeError};

/// Why delivery to the lake cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The lake's folder.
    #[error(transparent)]
    Lake(#[from] lake::OpenError),
    /// The stream's configuration.
    #[error("the lake's stream is not valid: {0}")]
    Stream(#[from] ConfigError),
    /// The plan that is open is for another lake.
    #[error(
        "delivery number {number} to another lake was begun and is not finished: start once more with the --lake-dir that was used, until /metrics shows nothing waiting; then change it"
    )]
    OtherLake {
        /// The plan's number.
        number: u64,
    },
    /// The plan that is open is not for a lake.
    #[error(
        "delivery number {number} to another sink was begun and is not finished: start once more with the settings that were used, until /metrics shows nothing waiting; then change them"
    )]
    OtherSink {
        /// The plan's number.
        number: u64,
    },
    /// The spool's plans cannot be read.
    #[error("cannot read the spool's plans: {0}")]
    Plans(std::io::Error),
}

/// Why an epoch is not delivered yet. All of it is tried again.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// Something in the lake.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The plan's events no longer come to the bytes that it says.
    #[error(
        "the events of {} come to other bytes of {} than it says, so nothing of it is published: start the version of the relay that wrote it; or stop, move that plan out of the spool and start, and what it had published before is in the lake twice",
        .plan.display(),
        .object.display()
    )]
    Changed {
        /// The plan's file.
        plan: PathBuf,
        /// Where the object would lie.
        object: PathBuf,
    },
    /// Something in the spool.
    #[error("cannot {what} in the spool's folder: {error}")]
    Spool {
        /// What was tried.
        what: &'static str,
        /// What happened.
        error: std::io::Error,
    },
}

impl DeliveryError {
    pub(super) fn spool(what: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |error| Self::Spool { what, error }
    }
}
