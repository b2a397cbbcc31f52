//! `cargo xtask soak`: the suites of `test` at full size.

use crate::test;

/// How much more each suite does; each reads its own variable and has its default for `test`.
const FULL_SIZE: [(&str, &str); 4] = [
    // Random histories of the simulated disk.
    ("CLICKSTREAM_HISTORIES", "1000000"),
    // Rounds of kill -9, in each at least 120 events acknowledged.
    ("CLICKSTREAM_KILLS", "100"),
    // The same towards Firehose.
    ("CLICKSTREAM_STREAM_KILLS", "10"),
    // Slow connections.
    ("CLICKSTREAM_SLOW", "10000"),
];

/// Runs everything at full size.
///
/// # Errors
/// As `test`.
pub fn run() -> anyhow::Result<()> {
    test::full_run(&FULL_SIZE)
}
