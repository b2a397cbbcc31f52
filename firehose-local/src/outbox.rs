//! What waits for its delivery. What fails waits longer each time, and holds up nothing else;
//! time comes in as an argument.

use std::collections::VecDeque;
use std::time::Duration;

/// The pause after a first failure; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Something to be delivered.
#[derive(Debug)]
pub struct Waiting<T> {
    /// What.
    pub item: T,
    /// How often it has failed.
    pub tries: u32,
    failing_since: Option<Duration>,
    due: Duration,
}

/// A queue of deliveries.
#[derive(Debug)]
pub struct Outbox<T> {
    fresh: VecDeque<Waiting<T>>,
    failed: Vec<Waiting<T>>,
}

impl<T> Default for Outbox<T> {
    fn default() -> Self {
        Self {
            fresh: VecDeque::new(),
            failed: Vec::new(),
        }
    }
}

impl<T> Waiting<T> {
    /// How long it has been failing; zero before the first failure.
    pub fn failing_for(&self, now: Duration) -> Duration {
        self.failing_since
            .map_or(Duration::ZERO, |since| now.saturating_sub(since))
    }

    /// Forgets its failures: it goes another way now.
    pub fn anew(self) -> Self {
        Self {
            item: self.item,
            tries: 0,
            failing_since: None,
            due: Duration::ZERO,
        }
    }
}

impl<T> Outbox<T> {
    /// Adds something.
    pub fn push(&mut self, item: T) {
        self.fresh.push_back(Waiting {
            item,
            tries: 0,
            failing_since: None,
            due: Duration::ZERO,
        });
    }

    /// What is to be tried now: what failed longest ago and has waited its pause, else what has
    /// never failed.
    pub fn next(&mut self, now: Duration) -> Option<Waiting<T>> {
        let waited = self.failed.iter().enumerate();
        let waited = waited.filter(|(_, waiting)| waiting.due <= now);
        match waited.min_by_key(|(_, waiting)| waiting.due) {
            Some((index, _)) => Some(self.failed.swap_remove(index)),
            None => self.fresh.pop_front(),
        }
    }

    /// Takes back what could not be delivered at `now`.
    pub fn failed(&mut self, waiting: Waiting<T>, now: Duration) {
        let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(waiting.tries.min(16)));
        self.failed.push(Waiting {
            tries: waiting.tries + 1,
            failing_since: waiting.failing_since.or(Some(now)),
            due: now + pause.min(LONGEST_PAUSE),
            item: waiting.item,
        });
    }

    /// When something is to be tried.
    pub fn next_due(&self) -> Option<Duration> {
        match self.fresh.front() {
            Some(waiting) => Some(waiting.due),
            None => self.failed.iter().map(|waiting| waiting.due).min(),
        }
    }

    /// All that waits.
    pub fn items(&self) -> impl Iterator<Item = &T> {
        let all = self.fresh.iter().chain(&self.failed);
        all.map(|waiting| &waiting.item)
    }

    /// Gives up all that waits.
    pub fn drain(&mut self) -> impl Iterator<Item = T> + '_ {
        let all = self.fresh.drain(..).chain(self.failed.drain(..));
        all.map(|waiting| waiting.item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn what_fails_holds_up_nothing_else() {
        let mut outbox = Outbox::default();
        outbox.push("bad");
        outbox.push("good");
        let bad = outbox.next(ms(0)).unwrap();
        assert_eq!(bad.item, "bad");
        outbox.failed(bad, ms(5));
        assert_eq!(outbox.next(ms(5)).unwrap().item, "good");
        assert!(
            outbox.next(ms(104)).is_none(),
            "it has not waited its pause"
        );
        assert_eq!(outbox.next_due(), Some(ms(105)));
        let bad = outbox.next(ms(105)).unwrap();
        assert_eq!((bad.item, bad.tries), ("bad", 1));
        assert_eq!(bad.failing_for(ms(105)), ms(100));
    }

    #[test]
    fn pauses_double_up_to_ten_seconds() {
        let mut outbox = Outbox::default();
        outbox.push(());
        let (mut now, mut pauses) = (ms(0), Vec::new());
        for _ in 0..9 {
            let waiting = outbox.next(now).unwrap();
            outbox.failed(waiting, now);
            let due = outbox.next_due().unwrap();
            pauses.push((due - now).as_millis());
            now = due;
        }
        assert_eq!(
            pauses,
            [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]
        );
        let waiting = outbox.next(now).unwrap();
        assert_eq!(waiting.failing_for(now), now);
        assert_eq!(waiting.anew().failing_for(now), ms(0));
    }

    #[test]
    fn all_that_waits_is_known_and_can_be_given_up() {
        let mut outbox = Outbox::default();
        for number in 0..3 {
            outbox.push(number);
        }
        let first = outbox.next(ms(0)).unwrap();
        outbox.failed(first, ms(0));
        assert_eq!(outbox.items().sum::<i32>(), 3);
        assert_eq!(outbox.drain().sum::<i32>(), 3);
        assert_eq!(outbox.next_due(), None);
    }
}
