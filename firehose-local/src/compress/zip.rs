//! A ZIP file of one deflated entry, written in one pass: sizes and checksum stand behind the
//! entry, and in the directory at the end (PKWARE's APPNOTE, 4.3).

use super::LEVEL;
use flate2::Crc;
use flate2::write::DeflateEncoder;
use std::io::{self, Write};

/// Deflate needs version 2.0; sizes follow in a descriptor (bit 3); the name is UTF-8 (bit 11).
const VERSION_FLAGS_METHOD: [u8; 6] = [20, 0, 0b1000, 0b1000, 8, 0];

/// 1 January 1980, midnight: the same bytes for the same records.
const TIME_AND_DATE: [u8; 4] = [0, 0, 0b0010_0001, 0];

/// An entry that is being written.
pub(super) struct Entry<W: Write> {
    deflate: DeflateEncoder<Counted<W>>,
    checksum: Crc,
    name: Vec<u8>,
    start: u32,
}

struct Counted<W> {
    out: W,
    written: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.out.write(bytes)?;
        self.written += u64::try_from(taken).unwrap_or(0);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W: Write> Entry<W> {
    pub(super) fn begin(out: W, name: &str) -> io::Result<Self> {
        let mut out = Counted { out, written: 0 };
        let length = u16::try_from(name.len()).map_err(io::Error::other)?;
        out.write_all(b"PK\x03\x04")?;
        out.write_all(&VERSION_FLAGS_METHOD)?;
        out.write_all(&TIME_AND_DATE)?;
        out.write_all(&[0; 12])?;
        out.write_all(&length.to_le_bytes())?;
        out.write_all(&[0; 2])?;
        out.write_all(name.as_bytes())?;
        let start = size(out.written)?;
        Ok(Self {
            deflate: DeflateEncoder::new(out, LEVEL),
            checksum: Crc::new(),
            name: name.as_bytes().to_vec(),
            start,
        })
    }

    pub(super) fn finish(self) -> io::Result<W> {
        let whole = size(self.deflate.total_in())?;
        let mut out = self.deflate.finish()?;
        let packed = size(out.written)? - self.start;
        let numbers = [self.checksum.sum(), packed, whole]
            .map(u32::to_le_bytes)
            .concat();
        out.write_all(b"PK\x07\x08")?;
        out.write_all(&numbers)?;
        let directory = size(out.written)?;
        let length = u16::try_from(self.name.len()).map_err(io::Error::other)?;
        out.write_all(b"PK\x01\x02\x14\0")?;
        out.write_all(&VERSION_FLAGS_METHOD)?;
        out.write_all(&TIME_AND_DATE)?;
        out.write_all(&numbers)?;
        out.write_all(&length.to_le_bytes())?;
        // No extra field, no comment, the first disk, no attributes, at the file's start.
        out.write_all(&[0; 16])?;
        out.write_all(&self.name)?;
        let ended = size(out.written)?;
        out.write_all(b"PK\x05\x06\0\0\0\0\x01\0\x01\0")?;
        out.write_all(&(ended - directory).to_le_bytes())?;
        out.write_all(&directory.to_le_bytes())?;
        out.write_all(&[0; 2])?;
        Ok(out.out)
    }
}

/// A ZIP of the first kind holds up to 4 GiB; a buffer is at most 128 MiB.
fn size(bytes: u64) -> io::Result<u32> {
    u32::try_from(bytes).map_err(io::Error::other)
}

impl<W: Write> Write for Entry<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.deflate.write(bytes)?;
        self.checksum.update(bytes.get(..taken).unwrap_or_default());
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.deflate.flush()
    }
}
