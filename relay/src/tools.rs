//! Commands beside the relay: what an operator does with a spool and with what was not
//! delivered.

pub mod spool;

pub mod replay;

pub mod progress;
