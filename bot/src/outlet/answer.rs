//! What a relay's answer means for the batch that was sent.

use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;

/// A wait asked for longer than this is cut: patience decides, not a header.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// What to do with a batch, by the answers of the relay's contract.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    /// Durable: forget the batch, count what it says.
    Taken(Taken),
    /// The batch as such is bad: send its halves; a single event is dropped, for this reason.
    Halve(String),
    /// The key is unknown: stop.
    UnknownKey(String),
    /// There is no relay at this address.
    NoRoute,
    /// Try again, after this long if it says so.
    Again(Option<Duration>),
}

/// The body of a 200.
#[derive(Debug, Default, Deserialize, PartialEq)]
pub struct Taken {
    /// Events that are durable, duplicates included.
    #[serde(default)]
    pub accepted: u64,
    /// Those it had before.
    #[serde(default)]
    pub duplicate: u64,
    /// Those it refused.
    #[serde(default)]
    pub rejected: Vec<Rejected>,
}

/// A refused event.
#[derive(Debug, Deserialize, PartialEq)]
pub struct Rejected {
    /// Which of the batch.
    pub index: usize,
    /// Why.
    pub reason: String,
}

#[derive(Deserialize)]
struct Error {
    message: Option<String>,
    reason: Option<String>,
}

/// Reads an answer.
#[must_use]
pub fn verdict(status: StatusCode, retry_after: Option<&str>, body: &[u8]) -> Verdict {
    match status {
        StatusCode::OK => match serde_json::from_slice(body) {
            Ok(taken) => Verdict::Taken(taken),
            // A 200 that is not a relay's: something else answers at this address.
            Err(_) => Verdict::NoRoute,
        },
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE => {
            Verdict::Halve(said(status, body))
        }
        StatusCode::UNAUTHORIZED => Verdict::UnknownKey(said(status, body)),
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Verdict::NoRoute,
        _ => Verdict::Again(
            retry_after
                .and_then(|seconds| seconds.trim().parse().ok())
                .map(|seconds| Duration::from_secs(seconds).min(LONGEST_WAIT)),
        ),
    }
}

fn said(status: StatusCode, body: &[u8]) -> String {
    serde_json::from_slice::<Error>(body)
        .ok()
        .and_then(|error| error.message.or(error.reason))
        .unwrap_or_else(|| format!("answered {status}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_answers_table_is_followed() {
        let ok = br#"{"success":true,"accepted":2,"duplicate":1,"rejected":[{"index":1,"messageId":"m","reason":"too deep"}]}"#;
        assert_eq!(
            verdict(StatusCode::OK, None, ok),
            Verdict::Taken(Taken {
                accepted: 2,
                duplicate: 1,
                rejected: vec![Rejected {
                    index: 1,
                    reason: "too deep".to_owned()
                }],
            })
        );
        let error = br#"{"success":false,"code":"c","message":"why","reason":"r"}"#;
        for status in [StatusCode::BAD_REQUEST, StatusCode::PAYLOAD_TOO_LARGE] {
            assert_eq!(
                verdict(status, None, error),
                Verdict::Halve("why".to_owned())
            );
        }
        assert_eq!(
            verdict(StatusCode::UNAUTHORIZED, None, error),
            Verdict::UnknownKey("why".to_owned())
        );
        for status in [
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::SERVICE_UNAVAILABLE,
        ] {
            assert_eq!(
                verdict(status, Some("3"), error),
                Verdict::Again(Some(Duration::from_secs(3)))
            );
        }
        assert_eq!(
            verdict(StatusCode::BAD_GATEWAY, None, b""),
            Verdict::Again(None)
        );
        assert_eq!(verdict(StatusCode::NOT_FOUND, None, b""), Verdict::NoRoute);
    }

    #[test]
    fn odd_answers_are_read_with_care() {
        assert_eq!(verdict(StatusCode::OK, None, b"<html>"), Verdict::NoRoute);
        assert_eq!(
            verdict(StatusCode::UNAUTHORIZED, None, b"no"),
            Verdict::UnknownKey("answered 401 Unauthorized".to_owned())
        );
        assert_eq!(
            verdict(StatusCode::SERVICE_UNAVAILABLE, Some("soon"), b""),
            Verdict::Again(None)
        );
        assert_eq!(
            verdict(StatusCode::SERVICE_UNAVAILABLE, Some("99999999"), b""),
            Verdict::Again(Some(LONGEST_WAIT))
        );
    }
}
