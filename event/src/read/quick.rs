//! The frame and its events in one pass, where both are as programs write them.
//!
//! `None` is no verdict: the body is then read by the general way, which has one. Whatever is taken
//! here is taken there, and understood the same.

use super::{Batch, Event, Reading};
use crate::canonical::{self, Canonical, LastContext, filled, plain, step};
use crate::kind::EventType;
use crate::limits::Limits;
use crate::scan;
use crate::time::Timestamp;

/// A small event's bytes.
const EVENT_BYTES: usize = 400;

/// A batch without white space around its members.
pub(super) fn batch<'a>(body: &'a [u8], limits: &Limits) -> Option<Batch<'a>> {
    let text = std::str::from_utf8(body).ok()?;
    let mut batch = Batch::empty(*limits);
    let (mut at, mut met) = (0, [false; 5]);
    let mut once = |place: usize| {
        let met = met.get_mut(place)?;
        (!std::mem::replace(met, true)).then_some(())
    };
    step(body, &mut at, b'{')?;
    loop {
        let name = plain(text, &mut at)?;
        step(body, &mut at, b':')?;
        match name {
            "batch" => {
                once(0)?;
                events(text, &mut at, limits, &mut batch.events)?;
            }
            "writeKey" => {
                once(1)?;
                batch.write_key = Some(filled(text, &mut at)?.to_owned());
            }
            "sentAt" => {
                once(2)?;
                batch.sent_at = Timestamp::parse(filled(text, &mut at)?);
            }
            "userToken" => {
                once(3)?;
                batch.user_token = Some(filled(text, &mut at)?.to_owned());
            }
            "storage" => {
                once(4)?;
                batch.storage = Some(filled(text, &mut at)?.to_owned());
            }
            "context" => return None,
            _ => drop(canonical::value(body, &mut at, 64)?),
        }
        match *body.get(at)? {
            b',' => at += 1,
            b'}' => break,
            _ => return None,
        }
    }
    at += 1;
    scan::space(body, &mut at);
    let [has_batch, ..] = met;
    (has_batch && at == body.len()).then_some(batch)
}

fn events<'a>(
    text: &'a str,
    at: &mut usize,
    limits: &Limits,
    events: &mut Vec<Event<'a>>,
) -> Option<()> {
    let body = text.as_bytes();
    step(body, at, b'[')?;
    if *body.get(*at)? == b']' {
        *at += 1;
        return Some(());
    }
    // About as many as the bytes may hold: growing would move them all.
    let (mut scratch, mut context) = (Vec::new(), LastContext::default());
    events.reserve((body.len() / EVENT_BYTES + 1).min(limits.batch_events));
    loop {
        if events.len() == limits.batch_events {
            return None;
        }
        let start = *at;
        events.push(Event {
            raw: &[],
            reading: Reading::Canonical(Canonical::default()),
        });
        let event = events.last_mut()?;
        let canonical = match &mut event.reading {
            Reading::Canonical(fresh) => {
                canonical::read(text, at, limits.depth, fresh, &mut context)
            }
            _ => None,
        };
        if canonical.is_none() {
            // Odd, but where it keeps to the grammar its end is certain.
            *at = start;
            scratch.clear();
            scan::value(body, at, 64, &mut scratch).ok()?;
            event.reading = Reading::Odd;
        }
        event.raw = body.get(start..*at)?;
        match *body.get(*at)? {
            b',' => *at += 1,
            b']' => break,
            _ => return None,
        }
    }
    *at += 1;
    Some(())
}

/// A body that is one event.
pub(super) fn single<'a>(body: &'a [u8], kind: EventType, limits: &Limits) -> Option<Batch<'a>> {
    let body = body.trim_ascii();
    let text = std::str::from_utf8(body).ok()?;
    let mut at = 0;
    let mut event = Canonical::default();
    let mut context = LastContext::default();
    canonical::read(text, &mut at, limits.depth, &mut event, &mut context)?;
    if at != body.len() {
        return None;
    }
    let mut batch = Batch::empty(*limits);
    batch.kind = Some(kind);
    batch.write_key = event.write_key.map(str::to_owned);
    batch.sent_at = event.sent_at;
    batch.events.push(Event {
        raw: body,
        reading: Reading::Canonical(event),
    });
    Some(batch)
}
