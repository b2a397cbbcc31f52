//! The settings of all rooms, composed once: what was typed becomes what is meant.

mod bounds;
pub mod flags;
pub mod layers;
pub mod secret;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

pub use crate::quantity;
pub use flags::{Durability, Flags, PartitionBy, SinkKind};

use self::flags::{IdentityFlags, IntakeFlags, ServerFlags, SinkFlags, SpoolFlags};
use self::layers::FileError;
use self::secret::Secret;
use crate::identity::token::{InvalidKey, Key};
use crate::intake::key::{InvalidWriteKey, Keyring, WriteKey};
use crate::intake::origin::{InvalidOrigin, Origin};
use crate::logging::LogFormat;
use crate::{http, identity, intake, rejected, sink, spool};

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
    /// What browsers call this server, when it is not the address above.
    pub public_url: Option<Origin>,
    /// Further origins whose cookies count.
    pub allow_origin: Vec<Origin>,
    /// Further Hosts under which the operator's routes answer.
    pub allow_host: Vec<String>,
    /// The token of the operator's routes; made at start when there is none.
    pub metrics_token: Option<Secret>,
    /// Who may send, and how much.
    pub intake: intake::Config,
    /// Whose an event is.
    pub identity: identity::Config,
    /// What was refused.
    pub rejected: rejected::Config,
    /// Where acknowledged events wait.
    pub spool: spool::Config,
    /// Where they go.
    pub sink: sink::Config,
    /// Time for a stop to deliver what waits.
    pub grace: Duration,
}

/// What is wrong with the settings. Ends with status 64.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file given with `--config`.
    #[error(transparent)]
    File(#[from] FileError),
    /// A write key; which one by number, because its text may be a secret.
    #[error("--write-key number {number}: {error}")]
    WriteKey {
        /// Counted from 1.
        number: usize,
        /// What is wrong with it.
        error: InvalidWriteKey,
    },
    /// Two keys with the same text.
    #[error("two --write-key have the same key; each needs one of its own")]
    SameKey,
    /// No key, so that nobody could send.
    #[error(
        "there is no --write-key, so nobody could send events; give one, such as --write-key browser:shop:KEY"
    )]
    NoWriteKey,
    /// An origin.
    #[error("{flag} {text:?}: {error}")]
    Origin {
        /// The flag.
        flag: &'static str,
        /// What was given.
        text: String,
        /// What is wrong with it.
        error: InvalidOrigin,
    },
    /// An identity key that is not `KID:FILE`.
    #[error("--identity-key {0:?}: write it as KID:FILE, such as 2026-01:/etc/relay/identity.key")]
    IdentityForm(String),
    /// An identity key's file.
    #[error("--identity-key: {0}; check the path and who may read it")]
    IdentityFile(io::Error),
    /// An identity key's secret.
    #[error("--identity-key {kid:?}: {error}; make one with: openssl rand -hex 32")]
    IdentityKey {
        /// Its name.
        kid: String,
        /// What is wrong with it.
        error: InvalidKey,
    },
    /// Two identity keys with one name.
    #[error("--identity-key: {0:?} is given twice; each key needs a name of its own")]
    SameKid(String),
    /// A sink that this program was built without.
    #[error("this program was built without the sink {0}; build it with --features {0}")]
    NoSuchSink(&'static str),
    /// A spool that could not hold what fills while the rest is delivered.
    #[error("--spool-size {given} is too small; give at least {smallest}")]
    SpoolSize {
        /// What was given.
        given: quantity::Size,
        /// The least that works.
        smallest: quantity::Size,
    },
    /// An event that could never arrive, because no body may hold it.
    #[error(
        "--event-size {event} is more than a whole body may hold with the keys given ({flag} {body}); lower the one or raise the other"
    )]
    EventSize {
        /// What was given.
        event: quantity::Size,
        /// What bounds the body.
        flag: &'static str,
        /// Its value.
        body: quantity::Size,
    },
    /// Spool and lake in one folder.
    #[error(
        "--spool-dir and --lake-dir are the same folder, {}; give each its own, such as data/spool and data/lake", .0.display()
    )]
    SameFolder(PathBuf),
    /// A time that must not be 0.
    #[error("{0} must be more than 0 seconds")]
    NoTime(&'static str),
    /// A number that must not be 0.
    #[error("{0} must be at least 1")]
    Zero(&'static str),
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
        let ServerFlags {
            listen,
            public_url,
            allow_origin,
            allow_host,
            proxies,
            metrics_token,
            max_connections,
            header_timeout,
            body_timeout,
            grace,
            log_format,
        } = flags.server;
        let defaults = http::Config::default();
        let grace = grace.map_or(defaults.grace, |seconds| seconds.0);
        let http = http::Config {
            max_connections: at_least_1(
                "--max-connections",
                max_connections.unwrap_or(defaults.max_connections),
            )?,
            header_timeout: above_0("--header-timeout", header_timeout, defaults.header_timeout)?,
            body_timeout: above_0("--body-timeout", body_timeout, defaults.body_timeout)?,
            grace,
        };
        let allow_origin = allow_origin.unwrap_or_default();
        let spool = spool_config(flags.spool)?;
        let rejected_size = flags.intake.rejected_size.map_or(64 << 20, |size| size.0);
        let mut intake = intake_config(flags.intake)?;
        intake.proxies = proxies.unwrap_or(intake.proxies);
        Ok(Self {
            listen: listen.unwrap_or((Ipv4Addr::LOCALHOST, 8081).into()),
            http,
            log_format: log_format.unwrap_or_default(),
            public_url: public_url
                .map(|text| origin("--public-url", text))
                .transpose()?,
            allow_origin: allow_origin
                .into_iter()
                .map(|text| origin("--allow-origin", text))
                .collect::<Result<_, _>>()?,
            allow_host: allow_host.unwrap_or_default(),
            metrics_token: metrics_token.filter(|token| !token.0.is_empty()),
            intake,
            identity: identity_config(flags.identity)?,
            rejected: rejected::Config {
                dir: spool.dir.join("rejected"),
                size: rejected_size,
            },
            spool,
            sink: sink_config(flags.sink)?,
            grace,
        })
    }
}

fn origin(flag: &'static str, text: String) -> Result<Origin, ConfigError> {
    text.parse()
        .map_err(|error| ConfigError::Origin { flag, text, error })
}

fn at_least_1(flag: &'static str, number: usize) -> Result<usize, ConfigError> {
    if number == 0 {
        return Err(ConfigError::Zero(flag));
    }
    Ok(number)
}

fn above_0(
    flag: &'static str,
    seconds: Option<quantity::Seconds>,
    default: Duration,
) -> Result<Duration, ConfigError> {
    let time = seconds.map_or(default, |seconds| seconds.0);
    if time.is_zero() {
        return Err(ConfigError::NoTime(flag));
    }
    Ok(time)
}

fn bytes(size: Option<quantity::Size>, default: usize) -> usize {
    size.map_or(default, |size| {
        usize::try_from(size.0).unwrap_or(usize::MAX)
    })
}

fn intake_config(flags: IntakeFlags) -> Result<intake::Config, ConfigError> {
    let mut config = intake::Config::default();
    let mut keys = Vec::new();
    for (index, Secret(text)) in flags.write_key.unwrap_or_default().iter().enumerate() {
        let key: Result<WriteKey, _> = text.trim().parse();
        keys.push(key.map_err(|error| ConfigError::WriteKey {
            number: index + 1,
            error,
        })?);
    }
    config.keys = Keyring::new(keys);
    if config.keys.has_twins() {
        return Err(ConfigError::SameKey);
    }
    let limits = &mut config.limits;
    limits.event_bytes = at_least_1("--event-size", bytes(flags.event_size, limits.event_bytes))?;
    limits.batch_events = at_least_1(
        "--batch-events",
        flags.batch_events.unwrap_or(limits.batch_events),
    )?;
    config.browser_bytes = at_least_1(
        "--browser-batch-size",
        bytes(flags.browser_batch_size, config.browser_bytes),
    )?;
    config.server_bytes = at_least_1(
        "--server-batch-size",
        bytes(flags.server_batch_size, config.server_bytes),
    )?;
    for (flag, rate) in [
        ("--rate-per-key", flags.rate_per_key),
        ("--rate-per-address", flags.rate_per_address),
    ] {
        if rate == Some(0) {
            return Err(ConfigError::Zero(flag));
        }
    }
    if let Some(event) = flags.event_size {
        bounds::event_fits(event, &config)?;
    }
    config.rate_per_key = flags.rate_per_key;
    config.rate_per_address = flags.rate_per_address;
    // One body of the largest kind must always find room.
    let largest = config.browser_bytes.max(config.server_bytes);
    config.memory_bytes = config.memory_bytes.max(largest.saturating_mul(4));
    Ok(config)
}

fn identity_config(flags: IdentityFlags) -> Result<identity::Config, ConfigError> {
    let mut config = identity::Config::default();
    for text in flags.key.unwrap_or_default() {
        let Some((kid, file)) = text.split_once(':') else {
            return Err(ConfigError::IdentityForm(text));
        };
        let secret = fs_err::read(file).map_err(ConfigError::IdentityFile)?;
        // Editors and `echo` end a file with a newline that nobody means.
        let key = Key::new(kid, secret.trim_ascii_end());
        let key = key.map_err(|error| ConfigError::IdentityKey {
            kid: kid.to_owned(),
            error,
        })?;
        if config.keys.iter().any(|other| other.kid() == kid) {
            return Err(ConfigError::SameKid(kid.to_owned()));
        }
        config.keys.push(key);
    }
    config.leeway = flags.leeway.map_or(config.leeway, |seconds| seconds.0);
    config.anonymous = flags.anonymous.unwrap_or_default();
    config.shared_cookie = flags.shared_cookie.unwrap_or(config.shared_cookie);
    Ok(config)
}

fn spool_config(flags: SpoolFlags) -> Result<spool::Config, ConfigError> {
    let dir = flags.dir.unwrap_or_else(|| PathBuf::from("data/spool"));
    let mut config = spool::Config::new(dir);
    config.size = flags.size.map_or(config.size, |size| size.0);
    config.durability = match flags.durability.unwrap_or_default() {
        Durability::Fsync => spool::Durability::Fsync,
        Durability::Buffered => spool::Durability::Buffered,
    };
    bounds::spool_holds(&config)?;
    Ok(config)
}

fn sink_config(flags: SinkFlags) -> Result<sink::Config, ConfigError> {
    match flags.kind.unwrap_or_default() {
        SinkKind::Lake => {
            let dir = flags.lake_dir.unwrap_or_else(|| PathBuf::from("data/lake"));
            let mut lake = sink::lake::Config::new(dir);
            if let Some(seconds) = flags.buffer_interval {
                lake.buffer_interval = seconds.0;
            }
            if let Some(mib) = flags.buffer_size {
                if mib == 0 {
                    return Err(ConfigError::Zero("--buffer-size"));
                }
                lake.buffer_size = mib.saturating_mul(1 << 20);
            }
            lake.partition_by = match flags.partition_by.unwrap_or_default() {
                PartitionBy::User => firehose_local::PartitionBy::User,
                PartitionBy::Bucket => firehose_local::PartitionBy::Bucket,
            };
            Ok(sink::Config::Lake(lake))
        }
        #[cfg(feature = "firehose")]
        SinkKind::Firehose => {
            let stream = flags.stream.unwrap_or_else(|| "clickstream".to_owned());
            let mut firehose = sink::firehose::Config::new(stream);
            firehose.endpoint_url = flags.endpoint_url;
            Ok(sink::Config::Firehose(firehose))
        }
        #[cfg(not(feature = "firehose"))]
        SinkKind::Firehose => Err(ConfigError::NoSuchSink("firehose")),
        SinkKind::Stdout => Ok(sink::Config::Stdout),
    }
}
