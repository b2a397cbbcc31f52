//! Time as a value: the only caller of the system clock in this crate.

use std::time::Duration;

use clickstream_event::time::Timestamp;

/// Says when the next event happens.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// Now.
    System,
    /// At a moment that only events move.
    Story(Timestamp),
}

impl Clock {
    /// The machine's clock, or one that starts at `start` and goes by the pauses.
    #[must_use]
    pub fn new(start: Option<Timestamp>) -> Self {
        start.map_or(Self::System, Self::Story)
    }

    /// When the event after a pause of `later` happens.
    pub fn happen(&mut self, later: Duration) -> Timestamp {
        match self {
            Self::System => now(),
            Self::Story(at) => {
                let moment = *at;
                // At least a millisecond, so that no two events happen at once.
                let step = i64::try_from(later.as_millis()).unwrap_or(i64::MAX).max(1);
                *at = Timestamp::from_ms(moment.ms().saturating_add(step));
                moment
            }
        }
    }
}

/// The system's wall clock.
#[must_use]
#[allow(
    clippy::disallowed_methods,
    reason = "the one place that reads the system clock"
)]
pub fn now() -> Timestamp {
    let since_epoch = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    Timestamp::from_ms(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storys_clock_goes_by_the_pauses_and_never_stands() {
        let mut clock = Clock::new(Timestamp::parse("2026-01-01T00:00:00Z"));
        let times: Vec<_> = [0, 0, 1500]
            .map(|ms| clock.happen(Duration::from_millis(ms)).to_string())
            .into_iter()
            .chain([clock.happen(Duration::ZERO).to_string()])
            .collect();
        assert_eq!(
            times,
            [
                "2026-01-01T00:00:00.000Z",
                "2026-01-01T00:00:00.001Z",
                "2026-01-01T00:00:00.002Z",
                "2026-01-01T00:00:01.502Z",
            ]
        );
    }
}
