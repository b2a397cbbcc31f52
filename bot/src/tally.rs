//! What became of the events: the books of a run.

use std::fmt;
use std::time::Duration;

/// Counts of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Events made.
    pub made: u64,
    /// Of them, those that lack both ids on purpose.
    pub without_ids: u64,
    /// Different users among them.
    pub users: u64,
    /// Events the relay has taken, duplicates included.
    pub accepted: u64,
    /// Of them, those the relay had before: an answer was lost and the events sent again.
    pub duplicate: u64,
    /// Events the relay refused.
    pub rejected: u64,
    /// The first reasons it gave.
    pub reasons: Vec<String>,
    /// Requests sent, those sent again included.
    pub sends: u64,
    /// Requests sent again.
    pub again: u64,
}

/// So many reasons are kept for the summary.
const REASONS: usize = 3;

impl Tally {
    /// Notes why an event was refused.
    pub fn reject(&mut self, reason: String) {
        self.rejected += 1;
        if self.reasons.len() < REASONS && !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }

    /// A summary for people, after `elapsed`.
    #[must_use]
    pub fn summary(&self, elapsed: Duration, relay: Option<&str>) -> String {
        let seconds = elapsed.as_secs_f64();
        #[allow(clippy::cast_precision_loss, reason = "for people")]
        let rate = if seconds > 0.0 {
            self.made as f64 / seconds
        } else {
            0.0
        };
        let mut text = format!(
            "{} of {} in {seconds:.1} s ({rate:.1} a second)",
            Plural(self.made, "event"),
            Plural(self.users, "user"),
        );
        if self.without_ids > 0 {
            text.push_str(&format!(", {} without any id", self.without_ids));
        }
        if let Some(relay) = relay {
            text.push_str(&format!(
                "\n{relay}: {} accepted ({} duplicate), {} rejected, {} ({} again)",
                self.accepted,
                self.duplicate,
                self.rejected,
                Plural(self.sends, "send"),
                self.again,
            ));
        }
        for reason in &self.reasons {
            text.push_str(&format!("\nrejected: {reason}"));
        }
        text
    }
}

/// So many of a thing, for people.
#[derive(Clone, Copy, Debug)]
pub struct Plural(pub u64, pub &'static str);

impl fmt::Display for Plural {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ending = if self.0 == 1 { "" } else { "s" };
        write!(formatter, "{} {}{ending}", self.0, self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_balances_and_names_each_reason_once() {
        let mut tally = Tally {
            made: 5,
            users: 1,
            accepted: 3,
            duplicate: 1,
            sends: 2,
            again: 1,
            ..Tally::default()
        };
        tally.reject("too deep".to_owned());
        tally.reject("too deep".to_owned());
        assert_eq!(
            tally.summary(Duration::from_secs(2), Some("http://r/")),
            "5 events of 1 user in 2.0 s (2.5 a second)\n\
             http://r/: 3 accepted (1 duplicate), 2 rejected, 2 sends (1 again)\n\
             rejected: too deep"
        );
    }
}
