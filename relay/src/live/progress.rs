//! How far delivery is, step by step, and how the relay does, once a second.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::Serialize;

use super::item::{Delivered, Item};
use crate::spool::{Counters, Health};

/// Steps that are remembered.
const STEPS: usize = 512;

/// Everything below a position was seen to be delivered at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The position.
    pub below: u64,
    /// The moment, ms since 1970.
    pub at: u64,
}

/// The last steps of delivery and the last figures.
#[derive(Debug, Default)]
pub struct Progress {
    /// Where delivery was when watching began: when that was is not known.
    before: u64,
    steps: VecDeque<Step>,
    /// The figures, as JSON, with their number.
    figures: (u64, Arc<str>),
}

impl Progress {
    /// Watching begins anew, with delivery at this position.
    pub fn begin(&mut self, below: u64) {
        self.before = self.before.max(below);
        self.figures.1 = Arc::default();
    }

    /// Delivery was seen at this position.
    pub fn delivered(&mut self, below: u64, at: u64) {
        if below > self.position() {
            self.steps.push_back(Step { below, at });
        }
        while self.steps.len() > STEPS {
            let left = self.steps.pop_front();
            self.before = left.map_or(self.before, |step| step.below);
        }
    }

    /// Everything below is delivered.
    #[must_use]
    pub fn position(&self) -> u64 {
        let last = self.steps.back().map_or(0, |step| step.below);
        last.max(self.before)
    }

    /// What became of a stored event.
    #[must_use]
    pub fn of(&self, item: &Item) -> Delivered {
        let position = item.id.position;
        if position < self.before {
            return Delivered::Before;
        }
        let step = self.steps.partition_point(|step| step.below <= position);
        match self.steps.get(step) {
            Some(step) => Delivered::At(step.at),
            None => Delivered::NotYet,
        }
    }

    /// The steps beyond this position.
    pub fn beyond(&self, below: u64) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |step| step.below > below)
    }

    /// New figures.
    pub fn figure(&mut self, figures: &Figures) {
        // Numbers and our own texts: serializing them cannot fail.
        let text = serde_json::to_string(figures).unwrap_or_default();
        self.figures = (self.figures.0 + 1, text.into());
    }

    /// The last figures and their number; no text before the first.
    #[must_use]
    pub fn figures(&self) -> &(u64, Arc<str>) {
        &self.figures
    }
}

/// How the relay does at a moment: the books, the backlog, the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    now: u64,
    taken: u64,
    delivered: u64,
    waiting: u64,
    rejected: u64,
    duplicate: u64,
    failed: u64,
    rotten: u64,
    waiting_bytes: u64,
    /// Age of the oldest event that waits, ms.
    oldest: u64,
    commits: u64,
    /// All syncs together, µs.
    sync_micros: u64,
    watchers: usize,
    /// What is wrong, with a remedy.
    trouble: Vec<String>,
}

impl Figures {
    /// As the spool has them at `now`, ms since 1970.
    #[must_use]
    pub fn new(counters: &Counters, health: Health, watchers: usize, now: u64) -> Self {
        let totals = &counters.totals;
        let oldest = counters.oldest_ms.filter(|_| totals.waiting > 0);
        Self {
            now,
            taken: totals.taken,
            delivered: totals.delivered,
            waiting: totals.waiting,
            rejected: totals.rejected,
            duplicate: totals.duplicate,
            failed: totals.failed,
            rotten: totals.rotten,
            waiting_bytes: counters.waiting_bytes,
            oldest: oldest.map_or(0, |oldest| now.saturating_sub(oldest)),
            commits: counters.commits,
            sync_micros: u64::try_from(counters.sync_sum.as_micros()).unwrap_or(u64::MAX),
            watchers,
            trouble: [health.intake, health.delivery]
                .into_iter()
                .flatten()
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::item::{Id, Summary};

    #[test]
    fn an_event_is_delivered_by_the_first_step_beyond_it() {
        let mut progress = Progress::default();
        progress.begin(10);
        progress.delivered(10, 100);
        progress.delivered(12, 200);
        progress.delivered(20, 300);
        progress.delivered(20, 400);
        let of = |position| {
            progress.of(&Item {
                id: Id {
                    position,
                    rejection: 0,
                },
                received_at: 0,
                durable_at: None,
                summary: Summary::default(),
                line: None,
                rejection: None,
            })
        };
        assert_eq!(of(9), Delivered::Before);
        assert_eq!([of(10), of(11)], [Delivered::At(200); 2]);
        assert_eq!([of(12), of(19)], [Delivered::At(300); 2]);
        assert_eq!(of(20), Delivered::NotYet);
        assert_eq!(progress.beyond(12).count(), 1);
        for step in 0..2000 {
            progress.delivered(100 + step, 500);
        }
        assert_eq!(progress.steps.len(), STEPS);
        assert_eq!(progress.before, 100 + 2000 - STEPS as u64 - 1);
    }
}
