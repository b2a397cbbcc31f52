//! How long to wait after how many failures.
//!
//! 2, 6, 18, 54 … seconds, at most 20 minutes, each with jitter between a half and the whole:
//! at most five attempts in the first minute, and a relay that comes back is not met by
//! every open page at once.

/// The first wait, in milliseconds.
const FIRST: f64 = 2_000.0;
/// The longest, in milliseconds.
const LONGEST: f64 = 1_200_000.0;

/// The wait in milliseconds after so many failures in a row (from 1). `random` is at least 0
/// and below 1.
#[must_use]
pub fn wait(failures: u32, random: f64) -> f64 {
    let mut wait = FIRST;
    for _ in 1..failures.min(9) {
        wait *= 3.0;
    }
    wait.min(LONGEST) * (0.5 + random / 2.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::wait;

    #[test]
    fn it_grows_threefold_up_to_twenty_minutes() {
        let whole = |failures| wait(failures, 1.0);
        assert_eq!(
            [1, 2, 3, 4, 5, 6, 7, 8, 1000].map(whole),
            [2e3, 6e3, 18e3, 54e3, 162e3, 486e3, 1.2e6, 1.2e6, 1.2e6]
        );
    }

    proptest! {
        /// posthog-js#1598: a blocked endpoint is not asked for the life of the page.
        #[test]
        fn complaint_10_at_most_five_attempts_in_the_first_minute(
            random in proptest::collection::vec(0.0..1.0_f64, 10)
        ) {
            let (mut now, mut attempts) = (0.0, 0);
            for (failures, random) in (1..).zip(random) {
                if now >= 60_000.0 {
                    break;
                }
                attempts += 1;
                now += wait(failures, random);
            }
            prop_assert!(attempts <= 5);
        }
    }
}
