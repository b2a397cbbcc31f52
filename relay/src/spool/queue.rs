//! Who waits for the next commit, and which ids are known.
//!
//! An append leaves its frames and goes to sleep; the writer takes all that wait at
//! once. The index of ids changes under the same lock as the queue, so that of two equal
//! events exactly one is new.

use std::mem;

use tokio::sync::oneshot;

use super::log::Frames;
use super::prepared::Prepared;
use super::tell::{Answer, Told};
use super::{AppendError, Stored};
use crate::duplicate::DuplicateKey;
use crate::duplicate::index::Index;

/// An append asleep until its commit.
#[derive(Debug)]
pub struct Append {
    /// Its new frames.
    pub frames: Frames,
    /// Key, `receivedAt` and line length of each new frame.
    pub news: Vec<(DuplicateKey, u64, u64)>,
    /// What it will be told.
    stored: Vec<Stored>,
    /// Originals of its duplicates that are not yet durable.
    originals: Vec<DuplicateKey>,
    /// How many ids had been freed when it came.
    freed: u64,
    waiter: oneshot::Sender<Told>,
}

/// What an append gets at once.
#[derive(Debug)]
pub enum Submitted {
    /// Nothing has to be written: the answer.
    Done(Told),
    /// The answer comes with the commit.
    Waiting(oneshot::Receiver<Told>),
}

/// The queue.
#[derive(Debug, Default)]
pub struct Queue {
    /// In the order of their positions.
    pub waiting: Vec<Append>,
    /// Ids durable and on their way.
    pub index: Index,
    /// The next record's position.
    pub next_position: u64,
    /// Everything below it is durable or void.
    pub durable: u64,
    /// No append is taken any more.
    pub closed: bool,
    /// Bytes of frames that wait.
    pub bytes: usize,
    /// Delivery made room: a full spool may look again whether it has some.
    pub probe: bool,
    /// The writer sleeps: the next append wakes it. One that is awake looks by itself, and waking it
    /// would be a system call for nothing.
    pub writer_sleeps: bool,
    /// Who puts ids into files sleeps, likewise.
    pub ids_sleep: bool,
}

impl Queue {
    /// Takes an append in: numbers its new frames, drops those of duplicates. `known` are
    /// those, by number and in order, whose ids stand in a file.
    pub fn submit(&mut self, prepared: Prepared, known: &[usize], most_bytes: usize) -> Submitted {
        if self.closed {
            return Submitted::Done(Err(AppendError::Closed));
        }
        if self.bytes + prepared.frames.bytes.len() > most_bytes {
            return Submitted::Done(Err(AppendError::Failing(
                "the disk does not keep up with what arrives".to_owned(),
            )));
        }
        if !self.index.has_room(prepared.news.len()) {
            return Submitted::Done(Err(AppendError::Failing(
                "the disk does not keep up with the message ids that arrive".to_owned(),
            )));
        }
        let mut known = known.iter().peekable();
        let Prepared {
            mut frames, news, ..
        } = prepared;
        let mut stored = Vec::with_capacity(news.len());
        let mut originals = Vec::new();
        self.index.fetch(news.iter().map(|(key, _, _)| *key));
        for (index, (key, _, _)) in news.iter().enumerate() {
            if known.next_if_eq(&&index).is_some() {
                stored.push(Stored::Duplicate);
                continue;
            }
            match self.index.position(*key) {
                Some(position) => {
                    if position >= self.durable {
                        originals.push(*key);
                    }
                    stored.push(Stored::Duplicate);
                }
                None => {
                    self.index.insert(*key, self.next_position);
                    frames.ends[index].2 = self.next_position;
                    self.next_position += 1;
                    stored.push(Stored::New);
                }
            }
        }
        let mut news = news;
        if stored.contains(&Stored::Duplicate) {
            frames.keep(&stored);
            let mut fate = stored.iter();
            news.retain(|_| fate.next() == Some(&Stored::New));
        }
        if news.is_empty() && originals.is_empty() {
            return Submitted::Done(Ok(stored));
        }
        self.bytes += frames.bytes.len();
        let (waiter, answer) = oneshot::channel();
        self.waiting.push(Append {
            frames,
            news,
            stored,
            originals,
            freed: self.index.freed(),
            waiter,
        });
        Submitted::Waiting(answer)
    }

    /// All that wait, for one commit.
    pub fn take(&mut self) -> Vec<Append> {
        self.bytes = 0;
        mem::take(&mut self.waiting)
    }
}

impl Append {
    /// Frees the ids of its frames but the first `durable`, which are durable.
    pub fn free_ids(&self, index: &mut Index, durable: usize) {
        for (number, (key, _, _)) in self.news.iter().enumerate().skip(durable) {
            index.remove(*key, self.frames.ends[number].2);
        }
    }

    /// Whether the originals of its duplicates are durable. One that failed may be on its
    /// way again, sent by a client that tries once more: that one does not count. One that
    /// is no longer there has gone into a file, or failed.
    pub fn originals_durable(&self, index: &Index, durable: u64) -> bool {
        self.originals.iter().all(|key| match index.position(*key) {
            Some(position) => position < durable,
            None => index.freed() == self.freed,
        })
    }

    /// How many of its events are duplicates.
    #[must_use]
    pub fn duplicates(&self) -> u64 {
        (self.stored.len() - self.news.len()) as u64
    }

    /// What to tell who waits: that it went well, or why not.
    #[must_use]
    pub fn answer(self, error: Option<AppendError>) -> Answer {
        Answer {
            waiter: self.waiter,
            told: match error {
                None => Ok(self.stored),
                Some(error) => Err(error),
            },
        }
    }
}

impl Frames {
    /// Keeps the frames that are new.
    fn keep(&mut self, stored: &[Stored]) {
        let mut kept = Self::default();
        let mut start = 0;
        for ((end, contents, position), fate) in self.ends.iter().zip(stored) {
            if *fate == Stored::New {
                kept.bytes.extend_from_slice(&self.bytes[start..*end]);
                kept.ends.push((kept.bytes.len(), *contents, *position));
            }
            start = *end;
        }
        *self = kept;
    }
}
