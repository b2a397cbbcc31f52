//! `cargo xtask soak`: the suites of `test` at full size.

use anyhow::Context as _;

use crate::{command, fuzz, setup, test};

/// How many random histories the simulated disk goes through.
const HISTORIES: &str = "CLICKSTREAM_HISTORIES";

/// How much more each suite does; each reads its own variable and has its default for `test`.
pub const FULL_SIZE: [(&str, &str); 8] = [
    // Random histories of the simulated disk.
    (HISTORIES, "1000000"),
    // Rounds of kill -9, in each at least 120 events acknowledged.
    ("CLICKSTREAM_KILLS", "100"),
    // The same towards Firehose.
    ("CLICKSTREAM_STREAM_KILLS", "10"),
    // Rounds of each way to lose what a browser keeps.
    ("CLICKSTREAM_LOSS_ROUNDS", "200"),
    // Slow connections.
    ("CLICKSTREAM_SLOW", "10000"),
    // Seconds of full load.
    ("CLICKSTREAM_LOAD_SECONDS", "600"),
    // Events that Spark reads out of a lake.
    ("CLICKSTREAM_SPARK_EVENTS", "5000"),
    // Seconds of each fuzz target.
    (fuzz::SECONDS_VARIABLE, "300"),
];

/// Runs everything at full size; the histories first, as they need no browser and take an hour.
///
/// # Errors
/// As `test`, and where Spark cannot be had.
pub fn run() -> anyhow::Result<()> {
    setup::spark()?;
    let (histories, rest): (Vec<_>, Vec<_>) = FULL_SIZE
        .into_iter()
        .partition(|(name, _)| *name == HISTORIES);
    optimised_histories(&histories)?;
    test::full_run(&rest)
}

/// The million of histories in a build of their own, which goes through each in a sixth of the
/// time; `test` then has its ten thousand in the build that everybody uses.
fn optimised_histories(variables: &[(&str, &str)]) -> anyhow::Result<()> {
    eprintln!("── histories of the simulated disk, optimised");
    command::run(
        command::cargo()
            .args(["test", "--profile", "soak", "-p", "clickstream-relay"])
            // The sinks to AWS are not part of it, and are most of the build.
            .args(["--no-default-features", "--test", "disk", "--"])
            .args(["histories", "--nocapture"])
            .envs(variables.iter().copied()),
    )
    .context("a history failed; its number is named above")
}
