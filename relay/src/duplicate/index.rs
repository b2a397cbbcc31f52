//! Recent ids, under the queue's lock: on their way, or durable and not yet in a file.

use std::mem;

use super::DuplicateKey;
use super::config::Budget;
use super::recent::Recent;

/// Ids that are durable and go into a file together.
#[derive(Debug, Default)]
pub struct Batch {
    /// Their keys.
    pub keys: Vec<DuplicateKey>,
    /// The lowest of their positions.
    pub first: u64,
    /// Above all their positions: of the records below it no id is left out.
    pub until: u64,
}

/// The recent ids.
#[derive(Debug)]
pub struct Index {
    recent: Recent,
    /// Durable ids in the order of their positions.
    unfiled: Vec<DuplicateKey>,
    /// The position of the first of them.
    first: u64,
    /// The ids of all records below this position are in files.
    filed: u64,
    /// How many ids were freed: their events did not become durable.
    freed: u64,
    /// A segment was ended: its ids should go into a file.
    pub ended: bool,
}

impl Default for Index {
    fn default() -> Self {
        Self::new(&Budget::new(0), 0)
    }
}

impl Index {
    /// Empty, when the ids of all records below `filed` are in files.
    #[must_use]
    pub fn new(budget: &Budget, filed: u64) -> Self {
        Self {
            recent: Recent::new(budget.slots),
            unfiled: Vec::new(),
            first: 0,
            filed,
            freed: 0,
            ended: false,
        }
    }

    /// The position of the event with this id, if it is a recent one.
    #[must_use]
    pub fn position(&self, key: DuplicateKey) -> Option<u64> {
        self.recent.position(key)
    }

    /// What comes before many calls of [`Index::position`], to make them quick.
    pub fn fetch(&self, keys: impl Iterator<Item = DuplicateKey>) {
        self.recent.fetch(keys);
    }

    /// Whether so many more ids fit.
    #[must_use]
    pub fn has_room(&self, ids: usize) -> bool {
        ids <= self.recent.room()
    }

    /// An event with this id is on its way to this position.
    pub fn insert(&mut self, key: DuplicateKey, position: u64) {
        self.recent.insert(key, position);
    }

    /// The event did not become durable: its id is free again.
    pub fn remove(&mut self, key: DuplicateKey, position: u64) {
        self.freed += u64::from(self.recent.remove(key, position));
    }

    /// How many ids were ever freed.
    #[must_use]
    pub fn freed(&self) -> u64 {
        self.freed
    }

    /// The event at this position is durable.
    pub fn settle(&mut self, key: DuplicateKey, position: u64) {
        if self.unfiled.is_empty() {
            self.first = position;
        }
        self.unfiled.push(key);
    }

    /// The durable ids, to be put into a file; `durable`: all records below it have settled.
    pub fn take_batch(&mut self, durable: u64) -> Batch {
        self.ended = false;
        Batch {
            keys: mem::take(&mut self.unfiled),
            first: self.first,
            until: durable,
        }
    }

    /// The ids of all records below this position are in files now.
    pub fn set_filed(&mut self, filed: u64) {
        self.filed = filed;
    }

    /// See [`Index::set_filed`].
    #[must_use]
    pub fn filed(&self) -> u64 {
        self.filed
    }

    /// Ids that are in a file need no room here.
    pub fn forget_filed(&mut self, keys: &[DuplicateKey]) {
        for key in keys {
            self.recent.remove_below(*key, self.filed);
        }
    }

    /// Whether ids should go into a file before the table is full.
    #[must_use]
    pub fn half_full(&self) -> bool {
        self.recent.half_full() && !self.unfiled.is_empty()
    }

    /// How many ids it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.recent.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.recent.is_empty()
    }

    /// Its bytes in memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.recent.bytes() + (self.unfiled.capacity() * size_of::<DuplicateKey>()) as u64
    }
}
