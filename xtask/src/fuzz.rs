//! `cargo xtask fuzz`: the fuzz targets, each for some seconds from its seeds and from what former
//! runs found.
//!
//! The targets are crates of their own (`event/fuzz`, `relay/fuzz`, `firehose-local/fuzz`), built by cargo-fuzz on the stable
//! compiler. Without a sanitizer: there is no `unsafe` of ours that one could watch, and the build
//! takes half as long. What a run finds goes into the target folder; a crash leaves its input there.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;
use lexopt::ValueExt as _;

use crate::{command, setup};

/// The targets: which crate's, its name, and the longest input in bytes that it is given.
const TARGETS: [(&str, &str, u32); 9] = [
    ("event", "intake", 2048),
    ("relay", "token", 1024),
    ("relay", "damage", 42),
    ("relay", "bytes", 4096),
    ("relay", "inflate", 4096),
    ("firehose-local", "deaggregate", 2048),
    ("firehose-local", "query", 512),
    ("firehose-local", "prefix", 1024),
    ("firehose-local", "api", 2048),
];

/// Seconds for each target where nobody says more; `soak` does.
const SECONDS: u32 = 5;
pub const SECONDS_VARIABLE: &str = "CLICKSTREAM_FUZZ_SECONDS";

/// Runs one target for so long, or again what it stumbled over; without a name all of them.
///
/// # Errors
/// Where there is no such target, it cannot be built, or it finds something.
pub fn read_and_run(arguments: &mut lexopt::Parser) -> anyhow::Result<()> {
    let (mut name, mut seconds, mut input) = (None, SECONDS, None);
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("seconds") => seconds = arguments.value()?.string()?.parse()?,
            lexopt::Arg::Value(word) if name.is_none() => name = Some(word.string()?),
            lexopt::Arg::Value(word) if input.is_none() => input = Some(PathBuf::from(word)),
            other => return Err(other.unexpected().into()),
        }
    }
    let Some(name) = name else {
        return run(seconds, Dice::Fresh);
    };
    let target = TARGETS.iter().find(|(_, target, _)| *target == name);
    let (folder, target, longest) = target.with_context(|| {
        let names = TARGETS.map(|(_, target, _)| target).join(", ");
        format!("there is no fuzz target {name:?}, but {names}")
    })?;
    match input {
        None => fuzz(folder, target, *longest, seconds, Dice::Fresh),
        Some(input) => command::run(cargo_fuzz("run", folder)?.arg(target).arg(input)),
    }
}

/// What inputs are made from.
#[derive(Clone, Copy)]
enum Dice {
    /// Others in each run: what a search wants.
    Fresh,
    /// The same in each run: a change must not fail for what another one left.
    Loaded,
}

/// Runs each, for as many seconds as the variable says; without it for few, over the same inputs
/// each time.
///
/// # Errors
/// As [`read_and_run`].
pub fn check(variables: &[(&str, &str)]) -> anyhow::Result<()> {
    let said = variables.iter().find(|(name, _)| *name == SECONDS_VARIABLE);
    match said {
        Some((_, seconds)) => run(seconds.parse()?, Dice::Fresh),
        None => run(SECONDS, Dice::Loaded),
    }
}

fn run(seconds: u32, dice: Dice) -> anyhow::Result<()> {
    TARGETS
        .iter()
        .try_for_each(|(folder, target, longest)| fuzz(folder, target, *longest, seconds, dice))
}

fn fuzz(folder: &str, target: &str, longest: u32, seconds: u32, dice: Dice) -> anyhow::Result<()> {
    let own = command::target().join("fuzz");
    let (found, crashes) = (
        own.join("found").join(target),
        own.join("crashes").join(target),
    );
    fs_err::create_dir_all(&found)?;
    fs_err::create_dir_all(&crashes)?;
    // The first folder is where it writes what it finds; the seeds stay as they are.
    command::run_quietly(
        cargo_fuzz("run", folder)?
            .arg(target)
            .arg(&found)
            .arg(command::root().join(folder).join("fuzz/seeds").join(target))
            .arg("--")
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-max_len={longest}"))
            .args(match dice {
                Dice::Fresh => None,
                Dice::Loaded => Some("-seed=1"),
            })
            // Seconds for one input, and MiB: beyond, that is a finding.
            .args(["-timeout=20", "-rss_limit_mb=2048"])
            .arg(format!("-artifact_prefix={}/", crashes.display())),
    )
    .with_context(|| {
        format!(
            "the fuzz target {target} found something; run it again with the file that is named above: \
             cargo xtask fuzz {target} {}/FILE",
            crashes.display()
        )
    })
}

/// cargo-fuzz with the options that all its runs share.
fn cargo_fuzz(word: &str, folder: &str) -> anyhow::Result<Command> {
    let mut cargo_fuzz = Command::new(setup::python()?.join("bin/cargo-fuzz"));
    cargo_fuzz
        .arg(word)
        .arg("--fuzz-dir")
        .arg(command::root().join(folder).join("fuzz"))
        .args(["--sanitizer", "none", "--target-dir"])
        .arg(command::target().join("fuzz"))
        // Coverage is an option that the stable compiler has and does not offer.
        .env("RUSTC_BOOTSTRAP", "1")
        .current_dir(command::root());
    Ok(cargo_fuzz)
}
