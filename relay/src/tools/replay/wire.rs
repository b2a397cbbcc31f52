//! An event of an input as an event of the wire.
//!
//! What the relay owns it writes anew. So that time and user stay what they were:
//!
//! - `timestamp`, the corrected time, is sent and becomes the event's time; without `sentAt` the
//!   relay corrects nothing more. A rejected event is corrected here, by when it came.
//! - `userId` is sent, which only a server's key may do. `visitor-…` is nobody's to claim: the
//!   relay makes it again from the anonymousId. What a rejected event claims is not believed
//!   unless somebody says so.

use clickstream_event::time::Timestamp;

use super::input::{Event, Kind, Reason};
use super::members::Members;

/// What is sent for an event of an input.
///
/// # Errors
/// With the reason, when nothing can be.
pub fn event(event: Event, believe_claims: bool) -> Result<Vec<u8>, Reason> {
    let Event {
        mut members,
        kind,
        derived_id,
    } = event;
    match &kind {
        Kind::Line => {
            members.remove(&["userBucket", "receivedAt", "relay", "sentAt"]);
            if members
                .text("userId")
                .is_some_and(|user| user.starts_with("visitor-"))
            {
                members.remove(&["userId"]);
            }
        }
        Kind::Rejected {
            received_at,
            sent_at,
        } => {
            correct(&mut members, received_at, sent_at.as_deref());
            members.remove(&["sentAt", "writeKey"]);
            if !believe_claims {
                members.remove(&["userId"]);
            }
        }
    }
    if !members.has("type") && members.has("event") {
        // It came by the route that says its type.
        members.set("type", "track");
    }
    let id = members.text("messageId");
    if id.is_none_or(|id| id.is_empty()) && !members.is_number("messageId") {
        members.set("messageId", &derived_id);
    }
    Ok(members.write())
}

/// Gives a rejected event the time that the relay would have given it then.
fn correct(members: &mut Members, received_at: &str, batch_sent_at: Option<&str>) {
    let Some(received) = Timestamp::parse(received_at) else {
        return;
    };
    let time = |name| members.text(name).and_then(|text| Timestamp::parse(&text));
    let given = time("timestamp").or_else(|| time("originalTimestamp"));
    let sent = time("sentAt").or_else(|| Timestamp::parse(batch_sent_at?));
    match (given, sent) {
        (Some(given), Some(sent)) => {
            let late = (sent.ms() - given.ms()).max(0);
            let corrected = Timestamp::from_ms(received.ms() - late);
            members.set("timestamp", &corrected.to_string());
            members.set("originalTimestamp", &given.to_string());
        }
        (None, _) if !members.has("timestamp") && !members.has("originalTimestamp") => {
            members.set("timestamp", received_at);
        }
        // A time that cannot be read is the relay's to reject.
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn sent(members: &str, kind: Kind, believe_claims: bool) -> Value {
        let event = Event {
            members: Members::read(members.as_bytes()).unwrap(),
            kind,
            derived_id: "made".to_owned(),
        };
        let bytes = super::event(event, believe_claims).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    fn rejected() -> Kind {
        Kind::Rejected {
            received_at: "2026-01-02T03:04:05.000Z".to_owned(),
            sent_at: None,
        }
    }

    #[test]
    fn a_rejected_event_is_corrected_by_its_batchs_time_unless_it_has_one_of_its_own() {
        let kind = || Kind::Rejected {
            received_at: "2026-01-02T03:04:05.000Z".to_owned(),
            sent_at: Some("2026-01-02T02:00:09.000Z".to_owned()),
        };
        let raw = r#"{"type":"page","messageId":"m","timestamp":"2026-01-02T02:00:00Z"}"#;
        let found = sent(raw, kind(), false);
        assert_eq!(found["timestamp"], "2026-01-02T03:03:56.000Z");
        let own = raw.replace('}', r#","sentAt":"2026-01-02T02:00:05Z"}"#);
        let found = sent(&own, kind(), false);
        assert_eq!(found["timestamp"], "2026-01-02T03:04:00.000Z");
        // One that cannot be read is none, as at the intake.
        let own = raw.replace('}', r#","sentAt":"soon"}"#);
        let found = sent(&own, kind(), false);
        assert_eq!(found["timestamp"], "2026-01-02T03:03:56.000Z");
        assert!(found.get("sentAt").is_none());
    }

    #[test]
    fn a_line_keeps_user_time_and_id_and_leaves_what_the_relay_owns() {
        let line = json!({
            "type": "track", "event": "A", "messageId": "m", "anonymousId": "a", "sentAt": "2026-01-01T00:00:09Z",
            "originalTimestamp": "2026-01-01T00:00:00Z", "timestamp": "2026-01-01T00:00:01Z", "userId": "45",
            "userBucket": "017", "receivedAt": "2026-01-01T00:00:10Z", "relay": {"claimed": {"userId": "90"}},
        });
        let wanted = json!({
            "type": "track", "event": "A", "messageId": "m", "anonymousId": "a",
            "originalTimestamp": "2026-01-01T00:00:00Z", "timestamp": "2026-01-01T00:00:01Z", "userId": "45",
        });
        assert_eq!(sent(&line.to_string(), Kind::Line, false), wanted);
    }

    #[test]
    fn a_visitor_is_made_again_and_never_claimed() {
        let line = r#"{"type":"page","messageId":"m","anonymousId":"a","userId":"visitor-0123"}"#;
        let wanted = json!({"type": "page", "messageId": "m", "anonymousId": "a"});
        assert_eq!(sent(line, Kind::Line, true), wanted);
    }

    #[test]
    fn a_rejected_event_is_corrected_by_when_it_came_and_its_claim_is_not_believed() {
        let raw = r#"{"event":"A","userId":"45","originalTimestamp":"2026-01-02T02:00:00Z","sentAt":"2026-01-02T02:00:07Z","writeKey":"k"}"#;
        let wanted = json!({
            "event": "A", "type": "track", "messageId": "made",
            "timestamp": "2026-01-02T03:03:58.000Z", "originalTimestamp": "2026-01-02T02:00:00.000Z",
        });
        assert_eq!(sent(raw, rejected(), false), wanted);
        assert_eq!(sent(raw, rejected(), true)["userId"], "45");
    }

    #[test]
    fn a_rejected_event_without_a_time_has_the_one_at_which_it_came() {
        let found = sent(r#"{"type":"page","messageId":"m"}"#, rejected(), false);
        assert_eq!(found["timestamp"], "2026-01-02T03:04:05.000Z");
        let found = sent(r#"{"type":"page","timestamp":"soon"}"#, rejected(), false);
        assert_eq!(found["timestamp"], "soon");
    }

    #[test]
    fn numbers_and_names_that_come_twice_pass_as_they_were() {
        let raw = r#"{"type":"page","messageId":"m","a":1.10,"a":123456789012345678901234567890}"#;
        let members = Members::read(raw.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(members.write()).unwrap(), raw);
    }
}
