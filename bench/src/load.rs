//! Load by `wrk` (Debian's package), which is not ours: keep-alive connections, the next request
//! after the last answer. A script gives every event an id of its own, so that nothing is a
//! duplicate.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Context as _;

/// Connections at a time.
pub const CONNECTIONS: usize = 64;

/// Towards a sync longer than this the disk decides, not the program.
pub const QUICK_SYNC_US: f64 = 200.0;

const SCRIPT: &str = include_str!("load.lua");

/// What one run of load was answered.
#[derive(Clone, Copy, Debug)]
pub struct Answered {
    /// Requests answered with 200.
    pub requests: f64,
    /// In so many seconds.
    pub seconds: f64,
    /// Latencies in milliseconds: half, 99 of 100 and 999 of 1,000 were quicker.
    pub percentiles_ms: [f64; 3],
}

/// Sends batches of so many events to a port for so long.
///
/// # Errors
/// Where wrk is missing, or anything but 200 was answered.
pub fn run(port: u16, events: usize, time: Duration) -> anyhow::Result<Answered> {
    // Ids of two runs against one server would be duplicates.
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("load.lua");
    fs_err::write(&script, SCRIPT)?;
    let tag = format!("{:08x}", RUNS.fetch_add(1, Ordering::Relaxed));
    let output = Command::new("wrk")
        .args(["--threads", "1", "--connections", &CONNECTIONS.to_string()])
        .args(["--duration", &format!("{}s", time.as_secs().max(1))])
        .arg("--script")
        .arg(&script)
        .arg(format!("http://127.0.0.1:{port}/v1/batch"))
        .args(["--", &events.to_string(), &tag])
        .output()
        .context("cannot start wrk, which makes the load; on Debian: apt-get install wrk")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<f64> = text
        .lines()
        .find_map(|line| line.strip_prefix("figures "))
        .with_context(|| format!("wrk gave no figures: {text}"))?
        .split(' ')
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let [requests, micros, errors, half, most, nearly_all] = figures.as_slice() else {
        anyhow::bail!("wrk gave other figures than asked for: {text}");
    };
    anyhow::ensure!(
        *errors == 0.0 && *requests > 0.0,
        "not everything was answered with 200: {text}"
    );
    Ok(Answered {
        requests: *requests,
        seconds: micros / 1e6,
        percentiles_ms: [half / 1e3, most / 1e3, nearly_all / 1e3],
    })
}
