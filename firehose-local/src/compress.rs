//! How an object's bytes are packed: AWS's five compressions, each written as it comes.

mod even;
mod gzip;
mod snappy;
mod zip;

use crate::config::Compression;
use even::Even;
pub(crate) use gzip::{Deflate, gzip_begin, gzip_end};
use std::io::{self, Write};

/// How hard gzip and ZIP try. AWS's own level is not known; this one takes a third of the time
/// of the usual 6, for half as many bytes more.
const LEVEL: flate2::Compression = flate2::Compression::fast();

impl Compression {
    /// Writes to `out` what `write` gives, packed. `name` is that of a ZIP's one entry.
    ///
    /// # Errors
    /// Those of `out` and of `write`.
    pub fn pack<W: Write>(
        self,
        out: W,
        name: &str,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<W> {
        match self {
            Self::Uncompressed => {
                let mut out = out;
                write(&mut out)?;
                Ok(out)
            }
            Self::Gzip => {
                let mut gzip = Even::new(flate2::write::GzEncoder::new(out, LEVEL));
                write(&mut gzip)?;
                gzip.finish()?.finish()
            }
            Self::Zip => {
                let mut zip = Even::new(zip::Entry::begin(out, name)?);
                write(&mut zip)?;
                zip.finish()?.finish()
            }
            Self::Snappy | Self::HadoopSnappy => {
                let mut snappy = match self {
                    Self::Snappy => snappy::Blocks::java(out)?,
                    _ => snappy::Blocks::hadoop(out),
                };
                write(&mut snappy)?;
                snappy.finish()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Read as _;
    use std::process::Command;

    fn packed(compression: Compression, parts: &[&[u8]]) -> Vec<u8> {
        let write = |out: &mut dyn Write| parts.iter().try_for_each(|part| out.write_all(part));
        compression.pack(Vec::new(), "entry", write).unwrap()
    }

    /// Undoes the two Snappy containers: chunks of a length and a raw block.
    fn unsnapped(mut bytes: &[u8], hadoop: bool) -> Vec<u8> {
        fn number(bytes: &mut &[u8]) -> usize {
            let (head, rest) = bytes.split_at(4);
            *bytes = rest;
            u32::from_be_bytes(head.try_into().unwrap()) as usize
        }
        let mut out = Vec::new();
        if !hadoop {
            let (magic, rest) = bytes.split_at(16);
            assert_eq!(magic, b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01");
            bytes = rest;
        }
        while !bytes.is_empty() {
            let whole = hadoop.then(|| number(&mut bytes));
            let (block, rest) = bytes.split_at(number(&mut bytes) + 4).to_owned();
            let block = &block[4..];
            bytes = rest;
            let block = snap::raw::Decoder::new().decompress_vec(block).unwrap();
            assert!(whole.is_none_or(|whole| whole == block.len()));
            out.extend(block);
        }
        out
    }

    fn unpacked(compression: Compression, bytes: &[u8]) -> Vec<u8> {
        match compression {
            Compression::Uncompressed => bytes.to_vec(),
            Compression::Gzip => {
                let mut out = Vec::new();
                let mut gzip = flate2::bufread::GzDecoder::new(bytes);
                gzip.read_to_end(&mut out).unwrap();
                assert!(gzip.into_inner().is_empty());
                out
            }
            Compression::Zip => {
                let folder = tempfile::TempDir::new().unwrap();
                let place = folder.path().join("object.zip");
                fs_err::write(&place, bytes).unwrap();
                let program = "import sys, zipfile\n\
                    z = zipfile.ZipFile(sys.argv[1])\n\
                    assert z.testzip() is None and len(z.namelist()) == 1\n\
                    sys.stdout.buffer.write(z.read(z.namelist()[0]))";
                let python = Command::new("python3")
                    .args(["-c", program])
                    .arg(&place)
                    .output();
                let python = python.unwrap();
                assert!(python.status.success(), "{python:?}");
                python.stdout
            }
            Compression::Snappy => unsnapped(bytes, false),
            Compression::HadoopSnappy => unsnapped(bytes, true),
        }
    }

    #[test]
    fn each_compression_gives_the_bytes_back() {
        let long: Vec<u8> = (0..700_000_u32)
            .flat_map(|n| (n % 1009).to_le_bytes())
            .collect();
        for compression in [
            Compression::Uncompressed,
            Compression::Gzip,
            Compression::Zip,
            Compression::Snappy,
            Compression::HadoopSnappy,
        ] {
            let short: &[u8] = b"{\"userId\":45}\n";
            for parts in [&[][..], &[short], &[&long, short, &long]] {
                let bytes = packed(compression, parts);
                assert!(
                    unpacked(compression, &bytes) == parts.concat(),
                    "{compression:?}"
                );
            }
        }
    }

    #[test]
    fn the_same_bytes_are_packed_to_the_same_bytes() {
        let long: Vec<u8> = (0..50_000_u32)
            .flat_map(|n| (n % 1009).to_le_bytes())
            .collect();
        for compression in [Compression::Gzip, Compression::Zip] {
            let once = packed(compression, &[b"one", &long]);
            let (start, end) = long.split_at(70_001);
            let again = packed(compression, &[b"o", b"ne", start, b"", end]);
            assert!(once == again, "{compression:?}, cut otherwise");
        }
        let once = packed(Compression::Gzip, &[b"one"]);
        assert_eq!(once[4..8], [0; 4], "no time of day in it");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn blocks_are_cut_anywhere(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..70_000), 0..6),
        ) {
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            for compression in [Compression::Gzip, Compression::Snappy, Compression::HadoopSnappy] {
                let bytes = packed(compression, &parts);
                prop_assert!(unpacked(compression, &bytes) == parts.concat());
            }
        }
    }
}
