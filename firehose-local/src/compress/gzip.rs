//! Gzip of which the beginning was packed before: parts of raw deflate that stand for themselves,
//! one behind another, in one member.

use super::LEVEL;
use super::even::Even;
use flate2::{Compress, FlushCompress, Status};
use std::io::{self, Write};

/// No name and no time of day, packed fast, of no system.
const HEAD: [u8; 10] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 4, 0xFF];

/// Packs parts. Its memory is taken with the first one.
#[derive(Debug, Default)]
pub(crate) struct Deflate(Option<Compress>);

impl Deflate {
    /// Appends `raw` to `out`, packed so that another part or the end may follow.
    pub(crate) fn part(&mut self, mut raw: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        let deflate = self.0.get_or_insert_with(|| Compress::new(LEVEL, false));
        deflate.reset();
        // More than the worst: where room runs out, what comes out depends on where.
        out.reserve(raw.len() + raw.len() / 4 + 1024);
        loop {
            let before = deflate.total_in();
            let status = deflate.compress_vec(raw, out, FlushCompress::Sync)?;
            let taken = usize::try_from(deflate.total_in() - before).unwrap_or(raw.len());
            raw = raw.get(taken..).unwrap_or_default();
            if status == Status::StreamEnd || (raw.is_empty() && out.len() < out.capacity()) {
                return Ok(());
            }
            out.reserve(1024);
        }
    }
}

/// What stands before all parts.
pub(crate) fn gzip_begin(out: &mut dyn Write) -> io::Result<()> {
    out.write_all(&HEAD)
}

/// Ends what is in `out`, which holds so many bytes with this checksum, with the rest that `write`
/// gives.
pub(crate) fn gzip_end<W: Write>(
    out: W,
    crc: crc32fast::Hasher,
    length: u64,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<W> {
    let mut rest = Even::new(Summed {
        crc,
        length,
        out: flate2::write::DeflateEncoder::new(out, LEVEL),
    });
    write(&mut rest)?;
    let Summed { crc, length, out } = rest.finish()?;
    let mut out = out.finish()?;
    out.write_all(&crc.finalize().to_le_bytes())?;
    // The length's lower half, as gzip has it.
    let [a, b, c, d, ..] = length.to_le_bytes();
    out.write_all(&[a, b, c, d])?;
    Ok(out)
}

/// Counts and sums what is written through it.
struct Summed<W> {
    crc: crc32fast::Hasher,
    length: u64,
    out: W,
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.out.write(bytes)?;
        self.crc.update(bytes.get(..taken).unwrap_or_default());
        self.length += u64::try_from(taken).unwrap_or(0);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
