//! Buckets in S3: the objects that a folder would have, under the keys of AWS.

mod trouble;

use crate::moto::{Moto, buckets};
use crate::program::listening;
use crate::running::{Running, config, files, record, start_with};
use aws_sdk_firehose::types::{
    CompressionFormat, ExtendedS3DestinationConfiguration as Destination,
};
use firehose_local::{PartitionBy, StreamConfig, server};
use serde_json::Value;
use std::io::Read as _;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A server whose buckets are in the S3 at this URL.
async fn start(url: &str, accelerate: u32) -> Running {
    let dir = TempDir::new().unwrap();
    let settings = server::Config {
        streams: vec![StreamConfig::clickstream(PartitionBy::User)],
        buckets: buckets(url),
        accelerate: accelerate.try_into().unwrap(),
        ..config(dir.path())
    };
    start_with(dir, settings).await
}

async fn put(server: &Running, stream: &str, data: &str) {
    let put = server
        .client()
        .put_record()
        .delivery_stream_name(stream)
        .record(record(data));
    put.send().await.unwrap();
}

fn log(dir: &TempDir) -> Vec<Value> {
    let log = files(&dir.path().join("log"));
    let lines = &log["aws/kinesisfirehose/clickstream/ClickStreamLogStream.jsonl"];
    let lines = lines.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn users_and_errors_lie_in_s3_as_in_a_folder() {
    let moto = Moto::start().await;
    moto.make("raw").await;
    let server = start(&moto.url(), 1).await;
    for data in [
        r#"{"userId":45,"n":1}"#,
        r#"{"userId":46,"n":2}"#,
        r#"{"userId":45,"n":3}"#,
        r#"{"n":4}"#,
    ] {
        put(&server, "clickstream", data).await;
    }
    assert!(moto.keys("raw").await.is_empty());
    let (totals, dir) = server.stop().await;
    assert_eq!((totals.delivered_records, totals.errored_records), (3, 1));
    let keys = moto.keys("raw").await;
    let [failed, first, second] = &keys[..] else {
        panic!("three objects: {keys:?}");
    };
    let errors = "clickstream-errors/metadata-extraction-failed/year";
    assert!(failed.starts_with(errors), "{failed}");
    assert!(first.starts_with("clickstream/userId%3D45/year"), "{first}");
    assert!(
        second.starts_with("clickstream/userId%3D46/year"),
        "{second}"
    );
    let object = moto.object("raw", first).await;
    assert_eq!(
        String::from_utf8(object.body).unwrap(),
        "{\"userId\":45,\"n\":1}\n{\"userId\":45,\"n\":3}\n"
    );
    assert!(
        object
            .head
            .contains("content-type: application/octet-stream")
    );
    assert!(!object.head.contains("content-encoding"));
    let line: Value = serde_json::from_slice(&moto.object("raw", failed).await.body).unwrap();
    assert_eq!(line["rawData"], "eyJuIjo0fQ==");
    assert_eq!(log(&dir).len(), 1);
    assert!(!dir.path().join("raw").exists(), "no folder is made for it");
}

#[tokio::test]
async fn a_packed_object_says_how_and_a_large_one_comes_in_parts() {
    let moto = Moto::start().await;
    moto.make("packed").await;
    let server = start(&moto.url(), 1).await;
    for (name, format) in [
        ("small", CompressionFormat::Gzip),
        ("large", CompressionFormat::Uncompressed),
    ] {
        let destination = Destination::builder()
            .role_arn("arn:aws:iam::000000000000:role/any")
            .bucket_arn("arn:aws:s3:::packed")
            .prefix(format!("{name}/"))
            .compression_format(format);
        let made = server
            .client()
            .create_delivery_stream()
            .delivery_stream_name(name)
            .extended_s3_destination_configuration(destination.build().unwrap());
        made.send().await.unwrap();
    }
    put(&server, "small", "{\"n\":1}\n").await;
    // The one that fills it to 5 MiB does not close it before it is in: at the stop there are two.
    let megabyte = |n: u8| vec![b'a' + n; 1_000_000];
    for batch in 0..5 {
        let records = (0..4).map(|n| record(megabyte(4 * batch + n)));
        let put = server
            .client()
            .put_record_batch()
            .delivery_stream_name("large")
            .set_records(Some(records.collect()));
        put.send().await.unwrap();
    }
    server.stop().await;
    let keys = moto.keys("packed").await;
    let small = keys.iter().find(|key| key.starts_with("small/")).unwrap();
    assert!(small.ends_with(".gz"), "{small}");
    let object = moto.object("packed", small).await;
    assert!(
        object.head.contains("content-encoding: gzip"),
        "{}",
        object.head
    );
    let mut text = String::new();
    let mut gzip = flate2::bufread::GzDecoder::new(&object.body[..]);
    gzip.read_to_string(&mut text).unwrap();
    assert_eq!(text, "{\"n\":1}\n");
    let mut large = Vec::new();
    for key in keys.iter().filter(|key| key.starts_with("large/")) {
        large.push(moto.object("packed", key).await.body);
    }
    // Names of one second are in no order.
    large.sort();
    let large = large.concat();
    let expected: Vec<u8> = (0..20).flat_map(megabyte).collect();
    assert!(large == expected, "{} bytes in {keys:?}", large.len());
}

#[tokio::test]
async fn a_key_in_s3_is_the_key_that_aws_has() {
    let moto = Moto::start().await;
    moto.make("raw").await;
    let server = start(&moto.url(), 1).await;
    // As the record has it, and as the key in a URL.
    let users = [
        ("..", ".."),
        ("a/../../b", "a/%252E%252E/%252E%252E/b"),
        ("a//b", "a//b"),
        ("%2e%2e", "%252e%252e"),
        ("CON", "CON"),
        ("Ann", "Ann"),
        ("ann", "ann"),
        ("a b", "a%20b"),
        ("\u{212b}", "%E2%84%AB"),
        ("x\u{1}y", "x%2501y"),
        ("x\"'*:?|y", "x%22%27%2A%3A%3F%7Cy"),
    ];
    for (user, _) in users {
        let event = serde_json::json!({ "userId": user }).to_string();
        put(&server, "clickstream", &event).await;
    }
    let (totals, dir) = server.stop().await;
    assert_eq!(totals.delivered_records, 11);
    let keys = moto.keys("raw").await;
    assert_eq!(keys.len(), users.len());
    let plain = |text: &str| text.replace("%2F", "/").replace("%3D", "=");
    for (user, key) in users {
        let begins = format!("clickstream/userId={key}/year=");
        let found = keys.iter().find(|found| plain(found).starts_with(&begins));
        let found = found.unwrap_or_else(|| panic!("{user:?} as {key}: {keys:?}"));
        let object = moto.object("raw", found).await;
        let event: Value = serde_json::from_slice(&object.body).unwrap();
        assert_eq!(event["userId"], user);
    }
    let listing = fs_err::read_to_string(dir.path().join("raw/.keys")).unwrap();
    assert_eq!(
        listing.lines().count(),
        2,
        "two that cannot be said: {listing}"
    );
}

/// Beside it lie the log of the server and the bucket's listing, which are in a folder of that name.
#[tokio::test]
async fn a_bucket_named_log_is_one_like_any_other() {
    let moto = Moto::start().await;
    moto.make("log").await;
    let dir = TempDir::new().unwrap();
    let mut stream = StreamConfig::clickstream(PartitionBy::User);
    stream.bucket = "log".to_owned();
    let settings = server::Config {
        streams: vec![stream],
        buckets: buckets(&moto.url()),
        ..config(dir.path())
    };
    let server = start_with(dir, settings).await;
    for data in [r#"{"userId":"a/../b"}"#, "{}"] {
        put(&server, "clickstream", data).await;
    }
    let (totals, dir) = server.stop().await;
    assert_eq!((totals.delivered_records, totals.errored_records), (1, 1));
    assert_eq!(moto.keys("log").await.len(), 2);
    assert_eq!(log(&dir).len(), 1);
    let listing = fs_err::read_to_string(dir.path().join("log/.keys")).unwrap();
    assert_eq!(listing.lines().count(), 1, "{listing}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_program_delivers_to_s3_and_shows_it() {
    let moto = Moto::start().await;
    moto.make("raw").await;
    let dir = TempDir::new().unwrap();
    let program = || Command::new(env!("CARGO_BIN_EXE_firehose-local"));
    let mut child = program()
        .args(["serve", "--listen", "127.0.0.1:0", "--accelerate", "600"])
        .args(["--s3", &moto.url(), "--dir"])
        .arg(dir.path())
        .env("AWS_ACCESS_KEY_ID", "any")
        .env("AWS_SECRET_ACCESS_KEY", "any")
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let address = listening(&mut child);
    let client = crate::running::client_at(&address, "us-east-1");
    let put = |user: u8| {
        client
            .put_record()
            .delivery_stream_name("clickstream")
            .record(record(format!(r#"{{"userId":{user}}}"#)))
            .send()
    };
    put(1).await.unwrap();
    moto.key_with("raw", "userId%3D1/").await;
    let tail = tokio::task::spawn_blocking(move || {
        let url = format!("http://{address}");
        program().args(["tail", "--once", "--url", &url]).output()
    });
    let tail = String::from_utf8(tail.await.unwrap().unwrap().stdout).unwrap();
    assert!(tail.contains(" raw/clickstream/userId=1/year="), "{tail}");
    put(2).await.unwrap();
    let stopped = Command::new("kill").arg(child.id().to_string()).status();
    assert!(stopped.unwrap().success());
    let status = tokio::task::spawn_blocking(move || child.wait().unwrap());
    assert!(status.await.unwrap().success());
    let keys = moto.keys("raw").await;
    assert_eq!(keys.len(), 2, "{keys:?}");
}

#[test]
fn an_endpoint_that_is_none_is_explained() {
    let dir = TempDir::new().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_firehose-local"))
        .args(["serve", "--s3", "127.0.0.1:9000", "--dir"])
        .arg(dir.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(64));
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        text,
        "error: 127.0.0.1:9000 is no address of S3: write one such as http://127.0.0.1:9000, or none for AWS's own\n"
    );
}
