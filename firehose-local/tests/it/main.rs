//! The public face, as a producer meets it: the real AWS SDK, raw HTTP, and the program.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says what went wrong by panicking"
)]

mod api;
mod complaints;
mod conformance;
mod control;
mod delivery;
mod facts;
mod faults;
mod hostile;
mod lives;
#[cfg(feature = "s3")]
mod moto;
mod other_key;
mod page;
mod program;
mod refusals;
mod running;
#[cfg(feature = "s3")]
mod s3;
mod stop;
mod story;
mod terraform;
mod trouble;
