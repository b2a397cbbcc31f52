//! One event as the live view knows it: its place in the stream, its ends so far, its summary.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::rejected::Refused;
use crate::spool::Record;

/// Longest text of a summary, in characters; the event itself is sent whole.
const LONGEST: usize = 200;

/// A place in the stream, written `12` or `12.3`. A stored event has its position in the spool, so
/// its id survives a restart; a rejected one has the position of the event before it, and a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    /// The event's position in the spool.
    pub position: u64,
    /// Above 0 for a rejected event: how many were rejected since the start, itself included.
    pub rejection: u64,
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rejection {
            0 => write!(f, "{}", self.position),
            number => write!(f, "{}.{number}", self.position),
        }
    }
}

impl FromStr for Id {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (position, rejection) = text.split_once('.').unwrap_or((text, "0"));
        Ok(Self {
            position: position.parse()?,
            rejection: rejection.parse()?,
        })
    }
}

/// What is shown of an event without opening it. Every text is a stranger's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// track, page, …
    pub kind: Option<String>,
    /// The event's name, the page's, or its path.
    pub name: Option<String>,
    /// Whose it is; of a rejected event, whose it claims to be.
    pub user: Option<String>,
    /// Its own id.
    pub message_id: Option<String>,
    /// Whose write key brought it.
    pub source: Option<String>,
}

/// Why an event was rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The rule's stable name.
    pub code: &'static str,
    /// JSON path, rule and limit.
    pub reason: String,
    /// Its place in the batch.
    pub index: usize,
    /// How many bytes came, where the text is not all of them.
    pub length: Option<usize>,
}

/// An event in the ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its place.
    pub id: Id,
    /// When the relay received it, ms since 1970.
    pub received_at: u64,
    /// When it was seen to be durable; unknown where nobody watched then.
    pub durable_at: Option<u64>,
    /// What is shown of it.
    pub summary: Summary,
    /// Its line of the lake; of a rejected event, its text as it came.
    pub line: Option<String>,
    /// Set where it was rejected.
    pub rejection: Option<Rejection>,
}

impl Item {
    /// A durable event.
    #[must_use]
    pub fn stored(record: &Record, durable_at: Option<u64>) -> Self {
        let line = String::from_utf8_lossy(&record.line).into_owned();
        Self {
            id: Id {
                position: record.position,
                rejection: 0,
            },
            received_at: record.received_at,
            durable_at,
            summary: Summary::read(&line),
            line: Some(line),
            rejection: None,
        }
    }

    /// A rejected event, the `number`th, that came after the event at `position`.
    #[must_use]
    pub fn rejected(refused: &Refused, position: u64, number: u64) -> Self {
        let line = refused.raw.as_deref();
        let line = line.map(|raw| String::from_utf8_lossy(raw).into_owned());
        let read = line.as_deref().map(Summary::read).unwrap_or_default();
        Self {
            id: Id {
                position,
                rejection: number,
            },
            received_at: refused.received_at_ms,
            durable_at: None,
            summary: Summary {
                source: Some(refused.source.clone()),
                message_id: refused.message_id.as_deref().map(cut),
                ..read
            },
            line,
            rejection: Some(Rejection {
                code: refused.code,
                reason: refused.reason.clone(),
                index: refused.index,
                length: refused.length,
            }),
        }
    }

    /// The bytes that it holds in memory, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let reason = self.rejection.as_ref().map_or(0, |why| why.reason.len());
        size_of::<Self>() + LONGEST + reason + self.line.as_ref().map_or(0, String::len)
    }

    /// As JSON for a watcher, who is told when it was delivered, if it was.
    #[must_use]
    pub fn json(&self, delivered: Delivered) -> String {
        let outcome = match (&self.rejection, delivered) {
            (Some(_), _) => "rejected",
            (None, Delivered::NotYet) => "stored",
            (None, _) => "delivered",
        };
        let delivered_at = match delivered {
            Delivered::At(ms) => Some(ms),
            _ => None,
        };
        let Summary {
            kind,
            name,
            user,
            message_id,
            source,
        } = &self.summary;
        let rejection = self.rejection.as_ref();
        let view = View {
            id: self.id.to_string(),
            outcome,
            received_at: self.received_at,
            durable_at: self.durable_at,
            delivered_at,
            kind: kind.as_deref(),
            name: name.as_deref(),
            user_id: user.as_deref(),
            source: source.as_deref(),
            message_id: message_id.as_deref(),
            code: rejection.map(|why| why.code),
            reason: rejection.map(|why| &*why.reason),
            index: rejection.map(|why| why.index),
            length: rejection.and_then(|why| why.length),
            line: self.line.as_deref(),
        };
        // Texts and numbers: serializing them cannot fail.
        serde_json::to_string(&view).unwrap_or_default()
    }
}

/// Whether an event has reached its sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// It waits.
    NotYet,
    /// It was seen to arrive at this moment, ms since 1970.
    At(u64),
    /// Before anybody watched.
    Before,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'a> {
    id: String,
    outcome: &'a str,
    received_at: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    durable_at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered_at: Option<u64>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<&'a str>,
}

/// The members that a summary needs, each of any shape: a rejected event may be anything.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    event: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    user_id: Option<&'a RawValue>,
    #[serde(borrow)]
    message_id: Option<&'a RawValue>,
    #[serde(borrow)]
    context: Option<&'a RawValue>,
    #[serde(borrow)]
    relay: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Context<'a> {
    #[serde(borrow)]
    page: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    path: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Added<'a> {
    #[serde(borrow)]
    source: Option<&'a RawValue>,
}

impl Summary {
    /// What can be read of an event; nothing where it is none.
    fn read(line: &str) -> Self {
        let Ok(members) = serde_json::from_str::<Members<'_>>(line) else {
            return Self::default();
        };
        let path = || {
            let context: Context<'_> = parse(members.context?)?;
            let page: Page<'_> = parse(context.page?)?;
            text(page.path?)
        };
        let source = || {
            let added: Added<'_> = parse(members.relay?)?;
            text(added.source?)
        };
        let named = members.event.and_then(text);
        Self {
            kind: members.kind.and_then(text),
            name: named.or_else(|| members.name.and_then(text)).or_else(path),
            user: members.user_id.and_then(text),
            message_id: members.message_id.and_then(text),
            source: source(),
        }
    }
}

fn parse<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

fn text(raw: &RawValue) -> Option<String> {
    let found: Option<Cow<'_, str>> = parse(raw);
    found.filter(|text| !text.is_empty()).map(|text| cut(&text))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_ordered_and_read_back() {
        for text in ["0", "12", "12.3"] {
            let id: Id = text.parse().unwrap();
            assert_eq!(id.to_string(), text);
        }
        let order: Vec<Id> = ["9", "12", "12.3", "12.4", "13"]
            .map(|text| text.parse().unwrap())
            .to_vec();
        assert!(order.is_sorted());
        assert!("".parse::<Id>().is_err() && "1.x".parse::<Id>().is_err());
    }

    #[test]
    fn a_summary_is_read_from_any_shape() {
        let of = |line: &str| Summary::read(line);
        let page =
            of(r#"{"type":"page","context":{"page":{"path":"/a"}},"relay":{"source":"shop"}}"#);
        assert_eq!(page.name.as_deref(), Some("/a"));
        assert_eq!(page.source.as_deref(), Some("shop"));
        let odd = of(r#"{"type":7,"event":["x"],"name":"n","userId":{},"context":[],"relay":1}"#);
        assert_eq!(odd.name.as_deref(), Some("n"));
        assert_eq!((odd.kind, odd.user, odd.source), (None, None, None));
        assert_eq!(of("{"), Summary::default());
        let long = of(&format!(r#"{{"event":"{}"}}"#, "é".repeat(300)));
        assert_eq!(long.name.unwrap().chars().count(), LONGEST + 1);
    }
}
