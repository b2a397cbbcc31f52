//! The spool's settings.

use std::path::PathBuf;

use crate::duplicate;

/// When an append counts as durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// When `fdatasync` has returned: a power cut loses nothing acknowledged.
    #[default]
    Fsync,
    /// When the operating system has the bytes: a killed process loses nothing, a power
    /// cut may.
    Buffered,
}

/// Settings of a spool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Its folder; made when missing.
    pub dir: PathBuf,
    /// Bound of all segments together, in bytes. Default 1 GiB.
    pub size: u64,
    /// When an append counts as durable. Default [`Durability::Fsync`].
    pub durability: Durability,
    /// Bytes of a segment file. Default 16 MiB.
    pub segment_size: u64,
    /// Bytes of empty segments that are kept ready for a burst, made while nobody appends and while
    /// the disk has room for sixteen more; at most a quarter of [`Config::size`]. Default 64 MiB.
    pub ready: u64,
    /// How long ids are remembered, and with how much memory.
    pub duplicates: duplicate::Config,
    /// Bytes that may wait in memory for the disk. Default 32 MiB.
    pub queue_bytes: usize,
}

impl Config {
    /// The defaults, in this folder.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            size: 1 << 30,
            durability: Durability::Fsync,
            segment_size: 16 << 20,
            ready: 64 << 20,
            duplicates: duplicate::Config::default(),
            queue_bytes: 32 << 20,
        }
    }

    /// The smallest [`Config::size`] that works: one segment fills while another is delivered.
    #[must_use]
    pub fn smallest_size(&self) -> u64 {
        self.segment_size.saturating_mul(2)
    }
}
