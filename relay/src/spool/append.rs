//! Appends: what comes in, and what its sender is told.
//!
//! Files of ids are searched before the queue is locked, as they are at that moment. If ids
//! have gone into a file before it is, the search is done again: an id is always either in
//! the queue's table or in the files that were searched.

use std::mem;
use std::sync::Arc;

use super::Spool;
use super::prepared::Prepared;
use super::queue::Submitted;
use crate::duplicate::DuplicateKey;
use crate::duplicate::view::View;

/// One event, ready to be made durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When the relay received it, in ms.
    pub received_at: u64,
    /// By [`Spool::key`].
    pub key: DuplicateKey,
    /// The final line, without a newline.
    pub line: Vec<u8>,
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It is durable now.
    New,
    /// It was durable before; this one is dropped.
    Duplicate,
}

/// Why an append was not taken; all of them are worth another try later.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The bound is reached, or the disk full, and nothing delivered can make room.
    #[error("the spool is full: delivery must catch up, or raise --spool-size")]
    Full,
    /// The disk failed.
    #[error("the spool's disk fails: {0}")]
    Failing(String),
    /// The spool is closed: the process is about to end.
    #[error("the spool is closed: the relay is stopping")]
    Closed,
}

impl Spool {
    /// Makes the entries durable and says of each, in order, whether it is new. Returns
    /// when the originals of all duplicates are durable too.
    ///
    /// # Errors
    /// When any of it is not durable. Some entries may be: another try is told that they
    /// are duplicates.
    pub async fn append(&self, entries: Vec<Entry>) -> Result<Vec<Stored>, AppendError> {
        self.append_prepared(self.lay_out(&entries)).await
    }

    /// As [`Spool::append`], of records that are laid out already.
    ///
    /// # Errors
    /// As [`Spool::append`].
    pub async fn append_prepared(
        &self,
        mut prepared: Prepared,
    ) -> Result<Vec<Stored>, AppendError> {
        loop {
            let view = self.core().window.view();
            let suspects = view.suspects(prepared.keys());
            let known = match suspects.is_empty() {
                true => Vec::new(),
                false => {
                    // A few reads, of pages that are mostly in memory; it may be a disk's.
                    let view = Arc::clone(&view);
                    let search = move || search(&view, suspects);
                    let found = tokio::task::spawn_blocking(search).await;
                    found.map_err(|_| AppendError::Closed)?
                }
            };
            match self.queue(prepared, &known, view.filed) {
                Ok(Submitted::Done(answer)) => return answer,
                Ok(Submitted::Waiting(answer)) => {
                    return answer.await.unwrap_or(Err(AppendError::Closed));
                }
                Err(again) => prepared = again,
            }
        }
    }

    /// Room for so many records of about so many bytes together, to be laid out for
    /// [`Spool::append_prepared`].
    #[must_use]
    pub fn prepare(&self, records: usize, bytes: usize) -> Prepared {
        Prepared::new(self.core().pool.take(), records, bytes)
    }

    fn lay_out(&self, entries: &[Entry]) -> Prepared {
        let bytes = entries.iter().map(|entry| entry.line.len()).sum();
        let mut prepared = self.prepare(entries.len(), bytes);
        for entry in entries {
            prepared.push(entry.received_at, entry.key, |line| {
                line.extend_from_slice(&entry.line);
            });
        }
        prepared
    }

    /// The first half of [`Spool::append`], for who may block: queues the entries, and does
    /// not wait for the commit.
    #[must_use]
    pub fn submit(&self, entries: &[Entry]) -> Submitted {
        let mut prepared = self.lay_out(entries);
        loop {
            let view = self.core().window.view();
            let known = search(&view, view.suspects(prepared.keys()));
            match self.queue(prepared, &known, view.filed) {
                Ok(submitted) => return submitted,
                Err(again) => prepared = again,
            }
        }
    }

    /// Queues what was searched for in files as they were when `filed` was true; gives it
    /// back when ids have gone into a file since.
    fn queue(
        &self,
        prepared: Prepared,
        known: &[usize],
        filed: u64,
    ) -> Result<Submitted, Prepared> {
        let core = self.core();
        if prepared.longest > core.longest_line {
            return Ok(Submitted::Done(Err(AppendError::Failing(format!(
                "a line of {} bytes does not fit into a segment, which takes {}",
                prepared.longest, core.longest_line
            )))));
        }
        let mut queue = core.queue();
        if queue.index.filed() != filed {
            return Err(prepared);
        }
        let submitted = queue.submit(prepared, known, core.queue_bytes);
        let tend = queue.index.half_full() && mem::take(&mut queue.ids_sleep);
        let waits = matches!(submitted, Submitted::Waiting(_));
        let wake = waits && mem::take(&mut queue.writer_sleeps);
        drop(queue);
        if tend {
            core.tend.notify_one();
        }
        if wake {
            core.wake.notify_one();
        }
        match &submitted {
            Submitted::Done(Ok(duplicates)) => core.books().duplicate(duplicates.len() as u64),
            Submitted::Done(Err(_)) => core.books().counters_mut().full += 1,
            Submitted::Waiting(_) => {}
        }
        Ok(submitted)
    }
}

/// Which of the suspects, by number, stand in a file. Reads it.
fn search(view: &View, suspects: Vec<(usize, DuplicateKey)>) -> Vec<usize> {
    let suspects = suspects.into_iter();
    let known = suspects.filter(|(_, key)| view.holds(*key));
    known.map(|(number, _)| number).collect()
}
