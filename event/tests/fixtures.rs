//! The contract's files, as far as this crate decides them: frames, rejections, and each
//! line but for who it was.

#![allow(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

use clickstream_event::id::UserId;
use clickstream_event::kind::EventType;
use clickstream_event::limits::Limits;
use clickstream_event::line::{Arrived, Owner, Stamp, Traffic};
use clickstream_event::read::{self, Batch};
use clickstream_event::time::Timestamp;
use clickstream_event::validate::Malformed;
use serde_json::Value;

const RECEIVED_AT: &str = "2026-01-02T03:04:06.000Z";

/// The body of a case; those that only HTTP can show (base64, keys) are the relay's.
fn body(case: &Value) -> Option<Vec<u8>> {
    case["body"].as_str().map(|body| body.as_bytes().to_vec())
}

fn parse<'a>(case: &Value, body: &'a [u8]) -> Result<Batch<'a>, Malformed> {
    let path = case["path"].as_str().unwrap_or("/v1/batch");
    let path = path.split('?').next().unwrap_or_default();
    let name = path
        .trim_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default();
    let kind = EventType::ALL
        .into_iter()
        .find(|kind| name == kind.as_str() || name == &kind.as_str()[..1]);
    match kind {
        Some(kind) => read::single(body, kind, &Limits::default()),
        None => read::batch(body, &Limits::default()),
    }
}

fn check(case: &Value) {
    let name = case["name"].as_str().unwrap();
    let Some(body) = body(case) else { return };
    let batch = match parse(case, &body) {
        Ok(batch) => batch,
        Err(malformed) => {
            assert_eq!(case["code"].as_str(), Some(malformed.code()), "{name}");
            return;
        }
    };
    if case["status"].as_u64().is_some_and(|status| status != 200) {
        assert_eq!(case["code"], "invalid_write_key", "{name}: was taken");
        return;
    }
    let mut lines = case["lines"].as_array().unwrap().iter();
    for index in 0..batch.len() {
        let rejected = case["rejected"]
            .as_array()
            .and_then(|rejected| rejected.iter().find(|entry| entry[0] == index));
        match (batch.event(index), rejected) {
            (Err(rejection), Some(entry)) => {
                let text = rejection.to_string();
                let expected = format!("{}: $", entry[1].as_str().unwrap());
                assert!(text.starts_with(&expected), "{name}: {text}");
            }
            (Ok(event), None) => {
                let expected = lines
                    .next()
                    .unwrap_or_else(|| panic!("{name}: one too many"));
                let user = expected["userId"]
                    .as_str()
                    .map(|id| UserId::new(id).unwrap());
                let written = event.line(&Stamp {
                    message_id: event.message_id.as_deref().unwrap_or("*"),
                    owner: user.map(Owner::new).as_ref(),
                    arrived: &Arrived::new(
                        Timestamp::parse(RECEIVED_AT).unwrap(),
                        expected["relay"]["source"].as_str().unwrap(),
                        None,
                    ),
                    traffic: match expected["relay"]["traffic"].as_str().unwrap() {
                        "human" => Traffic::Human,
                        "bot" => Traffic::Bot,
                        _ => Traffic::Synthetic,
                    },
                    claimed_user_id: expected["relay"]["claimed"]["userId"].as_str(),
                });
                let text = String::from_utf8(written).unwrap();
                assert!(!text.contains('\n'), "{name}");
                let line: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(&line, expected, "{name}");
                assert_eq!(text.len(), minified_length(&text), "{name}: white space");
            }
            (Ok(_), Some(entry)) => panic!("{name}: {index} should be refused: {entry}"),
            (Err(rejection), None) => panic!("{name}: {index} refused: {rejection}"),
        }
    }
    assert_eq!(lines.next(), None, "{name}: a line is missing");
}

/// The length of a JSON text without the white space between its tokens.
fn minified_length(text: &str) -> usize {
    let (mut inside, mut escaped, mut length) = (false, false, 0);
    for byte in text.bytes() {
        if inside || !byte.is_ascii_whitespace() {
            length += 1;
        }
        match byte {
            b'"' if !escaped => inside = !inside,
            b'\\' if inside && !escaped => {
                escaped = true;
                continue;
            }
            _ => {}
        }
        escaped = false;
    }
    length
}

/// Runs every case of a file.
fn run(text: &str) {
    let cases: Vec<Value> = serde_json::from_str(text).unwrap();
    assert!(!cases.is_empty());
    cases.iter().for_each(check);
}

#[test]
fn shape() {
    run(include_str!("../fixtures/shape.json"));
}

#[test]
fn rejected() {
    run(include_str!("../fixtures/rejected.json"));
}

#[test]
fn times() {
    run(include_str!("../fixtures/times.json"));
}

#[test]
fn identity() {
    run(include_str!("../fixtures/identity.json"));
}

#[test]
fn sdks() {
    run(include_str!("../fixtures/sdks.json"));
}

#[test]
fn frames() {
    run(include_str!("../fixtures/frames.json"));
}
