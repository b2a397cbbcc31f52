//! Acknowledgements come out of order; what may be forgotten is a low mark, and the ranges that
//! arrived ahead of it. This type turns the one into the other.

use std::collections::BTreeMap;

use crate::spool::ahead::Ahead;
use crate::spool::{Checkpoint, Refused};

/// What was delivered, in sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// Events that the stream took.
    pub delivered: u64,
    /// Events that can never be taken.
    pub failed: u64,
    /// Bytes of their lines.
    pub bytes: u64,
}

impl Sums {
    /// Adds other sums.
    pub fn add(&mut self, other: Self) {
        self.delivered += other.delivered;
        self.failed += other.failed;
        self.bytes += other.bytes;
    }
}

/// Names a range that was begun, by its last position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket(u64);

/// How far everything is acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mark {
    /// Every position below is acknowledged: the low mark.
    pub position: u64,
    /// Above it, these ranges are.
    pub ahead: Ahead,
    /// Of what was acknowledged since a mark was last taken.
    pub sums: Sums,
    /// How many ranges that were.
    pub ranges: usize,
    /// What the stream refuses in them: to be set aside before the mark counts.
    pub refused: Vec<Refused>,
}

impl Mark {
    fn count(&mut self, done: Done) {
        self.sums.add(done.sums);
        self.ranges += 1;
        self.refused.extend(done.refused);
    }

    /// Goes on to a later one.
    pub fn extend(&mut self, later: Self) {
        self.position = later.position;
        self.ahead = later.ahead;
        self.sums.add(later.sums);
        self.ranges += later.ranges;
        self.refused.extend(later.refused);
    }

    /// The checkpoint that makes it durable, after this one.
    #[must_use]
    pub fn checkpoint(&self, before: Checkpoint) -> Checkpoint {
        Checkpoint {
            position: self.position,
            ahead: self.ahead,
            delivered: before.delivered + self.sums.delivered,
            failed: before.failed + self.sums.failed,
            bytes: before.bytes + self.sums.bytes,
            ..before
        }
    }
}

/// What became of a range.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Done {
    /// In sums.
    pub sums: Sums,
    /// What the stream refuses, which the sums call failed.
    pub refused: Vec<Refused>,
}

/// Ranges of positions that are on their way.
#[derive(Debug, Default)]
pub struct Acks {
    /// The low mark that was last taken, and what is ahead of it.
    position: u64,
    ahead: Ahead,
    /// By their last positions. Each begins behind the one before it; one that was taken is gone,
    /// and the next one reaches back over it.
    ranges: BTreeMap<u64, Option<Done>>,
}

impl Acks {
    /// Behind this checkpoint.
    #[must_use]
    pub fn new(checkpoint: &Checkpoint) -> Self {
        Self {
            position: checkpoint.position,
            ahead: checkpoint.ahead,
            ranges: BTreeMap::new(),
        }
    }

    /// A range that ends at this position is on its way. Ranges are begun in the order of
    /// their positions and do not overlap.
    pub fn begin(&mut self, last: u64) -> Ticket {
        self.ranges.insert(last, None);
        Ticket(last)
    }

    /// The range has arrived. Said twice it counts once.
    pub fn acknowledge(&mut self, ticket: Ticket, done: Done) {
        if let Some(range) = self.ranges.get_mut(&ticket.0) {
            range.get_or_insert(done);
        }
    }

    /// Takes what was acknowledged since, if anything was: all without a gap, and behind a gap
    /// as many ranges as [`Ahead`] holds. The others wait for those before them.
    pub fn take(&mut self) -> Option<Mark> {
        let mut mark = Mark::default();
        while let Some(front) = self.ranges.first_entry()
            && front.get().is_some()
        {
            let (last, done) = front.remove_entry();
            self.position = last + 1;
            mark.count(done.unwrap_or_default());
        }
        self.position = self.ahead.pass(self.position);
        let mut start = self.position;
        self.ranges.retain(|last, done| {
            let range = start..last + 1;
            start = range.end;
            let Some(done) = done else { return true };
            let taken = self.ahead.add(range);
            if taken {
                mark.count(std::mem::take(done));
            }
            !taken
        });
        (mark.ranges > 0).then_some(Mark {
            position: self.position,
            ahead: self.ahead,
            ..mark
        })
    }

    /// What has arrived and was not taken: no mark tells of it yet.
    #[must_use]
    pub fn not_taken(&self) -> Sums {
        let mut sums = Sums::default();
        for done in self.ranges.values().flatten() {
            sums.add(done.sums);
        }
        sums
    }

    /// Ranges on their way, and those that wait for one before them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Whether nothing is on its way.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::ops::Range;

    use proptest::prelude::*;

    use super::*;

    fn sums(bytes: u64) -> Sums {
        Sums {
            delivered: 1,
            failed: 0,
            bytes,
        }
    }

    fn one(bytes: u64) -> Done {
        Done {
            sums: sums(bytes),
            refused: Vec::new(),
        }
    }

    #[test]
    fn a_late_range_holds_the_mark_and_nothing_behind_it() {
        let mut acks = Acks::default();
        let (first, second, third) = (acks.begin(9), acks.begin(20), acks.begin(30));
        acks.acknowledge(second, one(5));
        acks.acknowledge(second, one(50));
        assert_eq!(acks.not_taken(), sums(5));
        let mark = acks.take().unwrap();
        assert_eq!((mark.position, mark.ranges, mark.sums), (0, 1, sums(5)));
        assert_eq!(mark.ahead.iter().collect::<Vec<_>>(), [10..21]);
        assert_eq!((acks.take(), acks.not_taken()), (None, Sums::default()));
        // Taken once, it counts no more.
        acks.acknowledge(second, one(1));
        acks.acknowledge(third, one(3));
        let mark = acks.take().unwrap();
        assert_eq!((mark.position, mark.ranges, mark.sums), (0, 1, sums(3)));
        assert_eq!(mark.ahead.iter().collect::<Vec<_>>(), [10..31]);
        acks.acknowledge(first, one(7));
        let mark = acks.take().unwrap();
        assert_eq!((mark.position, mark.ranges, mark.sums), (31, 1, sums(7)));
        assert!(mark.ahead.is_empty() && acks.is_empty());
    }

    #[test]
    fn what_an_earlier_process_had_ahead_stays_until_the_mark_is_there() {
        let checkpoint = Checkpoint {
            position: 5,
            ahead: Ahead::of(&[10..20, 30..40]).unwrap(),
            ..Checkpoint::default()
        };
        let mut acks = Acks::new(&checkpoint);
        let (first, second) = (acks.begin(9), acks.begin(24));
        acks.acknowledge(second, one(1));
        let mark = acks.take().unwrap();
        assert_eq!(mark.position, 5);
        assert_eq!(mark.ahead.iter().collect::<Vec<_>>(), [10..25, 30..40]);
        acks.acknowledge(first, one(1));
        let mark = acks.take().unwrap();
        assert_eq!(mark.position, 25);
        assert_eq!(mark.ahead.iter().collect::<Vec<_>>(), [30..40]);
        // It carried 25 to 29, and what is behind the range that was there.
        let third = acks.begin(44);
        acks.acknowledge(third, one(1));
        let mark = acks.take().unwrap();
        assert_eq!((mark.position, mark.ahead.len()), (45, 0));
    }

    proptest! {
        /// In any order of arrivals the mark is the end of the longest unbroken run from the
        /// start, and ahead of it is what has arrived, as long as that is few ranges; each
        /// counts once.
        #[test]
        fn the_mark_is_the_unbroken_run_and_what_arrived_behind_it(
            gaps in prop::collection::vec(1_u64..5, 1..80),
            order in any::<prop::sample::Selector>(),
            at_once in 1_usize..5,
        ) {
            let mut last = 0;
            let mut acks = Acks::default();
            let ends: Vec<u64> = gaps.iter().map(|gap| { last += gap; last }).collect();
            let tickets: Vec<Ticket> = ends.iter().map(|end| acks.begin(*end)).collect();
            let range = |index: usize| -> Range<u64> {
                let start = index.checked_sub(1).map_or(0, |before| ends[before] + 1);
                start..ends[index] + 1
            };
            let mut left: Vec<usize> = (0..ends.len()).collect();
            let mut arrived = BTreeSet::new();
            let (mut mark, mut counted) = (Mark::default(), 0);
            while !left.is_empty() {
                for _ in 0..at_once.min(left.len()) {
                    let index = *order.select(&left);
                    left.retain(|other| *other != index);
                    arrived.extend(range(index));
                    acks.acknowledge(tickets[index], one(1));
                }
                while let Some(taken) = acks.take() {
                    prop_assert!(taken.position >= mark.position);
                    counted += taken.sums.delivered;
                    mark.extend(taken);
                }
                let run = (0..).take_while(|position| arrived.contains(position)).count();
                prop_assert_eq!(mark.position, run as u64);
                let ahead: BTreeSet<u64> = mark.ahead.iter().flatten().collect();
                prop_assert!(ahead.is_subset(&arrived));
                let waits = acks.not_taken().delivered;
                prop_assert_eq!(acks.len(), left.len() + waits as usize);
                prop_assert_eq!(counted + waits, (ends.len() - left.len()) as u64);
                // Only a full one lets anything wait.
                prop_assert!(waits == 0 || mark.ahead.len() == Ahead::MOST);
                prop_assert!(mark.ahead.len() <= left.len());
                if waits == 0 {
                    let behind = arrived.range(mark.position..).copied();
                    prop_assert_eq!(ahead, behind.collect::<BTreeSet<u64>>());
                }
            }
            prop_assert!(acks.is_empty());
            prop_assert_eq!(mark.sums.delivered, counted);
        }
    }
}
