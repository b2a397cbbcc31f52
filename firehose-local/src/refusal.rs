//! What AWS refuses when a stream is made, in its own words, and what only this crate refuses.

use crate::extract::QueryError;
use crate::prefix::PrefixError;

/// Why a configuration makes no stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A prefix.
    #[error(transparent)]
    Prefix(#[from] PrefixError),
    /// The query.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// AWS's own sentence.
    #[error("{0}")]
    Refused(String),
    /// AWS takes it, this crate does not yet.
    #[error("{0}")]
    NotBuilt(String),
}
