//! The two containers around raw Snappy blocks that AWS writes: snappy-java's stream and
//! Hadoop's block format. Neither is Snappy's own framing.

use std::io::{self, Write};

/// `SnappyOutputStream` of snappy-java: a magic number, its version and the oldest that reads it.
const JAVA_HEAD: &[u8; 16] = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";

/// Blocks of that stream, by default.
const JAVA_BLOCK: usize = 32 << 10;

/// Blocks of Hadoop's `SnappyCodec`, by default.
const HADOOP_BLOCK: usize = 256 << 10;

/// Packs what is written into blocks.
pub(super) struct Blocks<W> {
    out: W,
    block: Vec<u8>,
    size: usize,
    /// Hadoop says before each block how long it was.
    tells_length: bool,
    encoder: snap::raw::Encoder,
}

impl<W: Write> Blocks<W> {
    pub(super) fn java(mut out: W) -> io::Result<Self> {
        out.write_all(JAVA_HEAD)?;
        Ok(Self::new(out, JAVA_BLOCK, false))
    }

    pub(super) fn hadoop(out: W) -> Self {
        Self::new(out, HADOOP_BLOCK, true)
    }

    fn new(out: W, size: usize, tells_length: bool) -> Self {
        Self {
            out,
            block: Vec::with_capacity(size),
            size,
            tells_length,
            encoder: snap::raw::Encoder::new(),
        }
    }

    fn end_block(&mut self) -> io::Result<()> {
        if self.block.is_empty() {
            return Ok(());
        }
        if self.tells_length {
            write_length(&mut self.out, self.block.len())?;
        }
        let packed = self.encoder.compress_vec(&self.block)?;
        self.block.clear();
        write_length(&mut self.out, packed.len())?;
        self.out.write_all(&packed)
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        self.end_block()?;
        Ok(self.out)
    }
}

fn write_length(out: &mut impl Write, length: usize) -> io::Result<()> {
    let length = u32::try_from(length).map_err(io::Error::other)?;
    out.write_all(&length.to_be_bytes())
}

impl<W: Write> Write for Blocks<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.size - self.block.len();
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.block.extend_from_slice(taken);
        if self.block.len() == self.size {
            self.end_block()?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
