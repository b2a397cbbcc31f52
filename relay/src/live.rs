//! To watch: the stream as it happens, as a page for people and as server-sent events for tests.
//!
//! It stands beside an event's way. Nothing hands events to it: while somebody watches, it reads the
//! spool behind the writer, as forwarding does, and asks the keeper of rejected events for its last
//! ones. So it costs intake nothing when nobody watches, and shows only what is durable. It may lose:
//! what comes faster than it can be shown, or than a watcher reads, is skipped, counted and said.

// One event and its place in the stream.
pub mod item;

// The events that came last.
pub mod ring;

// What a watcher asks for.
pub mod filter;

// From the spool into the ring.
pub mod pump;

// How far delivery is, and how the relay does.
pub mod progress;

// From the ring to one watcher.
pub mod watcher;

// The routes: the page, its parts, the stream.
pub mod page;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use self::filter::Query;
use self::progress::Progress;
use self::ring::{Bounds, Ring};
use self::watcher::Watcher;
use crate::clock::Clock;
use crate::health::Door;
use crate::intake::answer::Refusal;
use crate::rejected::Keeper;

/// Watchers at once, where nothing else is set.
pub const WATCHERS: usize = 32;

/// What the ring holds at most.
const RING: Bounds = Bounds {
    items: 4096,
    bytes: 8 << 20,
};

/// The room.
#[derive(Debug)]
pub struct Live {
    door: Arc<Door>,
    keeper: Arc<Keeper>,
    clock: Arc<dyn Clock>,
    /// Watchers at once, at most.
    most: usize,
    state: Mutex<State>,
    /// Sent whenever the state changes.
    changed: watch::Sender<Phase>,
}

/// What the pump writes and the watchers read.
#[derive(Debug)]
pub struct State {
    ring: Ring,
    progress: Progress,
    /// Rejected events taken over so far.
    rejected: u64,
    watchers: usize,
    pumping: bool,
}

/// What a watcher can count on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nobody watches: the ring is behind.
    Idle,
    /// The ring is up to date.
    Flowing,
    /// The relay stops: all streams end.
    Closed,
}

impl Live {
    /// Sees what comes through `door` and what `keeper` is given; at most `most` watchers at once.
    #[must_use]
    pub fn new(door: Arc<Door>, keeper: Arc<Keeper>, clock: Arc<dyn Clock>, most: usize) -> Self {
        Self {
            door,
            keeper,
            clock,
            most,
            state: Mutex::new(State {
                ring: Ring::new(RING),
                progress: Progress::default(),
                rejected: 0,
                watchers: 0,
                pumping: false,
            }),
            changed: watch::channel(Phase::Idle).0,
        }
    }

    /// A watcher more. When this returns, its beginning is settled: what comes from now on it sees.
    ///
    /// # Errors
    /// When there are too many, or the relay is starting or stopping.
    pub async fn watch(self: &Arc<Self>, query: Query) -> Result<Watcher, Refusal> {
        let spool = self.door.spool()?;
        let mut changed = self.changed.subscribe();
        {
            let mut state = self.state();
            if state.watchers >= self.most {
                return Err(Refusal::TooManyWatchers { most: self.most });
            }
            state.watchers += 1;
            if !state.pumping {
                state.pumping = true;
                tokio::spawn(pump::run(Arc::clone(self), spool));
            }
        }
        // From here on its end is counted, also when its client goes away while it waits.
        let mut watcher = Watcher::new(Arc::clone(self), query);
        let phase = changed.wait_for(|phase| *phase != Phase::Idle).await;
        match phase.as_deref() {
            Ok(Phase::Flowing) => {}
            _ => return Err(Refusal::Stopping),
        }
        watcher.begin();
        Ok(watcher)
    }

    /// Whether nobody may ever watch.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.most == 0
    }

    /// Ends all streams, now and for good.
    pub fn close(&self) {
        self.changed.send_replace(Phase::Closed);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every section leaves it whole, also one that died.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the watchers.
    fn tell(&self, phase: Phase) {
        self.changed.send_if_modified(|now| {
            let open = *now != Phase::Closed;
            if open {
                *now = phase;
            }
            open
        });
    }

    fn is_closed(&self) -> bool {
        *self.changed.borrow() == Phase::Closed
    }
}
