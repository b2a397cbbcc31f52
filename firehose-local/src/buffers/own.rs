//! A file that has one buffer alone: what is large goes there, so that it is written once and can
//! become an object as it is.

use super::chunks::Chunks;
use std::io::{self, Read, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Bytes read from the disk at once.
const READ: usize = 256 << 10;

/// The file, which is gone with this unless it was renamed.
#[derive(Debug)]
pub(super) struct Own {
    path: PathBuf,
    end: u64,
}

impl Own {
    /// None yet; the first part makes it.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, end: 0 }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn length(&self) -> u64 {
        self.end
    }

    /// Appends a part. After an error the file counts as it was before.
    pub(super) fn append(&mut self, part: &Chunks) -> io::Result<()> {
        self.write(part)?;
        self.take(part);
        Ok(())
    }

    /// Writes the last part behind the others, and makes the file end there. It counts as it was before
    /// until [`Self::take`]: a part that no sync has made safe is written again.
    pub(super) fn finish(&self, part: &Chunks) -> io::Result<fs_err::File> {
        let file = self.write(part)?;
        file.set_len(self.end + length(part))?;
        Ok(file)
    }

    /// Counts a part that stands behind the others.
    pub(super) fn take(&mut self, part: &Chunks) {
        self.end += length(part);
    }

    fn write(&self, part: &Chunks) -> io::Result<fs_err::File> {
        let mut file = fs_err::OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .open(&self.path)?;
        // Behind the end may lie what a write that failed has left.
        file.seek(SeekFrom::Start(self.end))?;
        part.write_to(&[], &mut file)?;
        Ok(file)
    }

    /// Writes all of it to `out`.
    pub(super) fn write_to(&self, out: &mut dyn Write) -> io::Result<()> {
        let file = fs_err::File::open(&self.path)?;
        copy(&mut file.take(self.end), self.end, out)
    }
}

fn length(part: &Chunks) -> u64 {
    u64::try_from(part.length()).unwrap_or(u64::MAX)
}

impl Drop for Own {
    fn drop(&mut self) {
        // What cannot be removed now is removed at the next start.
        let _ = fs_err::remove_file(&self.path);
    }
}

/// Writes so many bytes of a file to `out`.
pub(super) fn copy(file: &mut dyn Read, mut length: u64, out: &mut dyn Write) -> io::Result<()> {
    let most = usize::try_from(length).map_or(READ, |length| length.min(READ));
    let mut buffer = vec![0; most];
    while length > 0 {
        let now = usize::try_from(length).map_or(most, |length| length.min(most));
        let part = buffer.get_mut(..now).unwrap_or_default();
        file.read_exact(part)?;
        out.write_all(part)?;
        length -= u64::try_from(now).unwrap_or(length);
    }
    Ok(())
}
