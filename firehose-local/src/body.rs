//! An object's bytes while it grows: as they came, or packed by gzip part by part, so that what
//! waits is short, and nothing is written to the disk at its full length only to be read again.
//!
//! A part is packed for itself, as soon as it is long enough. What is in it depends on the records
//! alone, not on when memory was short: the same records are the same bytes.

use crate::buffers::{Buffer, Buffers};
use crate::compress::{Deflate, gzip_begin, gzip_end};
use crate::config::Compression;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

/// Bytes from which on what came is packed.
const PART: u64 = if cfg!(test) { 700 } else { 64 << 10 };

/// The bytes of an object to be.
#[derive(Debug)]
pub struct Body {
    /// What came and is not packed.
    rest: Buffer,
    packed: Option<Packed>,
}

#[derive(Debug)]
struct Packed {
    /// Raw deflate, with no end yet.
    parts: Buffer,
    /// The checksum and the length of what is in them.
    crc: crc32fast::Hasher,
    length: u64,
}

/// What packs the parts of one body after another.
#[derive(Debug, Default)]
pub struct Packer {
    deflate: Deflate,
    raw: Vec<u8>,
    out: Vec<u8>,
}

impl Body {
    /// An empty one, which is packed on the way where `compression` is such that it can be.
    pub fn new(buffers: &Arc<Buffers>, compression: Compression) -> Self {
        match compression {
            Compression::Gzip => Self {
                rest: buffers.short(),
                packed: Some(Packed {
                    parts: buffers.buffer(),
                    crc: crc32fast::Hasher::new(),
                    length: 0,
                }),
            },
            Compression::Uncompressed => Self {
                rest: buffers.object(),
                packed: None,
            },
            _ => Self {
                rest: buffers.buffer(),
                packed: None,
            },
        }
    }

    /// Appends these bytes, one after another, and says how many came so far.
    pub fn append(&mut self, parts: &[&[u8]], packer: &mut Packer) -> u64 {
        let length = self.rest.append(parts);
        let Some(packed) = &mut self.packed else {
            return length;
        };
        // A part that cannot be read at the moment grows: whoever delivers meets the disk's error.
        if length < PART || packed.take(&self.rest, packer).is_err() {
            return packed.length + length;
        }
        self.rest = self.rest.another();
        packed.length
    }

    /// How many bytes came.
    pub fn length(&self) -> u64 {
        self.rest.length() + self.packed.as_ref().map_or(0, |packed| packed.length)
    }

    /// Writes all that came to `out`, as it came.
    ///
    /// # Errors
    /// Of `out`, or of the disk.
    pub fn write_to(&self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(packed) = &self.packed {
            let mut inflate = flate2::write::DeflateDecoder::new(&mut *out);
            packed.parts.write_to(&mut inflate)?;
            inflate.flush()?;
        }
        self.rest.write_to(out)
    }

    /// Writes all of it to `out`, packed as the stream has it: that may be another way than when
    /// the body was begun. `name` is that of a ZIP's one entry.
    ///
    /// # Errors
    /// Of `out`, or of the disk.
    pub fn pack<W: Write>(
        &self,
        compression: Compression,
        mut out: W,
        name: &str,
    ) -> io::Result<W> {
        let packed = match &self.packed {
            Some(packed) if compression == Compression::Gzip => packed,
            _ => return compression.pack(out, name, |out| self.write_to(out)),
        };
        gzip_begin(&mut out)?;
        packed.parts.write_to(&mut out)?;
        gzip_end(out, packed.crc.clone(), packed.length, |out| {
            self.rest.write_to(out)
        })
    }

    /// The file that holds the object and nothing else, if there is one: see [`Buffer::settle`].
    ///
    /// # Errors
    /// Of the disk. The body is as it was.
    pub fn settle(&self) -> io::Result<Option<(fs_err::File, PathBuf)>> {
        match self.packed {
            Some(_) => Ok(None),
            None => self.rest.settle(),
        }
    }

    /// That file has been synced: see [`Buffer::settled`].
    pub fn settled(&self) {
        if self.packed.is_none() {
            self.rest.settled();
        }
    }
}

impl Packed {
    /// Takes a part, which stays where it is.
    fn take(&mut self, part: &Buffer, packer: &mut Packer) -> io::Result<()> {
        packer.raw.clear();
        packer.out.clear();
        part.write_to(&mut packer.raw)?;
        packer.deflate.part(&packer.raw, &mut packer.out)?;
        self.parts.append(&[&packer.out]);
        self.crc.update(&packer.raw);
        self.length += part.length();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Read as _;

    /// The body of these records, with so much memory, and its bytes as they are delivered.
    fn delivered(
        records: &[Vec<u8>],
        compression: Compression,
        memory: usize,
    ) -> (Vec<u8>, Vec<u8>) {
        let folder = tempfile::TempDir::new().unwrap();
        let buffers = Buffers::new(folder.path(), memory).unwrap();
        let mut packer = Packer::default();
        let mut bodies = [(); 2].map(|()| Body::new(&buffers, compression));
        let mut length = 0;
        for record in records {
            length += record.len() as u64 + 1;
            for body in &mut bodies {
                assert_eq!(body.append(&[record, b"\n"], &mut packer), length);
                assert_eq!(body.length(), length);
            }
        }
        let (mut came, out) = (Vec::new(), Vec::new());
        bodies[1].write_to(&mut came).unwrap();
        // The stream may have changed meanwhile.
        let plain = bodies[1].pack(Compression::Uncompressed, Vec::new(), "");
        assert_eq!(plain.unwrap(), came);
        (came, bodies[1].pack(compression, out, "entry").unwrap())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// However short memory is, a body gives what came, and the same bytes to deliver.
        #[test]
        fn what_came_is_delivered_and_the_same_whatever_the_memory(
            records in prop::collection::vec(
                prop::collection::vec(prop::sample::select(b"abc{}\"".to_vec()), 0..400), 0..40,
            ),
            memory in 0_usize..8_000,
            gzip in any::<bool>(),
        ) {
            let compression = match gzip {
                true => Compression::Gzip,
                false => Compression::Uncompressed,
            };
            let wanted: Vec<u8> = records.iter().flat_map(|r| [r, &b"\n"[..]].concat()).collect();
            let (came, object) = delivered(&records, compression, memory);
            prop_assert!(came == wanted);
            prop_assert!(delivered(&records, compression, 1 << 20).1 == object);
            let mut unpacked = Vec::new();
            match gzip {
                true => {
                    let mut gzip = flate2::bufread::GzDecoder::new(&object[..]);
                    gzip.read_to_end(&mut unpacked).unwrap();
                    prop_assert!(gzip.into_inner().is_empty(), "nothing behind its end");
                }
                false => unpacked = object,
            }
            prop_assert!(unpacked == wanted);
        }
    }

    #[test]
    fn a_long_body_is_short_while_it_waits() {
        let folder = tempfile::TempDir::new().unwrap();
        let buffers = Buffers::new(folder.path(), 1 << 20).unwrap();
        let (mut body, mut packer) = (Body::new(&buffers, Compression::Gzip), Packer::default());
        for _ in 0..1_000 {
            body.append(
                &[b"one record is much like another one", b"\n"],
                &mut packer,
            );
        }
        assert!(
            body.length() > 5 * buffers.memory() as u64,
            "{}",
            buffers.memory()
        );
    }
}
