//! firehose-local as a user of AWS's own SDKs meets it, from no stream at all to objects divided
//! by user. The producers are in `tests/journeys/sdks`; the SDK for Rust has its story in
//! firehose-local's own tests.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::Context as _;
use clickstream_lab::firehose::Firehose;
use clickstream_lab::lake::Lake;
use clickstream_lab::program::root;
use clickstream_lab::wait;
use serde_json::Value;
use tempfile::TempDir;

/// A Firehose without a stream; a minute of its buffers is half a second.
fn firehose() -> anyhow::Result<(TempDir, Firehose)> {
    let folder = tempfile::tempdir()?;
    let firehose = Firehose::start(folder.path(), &["--no-stream", "--accelerate", "120"])?;
    Ok((folder, firehose))
}

/// Runs a producer to its end, with nothing but the usual variables, and reads what it prints.
fn run(mut producer: Command, file: &str, url: &str) -> anyhow::Result<Value> {
    let output = producer
        .arg(root().join("tests/journeys/sdks").join(file))
        .env("AWS_ENDPOINT_URL_FIREHOSE", url)
        .env("AWS_REGION", "eu-west-2")
        .env("AWS_DEFAULT_REGION", "eu-west-2")
        .env("AWS_ACCESS_KEY_ID", "any")
        .env("AWS_SECRET_ACCESS_KEY", "any")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .with_context(|| format!("{file} cannot be started: run `cargo xtask test`"))?;
    anyhow::ensure!(
        output.status.success(),
        "{file}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn python() -> Command {
    Command::new(root().join("target/python/bin/python"))
}

/// A hundred lines of seventeen users, each in its folder; the one of nobody where errors are.
fn check_lake(folder: &TempDir, stream: &str) -> anyhow::Result<()> {
    let lake = Lake::new(folder.path());
    let lines = lake.wait_for("a hundred clicks", |lines| lines.len() >= 100)?;
    let mut numbers: Vec<_> = lines
        .iter()
        .map(|line| line.json["number"].as_u64())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..100).map(Some).collect::<Vec<_>>());
    let users: BTreeSet<&str> = lines.iter().filter_map(|line| line.folder()).collect();
    assert_eq!(users.len(), 17, "{users:?}");
    for line in &lines {
        let user = line.json["userId"].to_string();
        assert_eq!(line.folder(), Some(user.as_str()), "{}", line.key);
        assert!(
            line.key.contains(&format!("/{stream}-1-20")),
            "{}",
            line.key
        );
        let object = fs_err::read_to_string(folder.path().join("raw").join(&line.key))?;
        assert!(object.ends_with("}\n"), "newline-delimited: {object}");
    }
    let errors = wait::until("the error object", || match lake.errors() {
        Ok(errors) if errors.len() == 1 => Ok(errors),
        other => Err(format!("{other:?}")),
    })?;
    assert!(errors[0].key.contains("/metadata-extraction-failed/"));
    assert_eq!(
        errors[0].json["errorCode"],
        "DynamicPartitioning.MetadataExtractionFailed"
    );
    let log = wait::until("the log line", || match lake.log() {
        Ok(log) if log.len() == 1 => Ok(log),
        other => Err(format!("{other:?}")),
    })?;
    let arn = format!("arn:aws:firehose:eu-west-2:000000000000:deliverystream/{stream}");
    assert_eq!(log[0]["deliveryStreamARN"], arn);
    Ok(())
}

#[test]
fn boto3_makes_a_stream_and_its_clicks_lie_by_user() -> anyhow::Result<()> {
    let (folder, firehose) = firehose()?;
    let told = run(python(), "firehose_boto3.py", &firehose.url)?;
    assert_eq!(told["states"][0], "CREATING");
    let statuses = told["statuses"].as_array().context("no statuses")?;
    assert_eq!(statuses.len(), 101);
    assert!(statuses.iter().all(|status| *status == 200), "{told}");
    assert_eq!(
        told["missing"],
        "An error occurred (ResourceNotFoundException) when calling the PutRecord operation: Firehose missing under account 000000000000 not found."
    );
    check_lake(&folder, "boto3")
}

#[test]
fn the_sdk_for_javascript_makes_a_stream_and_its_clicks_lie_by_user() -> anyhow::Result<()> {
    let (folder, firehose) = firehose()?;
    let modules = root().join("target/sdks/node_modules");
    let mut node = Command::new("node");
    node.env("NODE_PATH", modules);
    let told = run(node, "firehose_node.cjs", &firehose.url)?;
    let statuses = told["statuses"].as_array().context("no statuses")?;
    assert_eq!(statuses.len(), 11);
    assert!(statuses.iter().all(|status| *status == 200), "{told}");
    assert_eq!(
        told["again"],
        "Firehose node under accountId 000000000000 already exists"
    );
    check_lake(&folder, "node")
}

#[test]
fn every_member_of_the_published_model_is_known_or_refused_by_name() -> anyhow::Result<()> {
    let (_folder, firehose) = firehose()?;
    let told = run(python(), "firehose_model.py", &firehose.url)?;
    assert_eq!(told["wrong"], Value::Array(Vec::new()), "{told:#}");
    assert_eq!(told["operations"], 12);
    assert!(told["members"].as_u64() > Some(100), "{told}");
    Ok(())
}
