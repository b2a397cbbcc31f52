//! The spool's counters, and the sum that must always come out:
//! taken = delivered + waiting + rejected + duplicate + failed (+ rotten, which is
//! alarmed).

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use super::checkpoint::Checkpoint;

/// Upper bounds of the histogram of sync times, in microseconds; the last is open.
pub const SYNC_BOUNDS_US: [u64; 13] = [
    50, 100, 150, 200, 300, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 200_000, 1_000_000,
];

/// What became of every event, kept across restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Events that the spool took: stored, duplicate and rejected ones.
    pub taken: u64,
    /// Delivered into the lake or to the stream.
    pub delivered: u64,
    /// Durable here, not yet delivered.
    pub waiting: u64,
    /// Refused by the relay, its client was told.
    pub rejected: u64,
    /// Answered 200 and dropped: the spool held them already.
    pub duplicate: u64,
    /// Refused by the stream, kept under its error prefix.
    pub failed: u64,
    /// Lost to damage on the disk.
    pub rotten: u64,
}

impl Totals {
    /// Whether the books balance.
    #[must_use]
    pub fn balance(&self) -> bool {
        let sum = self.delivered + self.waiting + self.rejected + self.duplicate + self.failed;
        self.taken == sum + self.rotten
    }
}

/// A copy of all counters at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counters {
    /// What became of every event.
    pub totals: Totals,
    /// Bytes of lines that wait for delivery.
    pub waiting_bytes: u64,
    /// `receivedAt` of the oldest event that waits, to the second; none when none waits.
    pub oldest_ms: Option<u64>,
    /// Everything below this position is durable or void.
    pub durable_position: u64,
    /// Everything below this position is delivered.
    pub delivered_position: u64,
    /// Objects ever published.
    pub objects: u64,
    /// Commits since the start.
    pub commits: u64,
    /// Syncs of commits by duration: counts for [`SYNC_BOUNDS_US`] and above.
    pub sync_buckets: [u64; SYNC_BOUNDS_US.len() + 1],
    /// Sum of their durations.
    pub sync_sum: Duration,
    /// The longest.
    pub sync_max: Duration,
    /// Commits that the disk refused or did not make durable.
    pub failed_commits: u64,
    /// Appends refused because the spool, its queue or its disk is full.
    pub full: u64,
    /// Damaged stretches found where durable frames had been.
    pub rot: u64,
    /// Unfinished commits cut off at starts.
    pub torn_tails: u64,
    /// Segment files, the spare one included.
    pub segments: u64,
    /// Bytes of segments that a burst finds ready: empty, or all delivered.
    pub ready_bytes: u64,
    /// Ids that the window of duplicates holds.
    pub ids: u64,
    /// Bytes of memory that it takes.
    pub id_memory: u64,
    /// Its files.
    pub id_files: u64,
    /// Their bytes on the disk.
    pub id_bytes: u64,
    /// Id files in which damage was found.
    pub id_rot: u64,
    /// Generations of ids that left before the horizon had passed.
    pub id_shortened: u64,
    /// The horizon that really holds, in ms.
    pub id_horizon_ms: u64,
}

/// The counters with what is needed to keep them.
#[derive(Debug, Default)]
pub struct Books {
    counters: Counters,
    /// (position, receivedAt): the record at or after the position came at that time.
    ages: VecDeque<(u64, u64)>,
    /// Positions of the records that wait, in stretches.
    waiting: VecDeque<Range<u64>>,
    stored: u64,
}

impl Books {
    /// As a start found them: `stored` records ever, `waiting` of them not delivered, which
    /// [`Books::waits`] has been told of.
    #[must_use]
    pub fn recovered(self, stored: u64, duplicate: u64, rejected: u64, waiting: u64) -> Self {
        let totals = Totals {
            taken: stored + duplicate + rejected,
            duplicate,
            rejected,
            waiting,
            ..Totals::default()
        };
        Self {
            counters: Counters {
                totals,
                ..Counters::default()
            },
            stored,
            ..self
        }
    }

    /// Takes over what the last checkpoint says; what is missing was lost to rot.
    pub fn delivered_before(&mut self, checkpoint: &Checkpoint, waiting_bytes: u64) {
        let totals = &mut self.counters.totals;
        totals.delivered = checkpoint.delivered;
        totals.failed = checkpoint.failed;
        let known = checkpoint.delivered + checkpoint.failed + totals.waiting;
        // A restored copy of the spool has delivered more than it has stored.
        self.stored = self.stored.max(known);
        totals.taken = self.stored + totals.duplicate + totals.rejected;
        totals.rotten = self.stored - known;
        self.counters.waiting_bytes = waiting_bytes;
        self.counters.objects = checkpoint.objects;
        self.counters.delivered_position = checkpoint.position;
    }

    /// A record became durable.
    pub fn stored(&mut self, position: u64, received_at: u64, bytes: u64) {
        self.stored += 1;
        self.counters.totals.taken += 1;
        self.counters.totals.waiting += 1;
        self.counters.waiting_bytes += bytes;
        self.waits(position, received_at);
    }

    /// The record at this position waits since then.
    pub fn waits(&mut self, position: u64, received_at: u64) {
        match self.waiting.back_mut() {
            Some(last) if last.end == position => last.end += 1,
            _ => self.waiting.push_back(position..position + 1),
        }
        // One entry a second is enough to say how old the oldest is.
        match self.ages.back() {
            Some((_, last)) if received_at / 1000 <= last / 1000 => {}
            _ => self.ages.push_back((position, received_at)),
        }
    }

    /// Events were answered as duplicates.
    pub fn duplicate(&mut self, count: u64) {
        self.counters.totals.duplicate += count;
        self.counters.totals.taken += count;
    }

    /// Events were rejected by the intake.
    pub fn rejected(&mut self, count: u64) {
        self.counters.totals.rejected += count;
        self.counters.totals.taken += count;
    }

    /// So many records at these positions waited, and wait no more.
    fn leave(&mut self, range: Range<u64>) -> u64 {
        let mut left = 0;
        let mut at = self.waiting.partition_point(|one| one.end <= range.start);
        while let Some(stretch) = self.waiting.get_mut(at)
            && stretch.start < range.end
        {
            let start = stretch.start.max(range.start);
            let end = stretch.end.min(range.end);
            left += end - start;
            let (before, behind) = (stretch.start..start, end..stretch.end);
            match (before.is_empty(), behind.is_empty()) {
                (true, true) => drop(self.waiting.remove(at)),
                (true, false) => *stretch = behind,
                (false, is_last) => {
                    *stretch = before;
                    at += 1;
                    if !is_last {
                        self.waiting.insert(at, behind);
                    }
                }
            }
        }
        left
    }

    /// A checkpoint is durable. What waited, was passed by it and is neither delivered nor failed
    /// was lost to rot.
    pub fn delivered(&mut self, before: &Checkpoint, now: &Checkpoint) {
        let ahead: u64 = now.ahead.iter().map(|range| self.leave(range)).sum();
        let left = ahead + self.leave(0..now.position);
        let totals = &mut self.counters.totals;
        let (delivered, failed) = (now.delivered - before.delivered, now.failed - before.failed);
        totals.delivered += delivered;
        totals.failed += failed;
        let lost = left.saturating_sub(delivered + failed);
        let lost = lost.min(totals.waiting.saturating_sub(delivered + failed));
        totals.rotten += lost;
        totals.waiting = totals.waiting.saturating_sub(delivered + failed + lost);
        let bytes = now.bytes - before.bytes;
        self.counters.waiting_bytes = self.counters.waiting_bytes.saturating_sub(bytes);
        self.counters.objects = now.objects;
        self.counters.delivered_position = now.position;
        while self.ages.len() > 1 && self.ages[1].0 <= now.position {
            self.ages.pop_front();
        }
        if now.position >= self.counters.durable_position {
            // All that was readable is delivered: what still counts as waiting is lost.
            totals.rotten += std::mem::take(&mut totals.waiting);
            self.counters.waiting_bytes = 0;
            self.ages.clear();
        }
    }

    /// A commit's sync took so long.
    pub fn synced(&mut self, took: Duration) {
        let counters = &mut self.counters;
        counters.commits += 1;
        counters.sync_sum += took;
        counters.sync_max = counters.sync_max.max(took);
        let bucket = SYNC_BOUNDS_US
            .iter()
            .position(|bound| took.as_micros() <= u128::from(*bound))
            .unwrap_or(SYNC_BOUNDS_US.len());
        counters.sync_buckets[bucket] += 1;
    }

    /// For the plain counters.
    pub fn counters_mut(&mut self) -> &mut Counters {
        &mut self.counters
    }

    /// Records ever made durable.
    #[must_use]
    pub fn stored_total(&self) -> u64 {
        self.stored
    }

    /// A copy of them.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let mut counters = self.counters.clone();
        counters.oldest_ms = match counters.totals.waiting {
            0 => None,
            _ => self.ages.front().map(|(_, time)| *time),
        };
        counters
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::ahead::Ahead;

    #[test]
    fn what_is_delivered_behind_a_gap_counts_once_and_the_oldest_is_in_the_gap() {
        let mut books = Books::default();
        // The second commit failed: its positions are void.
        for position in (1..11).chain(21..31) {
            books.stored(position, 1000 * position, 10);
        }
        books.counters_mut().durable_position = 31;
        let mut before = Checkpoint::default();
        let mut passes = |position, ranges: &[Range<u64>], delivered, wait, oldest: Option<u64>| {
            let now = Checkpoint {
                position,
                ahead: Ahead::of(ranges).unwrap(),
                delivered: before.delivered + delivered,
                bytes: before.bytes + 10 * delivered,
                ..before
            };
            books.delivered(&before, &now);
            before = now;
            let counters = books.counters();
            let totals = counters.totals;
            assert!(totals.balance(), "{totals:?}");
            assert_eq!((totals.waiting, totals.rotten), (wait, 0));
            assert_eq!(counters.waiting_bytes, 10 * wait);
            assert_eq!(counters.oldest_ms, oldest);
        };
        passes(3, &[], 2, 18, Some(3000));
        passes(3, &[5..8], 3, 15, Some(3000));
        passes(3, &[5..8, 10..24], 4, 11, Some(3000));
        passes(3, &[5..9, 10..24, 30..31], 2, 9, Some(3000));
        passes(9, &[10..24, 30..31], 2, 7, Some(9000));
        passes(24, &[30..31], 1, 6, Some(24_000));
        passes(31, &[], 6, 0, None);
    }
}
