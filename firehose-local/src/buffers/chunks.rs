//! Memory in pieces of one size, given back to be used again: a buffer grows without being moved,
//! and the system is asked for no page twice.

use std::io::{self, IoSlice, Write};

/// Bytes of a piece; small, as thousands of buffers may have little in them each.
pub(super) const CHUNK: usize = if cfg!(test) { 16 } else { 4 << 10 };

/// Pieces of memory that nobody uses.
#[derive(Debug, Default)]
pub(super) struct Pool {
    free: Vec<Vec<u8>>,
}

/// Bytes in pieces. The last one alone may have room.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    list: Vec<Vec<u8>>,
}

impl Pool {
    fn take(&mut self) -> Vec<u8> {
        let free = self.free.pop();
        free.unwrap_or_else(|| Vec::with_capacity(CHUNK))
    }

    /// Takes back what was written out.
    pub(super) fn give_back(&mut self, chunks: Chunks) {
        self.free.extend(chunks.list.into_iter().map(|mut chunk| {
            chunk.clear();
            chunk
        }));
    }
}

impl Chunks {
    /// Appends bytes, in memory of this pool.
    pub(super) fn append(&mut self, mut bytes: &[u8], pool: &mut Pool) {
        while !bytes.is_empty() {
            match self.list.last_mut() {
                Some(last) if last.len() < CHUNK => {
                    let room = (CHUNK - last.len()).min(bytes.len());
                    let (now, later) = bytes.split_at(room);
                    last.extend_from_slice(now);
                    bytes = later;
                }
                _ => self.list.push(pool.take()),
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Bytes of memory that it takes.
    pub(super) fn memory(&self) -> usize {
        self.list.len() * CHUNK
    }

    /// How many bytes there are.
    pub(super) fn length(&self) -> usize {
        let last = self.list.last().map_or(0, Vec::len);
        self.list.len().saturating_sub(1) * CHUNK + last
    }

    /// Writes `head` and all of it, many pieces in one call.
    pub(super) fn write_to(&self, head: &[u8], out: &mut dyn Write) -> io::Result<()> {
        /// As many as Linux takes at once, and more than enough for anyone else.
        const AT_ONCE: usize = 1024;
        let mut first = Some(head);
        let mut rest = self.list.as_slice();
        while first.is_some() || !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(AT_ONCE - 1));
            let parts = first
                .take()
                .into_iter()
                .chain(now.iter().map(Vec::as_slice));
            let mut slices: Vec<IoSlice<'_>> = parts.map(IoSlice::new).collect();
            write_all(&mut slices, out)?;
            rest = later;
        }
        Ok(())
    }
}

fn write_all(mut slices: &mut [IoSlice<'_>], out: &mut dyn Write) -> io::Result<()> {
    // Past what is empty: a writer that takes the first alone would seem to take nothing.
    IoSlice::advance_slices(&mut slices, 0);
    while !slices.is_empty() {
        match out.write_vectored(slices) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut slices, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Takes a few bytes at a time, across the borders of what it is given.
    struct Slow(Vec<u8>, usize);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.1);
            self.0.extend_from_slice(bytes.get(..taken).unwrap());
            Ok(taken)
        }
        fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
            let all: Vec<u8> = slices.iter().flat_map(|slice| slice.to_vec()).collect();
            self.write(&all)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    proptest! {
        /// In whatever portions it comes and goes, it is the same bytes; memory is used again.
        #[test]
        fn what_is_appended_is_written(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..70), 0..80),
            at_once in 1_usize..100,
        ) {
            let mut pool = Pool::default();
            for _ in 0..2 {
                let mut chunks = Chunks::default();
                for part in &parts {
                    chunks.append(part, &mut pool);
                }
                let wanted = parts.concat();
                prop_assert_eq!(chunks.length(), wanted.len());
                prop_assert_eq!(chunks.is_empty(), wanted.is_empty());
                prop_assert!(chunks.memory() >= wanted.len() && chunks.memory() < wanted.len() + CHUNK);
                let mut out = Slow(Vec::new(), at_once);
                chunks.write_to(b"head", &mut out).unwrap();
                prop_assert_eq!(out.0, [b"head", &wanted[..]].concat());
                pool.give_back(chunks);
                prop_assert_eq!(pool.free.len(), wanted.len().div_ceil(CHUNK));
            }
        }
    }
}
