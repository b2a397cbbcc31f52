//! What a stream will make of the events: how many partitions are active in it at once, and
//! how many objects they become. Both cost: a stream has a limit of active partitions, and what
//! is beyond it goes to the error prefix; each object is paid for, whatever its size.
//!
//! Firehose opens a partition with its first record and closes it a buffer interval later, when
//! it becomes an object. So does this, with numbers for names; who reads the names out of the
//! events is the sink. Partitions that fill up before their interval is over are not foreseen.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Partitions that are told apart, at most: 1.5 MiB. More than AWS lets any stream have; what is
/// beyond is neither counted nor forgotten, it only makes the figures lower than they are.
pub const MOST: usize = 1 << 16;

/// The share of the limit, in percent, at which it is said that the limit is near.
const NEAR: u64 = 80;

/// The share below which it may be said again.
const FAR: u64 = 70;

/// How the stream partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How long a partition stays open.
    pub interval: Duration,
    /// How many may be open at once.
    pub limit: u64,
}

/// The partitions of a stream; none until the stream has said its rules.
#[derive(Debug, Default)]
pub struct Partitions(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    rules: Option<Rules>,
    /// Those that are open.
    open: HashSet<u64>,
    /// When each was opened, the oldest first.
    opened: VecDeque<(u64, u64)>,
    objects: u64,
    events: u64,
    near: bool,
}

/// What is seen of them at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// Open ones.
    pub active: u64,
    /// How many may be open at once; 0 when the stream does not partition.
    pub limit: u64,
    /// Objects that the events so far become.
    pub objects: u64,
    /// Events so far.
    pub events: u64,
}

impl Partitions {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stream has said how it partitions.
    pub fn follow(&self, rules: Rules) {
        self.state().rules = Some(rules);
    }

    /// The stream took events of these partitions, one name an event, at `now_ms`. The nearness
    /// of the limit is logged when it begins.
    pub fn arrived(&self, now_ms: u64, names: impl IntoIterator<Item = u64>) {
        let mut state = self.state();
        let Some(rules) = state.rules else {
            return;
        };
        state.close(now_ms);
        for name in names {
            state.events += 1;
            if state.open.len() < MOST && state.open.insert(name) {
                state.opened.push_back((now_ms, name));
                state.objects += 1;
            }
        }
        let active = state.open.len() as u64;
        if !state.near && active * 100 >= rules.limit * NEAR {
            state.near = true;
            let limit = rules.limit;
            tracing::warn!(
                active,
                limit,
                "the stream has nearly as many active partitions as it may have; beyond the limit events go to its error prefix: partition by bucket, or ask AWS for more"
            );
        } else if active * 100 < rules.limit * FAR {
            state.near = false;
        }
    }

    /// What is seen at `now_ms`.
    #[must_use]
    pub fn seen(&self, now_ms: u64) -> Seen {
        let mut state = self.state();
        state.close(now_ms);
        Seen {
            active: state.open.len() as u64,
            limit: state.rules.map_or(0, |rules| rules.limit),
            objects: state.objects,
            events: state.events,
        }
    }
}

impl State {
    /// Closes those whose interval is over.
    fn close(&mut self, now_ms: u64) {
        let interval = self.rules.map_or(Duration::ZERO, |rules| rules.interval);
        let interval = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        while let Some((opened, name)) = self.opened.front().copied() {
            // A clock that was set back opens nothing for longer than one interval.
            if now_ms.abs_diff(opened) < interval {
                return;
            }
            self.opened.pop_front();
            self.open.remove(&name);
        }
    }
}

impl Seen {
    /// That the limit is near, in words with a remedy.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        let Self { active, limit, .. } = *self;
        (limit > 0 && active * 100 >= limit * NEAR).then(|| {
            format!(
                "{active} of {limit} active partitions are in use: beyond the limit events go to \
                 the error prefix; partition by bucket, or ask AWS for more"
            )
        })
    }

    /// Objects that a million events become, at the rate so far.
    #[must_use]
    pub fn objects_per_million(&self) -> u64 {
        let objects = u128::from(self.objects) * 1_000_000;
        let each = objects.checked_div(u128::from(self.events)).unwrap_or(0);
        u64::try_from(each).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        interval: Duration::from_secs(60),
        limit: 10,
    };

    fn partitions() -> Partitions {
        let partitions = Partitions::default();
        partitions.follow(RULES);
        partitions
    }

    #[test]
    fn a_partition_is_open_for_one_interval_from_its_first_event() {
        let partitions = partitions();
        partitions.arrived(1_000, [1, 2, 1]);
        partitions.arrived(31_000, [2, 3]);
        assert_eq!(partitions.seen(60_999).active, 3);
        // The first two are objects now; the second one's next event opens it again.
        assert_eq!(partitions.seen(61_000).active, 1);
        partitions.arrived(61_000, [2]);
        let seen = partitions.seen(61_000);
        assert_eq!((seen.active, seen.objects, seen.events), (2, 4, 6));
        assert_eq!(seen.objects_per_million(), 666_666);
        // Nobody came any more.
        assert_eq!(partitions.seen(200_000).active, 0);
    }

    #[test]
    fn near_the_limit_there_is_a_note() {
        let partitions = partitions();
        partitions.arrived(0, 0..7);
        assert_eq!(partitions.seen(0).note(), None);
        partitions.arrived(1, 7..8);
        let note = partitions.seen(1).note().unwrap();
        assert!(note.starts_with("8 of 10 active partitions"), "{note}");
        assert_eq!(partitions.seen(60_001).note(), None);
    }

    #[test]
    fn a_stream_that_does_not_partition_has_none() {
        let partitions = Partitions::default();
        partitions.arrived(0, 0..100);
        assert_eq!(partitions.seen(0), Seen::default());
        assert_eq!(partitions.seen(0).note(), None);
        assert_eq!(partitions.seen(0).objects_per_million(), 0);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let partitions = partitions();
        partitions.arrived(0, 0..MOST as u64 + 1_000);
        assert_eq!(partitions.seen(0).active, MOST as u64);
        assert_eq!(partitions.state().opened.len(), MOST);
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_nothing_open_for_ever() {
        let partitions = partitions();
        partitions.arrived(10_000_000, [1]);
        partitions.arrived(1_000, [2]);
        assert_eq!(partitions.seen(1_000).active, 1);
    }
}
