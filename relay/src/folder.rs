//! The folders that settings name, tried before anybody is told that this program listens.

use std::io;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::sink;
use crate::spool::files::{Files, create_dirs};

/// Why a folder cannot be used: which, why, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{flag}: the folder {} cannot be {done}: {why}; {remedy}", .dir.display())]
pub struct FolderError {
    flag: &'static str,
    dir: PathBuf,
    done: &'static str,
    why: String,
    remedy: &'static str,
}

/// Tries every folder that a relay with these settings writes to.
///
/// # Errors
/// The first that cannot be made or written.
pub fn try_all(files: &dyn Files, config: &Config) -> Result<(), FolderError> {
    try_one(files, "--spool-dir", &config.spool.dir)?;
    if config.rejected.size > 0 {
        try_one(files, "--spool-dir", &config.rejected.dir)?;
    }
    match &config.sink {
        sink::Config::Lake(lake) => {
            try_one(files, "--lake-dir", &lake.dir)?;
            try_one(files, "--lake-dir", &lake.dir.join(lake.stream().bucket))
        }
        _ => Ok(()),
    }
}

/// Makes the folder and a file in it, and takes the file away again. A full disk passes: the relay
/// starts on one, and says 503 until there is room.
///
/// # Errors
/// When the folder cannot be made or written.
pub fn try_one(files: &dyn Files, flag: &'static str, dir: &Path) -> Result<(), FolderError> {
    let failed = |done| move |error| told(flag, dir, done, &error);
    create_dirs(files, dir)
        .or_else(full_passes)
        .map_err(failed("made"))?;
    let probe = dir.join(".probe");
    match files.create(&probe) {
        // Another start's, at this moment or before a crash.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map(drop),
    }
    .and_then(|()| match files.remove_file(&probe) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    })
    .or_else(full_passes)
    .map_err(failed("written"))
}

fn full_passes(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Ok(()),
        _ => Err(error),
    }
}

fn told(flag: &'static str, dir: &Path, done: &'static str, error: &io::Error) -> FolderError {
    let in_the_way = dir.ancestors().find(|path| path.is_file());
    let (why, remedy) = match (in_the_way, error.kind()) {
        (Some(file), _) => (
            format!("{} is a file", file.display()),
            "move that file away, or name another folder",
        ),
        (None, io::ErrorKind::PermissionDenied) => (
            "permission denied".to_owned(),
            "let this user write there, or name another folder",
        ),
        // Without the path, which the system's own text may repeat.
        (None, io::ErrorKind::ReadOnlyFilesystem) => (
            "its file system is read-only".to_owned(),
            "mount it writable, or name another folder",
        ),
        (None, _) => (error.to_string(), "mend that, or name another folder"),
    };
    FolderError {
        flag,
        dir: dir.to_path_buf(),
        done,
        why,
        remedy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::RealFiles;

    fn tried(dir: &Path) -> Result<(), String> {
        try_one(&RealFiles, "--lake-dir", dir).map_err(|error| error.to_string())
    }

    #[test]
    fn a_folder_is_made_and_left_empty_also_after_a_crash() {
        let dir = tempfile::tempdir().unwrap();
        let lake = dir.path().join("a/b");
        assert_eq!(tried(&lake), Ok(()));
        fs_err::write(lake.join(".probe"), "").unwrap();
        assert_eq!(tried(&lake), Ok(()));
        assert_eq!(fs_err::read_dir(&lake).unwrap().count(), 0);
    }

    #[test]
    fn the_file_in_the_way_is_named_once() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs_err::write(&file, "").unwrap();
        let file = file.display();
        for below in ["", "/l", "/l/m"] {
            assert_eq!(
                tried(Path::new(&format!("{file}{below}"))),
                Err(format!(
                    "--lake-dir: the folder {file}{below} cannot be made: {file} is a file; \
                     move that file away, or name another folder"
                ))
            );
        }
    }

    #[test]
    fn every_other_reason_has_a_next_step() {
        let say = |kind: io::ErrorKind| {
            let error = io::Error::from(kind);
            told("--spool-dir", Path::new("nowhere/s"), "written", &error).to_string()
        };
        assert_eq!(
            say(io::ErrorKind::PermissionDenied),
            "--spool-dir: the folder nowhere/s cannot be written: permission denied; \
             let this user write there, or name another folder"
        );
        assert_eq!(
            say(io::ErrorKind::ReadOnlyFilesystem),
            "--spool-dir: the folder nowhere/s cannot be written: its file system is read-only; \
             mount it writable, or name another folder"
        );
        assert!(say(io::ErrorKind::TimedOut).ends_with("; mend that, or name another folder"));
    }
}
