//! Why an event or a whole body is refused: stable names, and words for people.

use crate::id::InvalidUserId;
use crate::limits::MESSAGE_ID_CHARACTERS;
use crate::member::Fault;
use crate::scan::Rule;

/// Why one event is refused. The others of its batch go on.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// Bytes that are no text.
    #[error("$: is not valid UTF-8")]
    InvalidUtf8,
    /// Broken grammar.
    #[error("{path}: is not valid JSON")]
    InvalidJson {
        /// Where, as a JSON path.
        path: String,
    },
    /// Half a UTF-16 pair.
    #[error("{path}: holds a lone surrogate, which is no text; escape whole characters")]
    LoneSurrogate {
        /// Where, as a JSON path.
        path: String,
    },
    /// Beyond f64.
    #[error("{path}: holds a number beyond 64-bit floats; send it as text")]
    NumberTooLarge {
        /// Where, as a JSON path.
        path: String,
    },
    /// Too many levels.
    #[error("{path}: nests deeper than {limit} levels, the event itself being the first")]
    TooDeep {
        /// Where, as a JSON path.
        path: String,
        /// Levels allowed.
        limit: u32,
    },
    /// A key twice, at top level or directly in `context`.
    #[error("{path}: stands twice")]
    DuplicateKey {
        /// Where, as a JSON path.
        path: String,
    },
    /// Too many bytes.
    #[error("$: has {bytes} bytes, over the limit of {limit}")]
    TooLarge {
        /// Bytes as sent.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// An event is an object.
    #[error("{path}: must be an object")]
    NotAnObject {
        /// Where, as a JSON path.
        path: String,
    },
    /// No `type` in a batch.
    #[error("$.type: is missing; one of identify, track, page, screen, group, alias")]
    MissingType,
    /// A `type` that is none of the six.
    #[error("$.type: is none of identify, track, page, screen, group, alias")]
    UnknownType,
    /// A `messageId` that is no text or too long.
    #[error("$.messageId: must be a text of at most {MESSAGE_ID_CHARACTERS} characters")]
    InvalidMessageId,
    /// A `userId` that no folder could be named after.
    #[error("$.userId: {0}")]
    InvalidUserId(InvalidUserId),
    /// An id that is neither text nor number.
    #[error("$.{key}: must be a text or a number")]
    InvalidId {
        /// Which one.
        key: &'static str,
    },
}

impl Reason {
    /// The stable name, for counters and programs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::InvalidUtf8 => "invalid_utf8",
            Self::InvalidJson { .. } => "invalid_json",
            Self::LoneSurrogate { .. } => "lone_surrogate",
            Self::NumberTooLarge { .. } => "number_too_large",
            Self::TooDeep { .. } => "too_deep",
            Self::DuplicateKey { .. } => "duplicate_key",
            Self::TooLarge { .. } => "event_too_large",
            Self::NotAnObject { .. } => "not_an_object",
            Self::MissingType => "missing_type",
            Self::UnknownType => "unknown_type",
            Self::InvalidMessageId => "invalid_message_id",
            Self::InvalidUserId(_) => "invalid_user_id",
            Self::InvalidId { .. } => "invalid_id",
        }
    }

    /// The reason for a fault found under `path`, where `limit` levels were allowed.
    pub(crate) fn of(fault: Fault, path: &str, limit: u32) -> Self {
        let under = |key: &str| {
            if key.is_empty() {
                path.to_owned()
            } else {
                // A key may be 32 KiB of anything; its beginning tells enough.
                let key: String = key.chars().filter(|c| !c.is_control()).take(64).collect();
                format!("{path}.{key}")
            }
        };
        match fault {
            Fault::NotAnObject => Self::NotAnObject {
                path: path.to_owned(),
            },
            Fault::DuplicateKey(key) => Self::DuplicateKey { path: under(&key) },
            Fault::Broken(key, rule) => {
                let path = under(&key);
                match rule {
                    Rule::InvalidJson => Self::InvalidJson { path },
                    Rule::LoneSurrogate => Self::LoneSurrogate { path },
                    Rule::NumberTooLarge => Self::NumberTooLarge { path },
                    Rule::TooDeep => Self::TooDeep { path, limit },
                }
            }
        }
    }
}

/// One event refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rejection {
    /// The event's own id, where it could be read.
    pub message_id: Option<String>,
    /// A write key in the event itself, where it could be read: a known sender is told of
    /// its mistake, not that nobody knows it. Never stored.
    pub write_key: Option<String>,
    /// Why.
    pub reason: Reason,
}

/// A body refused as a whole: nothing in it can be told apart.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// The frame around the events is broken.
    #[error("the body is not valid JSON near byte {at}")]
    InvalidJson {
        /// Where reading stopped, in bytes from the start.
        at: usize,
    },
    /// The body must be an object.
    #[error("the body must be a JSON object")]
    NotAnObject,
    /// No `batch`, or one that is no array.
    #[error("the body must have a \"batch\" that is an array of events")]
    MissingBatch,
    /// A key of the frame stands twice.
    #[error("the body has {key:?} twice")]
    DuplicateKey {
        /// Which.
        key: String,
    },
    /// The batch's own `context` breaks a rule.
    #[error("the batch's own context: {0}")]
    InvalidContext(Reason),
    /// Too many events.
    #[error("the batch has over {limit} events; send smaller batches")]
    TooManyEvents {
        /// Events allowed.
        limit: usize,
    },
}

impl Malformed {
    /// The stable name, for answers and programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidJson { .. } => "invalid_json",
            Self::NotAnObject => "not_an_object",
            Self::MissingBatch => "missing_batch",
            Self::DuplicateKey { .. } => "duplicate_key",
            Self::InvalidContext(_) => "invalid_context",
            Self::TooManyEvents { .. } => "too_many_events",
        }
    }
}

impl std::fmt::Display for Rejection {
    /// The stable name, then the JSON path, the rule and the limit.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.reason.name(), self.reason)
    }
}
