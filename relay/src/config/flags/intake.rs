//! `[intake]`: who may send, and how much.

use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;

use crate::config::layers::layered;
use crate::config::quantity::Size;
use crate::config::secret::Secret;

/// Who may send, and how much.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[command(next_help_heading = "Intake")]
#[serde(default, deny_unknown_fields)]
pub struct IntakeFlags {
    /// A write key: browser (public; claims no user id), browser-trusted (may claim one, so anyone
    /// can forge it) or server (secret; may claim one); may be repeated
    #[arg(
        long,
        value_name = "KIND:SOURCE:KEY",
        env = "CLICKSTREAM_WRITE_KEY",
        value_delimiter = ',',
        hide_env_values = true
    )]
    pub write_key: Option<Vec<Secret>>,
    /// A file of further write keys, one a line; read again when it changes and at SIGHUP
    #[arg(long, value_name = "FILE", env = "CLICKSTREAM_WRITE_KEY_FILE")]
    pub write_key_file: Option<PathBuf>,
    /// Largest event [default: 32KiB]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "SIZE",
        env = "CLICKSTREAM_EVENT_SIZE"
    )]
    pub event_size: Option<Size>,
    /// Most events in a batch [default: 2500]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "N",
        env = "CLICKSTREAM_BATCH_EVENTS"
    )]
    pub batch_events: Option<usize>,
    /// Largest body, before and after inflation, with a browser's key [default: 500KiB]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "SIZE",
        env = "CLICKSTREAM_BROWSER_BATCH_SIZE"
    )]
    pub browser_batch_size: Option<Size>,
    /// Largest body, before and after inflation, with a server's key [default: 4MiB]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "SIZE",
        env = "CLICKSTREAM_SERVER_BATCH_SIZE"
    )]
    pub server_batch_size: Option<Size>,
    /// Requests a second with one write key; beyond it 429 [default: no limit]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "N",
        env = "CLICKSTREAM_RATE_PER_KEY"
    )]
    pub rate_per_key: Option<u32>,
    /// Requests a second from one address; beyond it 429 [default: no limit]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "N",
        env = "CLICKSTREAM_RATE_PER_ADDRESS"
    )]
    pub rate_per_address: Option<u32>,
    /// Room for events that were refused, in `rejected/` beside the spool; 0 keeps none [default:
    /// 64MiB]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "SIZE",
        env = "CLICKSTREAM_REJECTED_SIZE"
    )]
    pub rejected_size: Option<Size>,
}

layered!(IntakeFlags:
    write_key
    write_key_file
    event_size
    batch_events
    browser_batch_size
    server_batch_size
    rate_per_key
    rate_per_address
    rejected_size
);
