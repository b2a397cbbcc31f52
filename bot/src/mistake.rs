//! Events wrong on purpose: so many of so many, scattered by chance.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Draws which events lack both ids, so that exactly the number asked for do.
#[derive(Debug, Clone)]
pub struct Mistakes {
    random: ChaCha8Rng,
    wrong: u64,
    left: u64,
}

impl Mistakes {
    /// `wrong` of the next `count` events; `wrong` is at most `count`.
    #[must_use]
    pub fn new(wrong: u64, count: u64, random: ChaCha8Rng) -> Self {
        Self {
            random,
            wrong,
            left: count,
        }
    }

    /// Whether the next event is one of them.
    pub fn without_ids(&mut self) -> bool {
        let wrong = self.wrong > 0 && self.random.random_range(0..self.left.max(1)) < self.wrong;
        self.wrong -= u64::from(wrong);
        self.left = self.left.saturating_sub(1);
        wrong
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn exactly_as_many_as_asked_for_are_wrong_and_they_are_scattered() {
        for seed in 0..50 {
            for (wrong, count) in [(0, 10), (1, 10), (10, 10), (37, 100)] {
                let mut mistakes = Mistakes::new(wrong, count, ChaCha8Rng::seed_from_u64(seed));
                let drawn: Vec<bool> = (0..count).map(|_| mistakes.without_ids()).collect();
                assert_eq!(drawn.iter().filter(|wrong| **wrong).count() as u64, wrong);
                assert!(!mistakes.without_ids(), "none after the last");
            }
        }
        let first = |seed| {
            let mut mistakes = Mistakes::new(1, 100, ChaCha8Rng::seed_from_u64(seed));
            (0..100).position(|_| mistakes.without_ids())
        };
        let places: std::collections::HashSet<_> = (0..50).map(first).collect();
        assert!(places.len() > 20);
    }
}
