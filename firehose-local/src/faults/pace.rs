//! How often control calls may come: a bucket for each operation and region that empties with each
//! call and fills with time, which comes in as an argument.

use std::collections::HashMap;
use std::time::Duration;

/// Calls of each operation that there may still be.
#[derive(Debug, Default)]
pub struct Paces {
    of: HashMap<(String, String), Pace>,
}

#[derive(Debug, Clone, Copy)]
struct Pace {
    /// Calls that may come at once.
    left: f64,
    /// When that was so.
    at: Duration,
}

/// More operations and regions than this are looked through for those that nobody asks any more.
const MOST: usize = 1000;

impl Paces {
    /// Takes a call of an operation in a region, if it is none too many of `rate` a second; at
    /// most a second's calls come at once.
    pub fn takes(&mut self, operation: &str, region: &str, rate: f64, now: Duration) -> bool {
        let most = rate.max(1.0);
        let filled = |pace: &Pace| {
            let seconds = now.saturating_sub(pace.at).as_secs_f64();
            (pace.left + seconds * rate).min(most)
        };
        if self.of.len() >= MOST {
            self.of.retain(|_, pace| filled(pace) < most);
        }
        let key = (operation.to_owned(), region.to_owned());
        let pace = self.of.entry(key).or_insert(Pace {
            left: most,
            at: now,
        });
        let left = filled(pace);
        let takes = left >= 1.0;
        *pace = Pace {
            left: if takes { left - 1.0 } else { left },
            at: now,
        };
        takes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn so_many_a_second_of_each_operation_and_region() {
        let mut paces = Paces::default();
        let mut list = |region, ms| paces.takes("ListDeliveryStreams", region, 5.0, at(ms));
        assert!((0..5).all(|_| list("us-east-1", 0)));
        assert!(!list("us-east-1", 0));
        assert!(list("eu-west-1", 0), "another region");
        assert!(!list("us-east-1", 199));
        assert!(list("us-east-1", 200));
        assert!(!list("us-east-1", 201));
        assert!((0..5).all(|_| list("us-east-1", 9000)));
        assert!(!list("us-east-1", 9000), "no more than a second's at once");
        assert!(paces.takes("DescribeDeliveryStream", "us-east-1", 5.0, at(9000)));
    }

    #[test]
    fn less_than_one_a_second_is_one_now_and_then() {
        let mut paces = Paces::default();
        let mut call = |ms| paces.takes("ListDeliveryStreams", "us-east-1", 0.5, at(ms));
        assert!(call(0));
        assert!(!call(1999));
        assert!(call(2000));
    }

    #[test]
    fn regions_that_a_client_makes_up_are_forgotten() {
        let mut paces = Paces::default();
        for region in 0..5000_u64 {
            let name = format!("region-{region}");
            assert!(paces.takes("ListDeliveryStreams", &name, 5.0, at(region * 10)));
        }
        assert!(paces.of.len() <= MOST);
    }
}
