//! The sink `firehose` through the real AWS SDK, against firehose-local's server with its
//! faults: nothing is lost, and what comes twice is counted.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says what went wrong by panicking"
)]

mod check;
mod cost;
mod delivery;
mod lab;
mod trouble;
