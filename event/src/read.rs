//! A request's body, read: the frame, and each event for itself.
//!
//! Most bodies are read in one pass (`quick.rs`). Any other is read by its frame first, loosely, so
//! that whatever is wrong inside an event costs only that event; each event is then read strictly.

mod frame;
mod quick;

use self::frame::Frame;
use crate::canonical::{self, Canonical, LastContext};
use crate::id::{InvalidUserId, UserId};
use crate::kind::EventType;
use crate::limits::{Limits, MESSAGE_ID_CHARACTERS};
use crate::line::Incoming;
use crate::member::Object;
use crate::scalar::{scalar, text_of};
use crate::scan;
use crate::time::Timestamp;
use crate::validate::{Malformed, Reason, Rejection};

/// The frame of a body, with its events as they were sent.
#[derive(Debug)]
pub struct Batch<'a> {
    events: Vec<Event<'a>>,
    /// The route's type, on the routes that take one event.
    kind: Option<EventType>,
    context: Object<'a>,
    /// The batch's context goes into every event, so it counts for every event's size.
    context_bytes: usize,
    write_key: Option<String>,
    user_token: Option<String>,
    storage: Option<String>,
    sent_at: Option<Timestamp>,
    limits: Limits,
}

/// One event of a body.
#[derive(Debug)]
struct Event<'a> {
    raw: &'a [u8],
    reading: Reading<'a>,
}

/// How far an event is read.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "nearly every event is canonical: a box for each would be an allocation for each"
)]
enum Reading<'a> {
    /// Wholly: it is as programs write it.
    Canonical(Canonical<'a>),
    /// It is not so.
    Odd,
    /// Not at all.
    Unread,
}

/// Reads `{"batch":[…],"context":{…},"sentAt":…,"writeKey":…}`.
///
/// # Errors
/// Where the frame itself cannot be read, has no batch, or has too many events.
pub fn batch<'a>(body: &'a [u8], limits: &Limits) -> Result<Batch<'a>, Malformed> {
    match quick::batch(body, limits) {
        Some(batch) => Ok(batch),
        None => any_batch(body, limits),
    }
}

/// Answers as [`batch`] and reads everything the general way, as if no event were as programs write
/// it: for who holds the quick way to this one, or measures what it saves.
///
/// # Errors
/// As [`batch`].
pub fn general_batch<'a>(body: &'a [u8], limits: &Limits) -> Result<Batch<'a>, Malformed> {
    any_batch(body, limits).map(Batch::in_general)
}

fn any_batch<'a>(body: &'a [u8], limits: &Limits) -> Result<Batch<'a>, Malformed> {
    let frame = Frame::read(body)?;
    let span = frame.get("batch").ok_or(Malformed::MissingBatch)?;
    frame.refuse_twice()?;
    let mut batch = frame.batch(*limits);
    batch.context_bytes = frame.get("context").map_or(0, <[u8]>::len);
    // Larger, it makes every event too large, and is not worth reading.
    if batch.context_bytes <= limits.event_bytes {
        batch.context = frame.context(*limits)?;
    }
    let mut at = 0;
    if scan::expect(span, &mut at, b'[').is_err() {
        return Err(Malformed::MissingBatch);
    }
    scan::space(span, &mut at);
    if span.get(at) == Some(&b']') {
        return Ok(batch);
    }
    loop {
        scan::space(span, &mut at);
        let end = scan::skip(span, at).ok_or_else(|| frame.broken(span, at))?;
        if batch.events.len() == limits.batch_events {
            return Err(Malformed::TooManyEvents {
                limit: limits.batch_events,
            });
        }
        batch.push_unread(span.get(at..end).unwrap_or_default());
        at = end;
        scan::space(span, &mut at);
        match span.get(at) {
            Some(b',') => at += 1,
            Some(b']') => return Ok(batch),
            _ => return Err(frame.broken(span, at)),
        }
    }
}

/// Reads a body that is one event, on a route that says its type.
///
/// # Errors
/// Where the body is not JSON or no object. What breaks another rule is answered by
/// [`Batch::event`], as in a batch.
pub fn single<'a>(
    body: &'a [u8],
    kind: EventType,
    limits: &Limits,
) -> Result<Batch<'a>, Malformed> {
    match quick::single(body, kind, limits) {
        Some(batch) => Ok(batch),
        None => any_single(body, kind, limits),
    }
}

/// Answers as [`single`], as [`general_batch`] reads.
///
/// # Errors
/// As [`single`].
pub fn general_single<'a>(
    body: &'a [u8],
    kind: EventType,
    limits: &Limits,
) -> Result<Batch<'a>, Malformed> {
    any_single(body, kind, limits).map(Batch::in_general)
}

fn any_single<'a>(
    body: &'a [u8],
    kind: EventType,
    limits: &Limits,
) -> Result<Batch<'a>, Malformed> {
    let frame = Frame::read(body)?;
    let mut batch = frame.batch(*limits);
    batch.kind = Some(kind);
    batch.push_unread(body.trim_ascii());
    if let Err(Rejection {
        reason: Reason::InvalidJson { .. },
        ..
    }) = batch.event(0)
    {
        return Err(Malformed::InvalidJson { at: 0 });
    }
    Ok(batch)
}

impl<'a> Batch<'a> {
    fn empty(limits: Limits) -> Self {
        Self {
            events: Vec::new(),
            kind: None,
            context: Object::default(),
            context_bytes: 0,
            write_key: None,
            user_token: None,
            storage: None,
            sent_at: None,
            limits,
        }
    }

    fn in_general(mut self) -> Self {
        for event in &mut self.events {
            event.reading = Reading::Odd;
        }
        self
    }

    fn push_unread(&mut self, raw: &'a [u8]) {
        let reading = Reading::Unread;
        self.events.push(Event { raw, reading });
    }

    /// The bytes of memory that the frame takes beside the body.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.events.capacity() * size_of::<Event<'_>>()
    }

    /// The bytes of the batch's own context, which go into each of its events.
    #[must_use]
    pub fn context_bytes(&self) -> usize {
        self.context_bytes
    }

    /// The write key in the body, if any.
    #[must_use]
    pub fn write_key(&self) -> Option<&str> {
        self.write_key.as_deref()
    }

    /// The signed user token in the body, if any. Never stored.
    #[must_use]
    pub fn user_token(&self) -> Option<&str> {
        self.user_token.as_deref()
    }

    /// When the client sent the batch, by its clock.
    #[must_use]
    pub const fn sent_at(&self) -> Option<Timestamp> {
        self.sent_at
    }

    /// What the tracker says of its storage: `granted`, `new`, …
    #[must_use]
    pub fn storage(&self) -> Option<&str> {
        self.storage.as_deref()
    }

    /// How many events the body has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// An event's bytes as they were sent; empty beyond the last.
    #[must_use]
    pub fn raw(&self, index: usize) -> &'a [u8] {
        self.events.get(index).map_or(&[], |event| event.raw)
    }

    /// Reads one event.
    ///
    /// # Errors
    /// The rule that it breaks, and its messageId where that could be read.
    pub fn event(&self, index: usize) -> Result<Incoming<'a>, Rejection> {
        let raw = self.raw(index);
        let unread = |reason| Rejection {
            message_id: None,
            write_key: None,
            reason,
        };
        let bytes = raw.len().saturating_add(self.context_bytes);
        if bytes > self.limits.event_bytes {
            return Err(unread(Reason::TooLarge {
                bytes,
                limit: self.limits.event_bytes,
            }));
        }
        if let Some(event) = self.canonical(index) {
            return Ok(event);
        }
        let text = std::str::from_utf8(raw).map_err(|_| unread(Reason::InvalidUtf8))?;
        let depth = self.limits.depth;
        let event =
            Object::read(text, depth).map_err(|fault| unread(Reason::of(fault, "$", depth)))?;
        let message_id = message_id(&event).map_err(|reason| Rejection {
            write_key: event.get("writeKey").and_then(text_of),
            ..unread(reason)
        })?;
        self.read_members(&event, message_id.clone())
            .map_err(|reason| Rejection {
                message_id,
                write_key: event.get("writeKey").and_then(text_of),
                reason,
            })
    }

    /// The event, if it is canonical and the batch gives it nothing to merge.
    fn canonical(&self, index: usize) -> Option<Incoming<'a>> {
        let Event { raw, reading } = self.events.get(index)?;
        let read_now;
        let event = match reading {
            Reading::Canonical(event) => event,
            Reading::Odd => return None,
            Reading::Unread => {
                let (mut at, mut event) = (0, Canonical::default());
                let text = std::str::from_utf8(raw).ok()?;
                let mut context = LastContext::default();
                canonical::read(text, &mut at, self.limits.depth, &mut event, &mut context)?;
                if at != raw.len() {
                    return None;
                }
                read_now = event;
                &read_now
            }
        };
        if !self.context.members.is_empty() {
            return None;
        }
        Incoming::canonical(event, self.kind, self.sent_at)
    }

    fn read_members(
        &self,
        event: &Object<'_>,
        message_id: Option<String>,
    ) -> Result<Incoming<'a>, Reason> {
        let kind = match self.kind {
            Some(kind) => kind,
            None => {
                let name = event.get("type").ok_or(Reason::MissingType)?;
                let name = text_of(name).ok_or(Reason::UnknownType)?;
                EventType::parse(&name).ok_or(Reason::UnknownType)?
            }
        };
        let user_id = match event.get("userId").map(scalar) {
            None => None,
            Some(None) => return Err(Reason::InvalidUserId(InvalidUserId::Type)),
            Some(Some(text)) if text.is_empty() => None,
            Some(Some(text)) => Some(UserId::new(&text).map_err(Reason::InvalidUserId)?),
        };
        let depth = self.limits.depth;
        let context = match event.get("context") {
            None => Object::default(),
            Some(context) => Object::read(context, depth.saturating_sub(1))
                .map_err(|fault| Reason::of(fault, "$.context", depth))?,
        };
        Incoming::new(
            kind,
            message_id,
            user_id,
            event,
            &context,
            &self.context,
            self.sent_at,
        )
    }
}

fn message_id(event: &Object<'_>) -> Result<Option<String>, Reason> {
    match event.get("messageId") {
        None => Ok(None),
        Some(value) => {
            let text = text_of(value).ok_or(Reason::InvalidMessageId)?;
            if text.chars().count() > MESSAGE_ID_CHARACTERS {
                return Err(Reason::InvalidMessageId);
            }
            Ok(Some(text).filter(|text| !text.is_empty()))
        }
    }
}

#[cfg(test)]
mod differential;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_event_may_have_members_that_a_batch_has() {
        let body = br#"{"event":"x","anonymousId":"a","batch":1,"context":"text"}"#;
        let batch = single(body, EventType::Track, &Limits::default()).unwrap();
        let rejection = batch.event(0).unwrap_err();
        assert_eq!(rejection.reason.name(), "not_an_object");
    }

    #[test]
    fn a_rejected_event_still_says_its_key() {
        let body = br#"{"batch":[{"type":"zzz","writeKey":"bk","messageId":"m"}]}"#;
        let batch = batch(body, &Limits::default()).unwrap();
        let rejection = batch.event(0).unwrap_err();
        assert_eq!(rejection.write_key.as_deref(), Some("bk"));
        assert_eq!(rejection.message_id.as_deref(), Some("m"));
    }

    #[test]
    fn a_claimed_time_adds_no_levels() {
        let nested = format!("{}{}", "[".repeat(63), "]".repeat(63));
        let body = format!(r#"{{"batch":[{{"type":"page","originalTimestamp":{nested}}}]}}"#);
        let batch = batch(body.as_bytes(), &Limits::default()).unwrap();
        let line = batch.event(0).unwrap().line(&crate::line::Stamp {
            message_id: "m",
            owner: None,
            arrived: &crate::line::Arrived::new(Timestamp::from_ms(0), "s", None),
            traffic: crate::line::Traffic::Human,
            claimed_user_id: None,
        });
        let line = String::from_utf8(line).unwrap();
        assert!(
            line.contains(r#""claimed":{"originalTimestamp":"an array"}"#),
            "{line}"
        );
    }
}
