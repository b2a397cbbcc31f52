//! The disk full: a small file system of its own, with a ballast that is thrown out at the end.
//!
//! Mounting one needs root, as CI and containers have it; elsewhere the test fails and says so.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use clickstream_lab::http;
use clickstream_lab::relay::Relay;
use clickstream_lab::wait;
use serde_json::json;

use clickstream_lab::lake::{self, Line};

/// A tmpfs, unmounted when dropped.
struct Mount(PathBuf);

impl Mount {
    fn new(at: &Path, mebibytes: u32) -> anyhow::Result<Self> {
        fs_err::create_dir_all(at)?;
        let options = format!("size={mebibytes}m");
        let output = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(at)
            .output()
            .context("there is no `mount`")?;
        anyhow::ensure!(
            output.status.success(),
            "a full disk can only be shown where this test may mount one: run it as root, in a \
             container with CAP_SYS_ADMIN: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(Self(at.to_path_buf()))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Also while a program that is being killed still holds it.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Events of this size fill the disk with few requests.
const TEXT: usize = 24 << 10;
const BATCH: usize = 40;

fn ids(batch: usize) -> Vec<String> {
    (0..BATCH)
        .map(|event| format!("b{batch}-e{event}"))
        .collect()
}

fn send(url: &str, batch: usize) -> anyhow::Result<http::Answer> {
    let text = "x".repeat(TEXT);
    let events: Vec<_> = ids(batch)
        .iter()
        .map(|id| json!({"type": "track", "event": "E", "messageId": id, "userId": "45", "properties": {"text": text}}))
        .collect();
    let body = json!({"batch": events, "writeKey": "server-key"}).to_string();
    http::post(&format!("{url}/v1/batch"), &[], body.as_bytes())
}

#[test]
fn a_full_disk_is_503_until_there_is_room_and_loses_nothing() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let disk = folder.path().join("disk");
    let _mount = Mount::new(&disk, 128)?;
    let ballast = disk.join("ballast");
    fs_err::write(&ballast, vec![1; 72 << 20])?;
    // Spool and lake on it: what is delivered takes its room, too. Without the ballast there is
    // room for all that can have been acknowledged, and for the spool's own files.
    let relay = Relay::start(
        &disk,
        &[
            "--buffer-interval",
            "0.05",
            "--spool-size",
            "1GiB",
            // As it is unless set: it must not take the last room.
            "--spool-ready",
            "64MiB",
        ],
    )?;
    relay.wait_ready()?;

    let mut acknowledged = Vec::new();
    let mut batch = 0;
    let full = loop {
        let answer = send(&relay.url, batch)?;
        if answer.status != 200 {
            break answer;
        }
        acknowledged.extend(ids(batch));
        batch += 1;
        anyhow::ensure!(batch < 200, "56 MiB took {batch} MiB");
    };
    assert_eq!(full.status, 503, "{}", full.body);
    assert!(full.header("retry-after").is_some());
    assert!(acknowledged.len() > 5 * BATCH, "{}", acknowledged.len());
    // It says so and does not end. What is delivered meanwhile makes room for a little more, until
    // that is full, too.
    wait::until("a reason in /readyz", || {
        let ready =
            http::get(&format!("{}/readyz", relay.url), &[]).map_err(|error| error.to_string())?;
        if ready.status == 503 && ready.body.contains("full") {
            return Ok(());
        }
        let answer = send(&relay.url, batch).map_err(|error| error.to_string())?;
        match answer.status {
            200 => {
                acknowledged.extend(ids(batch));
                batch += 1;
            }
            status => assert_eq!(status, 503, "{}", answer.body),
        }
        Err(ready.body)
    })?;

    fs_err::remove_file(&ballast)?;
    wait::until("an answer with room again", || {
        match send(&relay.url, batch) {
            Ok(answer) if answer.status == 200 => Ok(()),
            other => {
                let ready = http::get(&format!("{}/readyz", relay.url), &[]);
                Err(format!("{other:?}, {ready:?}"))
            }
        }
    })?;
    acknowledged.extend(ids(batch));
    let events = relay.lake.wait_for("all that was acknowledged", |events| {
        let there: std::collections::BTreeSet<&str> = events.iter().map(Line::id).collect();
        acknowledged.iter().all(|id| there.contains(id.as_str()))
    })?;
    lake::check_books(&events)?;
    println!(
        "full after {} MiB, {} acknowledged, 0 lost, 0 doubled",
        batch,
        acknowledged.len()
    );
    Ok(())
}
