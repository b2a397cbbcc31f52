//! What goes wrong on purpose, so that a producer can be tried against it.

mod pace;

pub use pace::Paces;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// How often each fault happens: shares of 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// A call answered 500 `ServiceUnavailableException`, `Slow down.`; nothing is taken.
    pub throttle: f64,
    /// A record of a batch that fails, with the others taken and the call answered 200.
    pub fail: f64,
    /// A connection cut before the call is looked at.
    pub cut: f64,
    /// A connection cut after the call was taken: the answer is lost.
    pub lost: f64,
    /// A call that is looked at only after [`Self::delay`], whatever else befalls it.
    pub slow: f64,
    /// How late a slow call is, seconds; at most an hour.
    pub delay: f64,
    /// Calls of each control operation a second in each region; more are answered 400
    /// `ThrottlingException`. 0 takes all. At AWS it is 5.
    pub control: f64,
    /// The same seed draws the same faults for the same calls.
    pub seed: u64,
}

impl Default for Rates {
    /// Nothing goes wrong.
    fn default() -> Self {
        Self {
            throttle: 0.0,
            fail: 0.0,
            cut: 0.0,
            lost: 0.0,
            slow: 0.0,
            delay: 1.0,
            control: 0.0,
            seed: 0,
        }
    }
}

impl fmt::Display for Rates {
    /// In the form that [`Self::from_str`] reads, every rate named.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            throttle,
            fail,
            cut,
            lost,
            slow,
            delay,
            control,
            seed,
        } = self;
        write!(
            f,
            "throttle={throttle},fail={fail},cut={cut},lost={lost},slow={slow},delay={delay},control={control},seed={seed}"
        )
    }
}

/// Why a text is no [`Rates`].
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RatesError {
    /// A part without `=`, or an unknown name.
    #[error(
        "`{0}` is no fault: write throttle, fail, cut, lost, slow, delay, control or seed with a value, as in throttle=0.05,fail=0.05,cut=0.01,lost=0.02,seed=1"
    )]
    Unknown(String),
    /// Not a share.
    #[error("`{0}`: a share is a number from 0 to 1, such as 0.05")]
    Share(String),
    /// More calls than there are.
    #[error(
        "throttle, cut and lost are shares of the same calls and add up to {0}: let them add up to 1 at most"
    )]
    Sum(f64),
    /// Not a time.
    #[error("`{0}`: the delay is a number of seconds from 0 to 3600, such as 2.5")]
    Delay(String),
    /// Not a rate.
    #[error("`{0}`: control is a number of calls a second from 0 to 1000, such as 5; 0 takes all")]
    Control(String),
    /// Not a whole number.
    #[error("`{0}`: the seed is a whole number")]
    Seed(String),
}

impl FromStr for Rates {
    type Err = RatesError;

    fn from_str(text: &str) -> Result<Self, RatesError> {
        let mut rates = Self::default();
        for part in text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let unknown = || RatesError::Unknown(part.to_owned());
            let (name, value) = part.split_once('=').ok_or_else(unknown)?;
            let rate = match name {
                "throttle" => &mut rates.throttle,
                "fail" => &mut rates.fail,
                "cut" => &mut rates.cut,
                "lost" => &mut rates.lost,
                "slow" => &mut rates.slow,
                "delay" => {
                    let delay = value.parse().ok();
                    let delay = delay.filter(|delay| (0.0..=3600.0).contains(delay));
                    rates.delay = delay.ok_or_else(|| RatesError::Delay(part.to_owned()))?;
                    continue;
                }
                "control" => {
                    let rate = value.parse().ok();
                    let rate = rate.filter(|rate| (0.0..=1000.0).contains(rate));
                    rates.control = rate.ok_or_else(|| RatesError::Control(part.to_owned()))?;
                    continue;
                }
                "seed" => {
                    let seed = value.parse();
                    rates.seed = seed.map_err(|_| RatesError::Seed(part.to_owned()))?;
                    continue;
                }
                _ => return Err(unknown()),
            };
            *rate = value
                .parse()
                .ok()
                .filter(|share| (0.0..=1.0).contains(share))
                .ok_or_else(|| RatesError::Share(part.to_owned()))?;
        }
        // A call has one fate; `fail` is a share of another whole, the records.
        let calls = rates.throttle + rates.cut + rates.lost;
        match calls <= 1.0 + ROUNDING {
            true => Ok(rates),
            // Rounded for people: 1.1, not 1.0999999999999999.
            false => Err(RatesError::Sum((calls * 1e6).round() / 1e6)),
        }
    }
}

/// What binary fractions may add to a sum of decimal ones that is 1.
const ROUNDING: f64 = 1e-9;

/// Draws faults.
#[derive(Debug)]
pub struct Faults {
    rates: Rates,
    random: ChaCha8Rng,
    paces: Paces,
}

/// A call's fate, and how late it is looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drawn {
    /// What happens to it.
    pub fate: Fate,
    /// After how long; nothing for most.
    pub delay: Duration,
}

/// What happens to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is served.
    Served,
    /// It is served, and its answer lost.
    Lost,
    /// It is throttled.
    Throttled,
    /// It is cut off.
    Cut,
}

impl Faults {
    /// With these rates.
    pub fn new(rates: Rates) -> Self {
        Self {
            rates,
            random: ChaCha8Rng::seed_from_u64(rates.seed),
            paces: Paces::default(),
        }
    }

    /// The rates.
    pub fn rates(&self) -> Rates {
        self.rates
    }

    /// Draws what happens to a call.
    pub fn call(&mut self) -> Drawn {
        let (cut, throttled, lost, slow) = (
            self.happens(self.rates.cut),
            self.happens(self.rates.throttle),
            self.happens(self.rates.lost),
            self.happens(self.rates.slow),
        );
        let fate = match (cut, throttled, lost) {
            (true, _, _) => Fate::Cut,
            (_, true, _) => Fate::Throttled,
            (_, _, true) => Fate::Lost,
            _ => Fate::Served,
        };
        let delay = match slow {
            true => Duration::from_secs_f64(self.rates.delay),
            false => Duration::ZERO,
        };
        Drawn { fate, delay }
    }

    /// Whether a control call of this operation is none too many.
    pub fn takes_control(&mut self, operation: &str, region: &str, now: Duration) -> bool {
        let rate = self.rates.control;
        rate == 0.0 || self.paces.takes(operation, region, rate, now)
    }

    /// Draws whether a record fails.
    pub fn record_fails(&mut self) -> bool {
        self.happens(self.rates.fail)
    }

    /// Always one draw, so that one rate does not move another's faults.
    fn happens(&mut self, share: f64) -> bool {
        let drawn = f64::from(self.random.next_u32()) / (f64::from(u32::MAX) + 1.0);
        drawn < share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_faults_is_read() {
        let line =
            "throttle=0.05,fail=0.25, cut=0.01,lost=0.02,slow=0.5,delay=2.5,control=5,seed=9";
        let rates: Rates = line.parse().unwrap();
        let expected = Rates {
            throttle: 0.05,
            fail: 0.25,
            cut: 0.01,
            lost: 0.02,
            slow: 0.5,
            delay: 2.5,
            control: 5.0,
            seed: 9,
        };
        assert_eq!(rates, expected);
        assert_eq!(rates.to_string().parse(), Ok(expected));
        assert_eq!("".parse(), Ok(Rates::default()));
        // Every call and every record can go wrong; the first three add up to a little over 1.
        for most in ["throttle=0.7,cut=0.1,lost=0.2", "throttle=1,fail=1"] {
            assert!(most.parse::<Rates>().is_ok(), "{most}");
        }
    }

    #[test]
    fn what_is_no_fault_is_explained() {
        for (text, words) in [
            ("slowly=1", "`slowly=1` is no fault"),
            ("slow=1.5", "from 0 to 1"),
            ("delay=-1", "seconds from 0 to 3600"),
            ("delay=inf", "seconds from 0 to 3600"),
            ("control=-1", "calls a second from 0 to 1000"),
            ("control=NaN", "calls a second from 0 to 1000"),
            ("throttle", "`throttle` is no fault"),
            ("fail=2", "from 0 to 1"),
            ("fail=-0.1", "from 0 to 1"),
            ("fail=NaN", "from 0 to 1"),
            ("seed=x", "whole number"),
            ("throttle=0.5,cut=0.5,lost=0.5", "add up to 1.5"),
            ("throttle=0.7,cut=0.1,lost=0.3", "add up to 1.1:"),
        ] {
            let message = text.parse::<Rates>().unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        }
    }

    #[test]
    fn rates_are_kept_and_seeds_repeat() {
        let rates: Rates = "throttle=0.2,fail=0.1,cut=0.1,lost=0.3,slow=0.25,delay=2,seed=4"
            .parse()
            .unwrap();
        let draw = || {
            let mut faults = Faults::new(rates);
            (0..10_000).map(|_| faults.call()).collect::<Vec<_>>()
        };
        let drawn = draw();
        assert_eq!(drawn, draw());
        let slow = drawn.iter().filter(|one| one.delay.as_secs() == 2).count();
        assert!((2300..2700).contains(&slow));
        let fates: Vec<Fate> = drawn.iter().map(|one| one.fate).collect();
        let share = |fate| fates.iter().filter(|drawn| **drawn == fate).count();
        assert!((900..1100).contains(&share(Fate::Cut)));
        assert!((1650..1950).contains(&share(Fate::Throttled)));
        assert!((2000..2320).contains(&share(Fate::Lost)));
        let mut none = Faults::new(Rates::default());
        assert!((0..1000).all(|_| none.call().fate == Fate::Served && !none.record_fails()));
    }
}
