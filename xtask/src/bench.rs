//! `cargo xtask bench`: the comparisons of `bench/`, in release.

use lexopt::{Arg, Parser};

use crate::command;

/// Builds in release and runs the comparisons named, or all.
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
    command::run(
        command::cargo()
            .args(["run", "--release", "--package", "clickstream-bench", "--"])
            .args(names),
    )
}
