//! The events that came last, bounded in number and bytes. What leaves is counted, so that a watcher
//! who comes too late for it can be told how many it missed.

use std::collections::VecDeque;
use std::sync::Arc;

use super::filter::{Filter, Start};
use super::item::{Id, Item};

/// Bounds of the ring.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Most events.
    pub items: usize,
    /// Most bytes of them.
    pub bytes: usize,
}

/// Numbered from the first event that was seen, those that were skipped included.
#[derive(Debug)]
pub struct Ring {
    bounds: Bounds,
    items: VecDeque<(u64, Arc<Item>)>,
    bytes: usize,
    /// The number of the next event.
    next: u64,
    /// The newest id ever held.
    newest: Id,
}

/// Where a watcher is: the number of the next event that it wants.
pub type Place = u64;

impl Ring {
    /// An empty one.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            items: VecDeque::new(),
            bytes: 0,
            next: 0,
            newest: Id::default(),
        }
    }

    /// Takes the next event in; the oldest leave for it.
    pub fn push(&mut self, item: Item) {
        self.newest = item.id;
        self.bytes += item.bytes();
        self.items.push_back((self.next, Arc::new(item)));
        self.next += 1;
        while self.items.len() > self.bounds.items || self.bytes > self.bounds.bytes {
            let Some((_, oldest)) = self.items.pop_front() else {
                break;
            };
            self.bytes -= oldest.bytes();
        }
    }

    /// Counts events that nobody will see: they came faster than they can be shown.
    pub fn skip(&mut self, count: u64) {
        self.next += count;
    }

    /// The newest id ever held.
    #[must_use]
    pub fn newest(&self) -> Id {
        self.newest
    }

    /// Whether it never held anything.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.next == 0
    }

    /// The place where a watcher begins, and how many events after its last one are held no more.
    #[must_use]
    pub fn begin(&self, start: Start, filter: &Filter) -> (Place, u64) {
        let first = self.items.front().map_or(self.next, |(number, _)| *number);
        match start {
            Start::Now => (self.next, 0),
            Start::Last(count) => {
                let shown = self
                    .items
                    .iter()
                    .rev()
                    .filter(|(_, item)| filter.shows(item));
                let place = shown.take(count).last().map(|(number, _)| *number);
                (place.unwrap_or(self.next), 0)
            }
            // Another spool's id: nothing here stands after it, all of it is new to this watcher.
            Start::After(id) if id.position > self.newest.position => (first, 0),
            Start::After(id) => match self.items.partition_point(|(_, item)| item.id <= id) {
                0 => {
                    let front = self.items.front().map(|(_, item)| item.id.position);
                    // Positions number the events; at most so many stood between.
                    let missed = front.map_or(0, |front| {
                        front.saturating_sub(id.position).saturating_sub(1)
                    });
                    (first, missed)
                }
                index => match self.items.get(index - 1) {
                    Some((number, _)) => (number + 1, 0),
                    None => (self.next, 0),
                },
            },
        }
    }

    /// The next event at or after `place`, and how many between were skipped or have left.
    #[must_use]
    pub fn at(&self, place: Place) -> (Option<&Arc<Item>>, u64) {
        let index = self.items.partition_point(|(number, _)| *number < place);
        match self.items.get(index) {
            Some((number, item)) => (Some(item), number - place),
            None => (None, self.next.saturating_sub(place)),
        }
    }

    /// How many events it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::item::Summary;

    fn item(position: u64, bytes: usize) -> Item {
        Item {
            id: Id {
                position,
                rejection: 0,
            },
            received_at: 0,
            durable_at: None,
            summary: Summary::default(),
            line: Some("x".repeat(bytes)),
            rejection: None,
        }
    }

    fn ring(items: usize) -> Ring {
        Ring::new(Bounds {
            items,
            bytes: 100 << 10,
        })
    }

    /// Positions seen and events missed, from a place on.
    fn seen(ring: &Ring, (mut place, mut missed): (Place, u64)) -> (Vec<u64>, u64) {
        let mut positions = Vec::new();
        loop {
            let (item, gap) = ring.at(place);
            missed += gap;
            place += gap;
            let Some(item) = item else {
                return (positions, missed);
            };
            positions.push(item.id.position);
            place += 1;
        }
    }

    #[test]
    fn a_watcher_goes_on_where_it_was_and_hears_what_left() {
        let mut ring = ring(4);
        for position in 1..=10 {
            ring.push(item(position, 10));
        }
        let after = |position| {
            let id = Id {
                position,
                rejection: 0,
            };
            seen(&ring, ring.begin(Start::After(id), &Filter::default()))
        };
        assert_eq!(after(8), (vec![9, 10], 0));
        assert_eq!(after(10), (vec![], 0));
        assert_eq!(after(6), (vec![7, 8, 9, 10], 0));
        assert_eq!(after(2), (vec![7, 8, 9, 10], 4));
        assert_eq!(after(0), (vec![7, 8, 9, 10], 6));
        // Of another spool.
        assert_eq!(after(99), (vec![7, 8, 9, 10], 0));
        let start = |start| seen(&ring, ring.begin(start, &Filter::default()));
        assert_eq!(start(Start::Now), (vec![], 0));
        assert_eq!(start(Start::Last(2)), (vec![9, 10], 0));
        assert_eq!(start(Start::Last(99)), (vec![7, 8, 9, 10], 0));
        // From a place that was good once.
        assert_eq!(seen(&ring, (1, 0)), (vec![7, 8, 9, 10], 5));
    }

    #[test]
    fn what_was_skipped_is_missed_where_it_stood() {
        let mut ring = ring(10);
        ring.push(item(1, 10));
        ring.skip(7);
        ring.push(item(9, 10));
        ring.skip(2);
        let id = Id {
            position: 1,
            rejection: 0,
        };
        let begun = ring.begin(Start::After(id), &Filter::default());
        assert_eq!(seen(&ring, begun), (vec![9], 9));
    }

    #[test]
    fn bytes_are_bounded_too() {
        let mut ring = ring(1000);
        for position in 1..=100 {
            ring.push(item(position, 10 << 10));
        }
        assert!((5..10).contains(&ring.len()), "{}", ring.len());
        assert!(!ring.is_empty() && !ring.is_new());
        assert_eq!(ring.newest().position, 100);
    }
}
