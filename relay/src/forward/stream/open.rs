//! Whether a spool may be delivered to a stream at all.

use std::io;
use std::sync::Arc;

use crate::spool::Spool;
use crate::spool::plans::Plans;

/// A delivery to the lake was begun and must be finished there first.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A plan is open.
    #[error(
        "delivery number {number} to a lake was begun and is not finished: start once more with --sink lake and its --lake-dir, until /metrics shows nothing waiting; then change the sink"
    )]
    OtherSink {
        /// The plan's number.
        number: u64,
    },
    /// The spool's plans cannot be read.
    #[error("cannot read the spool's plans: {0}")]
    Plans(io::Error),
}

/// Refuses a spool whose last delivery belongs to a lake. Blocks.
///
/// # Errors
/// When there is such a delivery, or the disk fails.
pub fn check_spool(spool: &Spool) -> Result<(), OpenError> {
    let checkpoint = spool.checkpoint();
    let files = Arc::clone(spool.files());
    let (_, found) = Plans::open(files, spool.dir(), checkpoint.plan).map_err(OpenError::Plans)?;
    match found
        .iter()
        .rfind(|plan| plan.range.start == checkpoint.position.max(1))
    {
        Some(plan) => Err(OpenError::OtherSink {
            number: plan.number,
        }),
        None => Ok(()),
    }
}
