//! When what is sent, and what an answer means: a state machine without a browser.
//!
//! One request is on its way at a time, so that its bytes and those of a page's last beacons
//! stay within the 64 KiB that browsers allow. A line is in exactly one place: in the queue,
//! on its way, or gone; what a beacon took is gone, what is on its way is not sent beside it.
//!
//! | answer | what follows |
//! |---|---|
//! | 200 | the batch is forgotten, the rejected are reported |
//! | 400, 413 | the batch is halved; a single line is dropped and reported |
//! | 401 | nothing is sent any more, the queue is kept |
//! | 429, 503 with `Retry-After` | a wait so long |
//! | anything else, none | a wait that grows, with jitter |

use clickstream_event::write;

use crate::{
    backoff,
    queue::{Line, Queue},
};

/// What waits, at most: an outage of some hundred events, and no site's memory.
const QUEUE_BYTES: usize = 512 * 1024;
/// The largest line; the relay refuses larger ones.
const LINE_BYTES: usize = 32 * 1024;
/// Lines in a request, at most.
const BATCH_LINES: usize = 100;
/// Bytes of lines in a request: less than half of what may be on its way, so that a page
/// that ends meanwhile has as much for its last beacon.
const BATCH_BYTES: usize = 30 * 1024;
/// What may be on its way: 64 KiB in every browser, less what a browser counts beside.
const FLIGHT_BYTES: usize = 64 * 1024 - 512;
/// How long lines gather before they are sent, in milliseconds.
const GATHER: f64 = 500.0;

/// What the relay said to a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Durable but for these: message id and reason.
    Stored(Vec<(String, String)>),
    /// The batch as such is bad.
    Refused,
    /// The write key is unknown.
    UnknownKey,
    /// Not now; after so many milliseconds if it said so.
    Later(Option<f64>),
    /// No answer, or none that we know.
    Failed,
}

/// What became of a line, for who watches (`data-debug`).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Note {
    /// `queued`, `sent`, `acknowledged` or `rejected`.
    pub state: &'static str,
    /// The line.
    pub line: Line,
    /// Why it was rejected.
    pub reason: Option<String>,
}

/// The way from finished lines to requests.
#[derive(Debug)]
pub struct Transport {
    queue: Queue,
    flight: Vec<Line>,
    flight_bytes: usize,
    failures: u32,
    /// When the lines that wait have gathered long enough.
    due: f64,
    /// Before this no request, whatever is due.
    not_before: f64,
    /// Lines in the next request; halved when a batch is refused.
    limit: usize,
    stopped: bool,
    write_key: String,
    /// What the visitor allows, and whether the browser's id is `new` in it.
    pub storage: &'static str,
    /// The user's token, when a site has set one.
    pub user_token: Option<String>,
    notes: Option<Vec<Note>>,
}

impl Transport {
    /// A way for lines of this key. `storage` is what the visitor allows; with `watched`,
    /// notes are kept until [`Transport::notes`] takes them.
    #[must_use]
    pub const fn new(write_key: String, storage: &'static str, watched: bool) -> Self {
        Self {
            queue: Queue::new(QUEUE_BYTES),
            flight: Vec::new(),
            flight_bytes: 0,
            failures: 0,
            due: 0.0,
            not_before: 0.0,
            limit: BATCH_LINES,
            stopped: false,
            write_key,
            storage,
            user_token: None,
            notes: if watched { Some(Vec::new()) } else { None },
        }
    }

    /// Takes a line. Times here and below are milliseconds since 1970.
    pub fn push(&mut self, line: Line, now: f64) {
        if self.queue.is_empty() {
            self.due = now + GATHER;
        }
        self.note("queued", &line, None);
        if line.json.len() > LINE_BYTES {
            return self.note("rejected", &line, Some("larger than 32 KiB"));
        }
        if let Err(line) = self.queue.push(line) {
            return self.note("rejected", &line, Some("the queue is full"));
        }
        if self.queue.len() >= BATCH_LINES {
            self.due = now;
        }
    }

    /// Sends what waits as soon as a request may be made.
    pub const fn flush(&mut self) {
        self.due = 0.0;
    }

    /// The network is back: what it had delayed is tried now.
    pub const fn online(&mut self) {
        self.due = 0.0;
        self.not_before = 0.0;
    }

    /// When the next request is due, if one is.
    #[must_use]
    pub fn next(&self) -> Option<f64> {
        let idle = self.stopped || self.queue.is_empty() || !self.flight.is_empty();
        (!idle).then(|| self.due.max(self.not_before))
    }

    /// The body of the next request, if it is time; its lines are on their way from now on.
    pub fn attempt(&mut self, now: f64, sent_at: &str) -> Option<String> {
        if self.next()? > now {
            return None;
        }
        self.flight = self.queue.take(self.limit, BATCH_BYTES);
        let body = self.body(&self.flight, sent_at);
        self.flight_bytes = body.len();
        self.note_flight("sent");
        Some(body)
    }

    /// What the relay said to the request on its way. `random` is in 0 to 1.
    pub fn answered(&mut self, answer: &Answer, now: f64, random: f64) {
        self.flight_bytes = 0;
        let lines = std::mem::take(&mut self.flight);
        match answer {
            Answer::Stored(rejected) => {
                self.failures = 0;
                self.limit = BATCH_LINES.min(self.limit * 2);
                for line in &lines {
                    match rejected.iter().find(|(id, _)| *id == line.id) {
                        Some((_, reason)) => self.note("rejected", line, Some(reason)),
                        None => self.note("acknowledged", line, None),
                    }
                }
                return;
            }
            Answer::Refused => {
                if let [line] = lines.as_slice() {
                    self.limit = BATCH_LINES;
                    return self.note("rejected", line, Some("refused by the relay"));
                }
                self.limit = lines.len() / 2;
            }
            Answer::UnknownKey => self.stopped = true,
            Answer::Later(wait) => self.fail(*wait, now, random),
            Answer::Failed => self.fail(None, now, random),
        }
        self.queue.give_back(lines);
        self.due = now;
    }

    /// The page may be ending: hands what waits to `beacon`, which says whether it took it.
    /// While requests fail, only a page that surely ends (`last`) tries: what a beacon took
    /// cannot be sent again.
    pub fn leave(&mut self, last: bool, sent_at: &str, mut beacon: impl FnMut(&str) -> bool) {
        let mut free = FLIGHT_BYTES - self.flight_bytes.min(FLIGHT_BYTES);
        let mut count = BATCH_LINES;
        while !self.stopped && (last || self.failures == 0) {
            let lines = self.queue.take(count, BATCH_BYTES.min(free));
            let body = self.body(&lines, sent_at);
            if lines.is_empty() {
                return;
            }
            if body.len() <= free && beacon(&body) {
                free -= body.len();
                for line in &lines {
                    self.note("sent", line, None);
                }
                continue;
            }
            count = lines.len() / 2;
            self.queue.give_back(lines);
            if count == 0 {
                return;
            }
        }
    }

    /// Takes the notes made since the last call.
    pub fn notes(&mut self) -> Vec<Note> {
        self.notes.as_mut().map(std::mem::take).unwrap_or_default()
    }

    fn fail(&mut self, wait: Option<f64>, now: f64, random: f64) {
        self.failures += 1;
        self.not_before = now + wait.unwrap_or_else(|| backoff::wait(self.failures, random));
    }

    fn body(&self, lines: &[Line], sent_at: &str) -> String {
        let mut body = String::with_capacity(BATCH_BYTES);
        let mut before = "{\"batch\":[";
        for line in lines {
            body.push_str(before);
            body.push_str(&line.json);
            before = ",";
        }
        body.push(']');
        for (name, value) in [
            ("sentAt", Some(sent_at)),
            ("writeKey", Some(&self.write_key)),
            ("userToken", self.user_token.as_deref()),
            ("storage", Some(self.storage)),
        ] {
            if let Some(value) = value {
                for part in [
                    ",\"",
                    name,
                    "\":",
                    &write::string(value).unwrap_or_default(),
                ] {
                    body.push_str(part);
                }
            }
        }
        body.push('}');
        body
    }

    fn note_flight(&mut self, state: &'static str) {
        if let Some(notes) = &mut self.notes {
            notes.extend(self.flight.iter().map(|line| Note {
                state,
                line: line.clone(),
                reason: None,
            }));
        }
    }

    fn note(&mut self, state: &'static str, line: &Line, reason: Option<&str>) {
        if let Some(notes) = &mut self.notes {
            notes.push(Note {
                state,
                line: line.clone(),
                reason: reason.map(str::to_owned),
            });
        }
    }
}

#[cfg(test)]
mod tests;
