//! The frame of any body, read loosely: whatever is wrong inside an event costs only that event.

use std::borrow::Cow;

use super::Batch;
use crate::limits::Limits;
use crate::member::{self, Object};
use crate::scalar::text_of;
use crate::scan;
use crate::time::Timestamp;
use crate::validate::{Malformed, Reason};

/// The members of a frame that say something.
const NAMES: [&str; 6] = [
    "batch",
    "context",
    "sentAt",
    "writeKey",
    "userToken",
    "storage",
];

/// The members of a body, their values still unread. Of each name the first, and no others are
/// remembered: a body may have a million.
pub(super) struct Frame<'a> {
    body: &'a [u8],
    members: [Option<&'a [u8]>; NAMES.len()],
    twice: [bool; NAMES.len()],
}

impl<'a> Frame<'a> {
    pub(super) fn read(body: &'a [u8]) -> Result<Self, Malformed> {
        let broken = |at| Malformed::InvalidJson { at };
        let mut frame = Self {
            body,
            members: [None; NAMES.len()],
            twice: [false; NAMES.len()],
        };
        let mut at = 0;
        scan::space(body, &mut at);
        match body.get(at) {
            Some(b'{') => at += 1,
            Some(_) if scan::skip(body, at).is_some() => return Err(Malformed::NotAnObject),
            _ => return Err(broken(at)),
        }
        scan::space(body, &mut at);
        if body.get(at) == Some(&b'}') {
            at += 1;
        } else {
            loop {
                scan::space(body, &mut at);
                let key = frame.key(&mut at)?;
                scan::expect(body, &mut at, b':').map_err(|_| broken(at))?;
                scan::space(body, &mut at);
                let end = scan::skip(body, at).ok_or_else(|| broken(at))?;
                frame.remember(&key, body.get(at..end).unwrap_or_default());
                at = end;
                scan::space(body, &mut at);
                match body.get(at) {
                    Some(b',') => at += 1,
                    Some(b'}') => {
                        at += 1;
                        break;
                    }
                    _ => return Err(broken(at)),
                }
            }
        }
        scan::space(body, &mut at);
        if at == body.len() {
            Ok(frame)
        } else {
            Err(broken(at))
        }
    }

    fn remember(&mut self, key: &str, value: &'a [u8]) {
        let place = NAMES.iter().position(|name| *name == key);
        let places = self.members.iter_mut().zip(&mut self.twice);
        if let Some((member, twice)) = place.and_then(|place| places.into_iter().nth(place)) {
            // A single event's own duplicates are its own matter; a frame's are ours.
            *twice = member.is_some();
            *member = member.or(Some(value));
        }
    }

    /// The key at `at`; one that is no UTF-8 is nobody's name here.
    fn key(&self, at: &mut usize) -> Result<Cow<'a, str>, Malformed> {
        let start = *at;
        let broken = Malformed::InvalidJson { at: start };
        if self.body.get(start) != Some(&b'"') {
            return Err(broken);
        }
        *at = scan::skip(self.body, start).ok_or(broken)?;
        let quoted = self.body.get(start..*at).unwrap_or_default();
        Ok(std::str::from_utf8(quoted)
            .ok()
            .and_then(|quoted| member::key(quoted, &mut 0).ok())
            .unwrap_or_default())
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a [u8]> {
        let place = NAMES.iter().position(|name| *name == key)?;
        *self.members.get(place)?
    }

    fn text(&self, key: &str) -> Option<String> {
        let value = std::str::from_utf8(self.get(key)?).ok()?;
        text_of(value).filter(|text| !text.is_empty())
    }

    /// Everything but the events and a batch's own context.
    pub(super) fn batch(&self, limits: Limits) -> Batch<'a> {
        Batch {
            write_key: self.text("writeKey"),
            user_token: self.text("userToken"),
            storage: self.text("storage"),
            sent_at: self.text("sentAt").and_then(|text| Timestamp::parse(&text)),
            ..Batch::empty(limits)
        }
    }

    /// Refuses a batch's name that stands twice: it could be read as one thing here and as
    /// another elsewhere.
    pub(super) fn refuse_twice(&self) -> Result<(), Malformed> {
        let mut named = NAMES.iter().zip(self.twice);
        // The last is no matter of whose or what: it may.
        match named.find(|(name, twice)| *twice && **name != "storage") {
            None => Ok(()),
            Some((name, _)) => Err(Malformed::DuplicateKey {
                key: (*name).to_owned(),
            }),
        }
    }

    /// A batch's own context, which each of its events gets.
    pub(super) fn context(&self, limits: Limits) -> Result<Object<'a>, Malformed> {
        match self.get("context") {
            None | Some(b"null") => Ok(Object::default()),
            Some(bytes) => {
                let text = std::str::from_utf8(bytes)
                    .map_err(|_| Malformed::InvalidContext(Reason::InvalidUtf8))?;
                Object::read(text, limits.depth.saturating_sub(1)).map_err(|fault| {
                    Malformed::InvalidContext(Reason::of(fault, "$.context", limits.depth))
                })
            }
        }
    }

    pub(super) fn broken(&self, span: &[u8], at: usize) -> Malformed {
        // The span is a part of the body: its distance from the start is where it stands.
        let start = span.as_ptr() as usize - self.body.as_ptr() as usize;
        Malformed::InvalidJson { at: start + at }
    }
}
