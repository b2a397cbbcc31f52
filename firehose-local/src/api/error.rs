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

    /// A call whose signature is missing or does not hold.
    pub(super) fn unsigned(kind: &'static str, message: &str) -> Self {
        Self::client(kind, message.to_owned())
    }

    /// Throttled: a fault of the service by the model, so 500.
    pub fn slow_down() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            kind: "ServiceUnavailableException",
            message: "Slow down.".into(),
        }
    }

    /// A control call that is one too many.
    pub fn rate_exceeded() -> Self {
        Self::client("ThrottlingException", "Rate exceeded".into())
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
        let value = format!("Value at '{path}' failed to satisfy constraint: {constraint}");
        Self::violations(1, &value)
    }

    /// All that the model's shapes forbid in one call.
    pub fn violations(count: usize, values: &str) -> Self {
        let errors = if count == 1 { "error" } else { "errors" };
        Self::client(
            "ValidationException",
            format!("{count} validation {errors} detected: {values}"),
        )
    }

    /// A value of another type than the model's.
    pub fn wrong_type(path: &str, wanted: &str) -> Self {
        let path = if path.is_empty() { "the request" } else { path };
        Self::client(
            "SerializationException",
            format!("{path} can not be converted to {wanted}"),
        )
    }

    /// A member that the model does not have. AWS passes over it.
    pub fn unknown_member(path: &str) -> Self {
        Self::client(
            "SerializationException",
            format!("{path} is no member of this call: firehose-local ignores nothing"),
        )
    }

    /// What AWS takes, and this crate does not.
    pub fn not_built(what: &str, advice: &str) -> Self {
        Self::invalid_argument(format!("{what} is not built in firehose-local: {advice}"))
    }

    /// A stream that is CREATING or DELETING takes no records and no changes. AWS documents that
    /// it is refused, not how.
    pub fn not_active(name: &str, account: &str, status: &str) -> Self {
        Self::client(
            "ResourceNotFoundException",
            format!("Firehose {name} under account {account} is not ACTIVE: it is {status}."),
        )
    }

    /// A second stream of a name.
    pub fn exists(name: &str, account: &str) -> Self {
        Self::in_use(format!(
            "Firehose {name} under accountId {account} already exists"
        ))
    }

    /// A stream in a state in which it cannot be changed so.
    pub fn in_use(message: String) -> Self {
        Self::client("ResourceInUseException", message)
    }

    /// More of something than there may be.
    pub fn limit_exceeded(message: impl Into<String>) -> Self {
        Self::client("LimitExceededException", message.into())
    }

    /// An update of a version that is not the stream's any more.
    pub fn concurrent_modification(name: &str, version: u64, given: &str) -> Self {
        Self::client(
            "ConcurrentModificationException",
            format!(
                "Cannot update firehose: {name} since the current version id: {version} and specified version id: {given} do not match"
            ),
        )
    }

    /// The machine refuses what the call needs: a fault of the service, so 500. Not AWS's
    /// words, which would not help.
    pub fn machine(what: &str, cause: &dyn std::fmt::Display) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            kind: "ServiceUnavailableException",
            message: format!("{what}: {cause}"),
        }
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
                "Operation {name}: firehose-local has the twelve of the API of 2015-08-04, such as CreateDeliveryStream and PutRecordBatch"
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
