//! The bookstore as the demo runs it: shop, relay and lake in one process.

use std::path::Path;

use tempfile::TempDir;

use crate::lake::Lake;
use crate::program::{self, Program};

/// A running bookstore.
#[derive(Debug)]
pub struct Shop {
    /// Its process.
    pub program: Program,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    /// Its lake.
    pub lake: Lake,
    data: Data,
}

/// A folder that is ours to remove, or the caller's.
#[derive(Debug)]
enum Data {
    Own(TempDir),
    Given(std::path::PathBuf),
}

impl Shop {
    /// Starts it on a port of the system's, with a folder of its own.
    ///
    /// # Errors
    /// Where it does not come up; its own words are in the error.
    pub fn start(more: &[&str]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().to_owned();
        Self::start_on(Data::Own(folder), &path, more)
    }

    /// Starts it on a folder that may hold what an earlier one left.
    ///
    /// # Errors
    /// Where it does not come up.
    pub fn start_in(data: &Path, more: &[&str]) -> anyhow::Result<Self> {
        Self::start_on(Data::Given(data.to_owned()), data, more)
    }

    fn start_on(data: Data, path: &Path, more: &[&str]) -> anyhow::Result<Self> {
        let mut program = Program::start("clickstream-demo-site", |command| {
            command
                .args(["--listen", "127.0.0.1:0"])
                .args(program::unless(more, "--buffer-interval", "0.2"))
                .args(program::unless(more, "--spool-ready", "0"))
                .arg("--data")
                .arg(path)
                .arg("--tracker-dir")
                .arg(program::root().join("target/tracker"))
                .args(more)
        })?;
        program.wait_for("the line \"ready\"", |line| {
            (line.trim() == "ready").then_some(())
        })?;
        let url = program.wait_for("its address", program::address)?;
        Ok(Self {
            program,
            url,
            lake: Lake::new(path.join("lake")),
            data,
        })
    }

    /// Its data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        match &self.data {
            Data::Own(folder) => folder.path(),
            Data::Given(path) => path,
        }
    }
}
