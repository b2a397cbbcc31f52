//! What the checks need beyond Rust: browsers from Debian's packages, Python packages in a
//! folder of their own under the target folder. Each step is skipped when it is done.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;

use crate::command;

/// Debian's packages for the browser tests.
const BROWSER_PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];

/// Chromium and its driver, installed if they are missing and we may.
///
/// # Errors
/// Where they are missing and cannot be installed, with the line that would.
pub fn browsers() -> anyhow::Result<()> {
    if command::exists("chromium") && command::exists("chromedriver") {
        return Ok(());
    }
    let line = format!(
        "apt-get install --no-install-recommends {}",
        BROWSER_PACKAGES.join(" ")
    );
    let is_root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    if !is_root || !command::exists("apt-get") {
        anyhow::bail!(
            "chromium and chromedriver are not on the PATH, so no browser test can run.\n\
             Install them and try again; on Debian, as root: {line}"
        );
    }
    eprintln!("setting up: {line}");
    let apt = |words: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive").args(words);
        command::run_quietly(&mut apt)
    };
    apt(&["update", "-qq"]).context("the list of packages could not be fetched")?;
    let mut words = vec!["install", "-y", "-qq", "--no-install-recommends"];
    words.extend(BROWSER_PACKAGES);
    apt(&words).with_context(|| format!("could not install the browsers; try it by hand: {line}"))
}

/// The folder with the Python of the checks, made and filled if it is not up to date with
/// `tests/requirements.txt`.
///
/// # Errors
/// Where there is no Python 3 with `venv`, or a package cannot be had.
pub fn python() -> anyhow::Result<PathBuf> {
    let wanted = fs_err::read_to_string(command::root().join("tests/requirements.txt"))?;
    let folder = command::target().join("python");
    let stamp = folder.join("requirements.stamp");
    if fs_err::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(folder);
    }
    eprintln!("setting up: Python packages in {}", folder.display());
    command::run_quietly(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&folder),
    )
    .context(
        "the checks need Python 3 with venv; on Debian, as root: apt-get install python3-venv",
    )?;
    command::run_quietly(
        Command::new(folder.join("bin/python"))
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            .args(["--no-compile", "--requirement", "tests/requirements.txt"])
            .current_dir(command::root()),
    )?;
    fs_err::write(&stamp, wanted)?;
    Ok(folder)
}
