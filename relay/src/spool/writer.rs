//! Group commit: one thread writes what waits, syncs once, wakes all.
//!
//! Under load commits stand half a millisecond apart, which makes them fewer and larger;
//! a lone request is never made to wait for others.

use std::sync::Arc;
use std::time::Duration;

use super::log::{CommitError, Frames, Log, Outcome, Standing};
use super::probe::Trouble;
use super::queue::Append;
use super::tell::Teller;
use super::{AppendError, Core};

/// Between the starts of two commits, when more than a few wait.
const PACE: Duration = Duration::from_micros(500);
/// So long without an append is a quiet time.
const QUIET: Duration = Duration::from_millis(20);
/// So many appends in one commit are a load.
const LOAD: usize = 4;

/// The log's one writer. The spool's thread drives it; a test may, step by step.
#[derive(Debug)]
pub struct Writer {
    pub(super) core: Arc<Core>,
    pub(super) log: Log,
    /// What is wrong, while something is.
    pub(super) trouble: Option<Trouble>,
    /// Gives the answers.
    pub(super) teller: Teller,
}

impl Writer {
    /// Commits all that wait, and says to how many appends an answer went.
    pub fn commit_waiting(&mut self) -> usize {
        let (mut appends, next_position) = {
            let mut queue = self.core.queue();
            (queue.take(), queue.next_position)
        };
        if appends.is_empty() {
            return 0;
        }
        self.file_ids_for_room();
        let standing = self.standing(next_position);
        let news: Vec<(u64, u64, u64)> = appends
            .iter()
            .flat_map(|append| append.news.iter().zip(&append.frames.ends))
            .map(|((_, received_at, bytes), (_, _, position))| (*position, *received_at, *bytes))
            .collect();
        let mut frames: Vec<&mut Frames> = appends
            .iter_mut()
            .map(|append| &mut append.frames)
            .collect();
        let core = Arc::clone(&self.core);
        let mut news = news.into_iter();
        let outcome = self.log.commit(&mut frames, standing, |count, durable| {
            let mut books = core.books();
            for (position, received_at, bytes) in news.by_ref().take(count) {
                books.stored(position, received_at, bytes);
            }
            books.counters_mut().durable_position = durable;
        });
        self.enter(&appends, &outcome);
        let error = outcome.error.as_ref().map(|error| match error {
            CommitError::Full => AppendError::Full,
            CommitError::Failing(reason) => AppendError::Failing(reason.clone()),
        });
        let fates = self.settle(&appends, &outcome);
        let buffers = appends.iter_mut().map(|append| append.frames.release());
        self.core.pool.give(buffers);
        let answers = appends.into_iter().zip(fates).map(|(append, well)| {
            append.answer(match well {
                true => None,
                false => Some(error.clone().unwrap_or_else(|| {
                    AppendError::Failing("the original of a duplicate was not stored".to_owned())
                })),
            })
        });
        self.teller.tell(answers.collect())
    }

    /// A segment that waits only for its ids to go into a file gets them there when it is
    /// needed.
    pub(super) fn file_ids_for_room(&mut self) {
        if self.log.lacks_filed_ids() && !self.core.file_ids() && self.log.drop_unfinished_spares()
        {
            self.core.file_ids();
        }
    }

    /// From now on a task of this runtime gives the answers.
    pub(super) fn tell_in_runtime(&mut self) {
        self.teller = Teller::start();
    }

    pub(super) fn standing(&self, next_position: u64) -> Standing {
        let books = self.core.books();
        let totals = books.counters().totals;
        Standing {
            stored: books.stored_total(),
            duplicate: totals.duplicate,
            rejected: totals.rejected,
            next_position,
        }
    }

    /// Puts into the books how the commit went.
    pub(super) fn enter(&mut self, appends: &[Append], outcome: &Outcome) {
        // Duplicates alone touch no disk and say nothing about it.
        if outcome.error.is_some() || !outcome.placed.is_empty() {
            self.note(outcome.error.as_ref());
        }
        let mut books = self.core.books();
        for took in &outcome.synced {
            books.synced(*took);
        }
        let segments = self.log.file_count() as u64;
        let counters = books.counters_mut();
        counters.segments = segments;
        // Looks through the segments: not at every commit.
        if outcome.ended {
            counters.ready_bytes = self.log.ready_bytes();
        }
        match &outcome.error {
            None if outcome.placed.is_empty() => {}
            None => self.core.set_intake_health(None),
            Some(CommitError::Full) => {
                counters.full += u64::from(!appends.is_empty());
                self.core.set_intake_health(Some(self.core.full_text()));
            }
            Some(CommitError::Failing(reason)) => {
                counters.failed_commits += 1;
                tracing::error!(
                    reason,
                    "the spool's disk failed: clients are asked to try again"
                );
                let reason = format!("the spool's disk failed: {reason}");
                self.core.set_intake_health(Some(reason));
            }
        }
    }

    /// Settles the ids; says for each append whether all of it is durable.
    pub(super) fn settle(&self, appends: &[Append], outcome: &Outcome) -> Vec<bool> {
        let mut queue = self.core.queue();
        queue.durable = queue.durable.max(*self.log.shared.durable.borrow());
        let news = appends
            .iter()
            .flat_map(|append| append.news.iter().zip(&append.frames.ends));
        for ((key, _, _), (_, _, position)) in news.take(outcome.stored) {
            queue.index.settle(*key, *position);
        }
        if outcome.ended {
            queue.index.ended = true;
            self.core.tend.notify_one();
        }
        // First all that failed leave, then duplicates are judged: the original of an early
        // one may be among the last.
        let mut durable = outcome.stored;
        let mut fates = Vec::with_capacity(appends.len());
        for append in appends {
            let here = durable.min(append.news.len());
            durable -= here;
            append.free_ids(&mut queue.index, here);
            fates.push(here == append.news.len());
        }
        let mut duplicates = 0;
        for (append, well) in appends.iter().zip(&mut fates) {
            *well = *well && append.originals_durable(&queue.index, queue.durable);
            duplicates += if *well { append.duplicates() } else { 0 };
        }
        drop(queue);
        self.core.books().duplicate(duplicates);
        fates
    }

    /// One step of making the spare segment; says whether there is more to do.
    pub fn prepare(&mut self) -> bool {
        self.log.prepare()
    }

    /// One step of making segments ready for a burst, in a quiet time; says whether there is more
    /// to do.
    pub fn make_ready(&mut self) -> bool {
        let more = self.log.make_ready();
        let ready = self.log.ready_bytes();
        let segments = self.log.file_count() as u64;
        let mut books = self.core.books();
        books.counters_mut().ready_bytes = ready;
        books.counters_mut().segments = segments;
        more
    }

    /// Puts the durable ids into a file and merges what is to be merged; what a thread of
    /// its own does beside a writer that runs by itself.
    pub fn tend_ids(&mut self) {
        self.core.file_ids();
        while self.core.merge_ids() {}
    }

    /// The last commit of a spool that is closed.
    pub fn finish(&mut self) {
        while self.commit_waiting() > 0 {}
        let next_position = self.core.queue().next_position;
        let standing = self.standing(next_position);
        self.log.finish(standing);
    }

    /// The thread: until the spool is closed and all that waited has its answer.
    pub fn run(mut self) {
        let clock = Arc::clone(&self.log.clock);
        loop {
            if !self.wait() {
                break;
            }
            let started = clock.monotonic();
            if self.commit_waiting() <= LOAD {
                continue;
            }
            let elapsed = clock.monotonic().saturating_sub(started);
            if let Some(pause) = PACE.checked_sub(elapsed)
                && !self.prepare()
            {
                std::thread::sleep(pause);
            }
        }
        self.finish();
    }

    /// Sleeps until somebody waits; meanwhile makes the spare segment, and after a while those for
    /// a burst. False when closed.
    fn wait(&mut self) -> bool {
        let core = Arc::clone(&self.core);
        let (mut more, mut quiet, mut lacking) = (true, false, true);
        let mut queue = core.queue();
        while queue.waiting.is_empty() && !queue.closed {
            if self.probe_is_due(&mut queue) {
                drop(queue);
                self.probe();
                queue = core.queue();
            } else if more {
                drop(queue);
                more = self.prepare();
                queue = core.queue();
            } else if quiet && lacking {
                drop(queue);
                lacking = self.make_ready();
                queue = core.queue();
            } else {
                // Whoever woke us for another reason than an append did not end the quiet.
                let until_probe = self.until_probe();
                let most = match (lacking, until_probe) {
                    (true, Some(probe)) => Some(probe.min(QUIET)),
                    (true, None) => Some(QUIET),
                    (false, probe) => probe,
                };
                queue = core.sleep(queue, most);
                quiet = true;
            }
        }
        !queue.waiting.is_empty()
    }
}
