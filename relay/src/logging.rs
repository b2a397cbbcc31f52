//! Log lines on standard error: as text for people or as JSON for machines.

use std::io::IsTerminal as _;

use clap::ValueEnum;
use serde::Deserialize;
use tracing_subscriber::EnvFilter;

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people
    #[default]
    Text,
    /// One JSON object a line, for machines
    Json,
}

/// Which lines are logged: a text that was understood.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "String")]
pub struct LogFilter(String);

impl Default for LogFilter {
    fn default() -> Self {
        Self("info".to_owned())
    }
}

impl std::ops::Deref for LogFilter {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// Why a text is no filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a level or TARGET=LEVEL, such as info, debug or warn,clickstream_relay=debug")]
pub struct InvalidLogFilter;

impl std::str::FromStr for LogFilter {
    type Err = InvalidLogFilter;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_read = !text.trim().is_empty() && EnvFilter::try_new(text).is_ok();
        is_read
            .then(|| Self(text.to_owned()))
            .ok_or(InvalidLogFilter)
    }
}

impl TryFrom<String> for LogFilter {
    type Error = InvalidLogFilter;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// Starts logging for this process. A second call changes nothing.
pub fn start(format: LogFormat, filter: &LogFilter) {
    let filter = EnvFilter::new(&**filter);
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // An error means that somebody (a test, a program that mounts us) has started logging already.
    let _already_started = match format {
        LogFormat::Text => lines.with_target(false).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
}
