//! What an error of the SDK means: whether anything can have been taken, and what to do.

use std::error::Error;

use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::Place;
use crate::forward::flight::{Answer, Kind, Trouble};
use crate::forward::said::Said;

/// Too much at once, of calls and of records.
const THROTTLES: [&str; 6] = [
    "ServiceUnavailableException",
    "ThrottlingException",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "KMSThrottlingException",
    "RequestLimitExceeded",
];

/// Errors of the kind that a record's own bytes can bring about. The call may be meant as well.
const OF_A_RECORD: [&str; 4] = [
    "InvalidArgumentException",
    "ValidationException",
    "ValidationError",
    "SerializationException",
];

impl Place {
    /// What became of a call that ended in this error.
    pub(in crate::sink) fn answer<E>(&self, error: &SdkError<E, Response>) -> Answer
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let trouble = self.trouble(error);
        let service = error.as_service_error();
        let code = service.and_then(ProvideErrorMetadata::code);
        match code.filter(|code| OF_A_RECORD.contains(code)) {
            None => Answer::Not(trouble),
            Some(code) => {
                let message = service.and_then(ProvideErrorMetadata::message);
                Answer::Refused {
                    said: Said::new(code, message.unwrap_or_default()),
                    text: trouble.text,
                }
            }
        }
    }

    /// The trouble in one sentence, the same for each call that meets it.
    pub(in crate::sink) fn trouble<E>(&self, error: &SdkError<E, Response>) -> Trouble
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let right = self.right;
        let (kind, what) = match error {
            SdkError::ServiceError(answer) => {
                of_service(answer.err(), answer.raw().status().as_u16(), right)
            }
            SdkError::TimeoutError(_) => (
                Kind::NoAnswer,
                "does not answer in time: the network or the service is slow".to_owned(),
            ),
            SdkError::ResponseError(_) => (
                Kind::NoAnswer,
                "gave an answer that cannot be read: something between here and it is broken"
                    .to_owned(),
            ),
            SdkError::DispatchFailure(failure) => match reached(failure.as_connector_error()) {
                Reached::Never => (
                    Kind::Refused,
                    "cannot be reached: check the network, the region and --endpoint-url"
                        .to_owned(),
                ),
                Reached::Perhaps => (
                    Kind::NoAnswer,
                    "cuts connections before it answers".to_owned(),
                ),
                Reached::NotTried => not_sent(error),
            },
            _ => not_sent(error),
        };
        Trouble {
            kind,
            text: format!("{self} {what}"),
        }
    }

    /// The stream is there, but takes nothing yet or any more.
    #[cfg(feature = "kinesis")]
    pub(in crate::sink) fn not_active(&self) -> Trouble {
        Trouble {
            kind: Kind::Refused,
            text: format!("{self} is being created or deleted: wait for it"),
        }
    }
}

/// What a stream says of a record that it did not take.
pub(in crate::sink) fn of_record(code: &str, message: Option<&str>) -> Option<Said> {
    (!THROTTLES.contains(&code)).then(|| Said::new(code, message.unwrap_or_default()))
}

/// No credentials, no region, a wrong URL: the SDK gave up before it sent anything.
fn not_sent<E: Error + 'static>(error: &SdkError<E, Response>) -> (Kind, String) {
    let why = DisplayErrorContext(error).to_string();
    let hint = match (why.contains("redential"), why.contains("egion")) {
        (true, _) => "no credentials were found (set them in the environment or a profile)",
        (_, true) => "no region is known (set AWS_REGION or a profile)",
        _ => "the call could not be made",
    };
    (Kind::Refused, format!("was not called: {hint}: {why}"))
}

/// What the service says, without its request ids.
fn of_service(error: &impl ProvideErrorMetadata, status: u16, right: &str) -> (Kind, String) {
    let code = error.code().unwrap_or("an error without a code");
    let message = error.message().unwrap_or("no message");
    match code {
        code if THROTTLES.contains(&code) => (Kind::Throttled, "throttles".to_owned()),
        "ResourceNotFoundException" => (
            Kind::Gone,
            "does not exist: create it (infrastructure/), or give the right --stream and region"
                .to_owned(),
        ),
        "ExpiredTokenException" | "ExpiredToken" => (
            Kind::Refused,
            "refuses the credentials, which have expired: renew them".to_owned(),
        ),
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "MissingAuthenticationTokenException"
        | "IncompleteSignatureException" => (
            Kind::Refused,
            format!("does not know the credentials ({code}): check key, secret and clock"),
        ),
        "AccessDeniedException" | "AccessDenied" => (Kind::Refused, format!("forbids it: {right}")),
        // 5xx that is no throttle: it may have been taken all the same.
        _ if status >= 500 => (Kind::NoAnswer, format!("fails with {code}")),
        _ => (
            Kind::Refused,
            format!("refuses the call: {code}: {message}"),
        ),
    }
}

/// How far a call came that got no answer.
#[derive(Debug, PartialEq, Eq)]
enum Reached {
    /// The SDK gave up before it opened a connection.
    NotTried,
    /// No connection was made.
    Never,
    /// One was made, and then broke.
    Perhaps,
}

/// By the sources' words: their types are the HTTP client's own affair. What is in doubt
/// may have been taken.
fn reached(error: Option<&ConnectorError>) -> Reached {
    let Some(error) = error else {
        return Reached::NotTried;
    };
    let mut source: Option<&dyn Error> = Some(error);
    while let Some(error) = source {
        let words = error.to_string();
        if words.contains("client error (Connect)") || words.contains("HTTP connect timeout") {
            return Reached::Never;
        }
        if words.contains("redential") {
            return Reached::NotTried;
        }
        source = error.source();
    }
    match error.is_user() {
        true => Reached::NotTried,
        false => Reached::Perhaps,
    }
}
