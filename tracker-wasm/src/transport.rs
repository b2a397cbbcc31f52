//! When lines are kept, sent, and what an answer means; a machine without a browser.
//!
//! A line is written into the database as soon as the handler that made it has returned, and is
//! deleted from there when the relay has answered for it. Pages take turns (`turn`): who
//! has the turn sends what all of them have left in the database. Where there is no database,
//! lines wait in the page's memory.
//!
//! | answer | what follows |
//! |---|---|
//! | 200 | the batch is forgotten, the rejected are reported |
//! | 400, 413 | the batch is halved; a single line is dropped and reported |
//! | 401 | nothing is sent any more, the queue is kept |
//! | 429, 503 with `Retry-After` | a wait so long |
//! | anything else, none | a wait that grows, with jitter; what is older than seven days has had its last try |
//!
//! The last row is why age alone drops nothing: a clock that was set right makes lines of a minute
//! ago ten years old, and they are sent like others.

mod answer;
mod body;
mod keep;
mod later;

use crate::{
    backoff,
    queue::{Held, Line, Place, Queue},
    words::news,
};
pub use answer::{Answer, Note};
pub use body::Envelope;
use keep::PATIENCE;

/// What waits without a database, at most: an outage of some hundred events, and no site's
/// memory.
const MEMORY_BYTES: usize = 512 * 1024;
/// What waits in the database, at most, of all pages together.
const KEPT_BYTES: usize = 2 * 1024 * 1024;
/// The largest line; the relay refuses larger ones.
const LINE_BYTES: usize = 32 * 1024;
/// Lines in a request, at most.
const BATCH_LINES: usize = 100;
/// Bytes of lines in a request: less than half of what may be on its way, so that a page
/// that ends meanwhile has as much for its last beacon.
const BATCH_BYTES: usize = 30 * 1024;
/// What may be on its way: 64 KiB in every browser, less what a browser counts beside.
const FLIGHT_BYTES: usize = 64 * 1024 - 512;
/// The line of news that are about no event.
pub const NOTHING: &str = "{}";
/// How long lines gather before they are sent, in milliseconds.
const GATHER: f64 = 500.0;

/// Whether there is a database.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Database {
    Opening,
    Open,
    Missing,
}

/// The way from finished lines to requests.
#[derive(Debug)]
pub struct Transport {
    queue: Queue,
    /// What is on its way, and the bytes of its body.
    flight: (Vec<Line>, usize),
    /// Bytes that beacons of this page's end took.
    given: usize,
    database: Database,
    /// Bytes in the database, as far as this page knows.
    stored: usize,
    /// The database may have lines that this page does not know.
    pending: bool,
    /// Since when a line waits for the database.
    unsaved: f64,
    /// This page has the turn, or waits for it.
    busy: bool,
    failures: u32,
    /// When the lines that wait have gathered long enough.
    due: f64,
    /// Before this no request, whatever is due.
    not_before: f64,
    /// Lines in the next request; halved when a batch is refused.
    limit: usize,
    stopped: bool,
    /// Something may outlive the page.
    lasting: bool,
    /// How many lines waited, and bytes of them, when [`Transport::later`] was last asked.
    waiting: (usize, usize),
    /// What is said once a batch.
    pub envelope: Envelope,
    notes: Option<Vec<Note>>,
}

impl Transport {
    /// A way for lines. With `keeps` there will be a database, or word that there is none; with
    /// `watched`, notes are kept until [`Transport::notes`] takes them.
    #[must_use]
    pub fn new(envelope: Envelope, keeps: bool, watched: bool) -> Self {
        Self {
            queue: Queue::default(),
            flight: (Vec::new(), 0),
            given: 0,
            database: if keeps {
                Database::Opening
            } else {
                Database::Missing
            },
            stored: 0,
            pending: false,
            unsaved: f64::INFINITY,
            busy: false,
            failures: 0,
            due: 0.0,
            not_before: 0.0,
            limit: BATCH_LINES,
            stopped: false,
            lasting: keeps,
            waiting: (0, 0),
            envelope,
            notes: watched.then(Vec::new),
        }
    }

    /// Takes a line; says whether it is taken. Times here and below are milliseconds since 1970.
    pub fn push(&mut self, line: Line, now: f64) -> bool {
        self.note(news::QUEUED, &line.json, None);
        let (used, bound) = match self.database {
            Database::Missing => (self.queue.bytes(), MEMORY_BYTES),
            // What is in it is not known yet.
            Database::Opening => (self.unsaved_bytes(), MEMORY_BYTES),
            Database::Open => (self.stored + self.unsaved_bytes(), KEPT_BYTES),
        };
        let reason = if line.json.len() > LINE_BYTES {
            "larger than 32 KiB"
        } else if used + line.json.len() > bound {
            "the queue is full"
        } else {
            if !self.queue.held().iter().any(|held| !held.away) {
                self.due = now + GATHER;
            }
            self.hold(line, false, now);
            if self.queue.held().len() >= BATCH_LINES {
                self.due = now;
            }
            return true;
        };
        self.drop(&line.json, reason);
        false
    }

    /// Sends what waits as soon as a request may be made.
    pub const fn flush(&mut self) {
        self.due = 0.0;
        self.pending |= matches!(self.database, Database::Open);
    }

    /// The network is back: what it had delayed is tried now.
    pub const fn online(&mut self) {
        self.due = 0.0;
        self.not_before = 0.0;
    }

    /// When something is due: a write, a request, or to be done with waiting for the database.
    #[must_use]
    pub fn next(&self) -> Option<f64> {
        if self.may_write() {
            return Some(0.0);
        }
        let patience = (self.database != Database::Missing).then_some(self.unsaved + PATIENCE);
        let turn = self.turn();
        match (turn, patience) {
            (Some(turn), Some(patience)) => Some(turn.min(patience)),
            (turn, patience) => turn.or(patience).filter(|due| due.is_finite()),
        }
    }

    fn turn(&self) -> Option<f64> {
        let waits = self.pending || self.queue.held().iter().any(|held| held.waits());
        let may = waits && !self.stopped && !self.busy;
        may.then_some(self.due.max(self.not_before))
    }

    /// Whether it is time for a turn; then it is this page's until [`Transport::finished`]. Says
    /// whether the database has to be read.
    pub fn begin(&mut self, now: f64) -> Option<bool> {
        if self.turn()? > now {
            return None;
        }
        self.busy = true;
        // What comes into the database from now on may be too late for this turn.
        self.pending = false;
        Some(self.database == Database::Open)
    }

    /// The request's body of this turn, of what the database has and memory alone.
    pub fn choose(&mut self, loaded: Option<Vec<Line>>, now: f64, sent_at: &str) -> Option<String> {
        let read = loaded.is_some();
        if let Some(lines) = &loaded {
            self.stored = lines.iter().map(|line| line.json.len()).sum();
            // Another page had the turn and sent them; or they came after the reading.
            let there = |key: &String| lines.iter().any(|line| line.key == *key);
            self.queue.retain(&mut |held| {
                held.place != Place::Kept || held.away || there(&held.line.key)
            });
        }
        let mut lines = loaded.unwrap_or_default();
        // What could not be read there is known here.
        let unread = |held: &Held| held.waits() && !(read && held.place == Place::Kept);
        lines.append(&mut self.queue.lines(&unread));
        let all = lines.len();
        lines.truncate(self.fitting(&lines, self.limit));
        self.pending |= lines.len() < all;
        let request = self.fly(lines, sent_at);
        if request.is_none() {
            self.due = now + GATHER;
        }
        request
    }

    /// A page that is hidden may never be shown again: nothing gathers.
    pub const fn hide(&mut self) {
        self.due = 0.0;
    }

    /// The page ends: hands what waits to `beacon`, which says whether it took it. Nobody will say
    /// whether it arrived, so it stays where the next page finds it; where nothing may be kept, it is gone.
    pub fn leave(&mut self, sent_at: &str, beacon: &mut dyn FnMut(&str) -> bool) {
        let mut count = BATCH_LINES;
        while !self.stopped && count > 0 {
            let mut lines = self.queue.lines(&|held| !held.away && !held.given);
            lines.truncate(self.fitting(&lines, count));
            if lines.is_empty() {
                return;
            }
            let body = self.envelope.around(&lines, sent_at);
            if body.len() > self.free() || !beacon(&body) {
                count = lines.len() / 2;
                continue;
            }
            self.given += body.len();
            for line in &lines {
                self.note(news::SENT, &line.json, None);
            }
            let took = |key: &String| lines.iter().any(|line| line.key == *key);
            if self.lasting {
                for held in self.queue.each() {
                    held.given |= took(&held.line.key);
                }
            } else {
                self.queue.retain(&mut |held| !took(&held.line.key));
            }
        }
    }

    /// What the relay said to a request. `random` is in 0 to 1, `oldest` seven days ago. Gives
    /// the lines that the database has to forget before the turn is over.
    pub fn answered(
        &mut self,
        answer: &Answer,
        (now, oldest, random): (f64, &str, f64),
    ) -> Vec<Line> {
        let mut lines = self.landed();
        match answer {
            Answer::Stored(rejected) => {
                self.failures = 0;
                self.limit = BATCH_LINES.min(self.limit * 2);
                for (at, line) in lines.iter().enumerate() {
                    match rejected.iter().find(|(place, _)| *place == at) {
                        Some((_, reason)) => self.note(news::REJECTED, &line.json, Some(reason)),
                        None => self.note(news::ACKNOWLEDGED, &line.json, None),
                    }
                }
            }
            Answer::Refused if lines.len() == 1 => {
                self.limit = BATCH_LINES;
                for line in &lines {
                    self.drop(&line.json, "refused by the relay");
                }
            }
            Answer::Refused => {
                self.limit = lines.len() / 2;
                lines.clear();
            }
            Answer::UnknownKey => {
                self.stopped = true;
                lines.clear();
            }
            Answer::Later(wait) => {
                self.fail(*wait, now, random);
                lines.clear();
            }
            Answer::Failed => {
                self.fail(None, now, random);
                lines.retain(|line| line.key.as_str() < oldest);
                for line in &lines {
                    self.drop(&line.json, "not delivered within seven days");
                }
            }
        }
        if !matches!(answer, Answer::Stored(_)) {
            self.note(news::ANSWERED, NOTHING, Some(answer.word()));
            self.pending |= self.database == Database::Open;
            self.due = now;
        }
        let done = |key: &String| lines.iter().any(|line| line.key == *key);
        self.queue.retain(&mut |held| !done(&held.line.key));
        if self.database != Database::Open {
            lines.clear();
        }
        lines
    }

    /// Nothing is on its way any more; what was.
    fn landed(&mut self) -> Vec<Line> {
        for held in self.queue.each() {
            held.away = false;
        }
        std::mem::take(&mut self.flight).0
    }

    /// The turn is over.
    pub const fn finished(&mut self) {
        self.busy = false;
    }

    /// From now on somebody watches.
    pub fn watch(&mut self) {
        self.notes.get_or_insert_default();
    }

    /// Takes the notes made since the last call.
    pub fn notes(&mut self) -> Vec<Note> {
        self.notes.as_mut().map(std::mem::take).unwrap_or_default()
    }

    fn fail(&mut self, wait: Option<f64>, now: f64, random: f64) {
        self.failures += 1;
        self.not_before = now + wait.unwrap_or_else(|| backoff::wait(self.failures, random));
    }

    /// What else may be on its way, in bytes.
    fn free(&self) -> usize {
        FLIGHT_BYTES.saturating_sub(self.flight.1 + self.given)
    }

    /// How many of these a request can have: at most `count`, and no more than its bytes with a
    /// comma each; one always.
    fn fitting(&self, lines: &[Line], count: usize) -> usize {
        let bytes = BATCH_BYTES.min(self.free());
        let (mut fitting, mut size) = (0, 0);
        for line in lines.iter().take(count.max(1)) {
            size += line.json.len() + 1;
            if fitting > 0 && size > bytes {
                break;
            }
            fitting += 1;
        }
        fitting
    }

    fn fly(&mut self, lines: Vec<Line>, sent_at: &str) -> Option<String> {
        let body = self.envelope.around(&lines, sent_at);
        if lines.is_empty() || body.len() > self.free() {
            // What is on its way makes room.
            self.pending |= !lines.is_empty() && self.database == Database::Open;
            return None;
        }
        for line in &lines {
            self.note(news::SENT, &line.json, None);
        }
        for held in self.queue.each() {
            held.away |= lines.iter().any(|line| line.key == held.line.key);
        }
        self.flight = (lines, body.len());
        Some(body)
    }

    fn drop(&mut self, line: &str, reason: &'static str) {
        self.envelope.dropped += 1;
        self.note(news::REJECTED, line, Some(reason));
    }

    /// Keeps word for who watches.
    pub fn note(&mut self, state: &'static str, line: &str, reason: Option<&str>) {
        if let Some(notes) = &mut self.notes {
            notes.push(Note {
                state,
                line: line.to_owned(),
                reason: reason.map(str::to_owned),
            });
        }
    }
}

#[cfg(test)]
mod tests;
