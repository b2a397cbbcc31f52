//! An event becomes a line: ids, context and time are put onto what was said of it.

use clickstream_event::{
    context::{Context, Page, Session},
    event::Event,
    id::message_id,
    kind::EventType,
    write,
};

use clickstream_event::text::joined;
use js_sys::Function;
use wasm_bindgen::JsCast;

use super::Tracker;
use crate::{
    clock, consent::Consent, route, session, signal::Signal, store::names, transport::NOTHING,
    words::news,
};

/// What a call or a capture says of an event; the rest the tracker knows.
#[derive(Default)]
pub(super) struct Draft<'a> {
    pub event: Option<&'a str>,
    pub name: Option<&'a str>,
    pub category: Option<&'a str>,
    pub user_id: Option<&'a str>,
    pub previous_id: Option<&'a str>,
    pub group_id: Option<&'a str>,
    pub details: Option<&'a str>,
    pub message_id: Option<&'a str>,
    pub timestamp: Option<&'a str>,
    /// Which event of the page it is, where that is known already.
    pub number: Option<u64>,
}

/// When and where it happened.
pub(super) struct Moment<'a> {
    pub time: f64,
    pub page: Page<'a>,
}

/// A track event that was seen within one of the page's own.
#[derive(Debug)]
pub(super) struct Seen {
    event: String,
    details: String,
    number: u64,
    time: f64,
    url: String,
    title: String,
}

impl Tracker {
    /// Takes in a track event that happened when and where `signal` says. It is recorded as soon as
    /// the signal is over, or, where that is one of the page's own events, once the page has had its
    /// turn: what is written for it in the browser takes longer than everything before, and
    /// nothing is drawn meanwhile.
    pub(super) fn track(&mut self, event: &str, details: &str, signal: &Signal) {
        self.number += 1;
        self.unrecorded.push(Seen {
            event: event.to_owned(),
            details: details.to_owned(),
            number: self.number,
            time: signal.time,
            url: signal.url.clone(),
            title: signal.title.clone(),
        });
    }

    /// Records what was taken in before.
    pub(super) fn catch_up(&mut self) {
        for seen in std::mem::take(&mut self.unrecorded) {
            let draft = Draft {
                event: Some(&seen.event),
                details: Some(&seen.details),
                number: Some(seen.number),
                ..Draft::default()
            };
            let referrer = self.pages.referrer().to_owned();
            let moment = Moment {
                time: seen.time,
                page: Page::at(&seen.url, &seen.title, &referrer),
            };
            self.record(EventType::Track, &draft, &moment);
        }
    }

    /// Records the event of a call, which happened when and where `signal` says.
    pub(super) fn record_at(&mut self, kind: EventType, draft: &Draft<'_>, signal: &Signal) {
        let referrer = self.pages.referrer().to_owned();
        let moment = Moment {
            time: signal.time,
            page: Page::at(&signal.url, &signal.title, &referrer),
        };
        let taken = self.record(kind, draft, &moment);
        // Who made the call waits to hear whether it is safe.
        if let Ok(promise) = signal.list.get(4).dyn_into::<Function>() {
            self.outbox.promise(promise, taken);
        }
    }

    /// Records an event; before the first, the `identify` that is owed for the page's claim. Says
    /// whether the queue took it.
    pub(super) fn record(
        &mut self,
        kind: EventType,
        draft: &Draft<'_>,
        moment: &Moment<'_>,
    ) -> bool {
        if self.decision.state() == Consent::Refused {
            let what = joined(&["{\"type\":\"", kind.as_str(), "\"}"]);
            self.ignore(&what, "refused");
            return false;
        }
        if self.identity.take_due() && kind != EventType::Identify {
            self.record(EventType::Identify, &Draft::default(), moment);
        }
        if kind == EventType::Page {
            let page = moment.page;
            self.turned([page.url, page.title, page.referrer], moment.time);
        }
        let number = draft.number.unwrap_or_else(|| {
            self.number += 1;
            self.number
        });
        let made = self.id(number, moment.time);
        let id = draft.message_id.unwrap_or(&made);
        let happened = clock::iso(moment.time);
        let time = draft.timestamp.unwrap_or(&happened);
        // A plugin that drops the event leaves no gap in the visit's numbers.
        let visit = self.plugins.any().then(|| {
            let known = self.identity.store().get(names::SESSION);
            (known, self.arrival.clone())
        });
        let numbered = session::next(
            self.identity.store(),
            self.identity.anonymous(),
            self.arrival.take(),
            moment.time,
        );
        let mut more = numbered.led;
        if cfg!(feature = "campaigns") && numbered.event == 1 && self.decision.marketing() {
            let store = self.identity.store();
            let first = session::first_touch(store, &more, moment.page.url, time);
            more = write::joined(&more, &first);
        }
        more = write::joined(&more, self.signals);
        if !self.decision.categories.is_empty() {
            let parts = [
                "{\"consent\":{\"categoryPreferences\":",
                &self.decision.categories,
                "}}",
            ];
            more = write::joined(&more, &joined(&parts));
        }
        let page = Page {
            route: route::of(&self.options.routes, moment.page.path),
            ..moment.page
        };
        let context = Context {
            session: Some(Session {
                id: &numbered.id,
                index: numbered.index,
                event: numbered.event,
            }),
            more: Some(&more),
            ..self.environment.context(page)
        };
        let event = Event {
            event: draft.event,
            name: draft.name,
            category: draft.category,
            anonymous_id: Some(self.identity.anonymous()),
            user_id: draft.user_id.or(self.identity.user()),
            previous_id: draft.previous_id,
            group_id: draft.group_id,
            details: draft.details,
            ..Event::new(kind, id, time, &context)
        };
        let Ok(mut json) = write::line(&event) else {
            return false;
        };
        if let Some((known, arrival)) = visit {
            let transport = &mut self.outbox.transport;
            let mut tell = |name: &str, what: &str| {
                transport.note(news::PLUGIN, NOTHING, Some(&joined(&[name, " ", what])));
            };
            let Some(enriched) = self.plugins.enrich(json, &mut tell) else {
                self.identity
                    .store()
                    .set(names::SESSION, &known.unwrap_or_default());
                self.arrival = arrival;
                return false;
            };
            json = enriched;
        }
        if self.decision.state() == Consent::Held {
            self.hold(json, moment.time);
            // It lives as long as the page.
            return false;
        }
        self.keep(json, moment.time)
    }

    /// The message id of the event taken in last, if that happened at `time`.
    pub(super) fn last_id(&self, time: f64) -> String {
        self.id(self.number, time)
    }

    fn id(&self, number: u64, time: f64) -> String {
        let visitor = self.identity.anonymous();
        message_id(time as u64, visitor, &self.nonce, number)
    }

    /// Takes a finished line into the queue, and lets plugins hand it on.
    pub(super) fn keep(&mut self, line: String, time: f64) -> bool {
        let transport = &mut self.outbox.transport;
        let mut tell = |name: &str, what: &str| {
            transport.note(news::PLUGIN, NOTHING, Some(&joined(&[name, " ", what])));
        };
        self.plugins.forward(&line, &mut tell);
        self.outbox.push(line, time)
    }
}
