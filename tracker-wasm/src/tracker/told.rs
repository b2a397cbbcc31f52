//! What the database and the relay tell the tracker, once they have done what takes its time.

use super::{Effects, Tracker};
use crate::{clock, queue::Line, transport::Answer};

impl Tracker {
    /// The database is there with so many bytes of lines, or will not be.
    pub(crate) fn opened(&mut self, open: bool, stored: usize) -> Effects {
        let now = clock::now();
        self.outbox.transport.found(stored);
        self.outbox.opened(open, now);
        self.proceed("", now)
    }

    /// The database has taken lines, or not.
    pub(crate) fn written(&mut self, taken: bool) -> Effects {
        let now = clock::now();
        self.outbox.written(taken, now);
        self.proceed("", now)
    }

    /// The request's body of this page's turn.
    pub(crate) fn choose(
        &mut self,
        loaded: Option<Vec<Line>>,
        body: &mut Option<String>,
    ) -> Effects {
        let now = clock::now();
        let transport = &mut self.outbox.transport;
        *body = transport.choose(loaded, now, &clock::iso(now));
        self.proceed("", now)
    }

    /// Takes the relay's answer in, and the id that it remembers; gives the lines that the
    /// database has to forget.
    pub(crate) fn answered(
        &mut self,
        answer: &Answer,
        remembered: Option<String>,
        done: &mut Vec<Line>,
    ) -> Effects {
        self.catch_up();
        let now = clock::now();
        if matches!(answer, Answer::Stored(_)) {
            self.identity.settle(remembered);
        }
        *done = self.outbox.answered(answer, now);
        self.proceed("", now)
    }

    /// Another page has the turn.
    pub(crate) fn postponed(&mut self) -> Effects {
        let now = clock::now();
        self.outbox.transport.postponed(now);
        self.proceed("", now)
    }

    /// The turn is over.
    pub(crate) fn finished(&mut self) -> Effects {
        self.outbox.transport.finished();
        self.proceed("", clock::now())
    }
}
