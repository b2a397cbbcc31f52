//! Faults, each once, end to end with real parts: what was acknowledged is in the lake, once.
#![allow(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

mod clients;
mod disk_full;
mod failing_sync;
mod full_load;
mod kill;
mod scrape;
mod towards_firehose;
