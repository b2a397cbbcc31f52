//! The settings of all rooms, composed once: what was typed becomes what is meant.

pub mod flags;
pub mod layers;
pub mod quantity;

pub use flags::{Anonymous, Durability, Flags, PartitionBy, SinkKind};
