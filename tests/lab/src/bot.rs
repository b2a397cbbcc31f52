//! The bot, run to its end.

use std::process::Command;

use anyhow::Context as _;
use serde_json::Value;

use crate::program;

/// What a run of the bot left.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its exit status; 0 is success.
    pub status: i32,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub error: String,
}

impl Run {
    /// Its output as events, one a line.
    ///
    /// # Errors
    /// Where a line is no JSON.
    pub fn events(&self) -> anyhow::Result<Vec<Value>> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).with_context(|| line.to_owned()))
            .collect()
    }
}

/// Runs the bot with these words.
///
/// # Errors
/// Where it is missing or cannot be started.
pub fn run(words: &[&str]) -> anyhow::Result<Run> {
    let output = Command::new(program::path("clickstream-bot")?)
        .args(words)
        .output()?;
    Ok(Run {
        status: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        error: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
