//! The lines: what the bot prints, the same each time.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context as _;
use clickstream_lab::program;

/// How many events; at some 900 bytes each.
const EVENTS: usize = 60_000;

/// Writes events of so many users, in an order that no cache can guess.
///
/// # Errors
/// Where the bot is missing or fails, or a user has no event.
pub fn write(path: &Path, users: usize) -> anyhow::Result<()> {
    let file = fs_err::File::create(path)?;
    let status = Command::new(program::path("clickstream-bot")?)
        .args([&EVENTS.to_string(), "0", "--to", "stdout", "--seed", "1"])
        .args(["--users", &users.to_string()])
        .stdout(file.into_file())
        .stderr(Stdio::null())
        .status()
        .context("cannot start the bot")?;
    anyhow::ensure!(status.success(), "the bot failed ({status})");
    Ok(())
}
