//! From flags to the settings of each room, a file a table.

pub(super) mod identity;
pub(super) mod intake;
pub(super) mod keys;
pub(super) mod privacy;
pub(super) mod server;
pub(super) mod sink;
pub(super) mod spool;
