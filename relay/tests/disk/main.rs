//! The spool and the lake on a disk that forgets: random histories against a model of a
//! few lines, the same with each sync left out, and the rows of "what may happen" that
//! need a special disk.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop at what cannot be"
)]
#![allow(
    clippy::print_stdout,
    reason = "a suite of random histories says what it went through"
)]

mod ahead;
mod damage;
mod each_sync;
mod first_commit;
mod former_life;
mod hand_clock;
mod histories;
mod history;
mod ids;
mod looking;
mod merge;
mod model;
mod ready;
mod refused;
mod room;
mod rows;
mod spool_promises;
mod twin;
mod while_syncing;
mod world;
