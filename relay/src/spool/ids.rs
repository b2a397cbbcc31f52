//! Ids on their way from memory into files: beside the writer, never in its way.
//!
//! A thread does it when a segment has ended, at most once a second, or when the table of
//! recent ids is half full. The writer does it by itself when it could use a segment again
//! but for its ids.

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use super::{Core, lock};
use crate::duplicate::index::Batch;
use crate::duplicate::keeper::Keeper;
use crate::spool::books::Counters;

/// Between two files, unless the table fills.
const PACE: Duration = Duration::from_secs(1);
/// So many ids leave the table at a time: the queue is locked meanwhile.
const FORGET: usize = 256;

/// The keeper, and what it could not yet write.
#[derive(Debug)]
pub struct Ids {
    pub(super) keeper: Keeper,
    pub(super) batch: Batch,
}

impl Core {
    fn ids(&self) -> MutexGuard<'_, Ids> {
        lock(&self.ids)
    }

    /// Puts all durable ids into a file; false when the disk does not take it.
    pub(super) fn file_ids(&self) -> bool {
        let mut ids = self.ids();
        let mut again = !ids.batch.keys.is_empty();
        loop {
            if !again {
                let mut queue = self.queue();
                let durable = queue.durable;
                ids.batch = queue.index.take_batch(durable);
            }
            // After all of them became durable.
            let clock = self.shared.highest_clock.load(Ordering::Relaxed);
            if !self.file_batch(&mut ids, clock) {
                return false;
            }
            if !again {
                return true;
            }
            // The one that failed before is in; now those that came meanwhile.
            again = false;
        }
    }

    fn file_batch(&self, ids: &mut Ids, clock: u64) -> bool {
        let Ids { keeper, batch } = ids;
        if let Err(error) = keeper.file(batch, clock) {
            let trouble = lock(&self.ids_trouble).replace(error.to_string());
            if trouble.is_none() {
                tracing::error!(%error, dir = %self.dir.display(), "message ids cannot be put into a file: until they can, no segment is used again");
            }
            return false;
        }
        if lock(&self.ids_trouble).take().is_some() {
            tracing::info!(dir = %self.dir.display(), "message ids can be put into files again");
        }
        let filed = keeper.filed();
        self.queue().index.set_filed(filed);
        self.shared.filed.store(filed, Ordering::Release);
        for keys in batch.keys.chunks(FORGET) {
            self.queue().index.forget_filed(keys);
        }
        batch.keys = Vec::new();
        true
    }

    /// A slice of a merge; says whether there may be more to do.
    pub(super) fn merge_ids(&self) -> bool {
        self.ids().keeper.merge()
    }

    /// What the window of duplicates has come to.
    pub(super) fn count_ids(&self, counters: &mut Counters) {
        let (recent, bytes) = {
            let queue = self.queue();
            (queue.index.len() as u64, queue.index.bytes())
        };
        let view = self.window.view();
        let generations = || view.generations.iter();
        counters.ids = recent + generations().map(|one| one.ids()).sum::<u64>();
        counters.id_memory = bytes + generations().map(|one| one.memory_bytes()).sum::<u64>();
        counters.id_files = view.files().count() as u64;
        counters.id_bytes = view.files().map(|file| file.disk_bytes()).sum();
        counters.id_rot = self.window.rot();
        counters.id_shortened = self.window.shortened.load(Ordering::Relaxed);
        let now = self.shared.highest_clock.load(Ordering::Relaxed);
        let now = now.max(self.clock.now_ms());
        counters.id_horizon_ms = self.window.horizon_ms(self.horizon_ms, now);
    }
}

/// The thread: until the spool is closed.
pub fn run(core: &Arc<Core>) {
    let clock = Arc::clone(&core.clock);
    let mut next = clock.monotonic();
    let (mut more, mut well) = (true, true);
    loop {
        let due = {
            let mut queue = core.queue();
            loop {
                if queue.closed {
                    return;
                }
                let now = clock.monotonic();
                let wanted = queue.index.half_full() || queue.index.ended || !well;
                if wanted && (now >= next || (well && queue.index.half_full())) {
                    break true;
                }
                if more {
                    break false;
                }
                let pause = wanted.then(|| next.saturating_sub(now));
                queue.ids_sleep = true;
                queue = Core::wait(&core.tend, queue, pause);
                queue.ids_sleep = false;
            }
        };
        if due {
            well = core.file_ids();
            next = clock.monotonic() + PACE;
            more = well;
        } else {
            more = core.merge_ids();
        }
    }
}
