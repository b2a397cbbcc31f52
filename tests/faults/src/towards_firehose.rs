//! The relay towards Firehose (firehose-local with faults, the real AWS SDK), killed, stopped, and
//! left alone by its sink. What was acknowledged is delivered; what comes twice is counted.

mod away;
mod killed;
mod stopped;

use std::collections::BTreeMap;
use std::path::Path;

use clickstream_lab::lake::Line;
use clickstream_lab::program::Program;
use clickstream_lab::relay::Relay;
use serde_json::{Value, json};

use crate::scrape::{Scrape, TOKEN};

/// A relay whose sink is the stream at this address; spool in `folder`.
pub fn relay(folder: &Path, url: &str, more: &[&str]) -> anyhow::Result<Relay> {
    let mut arguments = vec!["--sink", "firehose", "--endpoint-url", url];
    arguments.extend(["--metrics-token", TOKEN, "--linger", "0.05"]);
    arguments.extend(more);
    let variables = [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
    ];
    Relay::start_with(folder, &arguments, &variables)
}

/// A stream at this address, which keeps its place when it is started again.
pub fn stream(listen: &str, buckets: &Path, faults: &str) -> anyhow::Result<(Program, String)> {
    let mut program = Program::start("firehose-local", |command| {
        command
            .args(["serve", "--listen", listen, "--dir"])
            .arg(buckets)
            // A minute's buffer is a tenth of a second here.
            .args(["--accelerate", "600", "--faults", faults])
    })?;
    let address = program.wait_for("its address", |line| {
        let (_, after) = line.split_once("127.0.0.1:")?;
        let port: String = after.chars().take_while(char::is_ascii_digit).collect();
        (port.len() > 1).then(|| format!("127.0.0.1:{port}"))
    })?;
    Ok((program, address))
}

fn event(id: &str, padding: usize) -> Value {
    json!({"type": "track", "event": "E", "messageId": id, "userId": format!("u{}", id.len() % 5),
        "properties": {"text": "x".repeat(padding)}})
}

/// How often each id lies in the lake.
fn times(lines: &[Line]) -> BTreeMap<&str, u64> {
    let mut times = BTreeMap::new();
    for line in lines {
        *times.entry(line.id()).or_default() += 1;
    }
    times
}
