//! Parts of one length, whatever they came in: a fast deflate packs otherwise what is cut otherwise,
//! and the same records are to be the same bytes.

use std::io::{self, Write};

/// Bytes that are handed on at once.
const PART: usize = 64 << 10;

/// Hands on what it is given in parts of [`PART`] bytes; the last one is shorter.
pub(super) struct Even<W: Write> {
    part: Vec<u8>,
    out: W,
}

impl<W: Write> Even<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            part: Vec::with_capacity(PART),
            out,
        }
    }

    /// Hands on the rest.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&self.part)?;
        Ok(self.out)
    }
}

impl<W: Write> Write for Even<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.part.len() == PART {
            self.out.write_all(&self.part)?;
            self.part.clear();
        }
        let taken = bytes.len().min(PART - self.part.len());
        self.part
            .extend_from_slice(bytes.get(..taken).unwrap_or_default());
        Ok(taken)
    }

    /// Does nothing: a part that is handed on early would be another.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
