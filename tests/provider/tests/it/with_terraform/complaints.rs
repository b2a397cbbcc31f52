//! What people complained of elsewhere, each with its thread, as it is here.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clickstream_lab::http;
use clickstream_lab::program::{Program, address};
use serde_json::{Value, json};

use super::{Folder, mistakes, values};

/// The deployed stream, running in firehose-local from the state of a real apply.
struct Deployed {
    folder: Folder,
    program: Program,
    url: String,
}

impl Deployed {
    fn start() -> anyhow::Result<Self> {
        let folder = Folder::of_the_project()?;
        folder.applied()?;
        let mut program = folder.served(".")?;
        program.wait_for("the state", |line| {
            line.contains("has applied").then_some(())
        })?;
        let url = program.wait_for("its address", address)?;
        Ok(Self {
            folder,
            program,
            url,
        })
    }

    fn call(&self, operation: &str, body: &Value) -> anyhow::Result<Value> {
        let target = format!("Firehose_20150804.{operation}");
        let call = [("X-Amz-Target", target.as_str())];
        let answer = http::post(&self.url, &call, body.to_string().as_bytes())?;
        anyhow::ensure!(answer.status == 200, "{operation}: {}", answer.body);
        Ok(answer.json())
    }

    /// Puts records, base64, and stops: everything taken is delivered. The objects below a
    /// prefix of the raw bucket, with their text.
    fn delivered(
        &mut self,
        records: &[&str],
        prefix: &str,
    ) -> anyhow::Result<Vec<(PathBuf, String)>> {
        let records: Vec<Value> = records.iter().map(|data| json!({"Data": data})).collect();
        let put = json!({"DeliveryStreamName": "clickstream", "Records": records});
        assert_eq!(self.call("PutRecordBatch", &put)?["FailedPutCount"], 0);
        assert!(self.program.stop()?.success());
        let bucket = self
            .folder
            .temp
            .path()
            .join("lake/123456789012-datalake-raw");
        let mut objects = Vec::new();
        collect(&bucket.join(prefix), &mut objects)?;
        Ok(objects)
    }
}

fn collect(folder: &Path, objects: &mut Vec<(PathBuf, String)>) -> anyhow::Result<()> {
    for entry in fs_err::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, objects)?;
        } else {
            let text = fs_err::read_to_string(&path)?;
            objects.push((path, text));
        }
    }
    Ok(())
}

/// `{"userId":1}{"userId":2}`, without anything between or behind.
const PACKED: &str = "eyJ1c2VySWQiOjF9eyJ1c2VySWQiOjJ9";
/// `{"userId":1}` and a newline.
const ENDED: &str = "eyJ1c2VySWQiOjF9Cg==";
/// `{"event":"Nobody's"}`.
const NOBODYS: &str = "eyJldmVudCI6Ik5vYm9keSdzIn0=";

#[test]
fn complaint_53_lunasec_219_every_object_is_json_lines() -> anyhow::Result<()> {
    let objects = Deployed::start()?.delivered(&[PACKED, ENDED, PACKED], "clickstream")?;
    assert_eq!(objects.len(), 2, "a user each: {objects:?}");
    let mut lines = 0;
    for (path, text) in objects {
        assert!(text.ends_with('\n'), "{}", path.display());
        for line in text.lines() {
            let event: Value = serde_json::from_str(line)?;
            assert!(event["userId"].is_u64(), "{line}");
            lines += 1;
        }
    }
    assert_eq!(lines, 5);
    Ok(())
}

#[test]
fn complaint_54_floci_3393_an_error_object_has_the_members_of_awss_in_their_order()
-> anyhow::Result<()> {
    let objects = Deployed::start()?.delivered(&[NOBODYS], "clickstream-errors")?;
    let [(path, text)] = &objects[..] else {
        anyhow::bail!("{objects:?}");
    };
    assert!(
        path.to_string_lossy()
            .contains("/metadata-extraction-failed/year=")
    );
    let members = [
        "attemptsMade",
        "arrivalTimestamp",
        "errorCode",
        "errorMessage",
        "attemptEndingTimestamp",
        "rawData",
    ];
    let places = members.map(|name| text.find(&format!("\"{name}\":")));
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{text}"
    );
    let error: Value = serde_json::from_str(text.trim_end())?;
    assert_eq!(error["rawData"], NOBODYS);
    assert_eq!(
        error.as_object().map(serde_json::Map::len),
        Some(members.len()),
        "{text}"
    );
    Ok(())
}

#[test]
fn complaint_55_localstack_8169_the_deployed_stream_runs_on_this_machine() -> anyhow::Result<()> {
    let mut deployed = Deployed::start()?;
    let name = json!({"DeliveryStreamName": "clickstream"});
    let described = deployed.call("DescribeDeliveryStream", &name)?;
    let s3 = &described["DeliveryStreamDescription"]["Destinations"][0];
    let s3 = &s3["ExtendedS3DestinationDescription"];
    assert_eq!(
        s3["BufferingHints"],
        json!({"SizeInMBs": 64, "IntervalInSeconds": 60})
    );
    assert_eq!(s3["DynamicPartitioningConfiguration"]["Enabled"], true);
    let objects = deployed.delivered(&[PACKED, NOBODYS], "")?;
    let mut below: Vec<String> = objects
        .iter()
        .map(|(path, _)| path.to_string_lossy().into_owned())
        .filter_map(|path| {
            Some(
                path.split_once("datalake-raw/")?
                    .1
                    .split("/year=")
                    .next()?
                    .to_owned(),
            )
        })
        .collect();
    below.sort();
    let expected = [
        "clickstream-errors/metadata-extraction-failed",
        "clickstream/userId=1",
        "clickstream/userId=2",
    ];
    assert_eq!(below, expected);
    Ok(())
}

#[test]
fn complaint_56_aws_provider_29092_partitioning_is_for_a_streams_life() -> anyhow::Result<()> {
    mistakes::found("partitioning switched off under a prefix with keys")?;
    // A stream without it is replaced when it gets it, and the new one stands first.
    let folder = Folder::of_the_project()?;
    let file = folder.files.join("kinesis.tf");
    let with = fs_err::read_to_string(&file)?;
    let without = plain(&with)?;
    fs_err::write(&file, without)?;
    folder.applied()?;
    fs_err::write(&file, with)?;
    let plan = folder.planned(&["-var", "stream_name=second"])?;
    let changes = plan["resource_changes"].as_array().context("no changes")?;
    let stream = changes
        .iter()
        .find(|change| change["address"] == STREAM)
        .context("the stream does not change")?;
    assert_eq!(stream["change"]["actions"], json!(["create", "delete"]));
    let enabled = json!([
        "extended_s3_configuration",
        0,
        "dynamic_partitioning_configuration",
        0,
        "enabled"
    ]);
    let reasons = stream["change"]["replace_paths"]
        .as_array()
        .context("no reason")?;
    assert!(reasons.contains(&enabled), "{reasons:?}");
    Ok(())
}

const STREAM: &str = "aws_kinesis_firehose_delivery_stream.extended_s3_stream";

/// The file with a stream that has no partitions: one prefix, no query.
fn plain(with: &str) -> anyhow::Result<String> {
    let query = "      processors {\n        type = \"MetadataExtraction\"\n";
    let (before, after) = with.split_once(query).context("no query")?;
    let (_, after) = after
        .split_once("\n      }\n")
        .context("the query does not end")?;
    let text = format!("{before}{after}");
    let prefix = "prefix              = local.partitioning[var.partition_by].prefix";
    anyhow::ensure!(text.contains(prefix), "no prefix");
    let text = text.replace(prefix, "prefix = \"clickstream/!{timestamp:yyyy}/\"");
    Ok(text.replace(
        "      enabled        = true\n",
        "      enabled        = false\n",
    ))
}

#[test]
fn complaint_57_aws_provider_3380_the_role_has_its_rights_before_the_stream_is_made()
-> anyhow::Result<()> {
    let folder = Folder::of_the_project()?;
    let plan = folder.planned(&[])?;
    let configured = &plan["configuration"]["root_module"]["resources"];
    let configured = configured.as_array().context("no configuration")?;
    let stream = configured
        .iter()
        .find(|resource| resource["address"] == STREAM);
    let waits = stream.context("no stream")?["depends_on"].as_array();
    let waits = waits.context("the stream waits for nothing")?;
    let attachments = configured
        .iter()
        .filter(|resource| resource["type"] == "aws_iam_role_policy_attachment");
    let mut number = 0;
    for attachment in attachments {
        assert!(
            waits.contains(&attachment["address"]),
            "{}",
            attachment["address"]
        );
        number += 1;
    }
    assert_eq!(number, 3);
    let planned = &plan["planned_values"]["root_module"]["resources"];
    let planned = planned.as_array().context("nothing is planned")?;
    assert_eq!(
        values(planned, STREAM)?["timeouts"]["create"],
        "20m",
        "the wait is stated"
    );
    Ok(())
}

#[test]
fn complaint_58_aws_provider_13416_what_aws_refuses_is_known_before_an_apply() -> anyhow::Result<()>
{
    mistakes::found("no error prefix")?;
    mistakes::found("a small buffer with partitioning")
}
