//! Who has a place while places are scarce.
//!
//! A connection waits for its client while no request of it is being answered: for a header, for the
//! rest of a body, for the next request. As long as there are places it may, within the time limits.
//! When somebody comes and there is none, those that have waited longest give theirs up: idle ones and
//! those that trickle, byte by byte, are the first, because nothing that a client trickles makes it
//! younger. What is being answered is never cut.
//!
//! Whoever waits for a header longer than its time limit leaves, too, at the next look at all of them
//! ([`Crowd::sweep`]): a timer for each request would cost each request.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// Who has waited less keeps its place: it may have been answered a moment ago, and its next
/// request may be on its way.
const SPARED: Duration = Duration::from_millis(100);

/// At once so many give up their places, of each that are there: looking for one takes a look at all.
const SHARE: usize = 32;

/// The value of `waits` while a request is being answered.
const WORKING: u64 = u64::MAX;

/// This bit of `waits` says that a header is waited for; the others are milliseconds.
const HEADER: u64 = 1;

/// All connections that have a place.
#[derive(Debug)]
pub struct Crowd {
    started: Instant,
    members: Mutex<Members>,
}

#[derive(Debug, Default)]
struct Members {
    next: u64,
    all: HashMap<u64, Arc<State>>,
}

#[derive(Debug)]
struct State {
    /// Since when it waits for its client, and whether for a header.
    waits: AtomicU64,
    leave: Notify,
}

/// A connection's own part; dropping it takes it out.
#[derive(Debug)]
pub struct Member {
    crowd: Arc<Crowd>,
    number: u64,
    state: Arc<State>,
}

/// Says whether a connection waits; for the service of the connection.
#[derive(Clone, Debug)]
pub struct Sign {
    started: Instant,
    state: Arc<State>,
}

impl Default for Crowd {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            members: Mutex::default(),
        }
    }
}

fn ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX) & (u64::MAX >> 2)
}

impl State {
    fn waits_since(&self, ms: u64, what_for: u64) {
        self.waits.store((ms << 1) | what_for, Relaxed);
    }

    /// Since when it waits, if it does.
    fn waiting(&self) -> Option<u64> {
        let waits = self.waits.load(Relaxed);
        (waits != WORKING).then_some(waits >> 1)
    }

    /// As [`State::waiting`], where it waits for a header.
    fn waiting_for_header(&self) -> Option<u64> {
        let waits = self.waits.load(Relaxed);
        (waits != WORKING && waits & HEADER != 0).then_some(waits >> 1)
    }
}

impl Crowd {
    /// Takes a connection in, which waits from now on.
    #[must_use]
    pub fn enter(self: &Arc<Self>) -> Member {
        let state = Arc::new(State {
            waits: AtomicU64::new(ms(self.started.elapsed()) << 1),
            leave: Notify::new(),
        });
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        let number = members.next;
        members.next += 1;
        members.all.insert(number, Arc::clone(&state));
        Member {
            crowd: Arc::clone(self),
            number,
            state,
        }
    }

    /// Asks those that have waited longest to leave; nobody, where nobody has waited long enough.
    pub fn make_room(&self) {
        let now = ms(self.started.elapsed());
        let members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        let mut waiting: Vec<(u64, &Arc<State>)> = members
            .all
            .values()
            .filter_map(|state| Some((state.waiting()?, state)))
            .filter(|(since, _)| now.saturating_sub(*since) >= ms(SPARED))
            .collect();
        let count = waiting.len().min(members.all.len() / SHARE + 1);
        if count == 0 {
            return;
        }
        waiting.select_nth_unstable_by_key(count - 1, |(since, _)| *since);
        for (_, state) in waiting.iter().take(count) {
            state.leave.notify_one();
        }
    }

    /// Asks those to leave that have waited for a header for longer than this.
    pub fn sweep(&self, limit: Duration) {
        let now = ms(self.started.elapsed());
        let members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        for state in members.all.values() {
            let since = state.waiting_for_header();
            if since.is_some_and(|since| now.saturating_sub(since) >= ms(limit)) {
                state.leave.notify_one();
            }
        }
    }
}

impl Member {
    /// Returns when the connection must give its place up. Asked in the moment in which a request
    /// came in, it stays.
    pub async fn must_leave(&self) {
        loop {
            self.state.leave.notified().await;
            if self.state.waiting().is_some() {
                return;
            }
        }
    }

    /// The sign that this connection's service gives.
    #[must_use]
    pub fn sign(&self) -> Sign {
        Sign {
            started: self.crowd.started,
            state: Arc::clone(&self.state),
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut members = self
            .crowd
            .members
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        members.all.remove(&self.number);
    }
}

impl Sign {
    /// A request is being answered.
    pub fn works(&self) {
        self.state.waits.store(WORKING, Relaxed);
    }

    /// From now on the client is waited for: to take its answer, or to bring a body.
    pub fn waits(&self) {
        self.state.waits_since(ms(self.started.elapsed()), 0);
    }

    /// From now on the client is waited for to bring a header.
    pub fn waits_for_header(&self) {
        self.state.waits_since(ms(self.started.elapsed()), HEADER);
    }

    /// The client is waited for since the body was first asked for, whatever has come of it since.
    pub fn waits_since(&self, first: Option<Instant>) {
        let since = first.map(|first| first.saturating_duration_since(self.started));
        self.state.waits_since(ms(since.unwrap_or_default()), 0);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn asked(members: &[Member]) -> Vec<usize> {
        let asked = members.iter().enumerate();
        asked
            .filter(|(_, member)| member.must_leave().now_or_never().is_some())
            .map(|(place, _)| place)
            .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_waited_longest_leaves_and_who_works_stays() {
        let crowd = Arc::new(Crowd::default());
        let mut members = Vec::new();
        for _ in 0..4 {
            members.push(crowd.enter());
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        // The oldest works; the next was answered just now.
        members[0].sign().works();
        members[1].sign().waits();
        crowd.make_room();
        assert_eq!(asked(&members), [2]);
        // It has not left yet, so it is asked once more.
        crowd.make_room();
        assert_eq!(asked(&members), [2]);
        members.remove(2);
        crowd.make_room();
        assert_eq!(asked(&members), [2], "the third is now the youngest");
        members.truncate(2);
        crowd.make_room();
        assert_eq!(asked(&members), [0; 0], "nobody waits long enough");
        tokio::time::advance(SPARED).await;
        crowd.make_room();
        assert_eq!(asked(&members), [1]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickling_body_makes_nobody_younger() {
        let crowd = Arc::new(Crowd::default());
        let (slow, idle) = (crowd.enter(), crowd.enter());
        let first = Instant::now();
        tokio::time::advance(Duration::from_secs(2)).await;
        idle.sign().waits();
        tokio::time::advance(Duration::from_secs(1)).await;
        slow.sign().works();
        slow.sign().waits_since(Some(first));
        crowd.make_room();
        assert_eq!(asked(&[slow, idle]), [0]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_header_too_long_leaves_without_a_crowd() {
        let crowd = Arc::new(Crowd::default());
        let members = [(); 5].map(|()| crowd.enter());
        let signs = members.each_ref().map(Member::sign);
        let limit = Duration::from_secs(30);
        signs.iter().for_each(Sign::waits_for_header);
        // The first one's request came; the second's answer is on its way; the third's body is.
        signs[0].works();
        signs[1].waits();
        signs[2].works();
        signs[2].waits_since(Some(Instant::now()));
        tokio::time::advance(limit - Duration::from_millis(1)).await;
        crowd.sweep(limit);
        assert_eq!(asked(&members), [0; 0], "not yet");
        signs[3].waits_for_header();
        tokio::time::advance(Duration::from_millis(1)).await;
        crowd.sweep(limit);
        assert_eq!(asked(&members), [4]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_large_crowd_gives_up_a_share_at_once() {
        let crowd = Arc::new(Crowd::default());
        let mut members = Vec::new();
        for _ in 0..320 {
            members.push(crowd.enter());
        }
        tokio::time::advance(SPARED).await;
        crowd.make_room();
        assert_eq!(asked(&members).len(), 11);
        drop(members);
        assert!(crowd.members.lock().unwrap().all.is_empty());
    }
}
