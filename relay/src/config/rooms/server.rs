//! Who may connect, and for how long: from flags to the accept loop's and the router's settings.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::config::ConfigError;
use crate::config::bounds::{above_0, at_least_1};
use crate::config::flags::ServerFlags;
use crate::config::secret::Secret;
use crate::http;
#[cfg(feature = "tls")]
use crate::http::tls::Tls;
use crate::intake::origin::Origin;
use crate::intake::proxy::Proxies;
use crate::live;
use crate::logging::{LogFilter, LogFormat};
use crate::tools::https;
use crate::traces;

/// What `[server]` says, for several rooms.
pub(in crate::config) struct Server {
    pub listen: SocketAddr,
    pub http: http::Config,
    pub log_format: LogFormat,
    pub log_filter: LogFilter,
    pub public_url: Option<Origin>,
    pub allow_origin: Vec<Origin>,
    pub allow_host: Vec<String>,
    pub proxies: Proxies,
    pub live_watchers: usize,
    pub traces: Option<traces::Config>,
    pub metrics_token: Option<Secret>,
    pub grace: Duration,
}

/// Fills in defaults and checks what was given.
pub(in crate::config) fn composed(flags: ServerFlags) -> Result<Server, ConfigError> {
    let defaults = http::Config::default();
    let grace = flags.grace.map_or(defaults.grace, |seconds| seconds.0);
    #[cfg(not(feature = "tls"))]
    no_tls(flags.tls_cert, flags.tls_key)?;
    let http = http::Config {
        max_connections: at_least_1(
            "--max-connections",
            flags.max_connections.unwrap_or(defaults.max_connections),
        )?,
        header_timeout: above_0(
            "--header-timeout",
            flags.header_timeout,
            defaults.header_timeout,
        )?,
        body_timeout: above_0("--body-timeout", flags.body_timeout, defaults.body_timeout)?,
        grace,
        first_byte: defaults.first_byte,
        #[cfg(feature = "tls")]
        tls: tls(flags.tls_cert, flags.tls_key)?,
    };
    let public_url = flags.public_url.map(|text| origin("--public-url", text));
    let allow_origin = flags.allow_origin.unwrap_or_default().into_iter();
    let allow_origin = allow_origin.map(|text| origin("--allow-origin", text));
    let mut trusted = Vec::new();
    for text in flags.trusted_proxy.unwrap_or_default() {
        let network = text.parse();
        trusted.push(network.map_err(|error| ConfigError::TrustedProxy { text, error })?);
    }
    let proxies = Proxies {
        trusted,
        header: flags.proxy_header.unwrap_or_default(),
    };
    Ok(Server {
        listen: flags.listen.unwrap_or((Ipv4Addr::LOCALHOST, 8081).into()),
        http,
        log_format: flags.log_format.unwrap_or_default(),
        log_filter: flags.log_filter.unwrap_or_default(),
        public_url: public_url.transpose()?,
        allow_origin: allow_origin.collect::<Result<_, _>>()?,
        allow_host: flags.allow_host.unwrap_or_default(),
        proxies,
        live_watchers: flags.live_watchers.unwrap_or(live::WATCHERS),
        traces: flags.traces_endpoint.map(traced).transpose()?,
        metrics_token: flags.metrics_token.filter(|token| !token.0.is_empty()),
        grace,
    })
}

#[cfg(feature = "tls")]
fn tls(cert: Option<PathBuf>, key: Option<PathBuf>) -> Result<Option<Tls>, ConfigError> {
    match (cert, key) {
        (None, None) => Ok(None),
        (Some(cert), Some(key)) => Ok(Some(Tls::open(&cert, &key)?)),
        (Some(_), None) => Err(ConfigError::HalfOfTls("--tls-cert", "--tls-key")),
        (None, Some(_)) => Err(ConfigError::HalfOfTls("--tls-key", "--tls-cert")),
    }
}

#[cfg(not(feature = "tls"))]
fn no_tls(cert: Option<PathBuf>, key: Option<PathBuf>) -> Result<(), ConfigError> {
    match (cert, key) {
        (None, None) => Ok(()),
        _ => Err(ConfigError::NoTls),
    }
}

fn traced(text: String) -> Result<traces::Config, ConfigError> {
    match text.parse() {
        Ok(endpoint) if https::is_address(&endpoint) => Ok(traces::Config::new(endpoint)?),
        _ => Err(ConfigError::TracesEndpoint(text)),
    }
}

fn origin(flag: &'static str, text: String) -> Result<Origin, ConfigError> {
    text.parse()
        .map_err(|error| ConfigError::Origin { flag, text, error })
}
