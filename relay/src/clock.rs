//! Time as a value: the only caller of the system clock in this crate.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// Where time comes from. Tests give one that they move.
pub trait Clock: Debug + Send + Sync {
    /// Wall clock, milliseconds since 1970-01-01T00:00:00Z. May jump either way.
    fn now_ms(&self) -> u64;

    /// A clock that only goes forward, since some fixed moment: for intervals.
    fn monotonic(&self) -> Duration;
}

/// The machine's own clocks.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self {
            started: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place that reads the system clock"
    )]
    fn now_ms(&self) -> u64 {
        let since_epoch = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}
