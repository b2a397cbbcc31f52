//! Running other programs: where, how, and what is said when they fail.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;

/// The workspace's own folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

/// The folder that cargo builds into.
#[allow(
    clippy::disallowed_methods,
    reason = "cargo's own variable; there is no other way to be told"
)]
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// The cargo that runs us.
pub fn cargo() -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root());
    command
}

/// Whether a program of that name can be started.
pub fn exists(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

/// A program and its words, as a person would type them.
pub fn spelled(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    std::iter::once(program)
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Runs a program to its end.
///
/// # Errors
/// Where it cannot be started or does not end with success.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let spelled = spelled(command);
    let status = command
        .status()
        .with_context(|| format!("cannot start `{spelled}`"))?;
    anyhow::ensure!(status.success(), "`{spelled}` failed ({status})");
    Ok(())
}

/// Runs a program to its end and shows what it said only if it failed.
///
/// # Errors
/// Where it cannot be started or does not end with success.
pub fn run_quietly(command: &mut Command) -> anyhow::Result<()> {
    let spelled = spelled(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{spelled}`"))?;
    if !output.status.success() {
        eprint!("{}", String::from_utf8_lossy(&output.stdout));
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        anyhow::bail!("`{spelled}` failed ({})", output.status);
    }
    Ok(())
}
