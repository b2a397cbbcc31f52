//! `[server]`: who may connect, and for how long.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;

use crate::config::layers::layered;
use crate::config::quantity::Seconds;
use crate::config::secret::Secret;
use crate::intake::proxy::ProxyHeader;
use crate::logging::{LogFilter, LogFormat};

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
    /// or, with a certificate, https:// and the listen address]
    #[arg(long, value_name = "URL", env = "CLICKSTREAM_PUBLIC_URL")]
    pub public_url: Option<String>,
    /// Certificate chain (PEM, the server's own first), to speak TLS; read again when it changes, and
    /// on SIGHUP
    #[arg(long, value_name = "FILE", env = "CLICKSTREAM_TLS_CERT")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key (PEM, not encrypted)
    #[arg(long, value_name = "FILE", env = "CLICKSTREAM_TLS_KEY")]
    pub tls_key: Option<PathBuf>,
    /// A site of yours on another origin, whose cookies count here; may be repeated
    #[arg(
        long,
        value_name = "ORIGIN",
        env = "CLICKSTREAM_ALLOW_ORIGIN",
        value_delimiter = ','
    )]
    pub allow_origin: Option<Vec<String>>,
    /// A further Host under which /metrics and /live answer; may be repeated
    #[arg(
        long,
        value_name = "HOST",
        env = "CLICKSTREAM_ALLOW_HOST",
        value_delimiter = ','
    )]
    pub allow_host: Option<Vec<String>>,
    /// A reverse proxy of yours, by its address or network: what it says of the visitor's address is
    /// believed; may be repeated
    #[arg(
        long,
        value_name = "CIDR",
        env = "CLICKSTREAM_TRUSTED_PROXY",
        value_delimiter = ','
    )]
    pub trusted_proxy: Option<Vec<String>>,
    /// In which header trusted proxies say whom they heard from; the other one is not read
    /// [default: x-forwarded-for]
    #[arg(
        long,
        value_name = "HEADER",
        value_enum,
        env = "CLICKSTREAM_PROXY_HEADER"
    )]
    pub proxy_header: Option<ProxyHeader>,
    /// The token that /metrics and /live ask for [default: made at start and printed]
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
    /// Watchers of the live view at once; 0 turns it off [default: 32]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "N",
        env = "CLICKSTREAM_LIVE_WATCHERS"
    )]
    pub live_watchers: Option<usize>,
    /// Where a trace of each request with events goes, by OTLP over HTTP as JSON, such as
    /// `http://127.0.0.1:4318/v1/traces`
    #[arg(long, value_name = "URL", env = "CLICKSTREAM_TRACES_ENDPOINT")]
    pub traces_endpoint: Option<String>,
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
    /// Which lines are logged, such as info or clickstream_relay=debug [default: info]
    #[arg(long, value_name = "FILTER", env = "CLICKSTREAM_LOG_FILTER")]
    pub log_filter: Option<LogFilter>,
}

layered!(ServerFlags:
    listen
    public_url
    tls_cert
    tls_key
    allow_origin
    allow_host
    trusted_proxy
    proxy_header
    metrics_token
    max_connections
    live_watchers
    traces_endpoint
    header_timeout
    body_timeout
    grace
    log_format
    log_filter
);

/// Reads where to listen; `localhost` is what people type for this machine.
fn address(text: &str) -> Result<SocketAddr, &'static str> {
    let numeric = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    let parsed = numeric.parse();
    parsed.map_err(|_| "write an address and a port, such as 127.0.0.1:8081 or 0.0.0.0:80")
}
