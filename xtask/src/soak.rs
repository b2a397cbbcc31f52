//! `cargo xtask soak`: the suites of `test` at full size.

use crate::{fuzz, setup, test};

/// How much more each suite does; each reads its own variable and has its default for `test`.
pub const FULL_SIZE: [(&str, &str); 8] = [
    // Random histories of the simulated disk.
    ("CLICKSTREAM_HISTORIES", "1000000"),
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

/// Runs everything at full size.
///
/// # Errors
/// As `test`, and where Spark cannot be had.
pub fn run() -> anyhow::Result<()> {
    setup::spark()?;
    test::full_run(&FULL_SIZE)
}
