//! The machine's own file system.

use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{File, FileSystem, Files, Lock, Name, SyncPoint};

static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// Files as the operating system has them.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealFiles;

impl Files for RealFiles {
    fn create_dir(&self, path: &Path) -> io::Result<bool> {
        match fs_err::create_dir(path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let file = fs_err::OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)?;
        Ok(Arc::new(RealFile(file)))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let file = fs_err::OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)?;
        Ok(Arc::new(RealFile(file)))
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = fs_err::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)?;
        io::Write::write_all(&mut file, bytes)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Name>> {
        let mut names = Vec::new();
        for entry in fs_err::read_dir(dir)? {
            let entry = entry?;
            // A name that is not UTF-8 is none of ours.
            if let Ok(name) = entry.file_name().into_string() {
                let is_dir = entry.file_type()?.is_dir();
                names.push(Name { name, is_dir });
            }
        }
        Ok(names)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs_err::remove_file(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        match fs_err::remove_dir_all(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs_err::rename(from, to)
    }

    #[cfg(target_os = "linux")]
    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            Ok(()) => Ok(()),
            // Some file systems cannot: a hard link never replaces either.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => link_then_unlink(from, to),
            Err(errno) => Err(said(io::Error::from(errno), from, to)),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        link_then_unlink(from, to)
    }

    fn sync_dir(&self, dir: &Path, _point: SyncPoint) -> io::Result<()> {
        fs_err::File::open(dir)?.sync_all()
    }

    #[cfg(target_os = "linux")]
    fn file_system(&self, dir: &Path) -> io::Result<Arc<dyn FileSystem>> {
        Ok(Arc::new(RealFileSystem(fs_err::File::open(dir)?)))
    }

    #[cfg(not(target_os = "linux"))]
    fn file_system(&self, _dir: &Path) -> io::Result<Arc<dyn FileSystem>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn room(&self, dir: &Path) -> io::Result<u64> {
        let disk = rustix::fs::statvfs(dir)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        let file = fs_err::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)?;
        match file.file().try_lock() {
            Ok(()) => Ok(Box::new(RealLock { _file: file })),
            Err(std::fs::TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            Err(std::fs::TryLockError::Error(error)) => Err(error),
        }
    }

    fn entropy(&self) -> io::Result<[u8; 16]> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)
            .map_err(|error| io::Error::other(format!("no random bytes: {error}")))?;
        Ok(bytes)
    }
}

fn link_then_unlink(from: &Path, to: &Path) -> io::Result<()> {
    fs_err::hard_link(from, to)?;
    fs_err::remove_file(from)
}

/// The kind stays, since callers decide by it; the paths are added for who reads it.
fn said(error: io::Error, from: &Path, to: &Path) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("rename {} to {}: {error}", from.display(), to.display()),
    )
}

#[derive(Debug)]
struct RealFile(fs_err::File);

/// The system's error with the path; its number stays to be found as the source.
#[derive(Debug, thiserror::Error)]
#[error("{what} {}: {source}", .path.display())]
struct Failed {
    what: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl RealFile {
    fn failed(&self, what: &'static str, errno: rustix::io::Errno) -> io::Error {
        let source = io::Error::from(errno);
        let path = self.0.path().to_path_buf();
        io::Error::new(source.kind(), Failed { what, path, source })
    }
}

impl File for RealFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, mut offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while done < into.len() {
            match rustix::io::pread(self.0.file(), &mut into[done..], offset) {
                Ok(0) => break,
                Ok(read) => {
                    done += read;
                    offset += read as u64;
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(errno) => return Err(self.failed("read", errno)),
            }
        }
        Ok(done)
    }

    fn write_at(&self, mut offset: u64, mut parts: &mut [IoSlice<'_>]) -> io::Result<()> {
        // The system takes no more parts in one call than this (POSIX: at least 16, Linux 1,024).
        const PARTS: usize = 512;
        IoSlice::advance_slices(&mut parts, 0);
        while !parts.is_empty() {
            let some = &parts[..parts.len().min(PARTS)];
            match rustix::io::pwritev(self.0.file(), some, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    offset += written as u64;
                    IoSlice::advance_slices(&mut parts, written);
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(errno) => return Err(self.failed("write", errno)),
            }
        }
        Ok(())
    }

    fn fill_zero(&self, offset: u64, len: u64) -> io::Result<()> {
        let mut done = 0;
        while done < len {
            let now = (len - done).min(ZEROS.len() as u64);
            let part = &ZEROS[..usize::try_from(now).unwrap_or(ZEROS.len())];
            self.write_at(offset + done, &mut [IoSlice::new(part)])?;
            done += now;
        }
        self.0.sync_data()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync(&self, _point: SyncPoint) -> io::Result<()> {
        // fdatasync: contents and length, not the times.
        self.0.sync_data()
    }
}

#[cfg(target_os = "linux")]
#[derive(Debug)]
struct RealFileSystem(fs_err::File);

#[cfg(target_os = "linux")]
impl FileSystem for RealFileSystem {
    fn sync(&self, _point: SyncPoint) -> io::Result<()> {
        Ok(rustix::fs::syncfs(self.0.file())?)
    }
}

#[derive(Debug)]
struct RealLock {
    _file: fs_err::File,
}

impl Lock for RealLock {}
