//! Appends: what comes in, and what its sender is told.

use super::Spool;
use super::prepared::Prepared;
use super::queue::Submitted;
use crate::duplicate::DuplicateKey;

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
        answered(self.submit(&entries)).await
    }

    /// As [`Spool::append`], of records that are laid out already.
    ///
    /// # Errors
    /// As [`Spool::append`].
    pub async fn append_prepared(&self, prepared: Prepared) -> Result<Vec<Stored>, AppendError> {
        answered(self.submit_prepared(prepared)).await
    }

    /// Room for records of about so many bytes, to be laid out for [`Spool::append_prepared`].
    #[must_use]
    pub fn prepare(&self, bytes: usize) -> Prepared {
        let mut prepared = Prepared::default();
        prepared.frames.bytes = self.core().pool.take();
        prepared.frames.bytes.reserve(bytes);
        prepared
    }

    /// The first half of [`Spool::append`]: queues the entries without waiting.
    #[must_use]
    pub fn submit(&self, entries: &[Entry]) -> Submitted {
        let mut prepared = self.prepare(0);
        for entry in entries {
            prepared.push(entry.received_at, entry.key, |line| {
                line.extend_from_slice(&entry.line);
            });
        }
        self.submit_prepared(prepared)
    }

    fn submit_prepared(&self, prepared: Prepared) -> Submitted {
        let core = self.core();
        if prepared.longest > core.longest_line {
            return Submitted::Done(Err(AppendError::Failing(format!(
                "a line of {} bytes does not fit into a segment, which takes {}",
                prepared.longest, core.longest_line
            ))));
        }
        let submitted = core.queue().submit(prepared, core.queue_bytes);
        match &submitted {
            Submitted::Done(Ok(duplicates)) => core.books().duplicate(duplicates.len() as u64),
            Submitted::Done(Err(_)) => core.books().counters_mut().full += 1,
            Submitted::Waiting(_) => core.wake.notify_one(),
        }
        submitted
    }
}

async fn answered(submitted: Submitted) -> Result<Vec<Stored>, AppendError> {
    match submitted {
        Submitted::Done(answer) => answer,
        Submitted::Waiting(answer) => answer.await.unwrap_or(Err(AppendError::Closed)),
    }
}
