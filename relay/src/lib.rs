//! The relay: takes event batches, adds the user id, makes them durable, forwards them.
//!
//! One event's way, in the order of the modules below. The fsync is the line: before it
//! everything that decides (meaning), after it finished lines with a position (bytes).

// Before the fsync: meaning.
pub mod config;
pub mod http;
pub mod logging;
pub mod router;

pub mod intake;

pub mod identity;

pub mod stamp;

pub mod duplicate;

pub mod rejected;

// The fsync.
pub mod spool;

// After the fsync: bytes.
pub mod forward;

pub mod sink;

// The whole, running.
pub mod service;

pub use service::{Relay, StartError};

// Beside the way.
pub mod check;
pub mod access;
pub mod clock;
pub mod health;
pub mod metrics;
pub mod outcome;
