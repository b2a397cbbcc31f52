//! `cargo xtask bench`: the comparisons of `bench/`, in release.

use std::ffi::OsString;

use lexopt::Parser;

use crate::{command, setup};

/// Builds in release and runs the comparisons named, or all of them.
///
/// # Errors
/// Where a comparison is unknown or fails.
pub fn run(arguments: &mut Parser) -> anyhow::Result<()> {
    // Whoever compares knows its own words.
    let words: Vec<OsString> = arguments.raw_args()?.collect();
    setup::bench()?;
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
            .args(words),
    )
}
