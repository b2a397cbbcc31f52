//! Alive, ready, and the door through which events reach the spool.
//!
//! The relay listens before its spool is read: until then, and again from the moment of a stop, the
//! door is shut and clients are told to come back. A refused connection would lose the events of
//! SDKs that give up after two seconds.

use std::sync::{PoisonError, RwLock};

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use crate::forward::counters::Counters;
use crate::intake::answer::{Refusal, json};
use crate::spool::Spool;

/// The way to the spool: shut, open, shut again.
#[derive(Debug, Default)]
pub struct Door(RwLock<State>);

#[derive(Debug, Default)]
enum State {
    #[default]
    Starting,
    Open(Spool),
    Stopping(Option<Spool>),
}

impl Door {
    /// The spool is read: events may come, unless a stop was faster.
    pub fn open(&self, spool: Spool) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Starting) {
            *state = State::Open(spool);
        }
    }

    /// No event more: the relay stops. The spool can still be looked at.
    pub fn shut(&self) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let spool = match std::mem::take(&mut *state) {
            State::Starting => None,
            State::Open(spool) => Some(spool),
            State::Stopping(spool) => spool,
        };
        *state = State::Stopping(spool);
    }

    /// Lets go of the spool, whose folder is unlocked with its last handle.
    pub fn release(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = State::Stopping(None);
    }

    /// The spool, while events may come.
    ///
    /// # Errors
    /// Why they may not, in words for the client.
    pub fn spool(&self) -> Result<Spool, Refusal> {
        match &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            State::Starting => Err(Refusal::Starting),
            State::Open(spool) => Ok(spool.clone()),
            State::Stopping(_) => Err(Refusal::Stopping),
        }
    }

    /// The spool once it is read, also while stopping: for its counters.
    #[must_use]
    pub fn opened(&self) -> Option<Spool> {
        match &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            State::Starting => None,
            State::Open(spool) => Some(spool.clone()),
            State::Stopping(spool) => spool.clone(),
        }
    }
}

/// What `/readyz` answers: whether to send traffic here, and if not, what to do about it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Readiness {
    /// Whether events are taken and delivered.
    pub ready: bool,
    /// What is wrong, with a remedy; empty when ready.
    pub reasons: Vec<String>,
    /// What will be wrong if it goes on so, with a remedy; ready all the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Events that wait to be delivered.
    pub waiting: u64,
    /// Age of the oldest of them, seconds.
    pub oldest_seconds: u64,
}

impl Readiness {
    /// Looks at the door and behind it, at `now_ms`; a backlog older than `oldest_allowed_ms` counts
    /// as a sink that cannot be reached. What has been forwarded may ask for a note.
    #[must_use]
    pub fn of(
        door: &Door,
        forwarded: Option<&Counters>,
        now_ms: u64,
        oldest_allowed_ms: u64,
    ) -> Self {
        let mut reasons = Vec::new();
        if let Err(refusal) = door.spool() {
            reasons.push(refusal.to_string());
        }
        let (mut waiting, mut oldest_ms) = (0, 0);
        if let Some(spool) = door.opened() {
            let health = spool.health();
            reasons.extend(health.intake);
            reasons.extend(health.delivery);
            let counters = spool.counters();
            waiting = counters.totals.waiting;
            let oldest = counters.oldest_ms.filter(|_| waiting > 0);
            oldest_ms = oldest.map_or(0, |oldest| now_ms.saturating_sub(oldest));
        }
        if oldest_ms > oldest_allowed_ms {
            let seconds = oldest_ms / 1000;
            reasons.push(format!(
                "the oldest waiting event is {seconds} s old: the sink is slow or cannot be reached; \
                 see the log"
            ));
        }
        let foreseen = forwarded.and_then(|counters| counters.foreseen.seen(now_ms).note());
        let aside = forwarded.and_then(|counters| aside(counters.totals().set_aside));
        Self {
            ready: reasons.is_empty(),
            reasons,
            notes: foreseen.into_iter().chain(aside).collect(),
            waiting,
            oldest_seconds: oldest_ms / 1000,
        }
    }

    /// 200 when ready, else 503: what load balancers understand.
    #[must_use]
    pub fn response(&self) -> Response {
        let status = if self.ready {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        json(status, self)
    }
}

/// What to do about events that the stream refuses for ever, if there are any since the start.
fn aside(events: u64) -> Option<String> {
    (events > 0).then(|| {
        format!(
            "{events} events that the stream refuses for ever were set aside, in refused-* in the \
             spool's folder: mend the stream, then give them back with replay"
        )
    })
}

/// What `/healthz` answers: the process is alive and serves.
#[must_use]
pub fn alive() -> Response {
    #[derive(Serialize)]
    struct Alive {
        alive: bool,
    }
    json(StatusCode::OK, &Alive { alive: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_that_were_set_aside_are_a_note_and_cost_no_readiness_of_their_own() {
        let counters = Counters::default();
        let seen = || Readiness::of(&Door::default(), Some(&counters), 0, 1);
        let before = seen();
        assert!(before.notes.is_empty());
        Counters::add(&counters.set_aside, 3);
        let [note] = &seen().notes[..] else {
            panic!("{:?}", seen());
        };
        assert!(note.starts_with("3 events"), "{note}");
        assert_eq!(seen().reasons, before.reasons);
    }
}
