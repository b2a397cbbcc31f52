//! How far each input is sent: a small file, replaced after every request that was answered.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Why the place cannot be remembered.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// The file.
    #[error("cannot remember the place in {}: {error}; name another file with --resume", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What happened.
        error: io::Error,
    },
    /// The file is something else.
    #[error("{} is no file that --resume wrote: name another", .0.display())]
    Foreign(PathBuf),
}

/// The places, and the file that keeps them; without one nothing is remembered.
#[derive(Debug, Default)]
pub struct Resume {
    file: Option<PathBuf>,
    places: BTreeMap<PathBuf, u64>,
}

impl Resume {
    /// Reads the file, if it is there.
    ///
    /// # Errors
    /// When it cannot be read, or is something else.
    pub fn open(file: Option<&Path>) -> Result<Self, ResumeError> {
        let Some(path) = file else {
            return Ok(Self::default());
        };
        let text = match fs_err::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                let path = path.to_path_buf();
                return Err(ResumeError::File { path, error });
            }
            Ok(text) => text,
        };
        let place = |line: &str| {
            let (offset, input) = line.split_once('\t')?;
            Some((PathBuf::from(input), offset.parse().ok()?))
        };
        let places: Option<_> = text.lines().map(place).collect();
        Ok(Self {
            file: Some(path.to_path_buf()),
            places: places.ok_or_else(|| ResumeError::Foreign(path.to_path_buf()))?,
        })
    }

    /// Where to begin in this input.
    #[must_use]
    pub fn offset(&self, input: &Path) -> u64 {
        self.places.get(input).copied().unwrap_or(0)
    }

    /// All before `offset` of this input is answered for.
    ///
    /// # Errors
    /// When that cannot be written down.
    pub fn done(&mut self, input: &Path, offset: u64) -> Result<(), ResumeError> {
        let Some(path) = &self.file else {
            return Ok(());
        };
        self.places.insert(input.to_path_buf(), offset);
        let lines = self
            .places
            .iter()
            .map(|(input, offset)| format!("{offset}\t{}\n", input.display()));
        let text: String = lines.collect();
        // Aside and renamed: a stop at any moment leaves one whole file.
        let mut new = path.clone().into_os_string();
        new.push(".new");
        fs_err::write(&new, text)
            .and_then(|()| fs_err::rename(&new, path))
            .map_err(|error| ResumeError::File {
                path: path.clone(),
                error,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_come_back_and_another_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("places");
        let mut resume = Resume::open(Some(&file)).unwrap();
        assert_eq!(resume.offset(Path::new("a b")), 0);
        resume.done(Path::new("a b"), 7).unwrap();
        resume.done(Path::new("c"), 9).unwrap();
        let again = Resume::open(Some(&file)).unwrap();
        assert_eq!(again.offset(Path::new("a b")), 7);
        assert_eq!(again.offset(Path::new("c")), 9);
        fs_err::write(&file, "{\"some\":\"config\"}\n").unwrap();
        let refused = Resume::open(Some(&file)).unwrap_err().to_string();
        assert!(refused.contains("--resume"), "{refused}");
    }

    #[test]
    fn without_a_file_nothing_is_remembered() {
        let mut resume = Resume::open(None).unwrap();
        resume.done(Path::new("a"), 7).unwrap();
        assert_eq!(resume.offset(Path::new("a")), 0);
    }
}
