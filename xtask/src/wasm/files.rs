//! Files as a server hands them out: each also in brotli and gzip, and no others.

use std::{io::Write, path::Path};

use anyhow::Result;
use flate2::{Compression, write::GzEncoder};

use super::FILES;

/// What stands behind a name: as it is, brotli, gzip.
const FORMS: [&str; 3] = ["", ".br", ".gz"];

/// Whether every one of these files is there in every form.
#[must_use]
pub fn complete(dir: &Path, names: &[&str]) -> bool {
    names.iter().all(|name| {
        FORMS
            .iter()
            .all(|form| dir.join(format!("{name}{form}")).exists())
    })
}

/// Writes the files and their compressed forms, and removes whatever is none of ours.
///
/// # Errors
/// When the disk refuses.
pub fn write(dir: &Path, contents: &[(&str, &[u8])]) -> Result<()> {
    fs_err::create_dir_all(dir)?;
    for (name, bytes) in contents {
        for form in FORMS {
            let bytes = match form {
                ".br" => brotli(bytes)?,
                ".gz" => gzip(bytes)?,
                _ => bytes.to_vec(),
            };
            let name = format!("{name}{form}");
            // A server may be reading: it sees the old file or the new one.
            let fresh = dir.join(format!(".{name}"));
            fs_err::write(&fresh, bytes)?;
            fs_err::rename(fresh, dir.join(&name))?;
        }
    }
    let ours: Vec<String> = FILES
        .iter()
        .flat_map(|name| FORMS.map(|form| format!("{name}{form}")))
        .collect();
    for entry in fs_err::read_dir(dir)? {
        let entry = entry?;
        if !ours.iter().any(|name| entry.file_name() == name.as_str()) {
            fs_err::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Brotli at its smallest, as any CDN keeps it.
///
/// # Errors
/// None in memory.
pub fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut packed = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut packed, 1 << 16, 11, 22);
    encoder.write_all(bytes)?;
    drop(encoder);
    Ok(packed)
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_complete_and_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs_err::write(dir.path().join("clickstream_bg.wasm"), "old").unwrap();
        assert!(!complete(dir.path(), &FILES));
        let text = "the same words, the same words, the same words".as_bytes();
        // Two builds, one after the other, into one folder.
        let contents = FILES.map(|name| (name, text));
        let (first, second) = contents.split_at(2);
        write(dir.path(), first).unwrap();
        assert!(!complete(dir.path(), &FILES));
        write(dir.path(), second).unwrap();
        assert!(complete(dir.path(), &FILES));
        let count = fs_err::read_dir(dir.path()).unwrap().count();
        assert_eq!(count, 3 * FILES.len());
        let packed = fs_err::read(dir.path().join("clickstream.js.br")).unwrap();
        assert!(packed.len() < text.len());
        let mut plain = Vec::new();
        brotli::BrotliDecompress(&mut packed.as_slice(), &mut plain).unwrap();
        assert_eq!(plain, text);
    }
}
