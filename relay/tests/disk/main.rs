//! The spool and the lake on a disk that forgets: random histories against a model of a
//! few lines, the same with each sync left out, and the rows of "what may happen" that
//! need a special disk.

mod each_sync;
mod histories;
mod history;
mod model;
mod rows;
mod spool_promises;
mod world;
