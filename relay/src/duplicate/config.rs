//! The window's settings, and how its memory is divided.

use std::time::Duration;

/// Settings of the window of duplicates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// So long an id is remembered, if memory and disk allow. Default 7 days, as long as
    /// the tracker keeps an event that it could not send.
    pub horizon: Duration,
    /// Bytes of memory for the window. Default 64 MiB, which hold about 28 million ids;
    /// their files take 16 bytes an id.
    pub memory: u64,
}

impl Config {
    /// The least memory that works with requests of thousands of events.
    pub const LEAST_MEMORY: u64 = 1 << 20;
}

impl Default for Config {
    fn default() -> Self {
        Self {
            horizon: Duration::from_secs(7 * 86_400),
            memory: 64 << 20,
        }
    }
}

/// So many generations are held at most. One holds at most a seventh of the horizon, so
/// that seven whole ones and the growing one always span it.
pub const GENERATIONS: usize = 8;

/// Bits of a filter for each id.
pub const FILTER_BITS: u64 = 12;

/// How the memory is divided: three eighths for the recent ids, the rest for the filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Slots of the table of recent ids.
    pub slots: usize,
    /// Ids in a generation.
    pub generation_ids: u64,
    /// Bytes of all generations: filters and where the pages of their files begin.
    pub generations: u64,
}

impl Budget {
    /// For so many bytes of memory.
    #[must_use]
    pub fn new(memory: u64) -> Self {
        // A slot takes 24 bytes; three in four hold an id, whose key also waits for its
        // file, in a list that may have grown to twice its length.
        let slots = usize::try_from(memory * 3 / 8 / 48).unwrap_or(usize::MAX);
        let generations = memory * 5 / 8;
        // A quarter of a bit for the first key of each page.
        let bits = generations / GENERATIONS as u64 * 8;
        Self {
            slots: 1 << slots.max(64).ilog2(),
            generation_ids: (bits * 4 / (4 * FILTER_BITS + 1)).max(1),
            generations,
        }
    }

    /// So many recent ids are held at most.
    #[must_use]
    pub fn most_recent(&self) -> usize {
        self.slots / 4 * 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_holds_what_its_documentation_says() {
        let budget = Budget::new(Config::default().memory);
        assert_eq!(budget.slots, 1 << 19);
        let ids = budget.generation_ids * GENERATIONS as u64;
        assert!((27_000_000..29_000_000).contains(&ids), "{ids}");
    }

    #[test]
    fn the_parts_fit_into_the_whole() {
        for shift in 14..36 {
            let memory = 3 << shift;
            let budget = Budget::new(memory);
            assert!(budget.slots as u64 * 48 + budget.generations <= memory);
        }
    }
}
