//! `cargo xtask build`: the programs in `target/release/`, the tracker in `target/tracker/` and, as
//! an npm package, in `target/npm/`. `cargo xtask tracker`: the tracker alone.

use std::io::Write as _;

use anyhow::{Context, Result};

use crate::{
    command,
    wasm::{self, Edition},
};

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
    site_files()?;
    let mut cargo = command::cargo();
    cargo.args(["build", "--release", "--bins"]);
    for program in PROGRAMS {
        cargo.args(["--package", program]);
    }
    command::run(&mut cargo).context("the programs do not compile: see cargo's message above")
}

/// Builds what a site needs, and prints the tag with the hash that its script is known by.
///
/// # Errors
/// As [`wasm::tracker`].
pub fn site_files() -> Result<()> {
    let tracker = tracker()?;
    let name = wasm::FILES[0];
    let hash = wasm::integrity::of_script(&fs_err::read(tracker.dir.join(name))?);
    let mut out = std::io::stdout().lock();
    writeln!(out, "files    {}", tracker.dir.display())?;
    writeln!(out, "package  {}", tracker.package.display())?;
    writeln!(
        out,
        "tag      <script async src=\"/{name}\" integrity=\"{hash}\" crossorigin=\"anonymous\" data-write-key=\"YOUR-KEY\"></script>"
    )?;
    Ok(())
}

/// Builds both editions of the tracker and says what there is to say about it.
///
/// # Errors
/// As [`wasm::tracker`].
pub fn tracker() -> Result<wasm::Tracker> {
    let tracker = wasm::tracker(Edition::Everything)?;
    let full = wasm::tracker(Edition::Full)?;
    if tracker.rebuilt || full.rebuilt {
        eprintln!("tracker: built into {}", tracker.dir.display());
    }
    if let Some(why) = &tracker.unoptimised {
        eprintln!("note: {why}");
    }
    Ok(tracker)
}
