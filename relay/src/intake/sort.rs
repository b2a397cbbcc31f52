//! Each event for itself: checked, named, stamped, made a line; or a reason for its client.

use clickstream_event::read::Batch;
use http::header;
use http::request::Parts;

use super::Intake;
use super::answer::{Refusal, Rejected};
use super::key::{Keyring, WriteKey};
use super::memory::Held;
use super::secrets::Loose;
use crate::identity::{LastVisitor, Signed};
use crate::rejected::Refused;
use crate::spool::{Prepared, Spool};
use crate::stamp::{Arrival, Common};

/// Most bytes that the lines of one batch may have together.
const LINES_BYTES: usize = 16 << 20;

/// A line has so many bytes more than its event, about: what the relay adds, and the frame.
const ADDED: usize = 400;

/// Memory is asked for in steps of so many bytes: each step costs all threads a little.
const HELD_STEP: usize = 64 << 10;

/// What became of a request's events before the spool has spoken.
#[derive(Debug, Default)]
pub struct Sorted {
    /// Lines for the spool.
    pub lines: Prepared,
    /// What the client is told of the others.
    pub rejected: Vec<Rejected>,
    /// What is kept of those, where their sender is known.
    pub kept: Vec<Refused>,
    /// The anonymousId of the newest event that was accepted.
    pub anonymous_id: Option<String>,
    /// Events without a known key, that brought another.
    unknown_keys: usize,
    /// The keys that events brought of their own, each once: what stands for them.
    pub own_keys: Vec<[u8; 32]>,
}

/// What a request's events have in common.
#[derive(Clone, Copy, Debug)]
struct Request<'a> {
    batch: &'a Batch<'a>,
    keys: &'a Keyring,
    key: Option<&'a WriteKey>,
    arrival: Arrival<'a>,
    signed: &'a Signed,
    spool: &'a Spool,
}

/// What is kept from one event for the next: both have it mostly in common.
#[derive(Debug, Default)]
struct Memory<'a> {
    common: Common<'a>,
    visitor: LastVisitor,
}

impl Intake {
    /// Sorts the events of a batch from a body of so many bytes, sent with `key` (none means that
    /// each brings its own). The lines are `held` in memory with the body.
    pub(super) fn sort(
        &self,
        (batch, body_bytes): (&Batch<'_>, usize),
        keys: &Keyring,
        key: Option<&WriteKey>,
        head: &Parts,
        spool: &Spool,
        held: &mut Held,
    ) -> Result<Sorted, Refusal> {
        let arrival = self.arrival(head, batch);
        let signed = self.identity.signed(
            &head.headers,
            self.origins.of(&head.headers),
            batch.user_token(),
            arrival.received_at_ms,
        );
        let request = Request {
            batch,
            keys,
            key,
            arrival,
            signed: &signed,
            spool,
        };
        held.add(batch.bytes())?;
        let expected = body_bytes.saturating_add(batch.len().saturating_mul(ADDED));
        let mut sorted = Sorted {
            lines: spool.prepare(batch.len(), expected.min(LINES_BYTES)),
            ..Sorted::default()
        };
        let mut memory = Memory::default();
        let (mut lines, mut merged, mut unheld) = (0usize, 0usize, 0usize);
        for index in 0..batch.len() {
            let already = sorted.kept.len();
            let line = self.sort_one(index, request, &mut memory, &mut sorted);
            // A batch's context goes into each of its events: a small body can become large lines.
            lines = lines.saturating_add(line);
            let kept = sorted.kept.iter().skip(already).map(Refused::bytes);
            unheld = unheld.saturating_add(line).saturating_add(kept.sum());
            if unheld >= HELD_STEP {
                held.add(std::mem::take(&mut unheld))?;
            }
            // It is work, too, where the event is refused in the end.
            merged = merged.saturating_add(batch.context_bytes());
            if lines.max(merged) > LINES_BYTES {
                return Err(Refusal::TooLarge { limit: LINES_BYTES });
            }
        }
        held.add(unheld)?;
        if key.is_none() && sorted.own_keys.is_empty() {
            // Nobody's key opened the door: neither stored nor kept as rejected.
            return Err(match sorted.unknown_keys {
                0 => Refusal::NoWriteKey,
                _ => Refusal::UnknownWriteKey,
            });
        }
        Ok(sorted)
    }

    fn arrival<'a>(&self, head: &'a Parts, batch: &Batch<'_>) -> Arrival<'a> {
        let user_agent = head.headers.get(header::USER_AGENT);
        Arrival {
            received_at_ms: self.clock.now_ms(),
            peer: self
                .visitor(head)
                .and_then(|address| self.config.address.of(address)),
            user_agent: user_agent.and_then(|value| value.to_str().ok()),
            sent_at: batch.sent_at(),
        }
    }

    /// Returns the bytes of the line that it made.
    fn sort_one<'a>(
        &'a self,
        index: usize,
        request: Request<'a>,
        memory: &mut Memory<'a>,
        sorted: &mut Sorted,
    ) -> usize {
        let received_at_ms = request.arrival.received_at_ms;
        let event = match request.batch.event(index) {
            Ok(event) => event,
            Err(rejection) => {
                let raw = request.batch.raw(index);
                let mut loose = Loose::read(raw);
                if !self.config.redact.is_empty() {
                    let bytes = loose.bytes.as_deref();
                    loose.bytes = bytes.and_then(|bytes| self.config.redact.apply(bytes));
                }
                let cut = self.cut(loose.bytes.as_mut());
                // Its sender is known by its key, whatever else is wrong with it.
                let own_key = rejection.write_key.clone().or(loose.write_key);
                let key = key_of(request, own_key.as_deref(), sorted);
                let rejected = Rejected::new(index, rejection);
                sorted.kept.extend(key.map(|key| Refused {
                    received_at_ms,
                    source: key.source.clone(),
                    sent_at: request.batch.sent_at(),
                    index,
                    message_id: rejected.message_id.clone(),
                    code: rejected.code,
                    reason: rejected.reason.clone(),
                    raw: loose.bytes,
                    length: cut.then_some(raw.len()),
                }));
                sorted.rejected.push(rejected);
                return 0;
            }
        };
        let Some(key) = key_of(request, event.write_key.as_deref(), sorted) else {
            sorted.rejected.push(Rejected::without_key(
                index,
                event.message_id.map(Into::into),
            ));
            return 0;
        };
        let times = event.times(request.arrival.time());
        let visitor = &mut memory.visitor;
        let who = self
            .identity
            .who(&event, &times, key, request.signed, visitor);
        let made;
        let message_id = match event.message_id.as_deref() {
            Some(id) => id,
            None => {
                made = self.ids.next(received_at_ms, event.anonymous_id.as_deref());
                &made
            }
        };
        if sorted.anonymous_id.as_deref() != event.anonymous_id.as_deref() {
            sorted.anonymous_id = event.anonymous_id.as_deref().map(str::to_owned);
        }
        let spool_key = request
            .spool
            .key(&key.source, key.kind.number(), message_id);
        let common = &mut memory.common;
        let stamp = common.stamp(&event, message_id, who, key, request.arrival);
        if self.config.redact.is_empty() {
            return sorted.lines.push(received_at_ms, spool_key, |line| {
                event.write_line(&stamp, line);
            });
        }
        let mut whole = Vec::new();
        event.write_line(&stamp, &mut whole);
        let rules = &self.config.redact;
        let left = match event.traits_copied {
            true => rules.apply_with_copy(&whole),
            false => rules.apply(&whole),
        };
        let Some(left) = left else {
            // Nobody has seen a line that was accepted and cannot be read; it would not be stored.
            let message_id = message_id.to_owned();
            sorted
                .rejected
                .push(Rejected::unreadable(index, message_id));
            return 0;
        };
        sorted.lines.push(received_at_ms, spool_key, |line| {
            line.extend_from_slice(&left);
        })
    }

    /// Cuts a refused event's bytes to what an event may have. Says whether they are not all of it.
    fn cut(&self, bytes: Option<&mut Vec<u8>>) -> bool {
        let limit = self.config.limits.event_bytes;
        match bytes {
            Some(bytes) if bytes.len() > limit => {
                bytes.truncate(limit);
                bytes.shrink_to_fit();
                true
            }
            bytes => bytes.is_none(),
        }
    }
}

/// The request's key, else the event's own; which of these was met is noted.
fn key_of<'a>(
    request: Request<'a>,
    own: Option<&str>,
    sorted: &mut Sorted,
) -> Option<&'a WriteKey> {
    if request.key.is_some() {
        return request.key;
    }
    let known = request.keys.find(own?);
    match known {
        Some(key) if sorted.own_keys.contains(key.digest()) => {}
        Some(key) => sorted.own_keys.push(*key.digest()),
        None => sorted.unknown_keys += 1,
    }
    known
}
