//! The settings of all rooms, composed once: what was typed becomes what is meant.

mod bounds;
mod error;
pub mod flags;
pub mod layers;
mod rooms;
pub mod secret;

use std::net::SocketAddr;
use std::time::Duration;

pub use self::error::ConfigError;
pub use crate::quantity;
pub use flags::{Durability, Flags, PartitionBy, SinkKind};

use self::rooms::server;
use self::secret::Secret;
use crate::intake::origin::Origin;
use crate::logging::{LogFilter, LogFormat};
use crate::{http, identity, intake, keys, rejected, sink, spool, traces};

/// The relay's settings, room by room.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen. With port 0 the system chooses: put the address that it chose here before
    /// the relay starts, because it decides which origin is ours.
    pub listen: SocketAddr,
    /// The accept loop.
    pub http: http::Config,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// Which log lines are written.
    pub log_filter: LogFilter,
    /// What browsers call this server, when it is not the address above.
    pub public_url: Option<Origin>,
    /// Further origins whose cookies count.
    pub allow_origin: Vec<Origin>,
    /// Further Hosts under which the operator's routes answer.
    pub allow_host: Vec<String>,
    /// The token of the operator's routes; made at start when there is none.
    pub metrics_token: Option<Secret>,
    /// Watchers of the live view at once; 0 turns it off.
    pub live_watchers: usize,
    /// Where traces of requests go.
    pub traces: Option<traces::Config>,
    /// Who may send, and how much.
    pub intake: intake::Config,
    /// Whose an event is.
    pub identity: identity::Config,
    /// Where keys come from, to be looked at again.
    pub keys: keys::Config,
    /// What was refused.
    pub rejected: rejected::Config,
    /// Where acknowledged events wait.
    pub spool: spool::Config,
    /// Where they go.
    pub sink: sink::Config,
    /// Time for a stop to deliver what waits.
    pub grace: Duration,
}

impl Config {
    /// Reads the file that `flags` name, if they name one, fills what nobody gave with defaults, and
    /// checks what was given.
    ///
    /// # Errors
    /// The first setting that cannot be meant so.
    pub fn from_flags(flags: Flags) -> Result<Self, ConfigError> {
        let flags = flags.over_file()?;
        let config = Self::composed(flags)?;
        bounds::folders_differ(&config)?;
        // Last: who mistyped another setting is told of that one.
        if config.intake.keys.is_empty() {
            return Err(ConfigError::NoWriteKey);
        }
        Ok(config)
    }

    fn composed(flags: Flags) -> Result<Self, ConfigError> {
        let server = server::composed(flags.server)?;
        let spool = rooms::spool::composed(flags.spool)?;
        let rejected_size = flags.intake.rejected_size.map_or(64 << 20, |size| size.0);
        let sources = rooms::keys::sources(&flags.intake, &flags.identity)?;
        let (keys, read) = keys::Config::read(sources)?;
        let mut intake = rooms::intake::composed(flags.intake, read.write)?;
        intake.proxies = server.proxies;
        (intake.address, intake.redact) = rooms::privacy::composed(flags.privacy)?;
        Ok(Self {
            listen: server.listen,
            http: server.http,
            log_format: server.log_format,
            log_filter: server.log_filter,
            public_url: server.public_url,
            allow_origin: server.allow_origin,
            allow_host: server.allow_host,
            metrics_token: server.metrics_token,
            live_watchers: server.live_watchers,
            traces: server.traces,
            intake,
            identity: rooms::identity::composed(flags.identity, read.identity),
            keys,
            rejected: rejected::Config {
                dir: spool.dir.join("rejected"),
                size: rejected_size,
            },
            spool,
            sink: rooms::sink::composed(flags.sink)?,
            grace: server.grace,
        })
    }
}
