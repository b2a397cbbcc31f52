//! The sink `kinesis` through the real AWS SDK, against a local Kinesis that speaks its JSON
//! protocol and fails as Amazon's does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says what went wrong by panicking"
)]

mod delivery;
mod server;
