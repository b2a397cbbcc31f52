//! `cargo xtask bench`: the comparisons of `bench/`, in release.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::process::Command;

use lexopt::Parser;

use crate::{build, command, setup};

/// What a comparison needs beside itself: programs as they are shipped.
const PROGRAMS: [(&str, &[&str]); 6] = [
    ("relay", &["clickstream-relay"]),
    ("yardsticks", &["clickstream-relay"]),
    ("lake", &["clickstream-bot", "firehose-local"]),
    ("compact", &["clickstream-relay", "clickstream-bot"]),
    ("bot", &["clickstream-bot"]),
    ("tracker", &[]),
];

/// Builds in release and runs the comparisons named, or all of them.
///
/// # Errors
/// Where a comparison is unknown or fails.
pub fn run(arguments: &mut Parser) -> anyhow::Result<()> {
    // Whoever compares knows its own words.
    let words: Vec<OsString> = arguments.raw_args()?.collect();
    let named = |name: &str| words.iter().any(|word| word == name);
    let all = !PROGRAMS.iter().any(|(name, _)| named(name));
    let wanted = |name: &str| all || named(name);
    if wanted("relay") || wanted("yardsticks") {
        setup::bench()?;
    }
    if wanted("lake") {
        setup::emulators()?;
    }
    if wanted("compact") {
        setup::python()?;
    }
    if wanted("tracker") {
        setup::browsers()?;
        setup::sdks()?;
        build::tracker()?;
    }
    let packages: BTreeSet<&str> = PROGRAMS
        .iter()
        .filter(|(name, _)| wanted(name))
        .flat_map(|(_, packages)| packages.iter().copied())
        .chain(["clickstream-bench"])
        .collect();
    let mut build = command::cargo();
    build.args(["build", "--release", "--quiet"]);
    for package in packages {
        build.args(["--package", package]);
    }
    command::run(&mut build)?;
    command::run(Command::new(command::target().join("release/clickstream-bench")).args(words))
}
