//! A trial of the lake without a spool: its folders can be made and written, and a file can move from
//! the staging folder to where objects appear. Nothing stays but empty folders.

use std::path::Path;

use super::LakeError;
use crate::spool::files::{Files, create_dirs};
use crate::spool::identity::hex;

/// Tries the lake in `dir`, whose objects lie below `bucket`.
///
/// # Errors
/// Where it cannot be written, or a part of it is on another file system.
pub fn try_out(files: &dyn Files, dir: &Path, bucket: &str) -> Result<(), LakeError> {
    let (staging, raw) = (dir.join(".staging"), dir.join(bucket));
    for folder in [&staging, &raw] {
        create_dirs(files, folder).map_err(|error| LakeError::at(folder, error))?;
    }
    // A name of its own: a relay may be at work in this lake.
    let name = files.entropy().map_err(|error| LakeError::at(dir, error))?;
    let name = format!(".check-{}", hex(&name));
    let (from, to) = (staging.join(&name), raw.join(&name));
    let made = files.create(&from);
    made.map_err(|error| LakeError::at(&from, error))?;
    let moved = files.rename(&from, &to);
    // Whichever name it has now.
    let _gone = files.remove_file(&from);
    moved.map_err(|error| LakeError::at(&to, error))?;
    let removed = files.remove_file(&to);
    removed.map_err(|error| LakeError::at(&to, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::RealFiles;

    #[test]
    fn a_good_lake_is_left_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let lake = dir.path().join("lake");
        try_out(&RealFiles, &lake, "raw").unwrap();
        for folder in [".staging", "raw"] {
            let mut left = fs_err::read_dir(lake.join(folder)).unwrap();
            assert!(left.next().is_none(), "something stays in {folder}");
        }
    }

    #[test]
    fn a_part_on_another_file_system_is_named() {
        let (dir, other) = (tempfile::tempdir().unwrap(), "/dev/shm");
        let here = rustix::fs::stat(dir.path()).unwrap().st_dev;
        let there = rustix::fs::stat(other).unwrap().st_dev;
        assert_ne!(
            here, there,
            "the temporary folder and {other} are one file system"
        );
        let elsewhere = tempfile::tempdir_in(other).unwrap();
        fs_err::os::unix::fs::symlink(elsewhere.path(), dir.path().join("raw")).unwrap();
        let error = try_out(&RealFiles, dir.path(), "raw").unwrap_err();
        assert!(matches!(error, LakeError::CrossDevice(_)), "{error}");
        assert_eq!(
            fs_err::read_dir(dir.path().join(".staging"))
                .unwrap()
                .count(),
            0
        );
    }
}
