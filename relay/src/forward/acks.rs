//! Acknowledgements come out of order; what may be forgotten is a low mark. This type turns
//! the one into the other.

use std::collections::VecDeque;

use crate::spool::Refused;

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

/// Names a range that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket(u64);

/// How far everything is acknowledged without a gap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LowMark {
    /// Every position below is acknowledged.
    pub position: u64,
    /// Of what the mark has passed since it was last taken.
    pub sums: Sums,
    /// How many ranges that were.
    pub ranges: usize,
    /// What the stream refuses in them, in the order of its positions: to be set aside before
    /// the mark counts.
    pub refused: Vec<Refused>,
}

impl LowMark {
    /// Goes on to a later one.
    pub fn extend(&mut self, later: Self) {
        self.position = later.position;
        self.sums.add(later.sums);
        self.ranges += later.ranges;
        self.refused.extend(later.refused);
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

#[derive(Debug)]
struct Range {
    last: u64,
    done: Option<Done>,
}

/// Ranges of positions that are on their way, in their order.
#[derive(Debug, Default)]
pub struct Acks {
    first: u64,
    ranges: VecDeque<Range>,
}

impl Acks {
    /// A range that ends at this position is on its way. Ranges are begun in the order of
    /// their positions and do not overlap.
    pub fn begin(&mut self, last: u64) -> Ticket {
        let number = self.first + self.ranges.len() as u64;
        self.ranges.push_back(Range { last, done: None });
        Ticket(number)
    }

    /// The range has arrived. Said twice it counts once.
    pub fn acknowledge(&mut self, ticket: Ticket, done: Done) {
        let index = ticket.0.checked_sub(self.first).map(usize::try_from);
        if let Some(Ok(index)) = index
            && let Some(range) = self.ranges.get_mut(index)
        {
            range.done.get_or_insert(done);
        }
    }

    /// Takes what is acknowledged without a gap, if that is more than before.
    pub fn take_low_mark(&mut self) -> Option<LowMark> {
        let mut mark: Option<LowMark> = None;
        while let Some(Range {
            last,
            done: Some(done),
        }) = self.ranges.front_mut()
        {
            let Done { sums, refused } = std::mem::take(done);
            mark.get_or_insert_default().extend(LowMark {
                position: *last + 1,
                sums,
                ranges: 1,
                refused,
            });
            self.ranges.pop_front();
            self.first += 1;
        }
        mark
    }

    /// What has arrived behind a gap: no low mark tells of it yet.
    #[must_use]
    pub fn behind_a_gap(&self) -> Sums {
        let mut sums = Sums::default();
        for done in self.ranges.iter().filter_map(|range| range.done.as_ref()) {
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
    use super::*;
    use proptest::prelude::*;

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
    fn a_late_range_holds_the_mark() {
        let mut acks = Acks::default();
        let (first, second) = (acks.begin(9), acks.begin(20));
        acks.acknowledge(second, one(5));
        assert_eq!(acks.take_low_mark(), None);
        assert_eq!(acks.behind_a_gap(), sums(5));
        acks.acknowledge(first, one(7));
        acks.acknowledge(first, one(100));
        let mark = acks.take_low_mark().unwrap();
        assert_eq!((mark.position, mark.ranges), (21, 2));
        assert_eq!((mark.sums.delivered, mark.sums.bytes), (2, 12));
        assert_eq!(acks.take_low_mark(), None);
        acks.acknowledge(second, one(1));
        assert!(acks.is_empty());
    }

    proptest! {
        /// In any order of arrivals the mark is the end of the longest unbroken run from the
        /// start, it never falls, and its sums are those of that run.
        #[test]
        fn the_mark_is_the_unbroken_run(
            gaps in prop::collection::vec(1_u64..5, 1..40),
            order in any::<prop::sample::Selector>(),
            at_once in 1_usize..5,
        ) {
            let mut last = 0;
            let mut acks = Acks::default();
            let ends: Vec<u64> = gaps.iter().map(|gap| { last += gap; last }).collect();
            let tickets: Vec<Ticket> = ends.iter().map(|end| acks.begin(*end)).collect();
            let mut left: Vec<usize> = (0..ends.len()).collect();
            let mut done = vec![false; ends.len()];
            let (mut position, mut sums) = (0, 0);
            while !left.is_empty() {
                for _ in 0..at_once.min(left.len()) {
                    let index = *order.select(&left);
                    left.retain(|other| *other != index);
                    done[index] = true;
                    acks.acknowledge(tickets[index], one(1));
                }
                if let Some(mark) = acks.take_low_mark() {
                    prop_assert!(mark.position > position);
                    position = mark.position;
                    sums += mark.sums.delivered;
                }
                let run = done.iter().take_while(|done| **done).count();
                prop_assert_eq!(position, if run == 0 { 0 } else { ends[run - 1] + 1 });
                prop_assert_eq!(sums, run as u64);
                prop_assert_eq!(acks.len(), ends.len() - run);
            }
            prop_assert!(acks.is_empty());
        }
    }
}
