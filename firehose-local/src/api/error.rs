//! The API's errors: names, statuses and wordings as AWS sends them.

use hyper::StatusCode;
use serde::Serialize;

/// One error, as it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// Its HTTP status: 400 for all but the throttle, which is 500.
    pub status: StatusCode,
    /// Its `__type`.
    pub kind: &'static str,
    /// Its `message`.
    pub message: String,
}

impl ApiError {
    fn client(kind: &'static str, message: String) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind,
            message,
        }
    }

    /// Throttled: a fault of the service by the model, so 500.
    pub fn slow_down() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            kind: "ServiceUnavailableException",
            message: "Slow down.".into(),
        }
    }

    /// No stream of this name.
    pub fn not_found(name: &str, account: &str) -> Self {
        Self::client(
            "ResourceNotFoundException",
            format!("Firehose {name} under account {account} not found."),
        )
    }

    /// A value that the model's shape forbids.
    pub fn validation(path: &str, constraint: &str) -> Self {
        Self::client(
            "ValidationException",
            format!(
                "1 validation error detected: Value at '{path}' failed to satisfy constraint: {constraint}"
            ),
        )
    }

    /// A value that the service forbids.
    pub fn invalid_argument(message: impl Into<String>) -> Self {
        Self::client("InvalidArgumentException", message.into())
    }

    /// Not the JSON that the operation takes.
    pub fn serialization(error: &serde_json::Error) -> Self {
        Self::client("SerializationException", error.to_string())
    }

    /// An operation that is not built, or none at all.
    pub fn unknown_operation(name: Option<&str>) -> Self {
        let name = name.unwrap_or("without a X-Amz-Target header");
        Self::client(
            "UnknownOperationException",
            format!(
                "Operation {name}: firehose-local has PutRecord, PutRecordBatch, DescribeDeliveryStream and ListDeliveryStreams"
            ),
        )
    }

    /// The answer's body.
    pub fn body(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Body<'a> {
            #[serde(rename = "__type")]
            kind: &'a str,
            message: &'a str,
        }
        serde_json::to_vec(&Body {
            kind: self.kind,
            message: &self.message,
        })
        .unwrap_or_default()
    }
}
