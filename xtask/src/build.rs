//! `cargo xtask build`: the programs in `target/release/`, the tracker in `target/tracker/`.

use anyhow::{Context, Result};

use crate::{command, wasm};

/// The programs that somebody runs.
const PROGRAMS: [&str; 4] = [
    "clickstream-demo-site",
    "clickstream-relay",
    "clickstream-bot",
    "firehose-local",
];

/// Builds everything that is run or served, optimised.
///
/// # Errors
/// When something does not compile; cargo's message stands above ours.
pub fn build() -> Result<()> {
    tracker()?;
    let mut cargo = command::cargo();
    cargo.args(["build", "--release", "--bins"]);
    for program in PROGRAMS {
        cargo.args(["--package", program]);
    }
    command::run(&mut cargo).context("the programs do not compile: see cargo's message above")
}

/// Builds the tracker and says what there is to say about it.
///
/// # Errors
/// As [`wasm::tracker`].
pub fn tracker() -> Result<wasm::Tracker> {
    let tracker = wasm::tracker()?;
    if tracker.rebuilt {
        eprintln!("tracker: built into {}", tracker.dir.display());
    }
    if let Some(why) = &tracker.unoptimised {
        eprintln!("note: {why}");
    }
    Ok(tracker)
}
