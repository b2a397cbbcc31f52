//! firehose-local's server.

use std::path::Path;

use crate::program::{self, Program};

/// A running local Firehose.
#[derive(Debug)]
pub struct Firehose {
    /// Its process.
    pub program: Program,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
}

impl Firehose {
    /// Starts it on a port of the system's, its buckets in `folder`.
    ///
    /// # Errors
    /// Where it does not come up.
    pub fn start(folder: &Path, more: &[&str]) -> anyhow::Result<Self> {
        let mut program = Program::start("firehose-local", |command| {
            command
                .args(["serve", "--listen", "127.0.0.1:0", "--dir"])
                .arg(folder)
                .args(more)
        })?;
        let url = program.wait_for("its address", program::address)?;
        Ok(Self { program, url })
    }
}
