//! `cargo xtask bench`: the comparisons of `bench/`, in release.

use lexopt::{Arg, Parser};

use crate::command;

/// Builds in release and runs the comparisons named, or all of them.
///
/// # Errors
/// Where a comparison is unknown or fails.
pub fn run(arguments: &mut Parser) -> anyhow::Result<()> {
    let mut names = Vec::new();
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Value(name) => names.push(name),
            other => return Err(other.unexpected().into()),
        }
    }
    // The comparisons run the programs as they are shipped.
    command::run(
        command::cargo()
            .args(["build", "--release", "--quiet"])
            .args([
                "--package",
                "clickstream-relay",
                "--package",
                "clickstream-bot",
            ]),
    )?;
    command::run(
        command::cargo()
            .args([
                "run",
                "--release",
                "--quiet",
                "--package",
                "clickstream-bench",
                "--",
            ])
            .args(names),
    )
}
