//! The transport and what outlives a page: the database, and what a page leaves at its end.

use super::{Database, GATHER, Transport};
use crate::queue::{Line, Place};

/// What a page remembers of its lines in the database, for its last beacons.
const REMEMBERED_BYTES: usize = 128 * 1024;
/// What a page leaves to the next, at most, in a store of 5 MiB that is the site's: all that
/// handlers can have made in the moment before, and not all there is room for.
pub const COPY_BYTES: usize = 512 * 1024;
/// How long a database may take before lines are sent without it, in milliseconds.
pub const PATIENCE: f64 = 20_000.0;

impl Transport {
    /// The page is given back as it was left: what beacons took may have been lost. So may what a
    /// turn waits for, which `WebKit` now and then never answers: with a database, where nothing
    /// is lost by it, the next turn begins anew, and the relay tells doubles apart.
    pub fn restored(&mut self) {
        self.given = 0;
        for held in self.queue.each() {
            held.given = false;
        }
        if self.database == Database::Open {
            self.landed();
            self.busy = false;
            self.pending = true;
        }
    }

    /// Another page has the turn: it is asked for again in a moment, however urgent.
    pub const fn postponed(&mut self, now: f64) {
        self.busy = false;
        self.pending = true;
        self.not_before = now + GATHER;
    }

    /// Takes up what an earlier page left: keys and lines, neither of which has a tab or an end
    /// of line in it.
    pub fn adopt(&mut self, copy: &str, now: f64) {
        let mut rest = copy;
        while let Some((line, after)) = cut(rest, b'\n') {
            if let Some((key, json)) = cut(line, b'\t') {
                let (key, json) = (key.to_owned(), json.to_owned());
                self.hold(Line { key, json }, true, now);
            }
            rest = after;
        }
    }

    /// What the next page shall take up, as [`Transport::adopt`] reads it: what is nowhere else.
    /// What was taken up itself is still where an earlier page left it.
    #[must_use]
    pub fn copy(&self) -> String {
        let mut copy = String::new();
        for held in self.queue.held().iter().filter(|held| held.unsaved()) {
            if copy.len() + held.line.json.len() < COPY_BYTES {
                for part in [&held.line.key, "\t", &held.line.json, "\n"] {
                    copy.push_str(part);
                }
            }
        }
        copy
    }

    pub(super) fn hold(&mut self, line: Line, left: bool, now: f64) {
        let place = match self.database {
            Database::Missing => Place::Memory,
            _ => Place::Fresh,
        };
        self.unsaved = self.unsaved.min(now);
        self.queue.push(line, place, left);
        self.queue.shrink(REMEMBERED_BYTES);
    }

    /// What the database has, in bytes of lines.
    pub const fn found(&mut self, stored: usize) {
        self.stored = stored;
    }

    /// The database is there, with what earlier pages left in it, or will not be.
    pub fn opened(&mut self, open: bool, now: f64) {
        if open {
            self.database = Database::Open;
            // What was read to be counted is not read again where there was nothing.
            self.pending = self.stored > 0;
            // A reader who only passes through does not have it sent again by each page.
            self.due = now + GATHER;
        } else {
            self.give_up();
        }
    }

    /// Lines that the database has to take, together; then comes [`Transport::written`]. None while
    /// others are being written.
    pub fn write(&mut self, now: f64) -> Vec<Line> {
        if now - self.unsaved >= PATIENCE && self.database != Database::Missing {
            self.give_up();
        }
        let mut lines = Vec::new();
        if self.may_write() {
            for held in self.queue.each() {
                if held.place == Place::Fresh {
                    held.place = Place::Writing;
                    lines.push(held.line.clone());
                }
            }
        }
        lines
    }

    /// The database has taken what it had to, or has refused it all. Once it has taken something,
    /// what earlier pages left may go.
    pub fn written(&mut self, taken: bool, now: f64) {
        self.unsaved = f64::INFINITY;
        for held in self.queue.each() {
            held.left &= !taken;
            match held.place {
                Place::Writing if taken => {
                    self.stored += held.line.json.len();
                    self.pending = true;
                    held.place = Place::Kept;
                }
                Place::Writing => held.place = Place::Memory,
                Place::Fresh => self.unsaved = now,
                Place::Kept | Place::Memory => {}
            }
        }
    }

    pub(super) fn may_write(&self) -> bool {
        let is = |place| self.queue.held().iter().any(|held| held.place == place);
        self.database == Database::Open && is(Place::Fresh) && !is(Place::Writing)
    }

    /// Whether there is a database, or may be yet.
    #[must_use]
    pub fn keeps(&self) -> bool {
        self.database != Database::Missing
    }

    /// From now on memory is all there is.
    fn give_up(&mut self) {
        self.database = Database::Missing;
        self.unsaved = f64::INFINITY;
        for held in self.queue.each() {
            if held.place != Place::Kept {
                held.place = Place::Memory;
            }
        }
    }

    pub(super) fn unsaved_bytes(&self) -> usize {
        let unsaved = self.queue.held().iter().filter(|held| held.unsaved());
        unsaved.map(|held| held.line.json.len()).sum()
    }
}

/// What is before and after the first of this ASCII character. A text's own search knows more and
/// weighs it.
fn cut(text: &str, at: u8) -> Option<(&str, &str)> {
    let place = text.bytes().position(|byte| byte == at)?;
    Some((text.get(..place)?, text.get(place + 1..)?))
}
