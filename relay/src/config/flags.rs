//! Every setting of the relay, once: the same structs are the flags of the command line, the
//! `CLICKSTREAM_…` variables and the tables of the file given with `--config`.
//!
//! Nothing has a value until somebody gives one, so that layers can be laid over each other
//! (`layers.rs`); defaults are filled in last, where the rooms' own settings are made (`config.rs`).

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Deserialize;

use super::quantity::{Seconds, Size};
use super::secret::Secret;
use crate::identity::Anonymous;
use crate::logging::LogFormat;

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
    /// `[spool]`: where acknowledged events wait.
    #[command(flatten)]
    pub spool: SpoolFlags,
    /// `[sink]`: where they go.
    #[command(flatten)]
    pub sink: SinkFlags,
}

/// Who may connect, and for how long.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[command(next_help_heading = "Server")]
#[serde(default, deny_unknown_fields)]
pub struct ServerFlags {
    /// Address and port to listen on [default: 127.0.0.1:8081]
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        env = "CLICKSTREAM_LISTEN",
        value_parser = address
    )]
    pub listen: Option<SocketAddr>,
    /// What browsers call this server; decides "our" origin and Secure cookies [default: http://
    /// and the listen address]
    #[arg(long, value_name = "URL", env = "CLICKSTREAM_PUBLIC_URL")]
    pub public_url: Option<String>,
    /// A site of yours on another origin, whose cookies count here; may be repeated
    #[arg(
        long,
        value_name = "ORIGIN",
        env = "CLICKSTREAM_ALLOW_ORIGIN",
        value_delimiter = ','
    )]
    pub allow_origin: Option<Vec<String>>,
    /// A further Host under which /metrics answers; may be repeated
    #[arg(
        long,
        value_name = "HOST",
        env = "CLICKSTREAM_ALLOW_HOST",
        value_delimiter = ','
    )]
    pub allow_host: Option<Vec<String>>,
    /// Reverse proxies in front of this server, which each add the visitor's address to
    /// X-Forwarded-For [default: 0]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "N",
        env = "CLICKSTREAM_PROXIES"
    )]
    pub proxies: Option<usize>,
    /// The token that /metrics asks for [default: made at start and printed]
    #[arg(
        long,
        value_name = "TOKEN",
        env = "CLICKSTREAM_METRICS_TOKEN",
        hide_env_values = true
    )]
    pub metrics_token: Option<Secret>,
    /// Connections served at once; more wait in the system's queue [default: 4096]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "N",
        env = "CLICKSTREAM_MAX_CONNECTIONS"
    )]
    pub max_connections: Option<usize>,
    /// Time for a request's header to arrive, and for a kept connection to idle [default: 30]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "SECONDS",
        env = "CLICKSTREAM_HEADER_TIMEOUT"
    )]
    pub header_timeout: Option<Seconds>,
    /// Time for a request's body to arrive [default: 30]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "SECONDS",
        env = "CLICKSTREAM_BODY_TIMEOUT"
    )]
    pub body_timeout: Option<Seconds>,
    /// Time for a stop to deliver what waits; the rest stays in the spool [default: 10]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "SECONDS",
        env = "CLICKSTREAM_GRACE"
    )]
    pub grace: Option<Seconds>,
    /// How log lines are written to standard error [default: text]
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        env = "CLICKSTREAM_LOG_FORMAT"
    )]
    pub log_format: Option<LogFormat>,
}

/// Reads where to listen; `localhost` is what people type for this machine.
fn address(text: &str) -> Result<SocketAddr, &'static str> {
    let numeric = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    let parsed = numeric.parse();
    parsed.map_err(|_| "write an address and a port, such as 127.0.0.1:8081 or 0.0.0.0:80")
}

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

/// Whose an event is.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[command(next_help_heading = "Identity")]
#[serde(default, deny_unknown_fields)]
pub struct IdentityFlags {
    /// A key that signs user tokens (HS256): its name and the file that holds its 32 bytes or more;
    /// may be repeated
    #[arg(
        id = "identity-key",
        long = "identity-key",
        value_name = "KID:FILE",
        env = "CLICKSTREAM_IDENTITY_KEY",
        value_delimiter = ','
    )]
    pub key: Option<Vec<String>>,
    /// How much earlier than its login an event may be and still be the user's [default: 5]
    #[arg(
        id = "identity-leeway",
        long = "identity-leeway",
        allow_negative_numbers = true,
        value_name = "SECONDS",
        env = "CLICKSTREAM_IDENTITY_LEEWAY"
    )]
    pub leeway: Option<Seconds>,
    /// Under which user id an anonymous event is written [default: visitor]
    #[arg(
        id = "identity-anonymous",
        long = "identity-anonymous",
        value_name = "HOW",
        value_enum,
        env = "CLICKSTREAM_IDENTITY_ANONYMOUS"
    )]
    pub anonymous: Option<Anonymous>,
    /// Under TLS, read `clickstream_user` where `__Host-clickstream_user` is absent: for a login
    /// shared by subdomains [default: false]
    #[arg(
        id = "identity-shared-cookie",
        long = "identity-shared-cookie",
        value_name = "BOOL",
        num_args = 0..=1,
        default_missing_value = "true",
        env = "CLICKSTREAM_IDENTITY_SHARED_COOKIE"
    )]
    pub shared_cookie: Option<bool>,
}

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
    /// When an event counts as kept: synced to the disk, or handed to the system [default: fsync]
    #[arg(long, value_name = "WHEN", value_enum, env = "CLICKSTREAM_DURABILITY")]
    pub durability: Option<Durability>,
}

/// Where events go.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[command(next_help_heading = "Sink")]
#[serde(default, deny_unknown_fields)]
pub struct SinkFlags {
    /// Where events go [default: lake]
    #[arg(
        id = "sink",
        long = "sink",
        value_name = "SINK",
        value_enum,
        env = "CLICKSTREAM_SINK"
    )]
    pub kind: Option<SinkKind>,
    /// Folder of the lake, for the sink `lake` [default: data/lake]
    #[arg(long, value_name = "DIR", env = "CLICKSTREAM_LAKE_DIR")]
    pub lake_dir: Option<PathBuf>,
    /// Longest time that events wait to be written to the lake [default: 60]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "SECONDS",
        env = "CLICKSTREAM_BUFFER_INTERVAL"
    )]
    pub buffer_interval: Option<Seconds>,
    /// Most that waits to be written to the lake at once, in MiB [default: 64]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "MIB",
        env = "CLICKSTREAM_BUFFER_SIZE"
    )]
    pub buffer_size: Option<u64>,
    /// Folders of the lake: one a user, or 128 buckets of users [default: user]
    #[arg(
        long,
        value_name = "WHAT",
        value_enum,
        env = "CLICKSTREAM_PARTITION_BY"
    )]
    pub partition_by: Option<PartitionBy>,
    /// Name of the delivery stream, for the sink `firehose` [default: clickstream]
    #[arg(long, value_name = "NAME", env = "CLICKSTREAM_STREAM")]
    pub stream: Option<String>,
    /// Another endpoint than Amazon's, such as firehose-local's
    #[arg(long, value_name = "URL", env = "CLICKSTREAM_ENDPOINT_URL")]
    pub endpoint_url: Option<String>,
}

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

/// Where events go.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum SinkKind {
    /// Files in a folder, laid out as Amazon Data Firehose would in S3
    #[default]
    Lake,
    /// Amazon Data Firehose; region and credentials by AWS's default chain
    Firehose,
    /// Standard output, one event a line
    Stdout,
}

/// What the lake's folders are named after.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum PartitionBy {
    /// `userId=45/`: a folder a user
    #[default]
    User,
    /// `userBucket=017/`: 128 folders
    Bucket,
}
