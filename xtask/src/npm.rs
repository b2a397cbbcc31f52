//! Packages of npm, by a committed lock file, in a folder under the target folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// The `node_modules` of the lock file in `from`, installed into `into` unless it is up to date.
/// No package runs a script of its own.
///
/// # Errors
/// When there is no Node or npm, or npm reaches no registry; the text is for the one who builds.
pub fn install(from: &Path, into: &Path) -> Result<PathBuf> {
    let lock = fs_err::read(from.join("package-lock.json"))?;
    let installed = into.join("installed-lock.json");
    let modules = into.join("node_modules");
    let found = Command::new("node").arg("--version").output();
    if !found.is_ok_and(|version| version.status.success()) {
        bail!("there is no Node on the PATH");
    }
    if fs_err::read(&installed).is_ok_and(|old| old == lock) {
        return Ok(modules);
    }
    fs_err::create_dir_all(into)?;
    fs_err::copy(from.join("package.json"), into.join("package.json"))?;
    fs_err::write(into.join("package-lock.json"), &lock)?;
    let install = Command::new("npm")
        .args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--silent",
        ])
        .current_dir(into)
        .output()
        .context("there is Node but no npm on the PATH")?;
    if !install.status.success() {
        bail!(
            "npm could not install the packages of {}: {}",
            from.display(),
            String::from_utf8_lossy(&install.stderr).trim()
        );
    }
    fs_err::write(installed, lock)?;
    Ok(modules)
}
