//! The relay alone.

use std::path::Path;

use serde_json::Value;

use crate::http::{self, Answer};
use crate::lake::Lake;
use crate::program::{self, Program};

/// The keys every relay of the lab has: (kind:source:key).
pub const KEYS: [&str; 3] = [
    "browser:bookstore:browser-key",
    "browser-trusted:bookstore:trusted-key",
    "server:backend:server-key",
];

/// A running relay.
#[derive(Debug)]
pub struct Relay {
    /// Its process.
    pub program: Program,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    /// Its lake, when that is its sink.
    pub lake: Lake,
}

impl Relay {
    /// Starts it on a port of the system's; spool and lake in `folder`.
    ///
    /// # Errors
    /// Where it does not come up; its own words are in the error.
    pub fn start(folder: &Path, more: &[&str]) -> anyhow::Result<Self> {
        Self::start_with(folder, more, &[])
    }

    /// The same with variables in its environment.
    ///
    /// # Errors
    /// As [`Relay::start`].
    pub fn start_with(
        folder: &Path,
        more: &[&str],
        variables: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let mut program = Program::start("clickstream-relay", |command| {
            command
                .args(program::unless(more, "--listen", "127.0.0.1:0"))
                .args(program::unless(more, "--buffer-interval", "0.2"))
                // A hundred short-lived relays would write gigabytes that nobody reads.
                .args(program::unless(more, "--spool-ready", "0"))
                .arg("--lake-dir")
                .arg(folder.join("lake"))
                .arg("--spool-dir")
                .arg(folder.join("spool"));
            for key in KEYS {
                command.args(["--write-key", key]);
            }
            command.args(more).envs(variables.iter().copied())
        })?;
        let url = program.wait_for("its address", program::address)?;
        Ok(Self {
            program,
            url,
            lake: Lake::new(folder.join("lake")),
        })
    }

    /// Waits until it takes events.
    ///
    /// # Errors
    /// Where it never does.
    pub fn wait_ready(&self) -> anyhow::Result<()> {
        crate::wait::until("a ready relay", || {
            match http::get(&format!("{}/readyz", self.url), &[]) {
                Ok(answer) if answer.status == 200 => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
    }

    /// Posts a batch of events with a key.
    ///
    /// # Errors
    /// Where there is no answer.
    pub fn batch(&self, key: &str, events: &[Value]) -> anyhow::Result<Answer> {
        let body = serde_json::json!({"batch": events, "writeKey": key});
        http::post(
            &format!("{}/v1/batch", self.url),
            &[],
            body.to_string().as_bytes(),
        )
    }
}
