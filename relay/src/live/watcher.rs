//! From the ring to one watcher, as server-sent events. It reads at its own pace: what it is too slow
//! for leaves the ring, and it is told how many those were.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use tokio::sync::watch;

use super::filter::{Outcome, Query};
use super::item::Delivered;
use super::ring::Place;
use super::{Live, Phase};

/// After so long a silence a comment keeps proxies from cutting the stream.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Bytes that are made for a watcher at once, about.
const CHUNK: usize = 64 << 10;

/// One stream of server-sent events.
#[derive(Debug)]
pub struct Watcher {
    live: Arc<Live>,
    query: Query,
    changed: watch::Receiver<Phase>,
    place: Place,
    /// Events missed and not yet said.
    missed: u64,
    /// Delivery up to here was said.
    delivered: u64,
    /// The last figures that were said.
    figures: u64,
    /// Something was said.
    greeted: bool,
    ended: bool,
}

impl Watcher {
    pub(super) fn new(live: Arc<Live>, query: Query) -> Self {
        Self {
            changed: live.changed.subscribe(),
            live,
            query,
            place: 0,
            missed: 0,
            delivered: 0,
            figures: 0,
            greeted: false,
            ended: false,
        }
    }

    /// Settles where it begins.
    pub(super) fn begin(&mut self) {
        let state = self.live.state();
        (self.place, self.missed) = state.ring.begin(self.query.start, &self.query.filter);
        self.delivered = state.progress.position();
    }

    /// The text of its events, as it becomes.
    pub fn into_stream(self) -> impl Stream<Item = Bytes> {
        stream::unfold(self, |mut watcher| async move {
            let text = watcher.next().await?;
            Some((Bytes::from(text), watcher))
        })
    }

    /// The next piece of text; none at the end.
    pub async fn next(&mut self) -> Option<String> {
        if self.ended {
            return None;
        }
        if !self.greeted {
            // At once, so that the client sees its stream begin; how soon to come back after its end.
            self.greeted = true;
            return Some("retry: 1000\n\n".to_owned());
        }
        loop {
            if self.live.is_closed() {
                self.ended = true;
                return Some(event("end", r#"{"reason":"the relay is stopping"}"#));
            }
            // What comes after this look wakes the wait below.
            self.changed.borrow_and_update();
            let text = self.look();
            if !text.is_empty() {
                return Some(text);
            }
            match tokio::time::timeout(KEEP_ALIVE, self.changed.changed()).await {
                Ok(_) => {}
                Err(_) => return Some(":\n\n".to_owned()),
            }
        }
    }

    /// What is new to this watcher, as much as fits in a chunk.
    fn look(&mut self) -> String {
        let mut text = String::new();
        let live = Arc::clone(&self.live);
        let state = live.state();
        while text.len() < CHUNK && !self.ended {
            let (item, gap) = state.ring.at(self.place);
            self.missed += gap;
            self.place += gap;
            let Some(item) = item else { break };
            let delivered = state.progress.of(item);
            let waits = item.rejection.is_none() && delivered == Delivered::NotYet;
            if waits && self.query.filter.outcome == Some(Outcome::Delivered) {
                break;
            }
            self.place += 1;
            if !self.query.filter.shows(item) {
                continue;
            }
            self.say_missed(&mut text);
            let _ = write!(text, "id: {}\ndata: {}\n\n", item.id, item.json(delivered));
            if let Some(left) = &mut self.query.limit {
                *left -= 1;
                self.ended = *left == 0;
            }
        }
        if self.ended {
            return text;
        }
        self.say_missed(&mut text);
        for step in state.progress.beyond(self.delivered) {
            // Two numbers: serializing them cannot fail.
            text += &event(
                "delivered",
                &serde_json::to_string(step).unwrap_or_default(),
            );
        }
        self.delivered = state.progress.position();
        let (number, figures) = state.progress.figures();
        if *number != self.figures && !figures.is_empty() {
            self.figures = *number;
            text += &event("figures", figures);
        }
        text
    }

    fn say_missed(&mut self, text: &mut String) {
        if self.missed > 0 {
            *text += &event("lagged", &format!(r#"{{"count":{}}}"#, self.missed));
            self.missed = 0;
        }
    }
}

fn event(name: &str, data: &str) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.live.state().watchers -= 1;
    }
}
