//! The relay as it is started towards Firehose: region and credentials by the environment
//! alone, the real AWS SDK, firehose-local with faults. Nothing is lost; what comes twice is
//! what at-least-once allows, and is told apart by its messageId.

use std::collections::BTreeMap;
use std::process::Command;

use clickstream_lab::firehose::Firehose;
use clickstream_lab::lake::{Lake, Line};
use clickstream_lab::program;
use clickstream_lab::relay::Relay;
use serde_json::json;

const BATCHES: usize = 60;
const EVENTS: usize = 25;

#[test]
fn everything_reaches_a_stream_that_fails_now_and_then() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let buckets = folder.path().join("aws");
    let firehose = Firehose::start(
        &buckets,
        &[
            "--accelerate",
            "600",
            "--faults",
            "throttle=0.3,fail=0.3,cut=0.2,lost=0.2,seed=7",
        ],
    )?;
    let relay = Relay::start_with(
        folder.path(),
        &["--sink", "firehose", "--endpoint-url", &firehose.url],
        &[
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
        ],
    )?;
    relay.wait_ready()?;
    for batch in 0..BATCHES {
        let events: Vec<_> = (0..EVENTS)
            .map(|event| {
                json!({"type": "track", "event": "E", "messageId": format!("{batch}-{event}"),
                    "userId": format!("u{}", event % 5)})
            })
            .collect();
        let answer = relay.batch("server-key", &events)?;
        assert_eq!(answer.json()["accepted"], EVENTS, "{}", answer.body);
    }
    let lake = Lake::new(&buckets);
    let lines = lake.wait_for("all events", |lines| {
        distinct(lines).len() == BATCHES * EVENTS
    })?;
    for line in &lines {
        assert_eq!(line.folder(), line.json["userId"].as_str(), "{}", line.key);
    }
    assert!(lake.errors()?.is_empty());
    let doubled = lines.len() - distinct(&lines).len();
    println!("{} events, 0 lost, {doubled} doubled", BATCHES * EVENTS);
    Ok(())
}

fn distinct(lines: &[Line]) -> BTreeMap<&str, usize> {
    let mut ids = BTreeMap::new();
    for line in lines {
        *ids.entry(line.id()).or_insert(0) += 1;
    }
    ids
}

#[test]
fn no_argument_takes_a_region_or_credentials() -> anyhow::Result<()> {
    let help = Command::new(program::path("clickstream-relay")?)
        .arg("--help")
        .output()?;
    let help = String::from_utf8(help.stdout)?;
    for word in [
        "--region",
        "--access-key",
        "--secret",
        "--profile",
        "--credentials",
    ] {
        assert!(!help.contains(word), "{word} is a flag");
    }
    Ok(())
}
