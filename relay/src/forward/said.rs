//! What a stream has said against a record.

use std::sync::Arc;

use tokio::time::Instant;

/// What a stream says against a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Its error code, such as `InternalFailure`.
    pub code: Arc<str>,
    /// Its words.
    pub message: Arc<str>,
}

impl Said {
    /// This code with these words.
    #[must_use]
    pub fn new(code: &str, message: &str) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }
}

/// What a stream has said against a record so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub(super) said: Said,
    /// How often its lines were refused.
    pub(super) attempts: u32,
    /// How often it was refused as it is, whole or halved, and not for another of its call.
    pub(super) times: u32,
    pub(super) since: Instant,
    /// Records that the stream had taken then, of all calls.
    pub(super) taken: u64,
}
