//! The inputs: files and folders of files, read line by line, gzip or not.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

/// A longer line is no event's, whatever is in it.
const LONGEST_LINE: u64 = 64 << 20;

/// The files at or below a path with their lengths in bytes, in the order of their names; what
/// begins with a dot is left out.
///
/// # Errors
/// When one cannot be looked at.
pub fn below(path: &Path) -> io::Result<Vec<(PathBuf, u64)>> {
    let about = fs_err::metadata(path)?;
    if !about.is_dir() {
        return Ok(vec![(path.to_path_buf(), about.len())]);
    }
    let mut entries = fs_err::read_dir(path)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(|entry| entry.file_name());
    let mut files = Vec::new();
    for entry in entries {
        if !entry.file_name().to_string_lossy().starts_with('.') {
            files.extend(below(&entry.path())?);
        }
    }
    Ok(files)
}

/// A line, without its end.
#[derive(Debug)]
pub struct Line {
    /// Its bytes; none of a line that is too long.
    pub bytes: Vec<u8>,
    /// Where the next one begins, after inflation.
    pub end: u64,
}

/// The lines of a file.
pub struct Lines {
    from: BufReader<Box<dyn Read>>,
    end: u64,
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lines(at {})", self.end)
    }
}

impl Lines {
    /// Opens a file and passes over so many bytes, after inflation.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(path: &Path, start: u64) -> io::Result<Self> {
        let mut file = BufReader::new(fs_err::File::open(path)?);
        let inner: Box<dyn Read> = match file.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
            true => Box::new(MultiGzDecoder::new(file)),
            false => Box::new(file),
        };
        let mut from = BufReader::new(inner);
        let end = io::copy(&mut (&mut from).take(start), &mut io::sink())?;
        Ok(Self { from, end })
    }

    /// Behind the last line that was read.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end
    }

    /// The next line; none at the end.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        let mut read = (&mut self.from)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut bytes)? as u64;
        if read == 0 {
            return Ok(None);
        }
        if read == LONGEST_LINE && bytes.last() != Some(&b'\n') {
            bytes = b"too long".to_vec();
            read += self.from.skip_until(b'\n')? as u64;
        }
        self.end += read;
        Ok(Some(Line {
            bytes: bytes.trim_ascii_end().to_vec(),
            end: self.end,
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn lines(path: &Path, start: u64) -> Vec<String> {
        let mut lines = Lines::open(path, start).unwrap();
        let mut all = Vec::new();
        while let Some(line) = lines.read().unwrap() {
            all.push(String::from_utf8(line.bytes).unwrap());
        }
        all
    }

    #[test]
    fn lines_come_plain_and_inflated_from_any_start() {
        let dir = tempfile::tempdir().unwrap();
        let (plain, packed) = (dir.path().join("a.jsonl"), dir.path().join("b.gz"));
        let text = b"one\ntwo\r\nthree";
        fs_err::write(&plain, text).unwrap();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(text).unwrap();
        fs_err::write(&packed, gzip.finish().unwrap()).unwrap();
        for path in [plain, packed] {
            assert_eq!(lines(&path, 0), ["one", "two", "three"]);
            assert_eq!(lines(&path, 4), ["two", "three"]);
            assert_eq!(lines(&path, 100), Vec::<String>::new());
        }
    }

    #[test]
    fn folders_give_their_files_in_order_without_those_of_others() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b/2", "b/1", "a", ".hidden/x"] {
            let path = dir.path().join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, name).unwrap();
        }
        let found = below(dir.path()).unwrap();
        let names: Vec<_> = found
            .iter()
            .map(|(path, _)| path.strip_prefix(dir.path()).unwrap().display().to_string())
            .collect();
        assert_eq!(names, ["a", "b/1", "b/2"]);
        assert!(below(&dir.path().join("none")).is_err());
    }
}
