//! A browser's folder: what it keeps from one start to the next.

use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::Engine;

/// A browser's folder. Whatever runs on it ends with it.
#[derive(Debug)]
pub struct Profile {
    pub(super) engine: Engine,
    folder: TempDir,
}

impl Profile {
    /// An empty one.
    ///
    /// # Errors
    /// Where there is no place for it.
    pub fn new(engine: Engine) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        Ok(Self { engine, folder })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Kills whatever was started with its path, which nobody else has; how many that were.
    pub(super) fn kill(&self) -> usize {
        let Ok(processes) = fs_err::read_dir("/proc") else {
            return 0;
        };
        let ours = self.path().display().to_string();
        let mut killed = 0;
        for process in processes.flatten() {
            let id = process.file_name().to_string_lossy().parse().ok();
            let Some(pid) = id.and_then(Pid::from_raw) else {
                continue;
            };
            // Of one that has ended and is not waited for, there are no words.
            let words = fs_err::read(process.path().join("cmdline")).unwrap_or_default();
            if words
                .split(|byte| *byte == 0)
                .any(|word| word.ends_with(ours.as_bytes()))
            {
                killed += 1;
                // Gone already is as good.
                let _ = kill_process(pid, Signal::KILL);
            }
        }
        killed
    }
}

impl Drop for Profile {
    /// A killed driver leaves its browser behind.
    fn drop(&mut self) {
        self.kill();
    }
}
