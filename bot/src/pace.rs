//! How long to wait before the next: a random pause, or an even rate.

use std::time::Duration;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// The shortest wait at a fixed rate. What falls due within it is made together, since
/// a timer an event would cost more than the event.
const BLOCK: Duration = Duration::from_millis(10);

/// What sets the pace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// A pause drawn anew before each, from none to this; zero means none ever.
    Pause(Duration),
    /// So many a second, evenly.
    Rate(f64),
}

impl Pace {
    /// A pause for one of several that each keep a pace of their own.
    #[must_use]
    pub fn pause(self, random: &mut ChaCha8Rng) -> Duration {
        match self {
            Self::Pause(longest) if longest.is_zero() => Duration::ZERO,
            Self::Pause(longest) => {
                let nanos = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
                Duration::from_nanos(random.random_range(0..=nanos))
            }
            Self::Rate(rate) => Duration::from_secs_f64(1.0 / rate),
        }
    }
}

/// A pace being kept.
#[derive(Debug)]
pub struct Walker {
    pace: Pace,
    random: ChaCha8Rng,
    made: u64,
}

/// What to do before the next event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// How long to wait for it in truth.
    pub wait: Duration,
    /// How much later than the one before it happens, on a clock that is not the real one.
    pub later: Duration,
}

impl Walker {
    /// Starts to keep a pace.
    #[must_use]
    pub fn new(pace: Pace, random: ChaCha8Rng) -> Self {
        Self {
            pace,
            random,
            made: 0,
        }
    }

    /// The step before the next event, `elapsed` after the start.
    pub fn step(&mut self, elapsed: Duration) -> Step {
        match self.pace {
            Pace::Pause(_) => {
                let pause = self.pace.pause(&mut self.random);
                Step {
                    wait: pause,
                    later: pause,
                }
            }
            Pace::Rate(rate) => {
                #[allow(clippy::cast_precision_loss, reason = "2^53 events are far away")]
                let due = Duration::from_secs_f64(self.made as f64 / rate);
                self.made += 1;
                let wait = due.saturating_sub(elapsed);
                Step {
                    wait: if wait.is_zero() {
                        wait
                    } else {
                        wait.max(BLOCK)
                    },
                    later: Duration::from_secs_f64(1.0 / rate),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn random(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }

    #[test]
    fn pauses_are_drawn_anew_and_evenly_between_none_and_the_longest() {
        let longest = Duration::from_secs(2);
        let mut walker = Walker::new(Pace::Pause(longest), random(1));
        let waits: Vec<_> = (0..10_000)
            .map(|_| walker.step(Duration::ZERO).wait)
            .collect();
        assert!(waits.iter().all(|wait| *wait <= longest));
        let distinct: std::collections::HashSet<_> = waits.iter().collect();
        assert!(distinct.len() > 9_990, "{} distinct", distinct.len());
        // Each tenth of the range gets its share: 1,000 ± 5 standard deviations.
        for tenth in 0..10 {
            let from = longest * tenth / 10;
            let to = longest * (tenth + 1) / 10;
            let share = waits
                .iter()
                .filter(|wait| **wait >= from && **wait < to)
                .count();
            assert!((850..1_150).contains(&share), "{share} in tenth {tenth}");
        }
    }

    #[test]
    fn a_longest_pause_of_zero_means_none() {
        let mut walker = Walker::new(Pace::Pause(Duration::ZERO), random(1));
        assert!((0..1_000).all(|_| walker.step(Duration::ZERO).wait.is_zero()));
    }

    #[test]
    fn the_same_seed_makes_the_same_pauses() {
        let draw = |seed| {
            let mut walker = Walker::new(Pace::Pause(Duration::from_secs(1)), random(seed));
            (0..100)
                .map(|_| walker.step(Duration::ZERO).wait)
                .collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn a_rate_is_kept_even_when_a_wait_was_too_long() {
        let mut walker = Walker::new(Pace::Rate(1_000.0), random(1));
        let mut elapsed = Duration::ZERO;
        for made in 0..5_000_u32 {
            let wait = walker.step(elapsed).wait;
            assert!(wait.is_zero() || wait >= BLOCK, "waits are worth a timer");
            // A timer that is late by half as much again.
            elapsed += wait * 3 / 2;
            let due = Duration::from_millis(u64::from(made));
            assert!(
                elapsed + BLOCK * 2 >= due && elapsed <= due + BLOCK * 2,
                "{made} at {elapsed:?}"
            );
        }
    }
}
