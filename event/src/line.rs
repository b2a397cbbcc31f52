//! An event that was accepted, and the line of the lake that it becomes.

use crate::id::UserId;
use crate::kind::EventType;
use crate::member::{Object, append_text};
use crate::scalar::{scalar, text_of};
use crate::time::{Times, Timestamp};
use crate::validate::Reason;

/// Who made an event, as far as it shows. Nothing is hidden from the lake.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Traffic {
    /// Nothing speaks against a person.
    Human,
    /// A driven browser, or input that no person made.
    Bot,
    /// Events made without any browser.
    Synthetic,
}

impl Traffic {
    /// The name in `relay.traffic`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Bot => "bot",
            Self::Synthetic => "synthetic",
        }
    }
}

/// The signs of automation that a client wrote into its event.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Automation {
    /// `context.automation.webdriver`: the browser is driven.
    pub webdriver: bool,
    /// `context.automation.synthetic`: there is no browser.
    pub synthetic: bool,
    /// `properties.input.trusted` is false: a script made the input.
    pub untrusted: bool,
}

/// What the relay adds to an event.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    /// The event's own id, or the one that the relay made.
    pub message_id: &'a str,
    /// Whom it belongs to; none where neither id was given.
    pub user_id: Option<&'a UserId>,
    /// The relay's clock at its arrival.
    pub received_at: Timestamp,
    /// The write key's source.
    pub source: &'a str,
    /// Who made it.
    pub traffic: Traffic,
    /// Where it came from, as far as it may be kept.
    pub ip: Option<&'a str>,
    /// A user id that the client claimed and that was not believed.
    pub claimed_user_id: Option<&'a str>,
}

/// An event that breaks no rule, its server-owned names taken away.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// Its type.
    pub kind: EventType,
    /// Its id, if it has one.
    pub message_id: Option<String>,
    /// The user id that the client claims.
    pub user_id: Option<UserId>,
    /// The browser's or device's id.
    pub anonymous_id: Option<String>,
    /// A write key in the event itself, as Segment's browser SDK sends it. Never stored.
    pub write_key: Option<String>,
    /// When it happened, by the client's clock.
    pub original: Option<Timestamp>,
    /// When it was sent, by the client's clock: its own, else its batch's.
    pub sent_at: Option<Timestamp>,
    /// `context.userAgent`.
    pub user_agent: Option<String>,
    /// Signs of automation.
    pub automation: Automation,
    /// The client's `originalTimestamp` as JSON, where it is not what is written.
    claimed_original: Option<String>,
    /// A time that was given and could not be read.
    unreadable_time: bool,
    /// The members that stay, minified, without braces.
    kept: Vec<u8>,
}

/// Top-level names that a client does not decide, or that are written anew.
const TAKEN: [&str; 11] = [
    "type",
    "userId",
    "userBucket",
    "receivedAt",
    "timestamp",
    "relay",
    "originalTimestamp",
    "sentAt",
    "messageId",
    "writeKey",
    "userToken",
];

/// Ids that may be text or a number; `null` and `""` count as absent.
const IDS: [&str; 3] = ["anonymousId", "groupId", "previousId"];

impl Incoming {
    /// Takes an event apart into what the relay decides by and what it only carries.
    pub(crate) fn new(
        kind: EventType,
        message_id: Option<String>,
        user_id: Option<UserId>,
        event: &Object<'_>,
        context: &Object<'_>,
        batch_context: &Object<'_>,
        batch_sent_at: Option<Timestamp>,
    ) -> Result<Self, Reason> {
        let read = |key| event.get(key).map(|value| (value, time_of(value)));
        let (timestamp, original) = (read("timestamp"), read("originalTimestamp"));
        let given = timestamp.or(original);
        let sent_at = read("sentAt").and_then(|(_, time)| time).or(batch_sent_at);
        // What is not what will be written stays visible: a second, differing time, or one
        // that could not be read.
        let claimed_original = original
            .filter(|(_, time)| time.is_none() || *time != given.and_then(|(_, time)| time))
            .or(given.filter(|(_, time)| time.is_none()))
            .map(|(value, _)| claim(value));

        let mut kept = Vec::with_capacity(1024);
        let mut anonymous_id = None;
        for member in &event.members {
            let key = member.key.as_ref();
            let value = event.value(member);
            if TAKEN.contains(&key) || key == "context" {
                continue;
            }
            let Some(id) = IDS.into_iter().find(|id| *id == key) else {
                Object::append(&mut kept, key, value);
                continue;
            };
            if value == "null" {
                continue;
            }
            let text = scalar(value).ok_or(Reason::InvalidId { key: id })?;
            if text.is_empty() {
                continue;
            }
            Object::append(&mut kept, id, &quoted(&text));
            if id == "anonymousId" {
                anonymous_id = Some(text);
            }
        }
        if !(context.members.is_empty() && batch_context.members.is_empty()) {
            Object::append(&mut kept, "context", &context.merged(batch_context));
        }

        let in_context = |key| context.get(key).or_else(|| batch_context.get(key));
        let sign = |name: &str| {
            in_context("automation")
                .and_then(|signs| Object::read(signs, 64).ok())
                .is_some_and(|signs| signs.get(name) == Some("true"))
        };
        Ok(Self {
            kind,
            message_id,
            user_id,
            anonymous_id,
            write_key: event.get("writeKey").and_then(text_of),
            original: given.and_then(|(_, time)| time),
            sent_at,
            user_agent: in_context("userAgent").and_then(text_of),
            automation: Automation {
                webdriver: sign("webdriver"),
                synthetic: sign("synthetic"),
                untrusted: event.get("properties").is_some_and(is_untrusted),
            },
            claimed_original,
            unreadable_time: given.is_some_and(|(_, time)| time.is_none()),
            kept,
        })
    }

    /// The event's times, its clock corrected by ours.
    #[must_use]
    pub fn times(&self, received_at: Timestamp) -> Times {
        let mut times = Times::correct(self.original, self.sent_at, received_at);
        times.suspect |= self.unreadable_time;
        times
    }

    /// The line of the lake: one JSON object, minified, without a newline at its end.
    #[must_use]
    pub fn line(&self, stamp: &Stamp<'_>) -> Vec<u8> {
        let times = self.times(stamp.received_at);
        let mut out = Vec::with_capacity(self.kept.len() + 512);
        out.push(b'{');
        let text = |out: &mut Vec<u8>, key: &str, value: &str| {
            Object::append(out, key, &quoted(value));
        };
        text(&mut out, "type", self.kind.as_str());
        text(&mut out, "messageId", stamp.message_id);
        if !self.kept.is_empty() {
            out.push(b',');
            out.extend_from_slice(&self.kept);
        }
        text(&mut out, "originalTimestamp", &times.original.to_string());
        if let Some(sent_at) = self.sent_at {
            text(&mut out, "sentAt", &sent_at.to_string());
        }
        if let Some(user_id) = stamp.user_id {
            text(&mut out, "userId", user_id.as_str());
            text(&mut out, "userBucket", &user_id.bucket().to_string());
        }
        text(&mut out, "receivedAt", &stamp.received_at.to_string());
        text(&mut out, "timestamp", &times.timestamp.to_string());

        let mut relay = vec![b'{'];
        if let Some(ip) = stamp.ip {
            text(&mut relay, "ip", ip);
        }
        text(&mut relay, "traffic", stamp.traffic.as_str());
        text(&mut relay, "source", stamp.source);
        if times.suspect {
            text(&mut relay, "clock", "suspect");
        }
        let mut claimed = vec![b'{'];
        if let Some(user_id) = stamp.claimed_user_id {
            text(&mut claimed, "userId", user_id);
        }
        if let Some(original) = &self.claimed_original {
            Object::append(&mut claimed, "originalTimestamp", original);
        }
        if claimed.len() > 1 {
            claimed.push(b'}');
            relay.extend_from_slice(b",\"claimed\":");
            relay.append(&mut claimed);
        }
        relay.push(b'}');
        out.extend_from_slice(b",\"relay\":");
        out.append(&mut relay);
        out.push(b'}');
        out
    }
}

/// What stays of a claimed time: itself, or of an array or object only that it was one, so
/// that no line nests deeper than its event did.
fn claim(value: &str) -> String {
    match value.as_bytes().first() {
        Some(b'[') => quoted("an array"),
        Some(b'{') => quoted("an object"),
        _ => value.to_owned(),
    }
}

fn time_of(value: &str) -> Option<Timestamp> {
    text_of(value).and_then(|text| Timestamp::parse(&text))
}

fn quoted(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    append_text(&mut out, text);
    String::from_utf8(out).unwrap_or_default()
}

/// Whether `properties.input.trusted` is false.
fn is_untrusted(properties: &str) -> bool {
    // The cheap look first: hardly any event says so.
    properties.contains("false")
        && Object::read(properties, 64)
            .ok()
            .and_then(|properties| properties.get("input").map(str::to_owned))
            .and_then(|input| {
                let input = Object::read(&input, 64).ok()?;
                Some(input.get("trusted") == Some("false"))
            })
            .unwrap_or(false)
}
