//! The disk refuses to sync: every `fdatasync` of a running relay fails, for a while.
//!
//! The real program with real files; only the system call's answer is another (strace injects
//! EIO). What a failed sync really loses shows on the simulated disk (`relay/tests/disk`).

use std::process::Command;

use anyhow::Context as _;
use clickstream_lab::http;
use clickstream_lab::program::Program;
use clickstream_lab::relay::Relay;
use clickstream_lab::wait;
use rustix::process::Signal;

use crate::clients::Clients;

/// Makes every sync of this process fail until it is stopped.
fn failing_syncs(process: u32) -> anyhow::Result<Program> {
    let mut strace = Command::new("strace");
    strace
        .args([
            "-f",
            "-qq",
            "-e",
            "trace=fdatasync",
            "-e",
            "inject=fdatasync:error=EIO",
        ])
        .args(["-p", &process.to_string()]);
    Program::spawn("strace", strace).context(
        "a failing sync is shown by strace: install it (Debian: apt-get install strace) and run as root",
    )
}

#[test]
fn a_failing_sync_is_never_acknowledged_and_the_relay_comes_back() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let relay = Relay::start(folder.path(), &["--buffer-interval", "0.05"])?;
    relay.wait_ready()?;
    let clients = Clients::new("server-key");
    assert_eq!(clients.send(&relay.url), Some(200));

    let mut strace = failing_syncs(relay.program.id())?;
    // Attached or not yet: an answer of 200 was synced before.
    wait::until("a refusal", || match clients.send(&relay.url) {
        Some(503) => Ok(()),
        other => Err(format!("{other:?}: {}", strace.error().join("\n"))),
    })?;
    wait::until("a reason in /readyz", || {
        let ready =
            http::get(&format!("{}/readyz", relay.url), &[]).map_err(|error| error.to_string())?;
        match ready.status == 503 && ready.body.contains("disk failed") {
            true => Ok(()),
            false => Err(ready.body),
        }
    })?;
    assert_eq!(clients.send(&relay.url), Some(503));

    // SIGINT: strace lets go, and the disk works again.
    strace.signal(Signal::INT)?;
    strace.wait()?;
    clients.settle(&relay.url)?;
    clients.check(&relay.lake)?;

    // Nor does a start bring anything back that was refused, or lose what was not.
    let mut relay = relay;
    relay.program.kill()?;
    let relay = Relay::start(folder.path(), &["--buffer-interval", "0.05"])?;
    relay.wait_ready()?;
    assert_eq!(clients.send(&relay.url), Some(200));
    let events = clients.check(&relay.lake)?;
    assert_eq!(events.len(), clients.acknowledged());
    Ok(())
}
