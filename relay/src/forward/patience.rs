//! How long forwarding waits and tries again before it gives a line up.

use std::time::Duration;

/// How patient forwarding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// About how long it pauses before the second attempt; twice as long before each next.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// A single line is refused for ever after so many refusals at the least. Default 3.
    pub refusals: u32,
    /// And so long after the first refusal of what held it, if others were taken since. Default 10 s.
    pub refused_for: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(30),
            refusals: 3,
            refused_for: Duration::from_secs(10),
        }
    }
}
