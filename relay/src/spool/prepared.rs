//! Frames laid out before anything is locked, in a buffer that comes back for the next request.
//!
//! A line is written once, by whoever knows how, straight to where the disk takes it from.

use std::mem;
use std::sync::{Mutex, PoisonError};

use super::frame;
use super::log::Frames;
use crate::duplicate::DuplicateKey;

/// The frames of one append.
#[derive(Debug, Default)]
pub struct Prepared {
    pub(super) frames: Frames,
    /// Key, `receivedAt` and line length of each frame.
    pub(super) news: Vec<(DuplicateKey, u64, u64)>,
    /// Bytes of the longest line.
    pub(super) longest: usize,
}

impl Prepared {
    /// In this buffer, which is empty, with room for so many records of so many bytes together.
    pub(super) fn new(mut buffer: Vec<u8>, records: usize, bytes: usize) -> Self {
        buffer.reserve(bytes);
        Self {
            frames: Frames {
                bytes: buffer,
                ends: Vec::with_capacity(records),
            },
            news: Vec::with_capacity(records),
            longest: 0,
        }
    }

    /// Adds a record, whose line (without a newline) `write` appends to what it is given. Returns
    /// the line's bytes.
    pub fn push(
        &mut self,
        received_at: u64,
        key: DuplicateKey,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> usize {
        let Frames { bytes, ends } = &mut self.frames;
        let (length, contents) = frame::write_record(bytes, received_at, key, write);
        ends.push((bytes.len(), contents, 0));
        self.news.push((key, received_at, length as u64));
        self.longest = self.longest.max(length);
        length
    }

    /// The key of each record.
    pub fn keys(&self) -> impl Iterator<Item = DuplicateKey> + Clone {
        self.news.iter().map(|(key, _, _)| *key)
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.news.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.news.is_empty()
    }
}

/// Buffers that wait for their next use.
#[derive(Debug, Default)]
pub struct Pool(Mutex<Idle>);

#[derive(Debug, Default)]
struct Idle {
    buffers: Vec<Vec<u8>>,
    bytes: usize,
}

impl Pool {
    /// Most bytes that wait in the pool together; what comes back beyond them is freed.
    pub const BYTES: usize = 8 << 20;

    /// An empty buffer.
    #[must_use]
    pub fn take(&self) -> Vec<u8> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let buffer = idle.buffers.pop().unwrap_or_default();
        idle.bytes -= buffer.capacity();
        buffer
    }

    /// Takes buffers back, as far as they fit.
    pub fn give(&self, buffers: impl Iterator<Item = Vec<u8>>) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for mut buffer in buffers {
            let bytes = idle.bytes + buffer.capacity();
            if bytes <= Self::BYTES && buffer.capacity() > 0 {
                buffer.clear();
                idle.bytes = bytes;
                idle.buffers.push(buffer);
            }
        }
    }
}

impl Frames {
    /// Lets go of the bytes, which are on the disk or not wanted there.
    pub(super) fn release(&mut self) -> Vec<u8> {
        mem::take(&mut self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pool_holds_no_more_than_its_bound() {
        let pool = Pool::default();
        let buffers = (0..100).map(|_| Vec::with_capacity(Pool::BYTES / 10));
        pool.give(buffers);
        let mut held = 0;
        loop {
            let capacity = pool.take().capacity();
            if capacity == 0 {
                break;
            }
            held += capacity;
        }
        assert!(held > Pool::BYTES / 2 && held <= Pool::BYTES, "{held}");
    }

    #[test]
    fn a_buffer_comes_back_empty() {
        let pool = Pool::default();
        pool.give([b"somebody's event".to_vec()].into_iter());
        let buffer = pool.take();
        assert!(buffer.is_empty() && buffer.capacity() >= 16);
    }
}
