//! An event that was accepted: what the relay decides by, and what it only carries.

use std::borrow::Cow;

use crate::canonical::{Canonical, Runs};
use crate::id::UserId;
use crate::kind::EventType;
use crate::member::{Object, append_text, quoted};
use crate::scalar::{scalar, text_of};
use crate::time::{Times, Timestamp};
use crate::validate::Reason;

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

/// An event that breaks no rule, its server-owned names taken away.
#[derive(Clone, Debug)]
pub struct Incoming<'a> {
    /// Its type.
    pub kind: EventType,
    /// Its id, if it has one.
    pub message_id: Option<Cow<'a, str>>,
    /// The user id that the client claims.
    pub user_id: Option<UserId>,
    /// The browser's or device's id.
    pub anonymous_id: Option<Cow<'a, str>>,
    /// A write key in the event itself, as Segment's browser SDK sends it. Never stored.
    pub write_key: Option<Cow<'a, str>>,
    /// When it happened, by the client's clock.
    pub original: Option<Timestamp>,
    /// When it was sent, by the client's clock: its own, else its batch's.
    pub sent_at: Option<Timestamp>,
    /// `context.userAgent`.
    pub user_agent: Option<Cow<'a, str>>,
    /// Signs of automation.
    pub automation: Automation,
    /// An `identify` said who somebody is in its context alone: its `traits` are a copy of that.
    pub traits_copied: bool,
    /// The client's `originalTimestamp` as JSON, where it is not what is written.
    pub(crate) claimed_original: Option<String>,
    /// A time that was given and could not be read.
    unreadable_time: bool,
    /// The members that stay, minified, without braces.
    pub(crate) kept: Kept<'a>,
    /// Which of the names that every line has are among them.
    pub(crate) has: Has,
}

/// The members that stay.
#[derive(Clone, Debug)]
pub(crate) enum Kept<'a> {
    /// As they stand in the body.
    Runs(Runs<'a>),
    /// Written anew.
    Written(Vec<u8>),
}

/// Names that every line has, and that the client may have written already.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Has {
    pub(crate) kind: bool,
    pub(crate) message_id: bool,
    pub(crate) original: bool,
}

/// Top-level names that a client does not decide, or that are no part of what happened.
const TAKEN: [&str; 8] = [
    "userId",
    "userBucket",
    "receivedAt",
    "timestamp",
    "relay",
    "sentAt",
    "writeKey",
    "userToken",
];

/// Ids that may be text or a number; `null` and `""` count as absent.
const IDS: [&str; 3] = ["anonymousId", "groupId", "previousId"];

impl<'a> Incoming<'a> {
    /// A canonical event on a route or of a type that is `kind`; none where its claim is no user id
    /// or its type not the route's: the slow way says why, or writes the other.
    pub(crate) fn canonical(
        event: &Canonical<'a>,
        kind: Option<EventType>,
        batch_sent_at: Option<Timestamp>,
    ) -> Option<Self> {
        let kind = match (kind, event.kind) {
            (Some(route), Some(own)) if route != own => return None,
            (route, own) => route.or(own)?,
        };
        if kind == EventType::Identify && !event.traits {
            // Its context may have them: the slow way's work.
            return None;
        }
        let user_id = match event.user_id {
            Some(id) => Some(UserId::new(id).ok()?),
            None => None,
        };
        let given = event.timestamp.or(event.original);
        Some(Self {
            kind,
            message_id: event.message_id.map(Cow::Borrowed),
            user_id,
            anonymous_id: event.anonymous_id.map(Cow::Borrowed),
            write_key: event.write_key.map(Cow::Borrowed),
            original: given,
            sent_at: event.sent_at.or(batch_sent_at),
            user_agent: event.user_agent.map(Cow::Borrowed),
            automation: Automation::of(event.automation, event.doubtful),
            traits_copied: false,
            claimed_original: None,
            unreadable_time: false,
            kept: Kept::Runs(event.runs),
            has: Has {
                kind: event.kind.is_some(),
                message_id: event.message_id.is_some(),
                original: event.original.is_some(),
            },
        })
    }

    /// Takes any event apart.
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
        let given_time = given.and_then(|(_, time)| time);
        let sent_at = read("sentAt").and_then(|(_, time)| time).or(batch_sent_at);
        // What is not what will be written stays visible: a second, differing time, or one
        // that could not be read.
        let claimed_original = original
            .filter(|(_, time)| time.is_none() || *time != given_time)
            .or(given.filter(|(_, time)| time.is_none()))
            .map(|(value, _)| claim(value));

        let merged = (!(context.members.is_empty() && batch_context.members.is_empty()))
            .then(|| context.merged(batch_context));
        let mut kept = Vec::with_capacity(1024);
        let mut has = Has::default();
        let mut anonymous_id = None;
        for member in &event.members {
            let key = member.key.as_ref();
            let value = event.value(member);
            match key {
                "type" => {
                    has.kind = true;
                    Object::append(&mut kept, key, &quoted(kind.as_str()));
                }
                "messageId" => {
                    if let Some(id) = &message_id {
                        has.message_id = true;
                        Object::append(&mut kept, key, &quoted(id));
                    }
                }
                "originalTimestamp" => {
                    if let Some(time) = given_time {
                        has.original = true;
                        Object::append(&mut kept, key, &quoted(&time.to_string()));
                    }
                }
                "context" => {
                    if let Some(context) = &merged {
                        Object::append(&mut kept, key, context);
                    }
                }
                taken if TAKEN.contains(&taken) => {}
                _ => match IDS.into_iter().find(|id| *id == key) {
                    None => Object::append(&mut kept, key, value),
                    Some(_) if value == "null" => {}
                    Some(id) => {
                        let text = scalar(value).ok_or(Reason::InvalidId { key: id })?;
                        if !text.is_empty() {
                            Object::append(&mut kept, id, &quoted(&text));
                            if id == "anonymousId" {
                                anonymous_id = Some(text);
                            }
                        }
                    }
                },
            }
        }
        let names_context = event.members.iter().any(|member| member.key == "context");
        if let Some(context) = merged.filter(|_| !names_context) {
            Object::append(&mut kept, "context", &context);
        }

        let in_context = |key| context.get(key).or_else(|| batch_context.get(key));
        let has_traits = event.members.iter().any(|member| member.key == "traits");
        let copied = in_context("traits").filter(|_| kind == EventType::Identify && !has_traits);
        if let Some(traits) = copied {
            // RudderStack's SDKs say there, and there alone, who somebody is.
            Object::append(&mut kept, "traits", traits);
        }
        let properties = event.get("properties");
        // The cheap look first: hardly any event says so.
        let doubtful = properties.filter(|properties| properties.contains("false"));
        Ok(Self {
            kind,
            message_id: message_id.map(Cow::Owned),
            user_id,
            anonymous_id: anonymous_id.map(Cow::Owned),
            write_key: event.get("writeKey").and_then(text_of).map(Cow::Owned),
            original: given_time,
            sent_at,
            user_agent: in_context("userAgent").and_then(text_of).map(Cow::Owned),
            automation: Automation::of(in_context("automation"), doubtful),
            traits_copied: copied.is_some(),
            claimed_original,
            unreadable_time: given.is_some_and(|(_, time)| time.is_none()),
            kept: Kept::Written(kept),
            has,
        })
    }

    /// The event's times, its clock corrected by ours.
    #[must_use]
    pub fn times(&self, received_at: Timestamp) -> Times {
        let mut times = Times::correct(self.original, self.sent_at, received_at);
        times.suspect |= self.unreadable_time;
        times
    }
}

impl Automation {
    /// From `context.automation`, and `properties` where they may say it.
    fn of(signs: Option<&str>, properties: Option<&str>) -> Self {
        let signs = signs.and_then(|signs| Object::read(signs, 64).ok());
        let sign = |name| {
            let signs = signs.as_ref();
            signs.is_some_and(|signs| signs.get(name) == Some("true"))
        };
        Self {
            webdriver: sign("webdriver"),
            synthetic: sign("synthetic"),
            untrusted: properties.is_some_and(is_untrusted),
        }
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

/// Whether `properties.input.trusted` is false.
fn is_untrusted(properties: &str) -> bool {
    let input = Object::read(properties, 64).ok();
    let input = input.and_then(|properties| properties.get("input").map(str::to_owned));
    let input = input
        .as_deref()
        .and_then(|input| Object::read(input, 64).ok());
    input.is_some_and(|input| input.get("trusted") == Some("false"))
}

/// Appends `,"key":"text"`.
pub(crate) fn append_member(out: &mut Vec<u8>, key: &str, text: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
    append_text(out, text);
}
