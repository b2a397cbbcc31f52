//! What a reader of figures must know of the machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

/// Says processors, load and what else disturbs; busy machines make poor figures.
pub fn describe() {
    eprintln!("machine: {}, load {}", processors(), load());
    if busy() {
        eprintln!("warning: something else is running; trust ratios only");
    }
}

/// Processors, kernel, file system and load, with the day, for a table.
///
/// # Errors
/// Where the folder's file system cannot be told.
pub fn words(folder: &Path) -> anyhow::Result<String> {
    let kernel = fs_err::read_to_string("/proc/sys/kernel/osrelease")?;
    let warning = if busy() {
        " Something else was running: trust ratios only, those by CPU first."
    } else {
        ""
    };
    Ok(format!(
        "{}: {}, Linux {}, {}, load {} at the start.{warning}",
        said("date", &["-u", "+%-d %b %Y"])?,
        processors(),
        kernel.trim(),
        file_system(folder)?,
        load(),
    ))
}

/// A folder on a real disk: that of this program, below the target folder.
///
/// # Errors
/// Where it is in memory only: then a sync costs nothing, and shows nothing.
pub fn disk_folder() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().context("this program has no folder")?;
    let kind = file_system(folder)?;
    anyhow::ensure!(
        kind != "tmpfs",
        "{} is in memory; build to a real disk: CARGO_TARGET_DIR=…",
        folder.display()
    );
    Ok(folder.to_owned())
}

/// The machine's load over one, five and fifteen minutes.
pub fn load() -> String {
    let text = fs_err::read_to_string("/proc/loadavg").unwrap_or_default();
    let figures: Vec<&str> = text.split(' ').take(3).collect();
    figures.join(" ")
}

fn busy() -> bool {
    let load = load();
    let now = load.split(' ').next();
    now.and_then(|now| now.parse::<f64>().ok())
        .is_some_and(|now| now > 1.0)
}

fn processors() -> String {
    let count = std::thread::available_parallelism().map_or(0, usize::from);
    let text = fs_err::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    let model = line.and_then(|line| line.split_once(": "));
    let model = model.map_or("unknown", |(_, model)| model);
    format!("{count} processors ({model})")
}

fn file_system(folder: &Path) -> anyhow::Result<String> {
    let folder = folder.display().to_string();
    said("findmnt", &["-n", "-o", "FSTYPE", "-T", &folder])
}

/// What a program of the system says.
fn said(program: &str, words: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program)
        .args(words)
        .output()
        .with_context(|| format!("cannot start {program}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
