//! Any body: the quick way, the general way and serde_json agree, and what is taken is one line of
//! JSON with one user id, the relay's.

#![no_main]

use clickstream_event::id::UserId;
use clickstream_event::kind::EventType;
use clickstream_event::limits::Limits;
use clickstream_event::line::{Arrived, Owner, Stamp, Traffic};
use clickstream_event::read::{self, Batch};
use clickstream_event::time::Timestamp;
use clickstream_event::validate::{Malformed, Reason};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// All that can be asked of a body, as text.
fn told(batch: &Result<Batch<'_>, Malformed>) -> Vec<String> {
    let batch = match batch {
        Ok(batch) => batch,
        Err(malformed) => return vec![format!("{malformed:?}")],
    };
    let arrived = Arrived::new(Timestamp::from_ms(1_767_323_046_000), "shop", Some("::1"));
    let owner = UserId::new("owner").map(Owner::new).ok();
    let mut told = vec![format!(
        "{:?} {:?} {:?} {:?}",
        batch.write_key(),
        batch.user_token(),
        batch.storage(),
        batch.sent_at()
    )];
    for index in 0..batch.len() {
        told.push(match batch.event(index) {
            Err(rejection) => format!("{rejection:?}"),
            Ok(event) => {
                let line = event.line(&Stamp {
                    message_id: "made",
                    owner: owner.as_ref(),
                    arrived: &arrived,
                    traffic: Traffic::Human,
                    claimed_user_id: event.user_id.as_ref().map(UserId::as_str),
                });
                let line = String::from_utf8(line).expect("a line is UTF-8");
                is_one_event(&line);
                format!(
                    "{line} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
                    event.kind,
                    event.message_id.as_deref(),
                    event.user_id,
                    event.anonymous_id.as_deref(),
                    event.write_key.as_deref(),
                    event.times(arrived.received_at()),
                    event.user_agent.as_deref(),
                    event.automation,
                )
            }
        });
    }
    told
}

/// One line, and no reader of JSON may see another user in it, whichever of two names it takes.
fn is_one_event(line: &str) {
    assert!(!line.contains(['\n', '\r']), "two lines: {line}");
    let value: Value = serde_json::from_str(line).expect("a line is JSON");
    assert_eq!(value["userId"], "owner", "{line}");
    assert_eq!(value["relay"]["source"], "shop", "{line}");
    // Written anew without doubled names it is as long as before only if there were none at its
    // top level; deeper ones pass. So the names are counted as they stand.
    let mut depth = 0_u32;
    let mut names = Vec::new();
    let mut rest = line.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        match first {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b'"' => {
                let text = text(&mut rest);
                if depth == 1 && rest.first() == Some(&b':') {
                    names.push(serde_json::from_str::<String>(&text).expect("a name"));
                }
            }
            _ => {}
        }
    }
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(all, names.len(), "a name twice: {line}");
}

/// The text whose first quote was taken off; `rest` goes on behind it.
fn text(rest: &mut &[u8]) -> String {
    let mut end = 0;
    while rest[end] != b'"' {
        end += 1 + usize::from(rest[end] == b'\\');
    }
    let text = format!("\"{}\"", String::from_utf8_lossy(&rest[..end]));
    *rest = &rest[end + 1..];
    text
}

/// What is taken serde_json takes; what breaks JSON's own rules it refuses.
fn as_serde_json(batch: &Batch<'_>) {
    for index in 0..batch.len() {
        let theirs = serde_json::from_slice::<Value>(batch.raw(index));
        match batch.event(index).map_err(|rejection| rejection.reason) {
            Ok(_) => assert!(theirs.is_ok(), "{theirs:?}"),
            Err(
                reason @ (Reason::InvalidJson { .. }
                | Reason::LoneSurrogate { .. }
                | Reason::NumberTooLarge { .. }
                | Reason::InvalidUtf8),
            ) => assert!(theirs.is_err(), "{reason}: {theirs:?}"),
            Err(_) => {}
        }
    }
}

fuzz_target!(|body: &[u8]| {
    let limits = Limits::default();
    let quick = read::batch(body, &limits);
    assert_eq!(told(&quick), told(&read::general_batch(body, &limits)));
    if let Ok(batch) = &quick {
        as_serde_json(batch);
    }
    let quick = read::single(body, EventType::Track, &limits);
    let general = read::general_single(body, EventType::Track, &limits);
    assert_eq!(told(&quick), told(&general));
    if let Ok(batch) = &quick {
        as_serde_json(batch);
    }
});
