//! What is delivered above the low mark: ranges of positions behind a gap.
//!
//! While one delivery hangs, those behind it arrive. A checkpoint that names them holds them as
//! durable as what is below its position, so that nothing of them is sent again. Neighbours are
//! one range: there are never more ranges than gaps.

use std::fmt;
use std::ops::Range;

/// Ranges of positions, ascending, none empty, none beside or within another one; at most
/// [`Ahead::MOST`].
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Ahead {
    count: usize,
    /// Start and end of each; those behind the count are (0, 0).
    ranges: [(u64, u64); Ahead::MOST],
}

impl Ahead {
    /// So many ranges at most: with them a checkpoint still lies within one sector of a disk.
    pub const MOST: usize = 16;

    /// These ranges, if they are as they must be.
    #[must_use]
    pub fn of(ranges: &[Range<u64>]) -> Option<Self> {
        let mut found = Self {
            count: ranges.len(),
            ..Self::default()
        };
        let mut free = 1;
        for (place, range) in ranges.iter().enumerate() {
            if range.start < free || range.is_empty() {
                return None;
            }
            *found.ranges.get_mut(place)? = (range.start, range.end);
            free = range.end + 1;
        }
        Some(found)
    }

    /// The ranges, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        let ranges = self.ranges.iter().take(self.count);
        ranges.map(|(start, end)| *start..*end)
    }

    /// How many they are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether this position lies in one of them.
    #[must_use]
    pub fn contains(&self, position: u64) -> bool {
        self.iter().any(|range| range.contains(&position))
    }

    /// The first position from this one on that lies in none of them.
    #[must_use]
    pub fn behind(&self, position: u64) -> u64 {
        let around = self.iter().find(|range| range.contains(&position));
        around.map_or(position, |range| range.end)
    }

    /// Takes a range in, unless they would be too many: then nothing changes, and it says no.
    #[must_use]
    pub fn add(&mut self, range: Range<u64>) -> bool {
        let mut merged = range;
        let mut ranges = Vec::with_capacity(self.count + 1);
        for one in self.iter() {
            if one.end < merged.start || merged.end < one.start {
                ranges.push(one);
            } else {
                merged = merged.start.min(one.start)..merged.end.max(one.end);
            }
        }
        ranges.push(merged);
        ranges.sort_unstable_by_key(|range| range.start);
        let added = Self::of(&ranges);
        *self = added.unwrap_or(*self);
        added.is_some()
    }

    /// The low mark comes to this position. Forgets what is below, and says how far the mark
    /// really is: behind the range that begins there or before.
    #[must_use]
    pub fn pass(&mut self, position: u64) -> u64 {
        let position = self.behind(position);
        let left: Vec<_> = self.iter().filter(|one| one.start > position).collect();
        *self = Self::of(&left).unwrap_or_default();
        position
    }
}

impl fmt::Debug for Ahead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_that_are_not_as_they_must_be_are_none() {
        for wrong in [
            vec![5..5],
            vec![0..3],
            vec![5..7, 7..9],
            vec![5..7, 6..9],
            vec![8..9, 5..6],
            (1..=17).map(|at| 3 * at..3 * at + 1).collect(),
        ] {
            assert_eq!(Ahead::of(&wrong), None, "{wrong:?}");
        }
        let most: Vec<_> = (1..=16).map(|at| 3 * at..3 * at + 1).collect();
        assert_eq!(Ahead::of(&most).unwrap().len(), 16);
    }

    #[test]
    fn one_too_many_changes_nothing_and_one_between_two_makes_room() {
        let most: Vec<_> = (1..=16).map(|at| 3 * at..3 * at + 1).collect();
        let mut ahead = Ahead::of(&most).unwrap();
        let before = ahead;
        assert!(!ahead.add(100..101));
        assert_eq!(ahead, before);
        assert!(ahead.add(4..6));
        assert_eq!((ahead.len(), ahead.iter().next()), (15, Some(3..7)));
        assert!(ahead.add(100..101));
        assert_eq!(ahead.pass(3), 7);
        assert_eq!((ahead.len(), ahead.iter().next()), (15, Some(9..10)));
        assert_eq!(ahead.pass(101), 101);
        assert!(ahead.is_empty());
    }

    proptest! {
        /// They are a set of positions, whatever is added and passed in whatever order.
        #[test]
        fn they_are_the_positions_that_were_added(
            steps in prop::collection::vec((1_u64..60, 1_u64..8, any::<bool>()), 1..40),
        ) {
            let (mut ahead, mut model) = (Ahead::default(), BTreeSet::new());
            for (start, length, passes) in steps {
                if passes {
                    let mut mark = start;
                    while model.contains(&mark) {
                        mark += 1;
                    }
                    prop_assert_eq!(ahead.pass(start), mark);
                    model.retain(|position| *position >= mark);
                } else if ahead.add(start..start + length) {
                    model.extend(start..start + length);
                }
                let found: BTreeSet<u64> = ahead.iter().flatten().collect();
                prop_assert_eq!(&found, &model);
                for position in 0..70 {
                    prop_assert_eq!(ahead.contains(position), model.contains(&position));
                }
                let ranges: Vec<_> = ahead.iter().collect();
                prop_assert_eq!(Ahead::of(&ranges), Some(ahead));
            }
        }
    }
}
