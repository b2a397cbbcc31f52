//! Commands beside the relay: what an operator does with a spool, with a lake and with what was not
//! delivered, and a look at what comes.

pub mod spool;

pub mod lake;

pub mod replay;

pub mod tail;

pub mod https;

pub mod progress;
