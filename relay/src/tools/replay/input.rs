//! A line of an input to the events that it holds.
//!
//! Three kinds of lines are told apart by their members: a rejected event as the relay keeps
//! it (`raw` with `code` and `reason`), an error record of the stream (`rawData` in base64), or
//! an event itself, as the lake, or an export, has it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clickstream_event::validate::Reason as RejectReason;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::members::Members;

/// An event that an input holds.
#[derive(Debug)]
pub struct Event {
    /// Its members.
    pub members: Members,
    /// Where it stood.
    pub kind: Kind,
    /// A messageId made from the bytes around it, for one that has none: the same whenever the
    /// same input is read.
    pub derived_id: String,
}

/// What an input's line was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// As its client sent it, when the relay rejected it at this time.
    Rejected {
        /// `receivedAt` of the rejection, as text.
        received_at: String,
        /// When its batch was sent, as text, if the batch said so.
        sent_at: Option<String>,
    },
    /// As the relay wrote it.
    Line,
}

/// Why there is nothing to send.
pub type Reason = &'static str;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RejectedLine {
    received_at: String,
    sent_at: Option<String>,
    code: String,
    #[serde(rename = "reason")]
    _reason: String,
    raw: Option<String>,
    length: Option<u64>,
    #[serde(rename = "type")]
    kind: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErrorLine {
    raw_data: String,
    #[serde(rename = "errorCode")]
    _error_code: String,
}

/// The events of one line.
#[must_use]
pub fn events(line: &[u8]) -> Vec<Result<Event, Reason>> {
    if line.trim_ascii().is_empty() {
        return Vec::new();
    }
    if let Ok(error) = serde_json::from_slice::<ErrorLine>(line) {
        return match STANDARD.decode(error.raw_data) {
            Ok(record) => record_events(&record),
            Err(_) => vec![Err("its rawData is not base64")],
        };
    }
    match serde_json::from_slice::<RejectedLine>(line) {
        Ok(rejected) if rejected.kind.is_none() => vec![rejected_event(rejected, line)],
        _ => record_events(line),
    }
}

fn rejected_event(rejected: RejectedLine, line: &[u8]) -> Result<Event, Reason> {
    if rejected.code == RejectReason::InvalidUtf8.name() {
        // What is kept is another event: replacement characters stand in it.
        return Err("its bytes are no text, and were not kept as they came");
    }
    let raw = match (rejected.raw, rejected.length) {
        (Some(raw), None) => raw,
        _ => return Err("its bytes were not kept whole, see --rejected-size"),
    };
    let members = Members::read(raw.as_bytes()).ok_or("it is no JSON object")?;
    Ok(Event {
        members,
        kind: Kind::Rejected {
            received_at: rejected.received_at,
            sent_at: rejected.sent_at,
        },
        // With time, source and place in its batch, which the line says.
        derived_id: derived(line, 0),
    })
}

/// The events of a record, which may hold several.
fn record_events(record: &[u8]) -> Vec<Result<Event, Reason>> {
    let values = serde_json::Deserializer::from_slice(record).into_iter::<Box<RawValue>>();
    let mut events = Vec::new();
    for (number, value) in values.enumerate() {
        let event = match value {
            Ok(value) => Members::read(value.get().as_bytes()).ok_or("it is no JSON object"),
            Err(_) => Err("it is no JSON"),
        };
        events.push(event.map(|members| Event {
            members,
            kind: Kind::Line,
            derived_id: derived(record, number),
        }));
    }
    events
}

/// 32 hex digits, as the relay's own ids have.
fn derived(bytes: &[u8], number: usize) -> String {
    let mut hash = Sha256::new();
    hash.update(b"clickstream replay");
    hash.update((number as u64).to_le_bytes());
    hash.update(bytes.trim_ascii());
    crate::spool::identity::hex(&hash.finalize()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str) -> Vec<Result<String, Reason>> {
        let texts = |event: Event| String::from_utf8(event.members.write()).unwrap();
        events(line.as_bytes())
            .into_iter()
            .map(|event| event.map(texts))
            .collect()
    }

    #[test]
    fn the_three_kinds_of_lines_are_told_apart() {
        let event = r#"{"type":"track","event":"A","n":1.10,"receivedAt":"2026-01-02T03:04:05Z"}"#;
        assert_eq!(texts(event), [Ok(event.to_owned())]);
        let raw = serde_json::to_string(r#"{"type":"track","n":1.10}"#).unwrap();
        let rejected = format!(
            r#"{{"receivedAt":"2026-01-02T03:04:05Z","source":"shop","index":0,"messageId":null,"code":"x","reason":"x: y","raw":{raw}}}"#
        );
        assert_eq!(
            texts(&rejected),
            [Ok(r#"{"type":"track","n":1.10}"#.to_owned())]
        );
        // Packed: two events in one record.
        let data = STANDARD.encode("{\"type\":\"page\"}\n{\"type\":\"screen\"}\n");
        let error = format!(
            r#"{{"attemptsMade":0,"arrivalTimestamp":1,"errorCode":"DynamicPartitioning.MetadataExtractionFailed","errorMessage":"m","attemptEndingTimestamp":2,"rawData":"{data}"}}"#
        );
        let wanted = [r#"{"type":"page"}"#, r#"{"type":"screen"}"#];
        assert_eq!(texts(&error), wanted.map(|text| Ok(text.to_owned())));
    }

    #[test]
    fn what_cannot_be_sent_has_its_reason_and_costs_nothing_else() {
        let cut = r#"{"receivedAt":"t","source":"s","index":0,"messageId":null,"code":"x","reason":"y","length":99999}"#;
        let no_text = r#"{"receivedAt":"t","source":"s","index":0,"messageId":null,"code":"invalid_utf8","reason":"y","raw":"{\"type\":\"track\",\"event\":\"A\ufffd\"}"}"#;
        for (line, reason) in [
            (
                no_text,
                "its bytes are no text, and were not kept as they came",
            ),
            (cut, "its bytes were not kept whole, see --rejected-size"),
            (
                r#"{"errorCode":"x","rawData":"%"}"#,
                "its rawData is not base64",
            ),
            ("[1]", "it is no JSON object"),
            ("half a li", "it is no JSON"),
        ] {
            assert_eq!(texts(line), [Err(reason)], "{line}");
        }
        assert_eq!(texts("  "), []);
    }

    #[test]
    fn a_derived_id_is_the_same_for_the_same_bytes_only() {
        let id = |line: &str| events(line.as_bytes()).remove(0).unwrap().derived_id;
        assert_eq!(id(r#"{"a":1}"#), id("{\"a\":1}\r\n"));
        assert_ne!(id(r#"{"a":1}"#), id(r#"{"a":2}"#));
        assert_eq!(id(r#"{"a":1}"#).len(), 32);
    }
}
