//! What the id files hold, as one sees it who asks: without a lock, at one moment.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::DuplicateKey;
use super::filter::Filter;
use super::id_file::IdFile;

/// Ids of one stretch of time: one filter, some files.
#[derive(Debug, Clone)]
pub struct Generation {
    /// Grows by one with each.
    pub number: u64,
    /// Knows the ids of all its files.
    pub filter: Arc<Filter>,
    /// Oldest first; at least one.
    pub files: Vec<Arc<IdFile>>,
}

impl Generation {
    /// How many ids its files hold.
    #[must_use]
    pub fn ids(&self) -> u64 {
        self.files.iter().map(|file| file.head.count).sum()
    }

    /// Its bytes in memory.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        let fences = self.files.iter().map(|file| file.memory_bytes());
        self.filter.bytes() + fences.sum::<u64>()
    }

    /// The highest clock reading when its last id became durable.
    #[must_use]
    pub fn until_ms(&self) -> u64 {
        let readings = self.files.iter().map(|file| file.head.until_ms);
        readings.max().unwrap_or(0)
    }

    /// The clock reading when it was begun.
    #[must_use]
    pub fn begun_ms(&self) -> u64 {
        let readings = self.files.iter().map(|file| file.head.begun_ms);
        readings.min().unwrap_or(0)
    }

    fn holds(&self, key: DuplicateKey) -> bool {
        self.filter.may_hold(key) && self.files.iter().rev().any(|file| file.holds(key))
    }
}

/// All generations at one moment.
#[derive(Debug, Default)]
pub struct View {
    /// The ids of all records below this position are in files, or no longer remembered.
    pub filed: u64,
    /// Oldest first.
    pub generations: Vec<Generation>,
}

impl View {
    /// Which of the keys, by number, may be in a file. Touches memory only.
    #[must_use]
    pub fn suspects(
        &self,
        keys: impl Iterator<Item = DuplicateKey> + Clone,
    ) -> Vec<(usize, DuplicateKey)> {
        if self.generations.is_empty() {
            return Vec::new();
        }
        for generation in &self.generations {
            generation.filter.fetch(keys.clone());
        }
        keys.enumerate()
            .filter(|(_, key)| {
                let mut filters = self.generations.iter().map(|one| &one.filter);
                filters.any(|filter| filter.may_hold(*key))
            })
            .collect()
    }

    /// Whether the key is in a file. Reads a page for each that may hold it.
    #[must_use]
    pub fn holds(&self, key: DuplicateKey) -> bool {
        self.generations.iter().rev().any(|one| one.holds(key))
    }

    /// The files.
    pub fn files(&self) -> impl Iterator<Item = &Arc<IdFile>> {
        self.generations.iter().flat_map(|one| &one.files)
    }
}

/// The view that holds at the moment, and what is counted beside it.
#[derive(Debug, Default)]
pub struct Window {
    view: Mutex<Arc<View>>,
    /// Files that damage was met in and that are no longer in the view.
    pub rot: AtomicU64,
    /// Generations that left before the horizon had passed.
    pub shortened: AtomicU64,
    /// Since this clock reading no id is missing; 0: since ever.
    pub since_ms: AtomicU64,
}

impl Window {
    /// The view that holds now.
    #[must_use]
    pub fn view(&self) -> Arc<View> {
        Arc::clone(&self.view.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on this one holds.
    pub fn publish(&self, view: View) {
        *self.view.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
    }

    /// How many files damage was met in.
    #[must_use]
    pub fn rot(&self) -> u64 {
        let view = self.view();
        let damaged = view.files().filter(|file| file.is_damaged()).count();
        self.rot.load(Ordering::Relaxed) + damaged as u64
    }

    /// The horizon that holds at this clock reading, if `wanted` is the one that is set.
    #[must_use]
    pub fn horizon_ms(&self, wanted_ms: u64, now_ms: u64) -> u64 {
        match self.since_ms.load(Ordering::Relaxed) {
            0 => wanted_ms,
            since => wanted_ms.min(now_ms.saturating_sub(since)),
        }
    }
}
