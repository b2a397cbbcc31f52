//! What a visitor's decision does, and what nobody is to see.

use std::mem::take;

use super::Tracker;
use crate::{consent::Consent, redact::redacted, signal::Signal, words::news};

/// Lines that wait for a decision, at most; what comes after these is dropped.
const HELD: usize = 500;

impl Tracker {
    /// The visitor has decided about `categories`, a JSON object.
    pub(super) fn decide(&mut self, categories: String, now: f64) {
        if !self.decision.take(categories) {
            return;
        }
        if self.decision.state() == Consent::Granted {
            self.permit.open();
            self.identity.keep();
            for (line, time) in take(&mut self.held) {
                self.keep(line, time);
            }
        } else {
            self.forget_all(now);
        }
        self.permit.decided(&self.decision.categories);
    }

    /// Everything that was ever stored is removed, here and the relay's cookie, and this page stores
    /// nothing more.
    pub(super) fn forget_all(&mut self, now: f64) {
        self.permit.close();
        self.outbox.forget(now);
        self.identity.reset();
        self.held.clear();
        self.forget = true;
    }

    /// Keeps a line until there is a decision.
    pub(super) fn hold(&mut self, line: String, time: f64) {
        if self.held.len() < HELD {
            let transport = &mut self.outbox.transport;
            transport.note(news::HELD, &line, Some("hold"));
            self.held.push((line, time));
        }
    }

    /// Leaves out of a signal what nobody is to see.
    pub(super) fn hide(&self, signal: &mut Signal) {
        signal.url = self.shown(take(&mut signal.url));
        if self.silent {
            signal.title.clear();
        }
    }

    /// An address without what nobody is to see.
    pub(super) fn shown(&self, url: String) -> String {
        redacted(&url, &self.options.redact).unwrap_or(url)
    }
}
