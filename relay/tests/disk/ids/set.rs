//! Whatever happens between two tries, the window of duplicates is a plain set.

use std::collections::HashSet;
use std::time::Duration;

use clickstream_relay::spool::Stored;
use clickstream_relay::spool::files::simulated::Crash;
use proptest::prelude::*;

use super::Relay;

/// What may happen between two tries.
#[derive(Debug, Clone)]
enum Step {
    Send(Vec<u16>),
    Deliver,
    Tend,
    Crash(Crash),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => proptest::collection::vec(0..200u16, 1..12).prop_map(Step::Send),
        2 => Just(Step::Deliver),
        1 => Just(Step::Tend),
        1 => prop_oneof![Just(Crash::Kill), Just(Crash::PowerCut)].prop_map(Step::Crash),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Within the horizon it is a plain set.
    #[test]
    fn the_window_is_a_set(steps in proptest::collection::vec(step(), 1..40), seed: u64) {
        let mut relay = Relay::new(seed);
        relay.config.duplicates.horizon = Duration::from_secs(3600);
        let mut model = HashSet::new();
        for step in steps {
            match step {
                Step::Send(numbers) => for number in numbers {
                    let stored = relay.send(&format!("{number} {}", "x".repeat(300)));
                    let new = model.insert(number);
                    prop_assert_eq!(stored, Ok(if new { Stored::New } else { Stored::Duplicate }));
                    relay.deliver_if_full();
                },
                Step::Deliver => relay.deliver(),
                Step::Tend => relay.process().1.tend_ids(),
                Step::Crash(crash) => relay.crash(crash),
            }
            prop_assert_eq!(relay.counters().ids, model.len() as u64);
        }
    }
}

impl Relay {
    /// Delivers before the spool's bound is met.
    fn deliver_if_full(&mut self) {
        if self.counters().segments > 4 {
            self.deliver();
        }
    }
}
