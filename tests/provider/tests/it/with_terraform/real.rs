//! The AWS provider itself, version 3.39.0, as a client of firehose-local: it makes a stream, finds
//! it as it made it, changes it and takes it away; bucket, role and logs of the stream in moto's
//! server. That version knows no dynamic partitioning.

use anyhow::Context as _;
use clickstream_lab::firehose::Firehose;
use clickstream_lab::moto::Moto;
use clickstream_lab::{http, program};
use serde_json::{Value, json};

use super::{Folder, copy, root};

/// The release's file, by the name that a mirror wants.
const RELEASE: &str = "terraform-provider-aws_3.39.0_linux_amd64.zip";

impl Folder {
    fn of_the_real_provider() -> anyhow::Result<Self> {
        let local = program::path("firehose-local")?;
        let target = local.ancestors().nth(2).context("no target folder")?;
        let plugins = target.join("python/terraform/cloudrail/terraform_plugins");
        let release = plugins.join(RELEASE);
        anyhow::ensure!(
            release.exists(),
            "{} is missing: `cargo xtask test` fetches it; by hand: python3 -m pip install \
             --target {} -r tests/requirements-terraform.txt",
            release.display(),
            target.join("python/terraform").display()
        );
        let folder = Self::empty()?;
        copy(
            &root().join("tests/provider/tests/real"),
            &folder.files,
            &["tf"],
        )?;
        folder.install(|provider| {
            Ok(fs_err::os::unix::fs::symlink(
                &release,
                provider.join(RELEASE),
            )?)
        })?;
        Ok(folder)
    }
}

/// The stream as firehose-local describes it, or what it says instead.
fn described(url: &str) -> anyhow::Result<Value> {
    let body = json!({"DeliveryStreamName": "plain"}).to_string();
    // Streams are of a region, which only a signature names.
    let call = [
        ("X-Amz-Target", "Firehose_20150804.DescribeDeliveryStream"),
        (
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=any/20260101/eu-west-2/firehose/aws4_request, \
             SignedHeaders=host, Signature=0",
        ),
    ];
    Ok(http::post(url, &call, body.as_bytes())?.json())
}

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn the_aws_provider_makes_changes_and_takes_away_a_stream() -> anyhow::Result<()> {
    let folder = Folder::of_the_real_provider()?;
    let local = Firehose::start(&folder.temp.path().join("lake"), &["--no-stream"])?;
    let rest = Moto::start()?;
    let endpoint = format!("endpoint={}", local.url);
    let rest_of_aws = format!("rest={}", rest.url);
    let run = |command: &[&str], more: &[&str]| {
        let common = [
            "-input=false",
            "-no-color",
            "-var",
            &endpoint,
            "-var",
            &rest_of_aws,
        ];
        folder.ends(&[command, &common, more].concat())
    };
    let apply = ["apply", "-auto-approve"];
    // 0: no changes.
    let plan = ["plan", "-detailed-exitcode"];

    let (code, said) = run(&apply, &[])?;
    assert_eq!(code, Some(0), "{said}");
    let stream = described(&local.url)?["DeliveryStreamDescription"].clone();
    assert_eq!(stream["DeliveryStreamStatus"], "ACTIVE");
    let s3 = &stream["Destinations"][0]["ExtendedS3DestinationDescription"];
    assert_eq!(
        s3["BufferingHints"],
        json!({"SizeInMBs": 64, "IntervalInSeconds": 60})
    );
    assert_eq!(s3["CompressionFormat"], "GZIP");
    // As moto numbers its accounts and names what was made there.
    assert_eq!(s3["RoleARN"], "arn:aws:iam::123456789012:role/deliver");
    assert_eq!(s3["BucketARN"], "arn:aws:s3:::plain-lake");
    let (code, said) = run(&plan, &[])?;
    assert_eq!(code, Some(0), "a second plan is empty: {said}");

    let slower = ["-var", "interval=120"];
    let (code, said) = run(&apply, &slower)?;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("0 added, 1 changed, 0 destroyed"), "{said}");
    let stream = described(&local.url)?["DeliveryStreamDescription"].clone();
    assert_eq!(stream["VersionId"], "2");
    let s3 = &stream["Destinations"][0]["ExtendedS3DestinationDescription"];
    assert_eq!(s3["BufferingHints"]["IntervalInSeconds"], 120);
    let (code, said) = run(&plan, &slower)?;
    assert_eq!(code, Some(0), "a second plan is empty: {said}");

    let (code, said) = run(&["destroy", "-auto-approve"], &[])?;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("8 destroyed"), "{said}");
    assert_eq!(
        described(&local.url)?["__type"],
        "ResourceNotFoundException"
    );
    Ok(())
}
