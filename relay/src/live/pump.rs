//! From the spool into the ring, while somebody watches: a reader behind the writer, as the forwarder
//! has one, and a look at delivery and at the rejected events twenty times a second.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::item::Item;
use super::progress::Figures;
use super::{Live, Phase};
use crate::spool::{Reader, Record, Spool};

/// Between two looks.
const TICK: Duration = Duration::from_millis(50);
/// Looks from one line of figures to the next: a second.
const TICKS_A_FIGURE: u32 = 20;
/// Events that a tick can show; what comes faster is skipped and said.
const EVENTS_A_TICK: usize = 500;
/// Events before the first watcher that it can still see, where the spool has them.
const BACK: u64 = 1000;
/// Bytes read from the spool at once, at most.
const READ: usize = 1 << 20;
/// Moments of durability that are remembered until their events are read.
const MARKS: usize = 4096;

#[derive(Debug)]
struct Pump {
    live: Arc<Live>,
    spool: Spool,
    reader: Reader,
    durable: watch::Receiver<u64>,
    /// (position, ms): everything below was durable at that moment.
    marks: VecDeque<(u64, u64)>,
    /// What was durable before the pump ran, is read without a bound, once.
    backlog: u64,
    /// Events that this tick can still show.
    room: usize,
    flowing: bool,
    /// It has said so itself that it ends.
    ended: bool,
}

/// Runs until nobody watches.
pub async fn run(live: Arc<Live>, spool: Spool) {
    let mut durable = spool.durable();
    let backlog = *durable.borrow_and_update();
    let from = begin(&live, &spool, backlog);
    let pump = Pump {
        reader: spool.reader(from),
        live,
        spool,
        durable,
        marks: VecDeque::new(),
        backlog,
        room: EVENTS_A_TICK,
        flowing: false,
        ended: false,
    };
    pump.run().await;
}

/// Where reading begins: where it ended, unless that is too long ago.
fn begin(live: &Live, spool: &Spool, durable: u64) -> u64 {
    let mut state = live.state();
    let earliest = durable.saturating_sub(BACK).max(1);
    let seen = match state.ring.is_new() {
        true => 1,
        false => state.ring.newest().position + 1,
    };
    if !state.ring.is_new() {
        state.ring.skip(earliest.saturating_sub(seen));
    }
    state.progress.begin(spool.counters().delivered_position);
    seen.max(earliest)
}

impl Pump {
    async fn run(mut self) {
        let mut ticks = interval(TICK);
        // A late look makes up for nothing.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut count = 0;
        let mut phase = self.live.changed.subscribe();
        loop {
            if !self.flowing && self.reader.position() >= self.backlog {
                self.flow();
            }
            tokio::select! {
                biased;
                _closed = phase.wait_for(|phase| *phase == Phase::Closed) => return,
                moved = self.durable.changed() => match moved {
                    Ok(()) => self.mark(),
                    Err(_) => return,
                },
                _ = ticks.tick() => {
                    if self.look(count % TICKS_A_FIGURE == 0) {
                        return;
                    }
                    count += 1;
                }
                read = self.reader.next(READ) => self.take(read),
            }
        }
    }

    /// All that was durable at the beginning is read: watchers may begin.
    fn flow(&mut self) {
        self.flowing = true;
        self.rejected();
        self.live.tell(Phase::Flowing);
    }

    /// Something became durable just now.
    fn mark(&mut self) {
        let position = *self.durable.borrow_and_update();
        let now = self.live.clock.now_ms();
        match self.marks.back_mut() {
            // The events of a millisecond share one.
            Some(last) if last.1 == now => last.0 = position,
            _ => self.marks.push_back((position, now)),
        }
        if self.marks.len() > MARKS {
            self.marks.pop_front();
        }
    }

    fn durable_at(&mut self, position: u64) -> Option<u64> {
        while self
            .marks
            .front()
            .is_some_and(|(below, _)| *below <= position)
        {
            self.marks.pop_front();
        }
        let known = position >= self.backlog;
        self.marks.front().filter(|_| known).map(|(_, at)| *at)
    }

    fn take(&mut self, read: io::Result<Vec<Record>>) {
        let records = match read {
            Ok(records) => records,
            Err(error) => {
                tracing::warn!(%error, "the live view cannot read the spool; it goes on with what comes");
                let durable = *self.spool.durable().borrow();
                self.live
                    .state()
                    .ring
                    .skip(durable.saturating_sub(self.reader.position()));
                self.reader = self.spool.reader(durable);
                return;
            }
        };
        // It may have moved since the last look, and what was read says so first.
        if self.durable.has_changed().unwrap_or(false) {
            self.mark();
        }
        let mut items = Vec::new();
        let mut skipped = 0;
        for record in &records {
            let new = record.position >= self.backlog;
            if new && self.room == 0 {
                skipped += 1;
                continue;
            }
            self.room -= usize::from(new);
            let durable_at = self.durable_at(record.position);
            items.push(Item::stored(record, durable_at));
        }
        let mut state = self.live.state();
        for item in items {
            state.ring.push(item);
        }
        state.ring.skip(skipped);
        drop(state);
        if self.flowing {
            self.live.tell(Phase::Flowing);
        }
    }

    /// Looks around. Says whether nobody watches any more.
    fn look(&mut self, figures: bool) -> bool {
        self.room = EVENTS_A_TICK;
        let counters = self.spool.counters();
        let now = self.live.clock.now_ms();
        let mut changed = self.rejected();
        let mut state = self.live.state();
        if state.watchers == 0 {
            // Under the lock: who comes next starts another pump and waits for it.
            state.pumping = false;
            self.live.tell(Phase::Idle);
            self.ended = true;
            return true;
        }
        let before = state.progress.position();
        state.progress.delivered(counters.delivered_position, now);
        changed |= state.progress.position() > before;
        if figures {
            let figures = Figures::new(&counters, self.spool.health(), state.watchers, now);
            state.progress.figure(&figures);
            changed = true;
        }
        drop(state);
        if changed && self.flowing {
            self.live.tell(Phase::Flowing);
        }
        false
    }

    /// Takes over what was rejected since the last look.
    fn rejected(&self) -> bool {
        let recent = self.live.keeper.recent();
        let mut state = self.live.state();
        if recent.noted() == state.rejected {
            return false;
        }
        for (number, refused) in recent.after(state.rejected) {
            let missed = number - state.rejected - 1;
            state.ring.skip(missed);
            let position = state.ring.newest().position;
            state.ring.push(Item::rejected(&refused, position, number));
            state.rejected = number;
        }
        true
    }
}

impl Drop for Pump {
    /// However it ends, the next watcher starts another.
    fn drop(&mut self) {
        if !self.ended {
            self.live.state().pumping = false;
            self.live.tell(Phase::Idle);
        }
    }
}
