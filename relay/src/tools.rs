//! Commands beside the relay: what an operator does with a spool and with what was not
//! delivered, and a look at what comes.

pub mod spool;

pub mod replay;

pub mod tail;

pub mod https;

pub mod progress;
