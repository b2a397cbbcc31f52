//! Every random choice of a run comes from one seed, by streams that do not disturb each other.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A run's randomness.
#[derive(Clone, Debug)]
pub struct Chance {
    /// The seed of all choices.
    pub seed: u64,
    /// What sets this run's ids apart from every other run's.
    pub run: String,
}

/// What a stream is for. Streams from 0 up are the crowd's and its visitors'.
#[derive(Clone, Copy, Debug)]
pub enum Use {
    /// The pauses.
    Pace = 1,
    /// Which events are wrong.
    Mistakes,
    /// Back-off.
    Jitter,
    /// What is clicked in a browser.
    Clicks,
}

impl Chance {
    /// The run of a seed. `entropy` is fresh randomness: it makes up what is not given, and
    /// the run's id, unless the run is to `repeat` to the byte.
    #[must_use]
    pub fn new(seed: Option<u64>, repeat: bool, entropy: [u8; 24]) -> Self {
        let [a, b, c, d, e, f, g, h, rest @ ..] = entropy;
        let seed = seed.unwrap_or(u64::from_le_bytes([a, b, c, d, e, f, g, h]) >> 16);
        let run = if repeat {
            format!("seed-{seed}")
        } else {
            rest.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        Self { seed, run }
    }

    /// The stream of one of several that do the same, counted from 0.
    #[must_use]
    pub fn visitor(&self, of: Use, number: u64) -> ChaCha8Rng {
        let mut random = self.stream(of);
        random.set_stream(u64::MAX - (1 << 32) * (of as u64 + 1) - number);
        random
    }

    /// The stream for one use.
    #[must_use]
    pub fn stream(&self, of: Use) -> ChaCha8Rng {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(u64::MAX - of as u64);
        random
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rand::Rng;

    use super::*;

    #[test]
    fn no_two_uses_share_a_stream() {
        let chance = Chance::new(Some(1), true, [0; 24]);
        let uses = [Use::Pace, Use::Mistakes, Use::Jitter, Use::Clicks];
        let mut first = HashSet::new();
        for of in uses {
            assert!(first.insert(chance.stream(of).next_u64()));
            for number in 0..100 {
                assert!(first.insert(chance.visitor(of, number).next_u64()));
            }
        }
        for number in 1..=100 {
            assert!(first.insert(crate::visitor::Visitor::new(1, number).1.next_u64()));
        }
    }

    #[test]
    fn a_run_is_named_anew_unless_it_is_to_repeat() {
        let name = |seed, repeat, entropy| Chance::new(seed, repeat, [entropy; 24]).run;
        assert_ne!(name(Some(1), false, 1), name(Some(1), false, 2));
        assert_eq!(name(Some(1), true, 1), name(Some(1), true, 2));
        assert_ne!(
            Chance::new(None, false, [1; 24]).seed,
            Chance::new(None, false, [2; 24]).seed
        );
    }
}
