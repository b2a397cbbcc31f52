//! `[spool]`: where acknowledged events wait.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Deserialize;

use crate::config::layers::layered;
use crate::config::quantity::{Seconds, Size};

/// Where acknowledged events wait.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[command(next_help_heading = "Spool")]
#[serde(default, deny_unknown_fields)]
pub struct SpoolFlags {
    /// Folder of the spool; one relay at a time [default: data/spool]
    #[arg(
        id = "spool-dir",
        long = "spool-dir",
        value_name = "DIR",
        env = "CLICKSTREAM_SPOOL_DIR"
    )]
    pub dir: Option<PathBuf>,
    /// Room for waiting events; when full, senders are told to come back [default: 1GiB]
    #[arg(
        id = "spool-size",
        long = "spool-size",
        allow_negative_numbers = true,
        value_name = "SIZE",
        env = "CLICKSTREAM_SPOOL_SIZE"
    )]
    pub size: Option<Size>,
    /// Empty segments kept ready for a burst, made in quiet times; at most a quarter of --spool-size
    /// [default: 64MiB]
    #[arg(
        id = "spool-ready",
        long = "spool-ready",
        allow_negative_numbers = true,
        value_name = "SIZE",
        env = "CLICKSTREAM_SPOOL_READY"
    )]
    pub ready: Option<Size>,
    /// When an event counts as kept: synced to the disk, or handed to the system [default: fsync]
    #[arg(long, value_name = "WHEN", value_enum, env = "CLICKSTREAM_DURABILITY")]
    pub durability: Option<Durability>,
    /// Seconds for which an event that comes again is known and dropped [default: 604800]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "SECONDS",
        env = "CLICKSTREAM_DUPLICATE_HORIZON"
    )]
    pub duplicate_horizon: Option<Seconds>,
    /// Memory to know them by, from 1MiB; 64MiB hold 28 million ids, with 430 MiB beside the spool
    /// [default: 64MiB]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "SIZE",
        env = "CLICKSTREAM_DUPLICATE_MEMORY"
    )]
    pub duplicate_memory: Option<Size>,
}

layered!(SpoolFlags:
    dir
    size
    ready
    durability
    duplicate_horizon
    duplicate_memory
);

/// When an event counts as kept.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Durability {
    /// Synced to the disk: survives a power cut
    #[default]
    Fsync,
    /// Handed to the system: survives the relay's end, not the machine's
    Buffered,
}
