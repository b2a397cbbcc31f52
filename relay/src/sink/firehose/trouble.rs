//! What an error of the SDK means: whether anything can have been taken, and what to do.

use std::error::Error;

use aws_sdk_firehose::error::{
    ConnectorError, DisplayErrorContext, ProvideErrorMetadata, SdkError,
};

use super::Firehose;
use crate::forward::flight::{Kind, Trouble};

impl Firehose {
    /// The trouble in one sentence, the same for each call that meets it.
    pub(super) fn trouble<E>(&self, error: &SdkError<E>) -> Trouble
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let Self { stream, place, .. } = self;
        let (kind, what) = match error {
            SdkError::ServiceError(answer) => {
                of_service(answer.err(), answer.raw().status().as_u16())
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
            text: format!("the stream {stream} {place} {what}"),
        }
    }
}

/// No credentials, no region, a wrong URL: the SDK gave up before it sent anything.
fn not_sent<E: Error + 'static>(error: &SdkError<E>) -> (Kind, String) {
    let why = DisplayErrorContext(error).to_string();
    let hint = match why.contains("redential") {
        true => "no credentials were found (set them in the environment or a profile)",
        false => "the call could not be made",
    };
    (Kind::Refused, format!("was not called: {hint}: {why}"))
}

/// What the service says, without its request ids.
fn of_service(error: &impl ProvideErrorMetadata, status: u16) -> (Kind, String) {
    let code = error.code().unwrap_or("an error without a code");
    let message = error.message().unwrap_or("no message");
    match code {
        "ServiceUnavailableException"
        | "ThrottlingException"
        | "LimitExceededException"
        | "RequestLimitExceeded" => (Kind::Throttled, "throttles".to_owned()),
        "ResourceNotFoundException" => (
            Kind::Refused,
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
        "AccessDeniedException" | "AccessDenied" => (
            Kind::Refused,
            "forbids it: attach the producer's policy (infrastructure/iam.tf)".to_owned(),
        ),
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
