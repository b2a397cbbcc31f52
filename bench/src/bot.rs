//! The bot's events to a pipe, against building events of the same size with `serde_json::Value`.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::Context as _;
use clickstream_lab::program;
use serde_json::json;

use crate::table;

const ROUNDS: usize = 3;
const EVENTS: usize = 300_000;

/// Runs the comparison.
pub fn run() -> anyhow::Result<()> {
    table::head("bot, no browser, to a pipe", "serde_json");
    let (mut ours, mut peer) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let mut child = Command::new(program::path("clickstream-bot")?)
            .args([&EVENTS.to_string(), "0", "--to", "stdout", "--seed", "1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut pipe = child.stdout.take().context("no pipe")?;
        let (mut lines, mut block) = (0, vec![0; 1 << 18]);
        loop {
            let read = pipe.read(&mut block)?;
            if read == 0 {
                break;
            }
            lines += block
                .iter()
                .take(read)
                .filter(|byte| **byte == b'\n')
                .count();
        }
        anyhow::ensure!(child.wait()?.success() && lines == EVENTS, "{lines} lines");
        ours.push(EVENTS as f64 / started.elapsed().as_secs_f64());

        let started = Instant::now();
        let mut bytes = 0;
        for number in 0..EVENTS {
            bytes += event(number).to_string().len();
        }
        anyhow::ensure!(bytes > EVENTS * 300, "{bytes} bytes");
        peer.push(EVENTS as f64 / started.elapsed().as_secs_f64());
    }
    table::row("  events", "events/s", &ours, &peer);
    Ok(())
}

fn event(number: usize) -> serde_json::Value {
    json!({
        "type": "track", "event": "Product Viewed", "messageId": format!("{number:032}"),
        "userId": (number % 100).to_string(), "originalTimestamp": "2026-01-02T03:04:05.006Z",
        "context": {"library": {"name": "x", "version": "1"}, "locale": "en-GB",
            "page": {"url": "https://shop.example/books/bk-1", "path": "/books/bk-1", "title": "A Book"},
            "screen": {"width": 390, "height": 844, "density": 3}},
        "properties": {"product_id": "bk-1", "price": 12.5, "currency": "GBP"},
    })
}
