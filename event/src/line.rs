//! The line of the lake that an accepted event becomes: its own members where they stood, then what
//! the relay adds.
//!
//! What the events of a request have in common is written once, as [`Arrived`]; whose they are
//! once for all that are side by side, as [`Owner`].

use crate::id::UserId;
pub use crate::incoming::{Automation, Incoming};
use crate::incoming::{Kept, append_member};
use crate::member::Object;
use crate::time::Timestamp;

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

/// When, from where and with whose key events came, as their lines say it.
#[derive(Clone, Debug)]
pub struct Arrived {
    received_at: Timestamp,
    /// `,"receivedAt":"…","timestamp":"`
    before_time: Vec<u8>,
    /// `","relay":{"ip":"…","traffic":"`
    before_traffic: Vec<u8>,
    /// `","source":"…"`
    after_traffic: Vec<u8>,
    /// The batch's `sentAt`, and `,"sentAt":"…"`.
    sent: Option<(Timestamp, Vec<u8>)>,
}

impl Arrived {
    /// `received_at` is the relay's clock, `source` the write key's, `ip` the address as far as it
    /// may be kept.
    #[must_use]
    pub fn new(received_at: Timestamp, source: &str, ip: Option<&str>) -> Self {
        let mut before_time = Vec::with_capacity(64);
        append_time(&mut before_time, "receivedAt", received_at);
        before_time.extend_from_slice(b",\"timestamp\":\"");
        let mut before_traffic = Vec::with_capacity(80);
        before_traffic.extend_from_slice(b"\",\"relay\":{");
        if let Some(ip) = ip {
            Object::append_text_member(&mut before_traffic, "ip", ip);
        }
        Object::append_text_member(&mut before_traffic, "traffic", "");
        before_traffic.pop();
        let mut after_traffic = Vec::with_capacity(source.len() + 16);
        after_traffic.push(b'"');
        append_member(&mut after_traffic, "source", source);
        Self {
            received_at,
            before_time,
            before_traffic,
            after_traffic,
            sent: None,
        }
    }

    /// The same, of a batch that says when it was sent: its events mostly say nothing else.
    #[must_use]
    pub fn sent_at(mut self, sent_at: Option<Timestamp>) -> Self {
        self.sent = sent_at.map(|sent_at| {
            let mut text = Vec::with_capacity(40);
            append_time(&mut text, "sentAt", sent_at);
            (sent_at, text)
        });
        self
    }

    /// The relay's clock.
    #[must_use]
    pub const fn received_at(&self) -> Timestamp {
        self.received_at
    }
}

/// Whom events belong to, as their lines say it.
#[derive(Clone, Debug)]
pub struct Owner {
    user_id: UserId,
    /// `,"userId":"…","userBucket":"…"`
    text: Vec<u8>,
}

impl Owner {
    /// Of this user.
    #[must_use]
    pub fn new(user_id: UserId) -> Self {
        let mut text = Vec::with_capacity(96);
        append_member(&mut text, "userId", user_id.as_str());
        append_member(&mut text, "userBucket", &user_id.bucket().to_string());
        Self { user_id, text }
    }

    /// The user.
    #[must_use]
    pub const fn user_id(&self) -> &UserId {
        &self.user_id
    }
}

/// What the relay adds to an event.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    /// The event's own id, or the one that the relay made.
    pub message_id: &'a str,
    /// Whom it belongs to; none where neither id was given.
    pub owner: Option<&'a Owner>,
    /// When and from where it came.
    pub arrived: &'a Arrived,
    /// Who made it.
    pub traffic: Traffic,
    /// A user id that the client claimed and that was not believed.
    pub claimed_user_id: Option<&'a str>,
}

impl Incoming<'_> {
    /// The line of the lake: one JSON object, minified, without a newline at its end.
    #[must_use]
    pub fn line(&self, stamp: &Stamp<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_line(stamp, &mut out);
        out
    }

    /// Appends [`Incoming::line`] to `out`, which it only ever lengthens.
    pub fn write_line(&self, stamp: &Stamp<'_>, out: &mut Vec<u8>) {
        let times = self.times(stamp.arrived.received_at);
        out.push(b'{');
        let start = out.len();
        match &self.kept {
            Kept::Written(members) => out.extend_from_slice(members),
            Kept::Runs(runs) => {
                for run in runs.iter() {
                    if out.len() > start {
                        out.push(b',');
                    }
                    out.extend_from_slice(run.as_bytes());
                }
            }
        }
        let nothing_kept = out.len() == start;
        if !self.has.kind {
            append_member(out, "type", self.kind.as_str());
        }
        if !self.has.message_id {
            append_member(out, "messageId", stamp.message_id);
        }
        if !self.has.original {
            append_time(out, "originalTimestamp", times.original);
        }
        match (self.sent_at, &stamp.arrived.sent) {
            (Some(own), Some((same, text))) if own == *same => out.extend_from_slice(text),
            (Some(own), _) => append_time(out, "sentAt", own),
            (None, _) => {}
        }
        if let Some(owner) = stamp.owner {
            out.extend_from_slice(&owner.text);
        }
        out.extend_from_slice(&stamp.arrived.before_time);
        times.timestamp.append(out);
        out.extend_from_slice(&stamp.arrived.before_traffic);
        out.extend_from_slice(stamp.traffic.as_str().as_bytes());
        out.extend_from_slice(&stamp.arrived.after_traffic);
        if times.suspect {
            append_member(out, "clock", "suspect");
        }
        self.write_claims(stamp, out);
        out.extend_from_slice(b"}}");
        if nothing_kept {
            // Every other member brought its comma along.
            out.remove(start);
        }
    }

    fn write_claims(&self, stamp: &Stamp<'_>, out: &mut Vec<u8>) {
        if stamp.claimed_user_id.is_none() && self.claimed_original.is_none() {
            return;
        }
        out.extend_from_slice(b",\"claimed\":{");
        if let Some(user_id) = stamp.claimed_user_id {
            Object::append_text_member(out, "userId", user_id);
        }
        if let Some(original) = &self.claimed_original {
            Object::append(out, "originalTimestamp", original);
        }
        out.push(b'}');
    }
}

/// Appends `,"key":"time"`.
fn append_time(out: &mut Vec<u8>, key: &str, time: Timestamp) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":\"");
    time.append(out);
    out.push(b'"');
}
