//! What the browser sends when the page dies without a word: a request that is handed over while the
//! page lives, and changed as often as what it has to carry.

use super::{BATCH_LINES, Transport};
use crate::queue::Held;

impl Transport {
    /// The body of that request, where it is another than before; empty when nothing waits that has no
    /// other request.
    pub fn later(&mut self, sent_at: &str) -> Option<String> {
        let waits = |held: &Held| !held.away && !held.given && !self.stopped;
        let held = self.queue.held().iter().filter(|held| waits(held));
        let waiting = held.fold((0, 0), |(lines, bytes), held| {
            (lines + 1, bytes + held.line.json.len())
        });
        if waiting == self.waiting {
            return None;
        }
        let mut lines = self.queue.lines(&waits);
        lines.truncate(self.fitting(&lines, BATCH_LINES));
        self.waiting = waiting;
        if lines.is_empty() {
            return Some(String::new());
        }
        Some(self.envelope.around(&lines, sent_at))
    }
}
