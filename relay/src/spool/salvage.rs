//! Reads what can still be read: a block that the disk refuses costs itself, not its file.

use std::error::Error;
use std::io;
use std::ops::Range;

use rustix::io::Errno;

use super::files::File;

/// The least that the system reads at once, so that a bad sector costs so much.
const BLOCK: usize = 4096;
/// Tried before single blocks, since a disk takes its time to refuse one.
const PIECE: usize = 16 * BLOCK;

/// What was read; zeros stand where nothing could be.
#[derive(Debug, Default)]
pub struct Salvaged {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Offsets in the file that could not be read, in order.
    pub unreadable: Vec<Range<u64>>,
}

impl Salvaged {
    /// Whether one of these offsets could not be read.
    #[must_use]
    pub fn misses(&self, range: &Range<u64>) -> bool {
        let overlaps = |bad: &Range<u64>| bad.start < range.end && range.start < bad.end;
        self.unreadable.iter().any(overlaps)
    }
}

/// Whether the disk refused these very bytes: an error of the medium, or a checksum of the
/// file system that does not match. Anything else is no reason to give bytes up.
#[must_use]
pub fn is_unreadable(error: &io::Error) -> bool {
    let refused = [Errno::IO, Errno::BADMSG, Errno::UCLEAN].map(Errno::raw_os_error);
    errno(error).is_some_and(|errno| refused.contains(&errno))
}

/// The system's own number, also where a path was added to its error.
fn errno(error: &io::Error) -> Option<i32> {
    if let Some(errno) = error.raw_os_error() {
        return Some(errno);
    }
    let mut next: Option<&(dyn Error + 'static)> = match error.get_ref() {
        Some(inner) => Some(inner),
        None => None,
    };
    while let Some(cause) = next {
        let found = cause.downcast_ref::<io::Error>();
        if let Some(errno) = found.and_then(io::Error::raw_os_error) {
            return Some(errno);
        }
        next = cause.source();
    }
    None
}

/// Reads a whole file.
///
/// # Errors
/// As [`read`], or when its length is not said.
pub fn read_all(file: &dyn File) -> io::Result<Salvaged> {
    read(file, 0, file.len()?)
}

/// Reads up to `length` bytes from `offset` on.
///
/// # Errors
/// When the disk fails in any other way than refusing blocks.
pub fn read(file: &dyn File, offset: u64, length: u64) -> io::Result<Salvaged> {
    let mut salvaged = Salvaged {
        bytes: vec![0; usize::try_from(length).map_err(io::Error::other)?],
        unreadable: Vec::new(),
    };
    match file.read_at(offset, &mut salvaged.bytes) {
        Ok(read) => salvaged.bytes.truncate(read),
        Err(error) if is_unreadable(&error) => {
            let rest = file.len()?.saturating_sub(offset).min(length);
            let rest = usize::try_from(rest).map_err(io::Error::other)?;
            salvaged.bytes.truncate(rest);
            salvaged.pieces(file, offset, 0..rest, PIECE)?;
        }
        Err(error) => return Err(error),
    }
    Ok(salvaged)
}

impl Salvaged {
    /// Reads a part of the bytes in pieces that end at multiples of `step` in the file.
    fn pieces(
        &mut self,
        file: &dyn File,
        offset: u64,
        part: Range<usize>,
        step: usize,
    ) -> io::Result<()> {
        let mut at = part.start;
        while at < part.end {
            let start = offset + at as u64;
            let until_edge = step - usize::try_from(start % step as u64).unwrap_or(0);
            let end = (at + until_edge).min(part.end);
            match file.read_at(start, &mut self.bytes[at..end]) {
                Ok(_) => {}
                Err(error) if !is_unreadable(&error) => return Err(error),
                Err(_) if step > BLOCK => self.pieces(file, offset, at..end, BLOCK)?,
                Err(_) => {
                    // What a refused read left there is nobody's.
                    self.bytes[at..end].fill(0);
                    let bad = start..offset + end as u64;
                    match self.unreadable.last_mut() {
                        Some(last) if last.end == bad.start => last.end = bad.end,
                        _ => self.unreadable.push(bad),
                    }
                }
            }
            at = end;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::IoSlice;
    use std::path::Path;

    use super::*;
    use crate::spool::files::simulated::SimulatedDisk;
    use crate::spool::files::{Files, RealFiles};

    #[test]
    fn only_the_refused_blocks_are_missing() {
        let disk = SimulatedDisk::new(1);
        let path = Path::new("/file");
        let file = disk.create(path).unwrap();
        let bytes = vec![7; 300_000];
        file.write_at(0, &mut [IoSlice::new(&bytes)]).unwrap();
        disk.refuse_reads(path, 100_000..100_010).unwrap();
        disk.refuse_reads(path, 200_000..210_000).unwrap();
        let found = read(&*file, 1_000, 1 << 20).unwrap();
        assert_eq!(found.bytes.len(), 299_000);
        assert_eq!(found.unreadable, [98_304..102_400, 196_608..212_992]);
        for (at, byte) in found.bytes.iter().enumerate() {
            let at = 1_000 + at as u64;
            assert_eq!(*byte == 0, found.misses(&(at..at + 1)), "{at}");
        }
    }

    /// Reading another process's empty page is the one way to an error of input that needs no
    /// broken disk.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_systems_own_error_is_known_behind_the_path_that_was_added() {
        let file = RealFiles.open(Path::new("/proc/self/mem")).unwrap();
        let error = file.read_at(0, &mut [0; 8]).unwrap_err();
        assert!(is_unreadable(&error), "{error:?}");
        let missing = RealFiles.open(Path::new("/nowhere/at/all")).unwrap_err();
        assert!(!is_unreadable(&missing));
    }
}
