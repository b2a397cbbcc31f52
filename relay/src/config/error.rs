//! What can be wrong with the settings.

use std::path::PathBuf;

use super::layers::FileError;
use super::quantity;
use crate::intake::origin::InvalidOrigin;
use crate::intake::proxy::InvalidNetwork;
use crate::keys::KeyError;
use crate::redact::path::InvalidPath;
use crate::redact::query::InvalidName;
use crate::tools::https::HttpsError;

/// What is wrong with the settings. Ends with status 64.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file given with `--config`.
    #[error(transparent)]
    File(#[from] FileError),
    /// A key, or a file of keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// A proxy that is no network.
    #[error("--trusted-proxy {text:?}: {error}")]
    TrustedProxy {
        /// What was given.
        text: String,
        /// What is wrong with it.
        error: InvalidNetwork,
    },
    /// A rule that is no path.
    #[error("--redact {text:?}: {error}")]
    Redact {
        /// What was given.
        text: String,
        /// What is wrong with it.
        error: InvalidPath,
    },
    /// A rule that is no parameter's name.
    #[error("--redact-query: {0}")]
    RedactQuery(InvalidName),
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
    /// A sink that this program was built without.
    #[error("this program was built without the sink {0}; build it with --features {0}")]
    NoSuchSink(&'static str),
    /// A certificate and its key that cannot be used.
    #[cfg(feature = "tls")]
    #[error(transparent)]
    Tls(#[from] crate::http::tls::TlsError),
    /// An address for traces that is none.
    #[error("--traces-endpoint {0:?}: write it whole, such as http://127.0.0.1:4318/v1/traces")]
    TracesEndpoint(String),
    /// One that cannot be spoken to.
    #[error("--traces-endpoint: {0}")]
    TracesHttps(#[from] HttpsError),
    /// A certificate without its key, or the other way round.
    #[error("{0} needs {1}: a certificate and its private key come together")]
    HalfOfTls(&'static str, &'static str),
    /// A program that was built without TLS.
    #[error("this program was built without TLS; build it with --features tls")]
    NoTls,
    /// A spool that could not hold what fills while the rest is delivered.
    #[error("--spool-size {given} is too small; give at least {smallest}")]
    SpoolSize {
        /// What was given.
        given: quantity::Size,
        /// The least that works.
        smallest: quantity::Size,
    },
    /// A window of duplicates that could not hold what one request brings.
    #[error("--duplicate-memory {given} is too small; give at least {smallest}")]
    DuplicateMemory {
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
