//! What a client is told: one success, one enum of refusals, one place that makes HTTP of them.
//!
//! Success is 200 and nothing else, because two SDKs send a batch again on 201 to 204; an error is
//! always JSON with `code` and `message`, because the same two crash without them and then retry for
//! ever. 400, 401 and 413 make every SDK drop the batch, so a passing condition is always 503.

use axum::body::Body;
use axum::response::Response;
use clickstream_event::validate::{Malformed, Rejection};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::identity::visit::Remembered;
use crate::live::filter::QueryError;

/// Seconds that a client is asked to wait with a 503: keeps SDKs alive that give up after four tries.
const RETRY_AFTER: u64 = 3;

/// A request without events that was done: `{"success":true}`.
#[derive(Debug, Default, Serialize)]
pub struct Done {
    success: Success,
}

/// A request that was answered for: every accepted event is durable.
#[derive(Debug, Default, Serialize)]
pub struct Taken {
    success: Success,
    /// Events kept, duplicates among them.
    pub accepted: usize,
    /// Of these, kept already before.
    pub duplicate: usize,
    /// Events refused, with the reason; the others are not touched by it.
    pub rejected: Vec<Rejected>,
    /// What is said and set for the visitor.
    #[serde(flatten)]
    pub remembered: Remembered,
}

impl Taken {
    /// `accepted` events are durable, `duplicate` of them since before; the rest was rejected.
    #[must_use]
    pub fn new(accepted: usize, duplicate: usize, rejected: Vec<Rejected>) -> Self {
        Self {
            success: Success,
            accepted,
            duplicate,
            rejected,
            remembered: Remembered::default(),
        }
    }

    /// The answer, without the headers that an origin needs.
    #[must_use]
    pub fn response(mut self) -> Response {
        let cookie = self.remembered.cookie.take();
        let mut response = json(StatusCode::OK, &self);
        let cookie = cookie.map(|cookie| (header::SET_COOKIE, cookie));
        response.headers_mut().extend(cookie);
        response
    }
}

/// One refused event of a batch.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rejected {
    /// Its place in the batch.
    pub index: usize,
    /// Its own id, where it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// The rule's stable name, a colon, then JSON path, rule and limit in words.
    pub reason: String,
    /// The stable name alone, for counting.
    #[serde(skip)]
    pub code: &'static str,
}

impl Rejected {
    /// What the client is told of `rejection`.
    #[must_use]
    pub fn new(index: usize, rejection: Rejection) -> Self {
        Self {
            index,
            reason: rejection.to_string(),
            code: rejection.reason.name(),
            message_id: rejection.message_id,
        }
    }

    /// An event of which nobody can tell what is to be left out.
    #[must_use]
    pub fn unreadable(index: usize, message_id: String) -> Self {
        let code = "invalid_json";
        Self {
            index,
            message_id: Some(message_id),
            reason: format!("{code}: $: cannot be read again, so nothing could be left out of it"),
            code,
        }
    }

    /// An event in a batch without a key, with none that is known of its own.
    #[must_use]
    pub fn without_key(index: usize, message_id: Option<String>) -> Self {
        let code = "invalid_write_key";
        Self {
            index,
            message_id,
            reason: format!("{code}: $.writeKey: is not known here, and the batch has none"),
            code,
        }
    }
}

/// Serializes as `true` in a success, so that nobody can build one that says otherwise.
#[derive(Debug, Default)]
struct Success;

impl Serialize for Success {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(true)
    }
}

/// Why a request was refused as a whole. Nothing of it was kept.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The body's frame cannot be read, or holds too many events.
    #[error("{0}")]
    Malformed(#[from] Malformed),
    /// More bytes than the key may send, before or after inflation.
    #[error("the body is larger than {limit} bytes; send smaller batches")]
    TooLarge {
        /// Bytes allowed.
        limit: usize,
    },
    /// It inflates like nothing that people send.
    #[error("the body inflates more than {limit} times; send it less compressed")]
    Bomb {
        /// Times allowed.
        limit: usize,
    },
    /// Compressed in pieces, more than anybody needs.
    #[error("the body is compressed in more than {limit} parts; compress it in one")]
    TooManyParts {
        /// Parts allowed.
        limit: usize,
    },
    /// A `Content-Encoding` that is not known.
    #[error("the Content-Encoding is not known; use gzip, br, zstd or none")]
    UnknownEncoding,
    /// The body is not what its `Content-Encoding` says.
    #[error("the body cannot be inflated; check that it is whole and compressed as it says")]
    BrokenEncoding,
    /// The body ended early; hardly anybody sees this answer.
    #[error("the body ended before its length")]
    Cut,
    /// The body took too long.
    #[error("the body took too long to arrive")]
    Slow,
    /// No key in any of the places.
    #[error(
        "no write key; send it as Basic user name, as X-Write-Key or as writeKey in body or query"
    )]
    NoWriteKey,
    /// A key, but none of ours.
    #[error("the write key is not known here; check it against the relay's --write-key")]
    UnknownWriteKey,
    /// The spool is being read.
    #[error("the relay is starting; try again in a moment")]
    Starting,
    /// The relay is being stopped.
    #[error("the relay is stopping; try again in a moment")]
    Stopping,
    /// More requests than the key or the address may send.
    #[error("too many requests; try again in {seconds} s")]
    TooFast {
        /// From when on there is room again.
        seconds: u64,
    },
    /// So much is being read at once that there is no memory for more.
    #[error("the relay is reading too much at once; try again in a moment")]
    Busy,
    /// What waits to be delivered fills its bound.
    #[error("the spool is full; try again in a moment")]
    SpoolFull,
    /// The disk fails.
    #[error("the spool cannot be written; try again in a moment")]
    SpoolFailing,
    /// The operator's routes want a token.
    #[error("a token is needed: send it as Authorization: Bearer, or as ?token=")]
    NoToken,
    /// The operator's routes answer under known names only.
    #[error("this Host is not on the list; see --allow-host")]
    ForeignHost,
    /// So many look at the live view that another would cost too much.
    #[error("{most} watchers are all that may watch at once; close one, or see --live-watchers")]
    TooManyWatchers {
        /// Watchers allowed.
        most: usize,
    },
    /// The live view's query.
    #[error("{0}")]
    BadQuery(#[from] QueryError),
    /// No such route.
    #[error("there is nothing here; events go to POST /v1/batch")]
    NotFound,
    /// The route exists, for another method.
    #[error("this route does not answer this method")]
    MethodNotAllowed,
}

impl Refusal {
    /// The stable names, each once.
    pub const CODES: [&'static str; 26] = [
        "invalid_json",
        "not_an_object",
        "missing_batch",
        "duplicate_key",
        "invalid_context",
        "too_many_events",
        "body_too_large",
        "body_inflates_too_much",
        "body_in_too_many_parts",
        "unknown_encoding",
        "broken_encoding",
        "body_cut",
        "body_timeout",
        "invalid_write_key",
        "starting",
        "stopping",
        "too_fast",
        "busy",
        "spool_full",
        "spool_failing",
        "no_token",
        "foreign_host",
        "too_many_watchers",
        "invalid_query",
        "not_found",
        "method_not_allowed",
    ];

    /// Status and stable name.
    #[must_use]
    pub fn kind(&self) -> (StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::Malformed(error @ Malformed::TooManyEvents { .. }) => {
                (S::PAYLOAD_TOO_LARGE, error.code())
            }
            Self::Malformed(error) => (S::BAD_REQUEST, error.code()),
            Self::TooLarge { .. } => (S::PAYLOAD_TOO_LARGE, "body_too_large"),
            Self::Bomb { .. } => (S::PAYLOAD_TOO_LARGE, "body_inflates_too_much"),
            Self::TooManyParts { .. } => (S::PAYLOAD_TOO_LARGE, "body_in_too_many_parts"),
            Self::UnknownEncoding => (S::UNSUPPORTED_MEDIA_TYPE, "unknown_encoding"),
            Self::BrokenEncoding => (S::BAD_REQUEST, "broken_encoding"),
            Self::Cut => (S::BAD_REQUEST, "body_cut"),
            Self::Slow => (S::REQUEST_TIMEOUT, "body_timeout"),
            Self::NoWriteKey | Self::UnknownWriteKey => (S::UNAUTHORIZED, "invalid_write_key"),
            Self::Starting => (S::SERVICE_UNAVAILABLE, "starting"),
            Self::Stopping => (S::SERVICE_UNAVAILABLE, "stopping"),
            Self::TooFast { .. } => (S::TOO_MANY_REQUESTS, "too_fast"),
            Self::Busy => (S::SERVICE_UNAVAILABLE, "busy"),
            Self::SpoolFull => (S::SERVICE_UNAVAILABLE, "spool_full"),
            Self::SpoolFailing => (S::SERVICE_UNAVAILABLE, "spool_failing"),
            Self::NoToken => (S::UNAUTHORIZED, "no_token"),
            Self::ForeignHost => (S::FORBIDDEN, "foreign_host"),
            Self::TooManyWatchers { .. } => (S::SERVICE_UNAVAILABLE, "too_many_watchers"),
            Self::BadQuery(_) => (S::BAD_REQUEST, "invalid_query"),
            Self::NotFound => (S::NOT_FOUND, "not_found"),
            Self::MethodNotAllowed => (S::METHOD_NOT_ALLOWED, "method_not_allowed"),
        }
    }

    /// The answer, without the headers that an origin needs.
    #[must_use]
    pub fn response(&self) -> Response {
        #[derive(Serialize)]
        struct Error<'a> {
            success: bool,
            code: &'a str,
            message: &'a str,
            reason: &'a str,
        }
        let (status, code) = self.kind();
        let message = self.to_string();
        let mut response = json(
            status,
            &Error {
                success: false,
                code,
                message: &message,
                reason: code,
            },
        );
        let wait = match self {
            Self::TooFast { seconds } => Some(*seconds),
            _ => (status == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_AFTER),
        };
        if let Some(seconds) = wait {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A JSON answer.
#[must_use]
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    // Our own structs of texts and numbers: serializing them cannot fail.
    let bytes = serde_json::to_vec(body).unwrap_or_default();
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn success_says_so_and_counts() {
        let taken = Taken {
            accepted: 2,
            duplicate: 1,
            rejected: vec![Rejected {
                index: 3,
                message_id: Some("m-3".to_owned()),
                reason: "too_deep: $.properties: nests deeper".to_owned(),
                code: "too_deep",
            }],
            ..Taken::default()
        };
        assert_eq!(
            serde_json::to_string(&taken).unwrap(),
            r#"{"success":true,"accepted":2,"duplicate":1,"rejected":[{"index":3,"messageId":"m-3","reason":"too_deep: $.properties: nests deeper"}]}"#
        );
    }

    #[test]
    fn every_refusal_has_a_listed_code() {
        for refusal in [
            Refusal::TooLarge { limit: 1 },
            Refusal::Bomb { limit: 1 },
            Refusal::TooManyParts { limit: 1 },
            Refusal::UnknownEncoding,
            Refusal::BrokenEncoding,
            Refusal::Cut,
            Refusal::Slow,
            Refusal::NoWriteKey,
            Refusal::UnknownWriteKey,
            Refusal::Starting,
            Refusal::Stopping,
            Refusal::TooFast { seconds: 7 },
            Refusal::Busy,
            Refusal::SpoolFull,
            Refusal::SpoolFailing,
            Refusal::NoToken,
            Refusal::ForeignHost,
            Refusal::TooManyWatchers { most: 1 },
            Refusal::BadQuery(QueryError::Form),
            Refusal::NotFound,
            Refusal::MethodNotAllowed,
            Refusal::Malformed(Malformed::NotAnObject),
            Refusal::Malformed(Malformed::MissingBatch),
            Refusal::Malformed(Malformed::InvalidJson { at: 1 }),
            Refusal::Malformed(Malformed::TooManyEvents { limit: 1 }),
        ] {
            let (status, code) = refusal.kind();
            assert!(Refusal::CODES.contains(&code), "{code}");
            let waits = refusal.response().headers().contains_key("retry-after");
            assert_eq!(waits, matches!(status.as_u16(), 429 | 503), "{code}");
        }
    }
}
