//! firehose-local reads the stream from a real state and a real plan.

use anyhow::Context as _;
use clickstream_lab::http;
use serde_json::Value;

use super::Folder;

/// The stream that `firehose-local serve --terraform PATH` describes, and where it says that it
/// has it from.
fn described(folder: &Folder, path: &str, name: &str) -> anyhow::Result<(Value, String)> {
    let mut program = folder.served(path)?;
    let source = program.wait_for("where the stream is from", |line| {
        let (_, source) = line.split_once(" is read from ")?;
        Some(source.to_owned())
    })?;
    let url = program.wait_for("its address", |line| {
        let (_, url) = line.split_once("listening on ")?;
        Some(url.to_owned())
    })?;
    let body = serde_json::json!({"DeliveryStreamName": name}).to_string();
    let call = [("X-Amz-Target", "Firehose_20150804.DescribeDeliveryStream")];
    let answer = http::post(&url, &call, body.as_bytes())?;
    let described = answer.json()["DeliveryStreamDescription"].clone();
    let destination = described["Destinations"][0]["ExtendedS3DestinationDescription"].clone();
    anyhow::ensure!(destination.is_object(), "{}", answer.body);
    Ok((destination, source))
}

fn text<'a>(destination: &'a Value, name: &str) -> anyhow::Result<&'a str> {
    destination[name]
        .as_str()
        .with_context(|| format!("no {name}"))
}

#[test]
fn a_state_is_what_runs_locally() -> anyhow::Result<()> {
    let folder = Folder::of_the_project()?;
    // Initialised and nothing applied: the files say it.
    let (destination, source) = described(&folder, ".", "clickstream")?;
    assert!(source.contains("the files"), "{source}");
    assert_eq!(
        text(&destination, "BucketARN")?,
        "arn:aws:s3:::000000000000-datalake-raw"
    );

    let buckets = [
        "-var",
        "partition_by=bucket",
        "-var",
        "buffering_interval=90",
    ];
    let apply = ["apply", "-auto-approve", "-input=false", "-no-color"];
    folder.run(&[&apply[..], &buckets].concat())?;
    let (destination, source) = described(&folder, ".", "clickstream")?;
    assert!(source.contains("what Terraform has applied"), "{source}");
    assert_eq!(
        text(&destination, "BucketARN")?,
        "arn:aws:s3:::123456789012-datalake-raw"
    );
    let prefix = text(&destination, "Prefix")?;
    assert!(
        prefix.starts_with("clickstream/userBucket=!{partitionKeyFromQuery"),
        "{prefix}"
    );
    assert_eq!(destination["BufferingHints"]["IntervalInSeconds"], 90);

    // What `terraform show -json` wrote needs no Terraform any more.
    let shown = folder.run(&["show", "-json"])?;
    fs_err::write(folder.files.join("shown.json"), shown)?;
    let (again, _) = described(&folder, "shown.json", "clickstream")?;
    assert_eq!(again, destination);
    Ok(())
}

#[test]
fn a_plan_is_what_would_run() -> anyhow::Result<()> {
    let folder = Folder::of_the_project()?;
    folder.planned(&["-var", "stream_name=planned"])?;
    let (destination, source) = described(&folder, "plan", "planned")?;
    assert!(source.contains("what Terraform has planned"), "{source}");
    // No bucket is there yet, and so no ARN; the plan knows the name that it will have.
    assert_eq!(
        text(&destination, "BucketARN")?,
        "arn:aws:s3:::123456789012-datalake-raw"
    );
    let processors = &destination["ProcessingConfiguration"]["Processors"];
    assert_eq!(processors.as_array().map(Vec::len), Some(3));
    Ok(())
}
