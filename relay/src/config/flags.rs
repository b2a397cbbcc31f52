//! Every setting of the relay, once: the same structs are the flags of the command line, the
//! `CLICKSTREAM_…` variables and the tables of the file given with `--config`.
//!
//! Nothing has a value until somebody gives one, so that layers can be laid over each other
//! (`layers.rs`); defaults are filled in last, where the rooms' own settings are made (`config.rs` and the files beside this one).

mod identity;
mod intake;
mod privacy;
mod server;
mod sink;
mod spool;

use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;

pub use self::identity::IdentityFlags;
pub use self::intake::IntakeFlags;
pub use self::privacy::PrivacyFlags;
pub use self::server::ServerFlags;
pub use self::sink::{PackingKind, PartitionBy, SinkFlags, SinkKind};
pub use self::spool::{Durability, SpoolFlags};

/// The relay's settings as somebody gave them. The bookstore takes the same ones.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Flags {
    /// Settings from a TOML file; flags and CLICKSTREAM_… variables win over it
    #[arg(long, value_name = "FILE", env = "CLICKSTREAM_CONFIG")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// `[server]`: who may connect, and for how long.
    #[command(flatten)]
    pub server: ServerFlags,
    /// `[intake]`: who may send, and how much.
    #[command(flatten)]
    pub intake: IntakeFlags,
    /// `[identity]`: whose an event is.
    #[command(flatten)]
    pub identity: IdentityFlags,
    /// `[privacy]`: what is never stored.
    #[command(flatten)]
    pub privacy: PrivacyFlags,
    /// `[spool]`: where acknowledged events wait.
    #[command(flatten)]
    pub spool: SpoolFlags,
    /// `[sink]`: where they go.
    #[command(flatten)]
    pub sink: SinkFlags,
}
