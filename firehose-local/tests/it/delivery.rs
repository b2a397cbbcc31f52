//! Delivery where it is not plain: compressed, out of the log on the disk, and against a folder
//! that refuses; and its figures.

use crate::running::{config, files, record, start_with};
use aws_sdk_firehose::types::{CompressionFormat, ExtendedS3DestinationConfiguration};
use firehose_local::{PartitionBy, StreamConfig, server};
use std::io::Read as _;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Waits, at most half a minute, until `is_so` gives something.
async fn eventually<T>(mut is_so: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = is_so() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "it did not come");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_stream_made_with_gzip_delivers_gzip() {
    let dir = TempDir::new().unwrap();
    let settings = config(dir.path());
    let server = start_with(dir, settings).await;
    let client = server.client();
    let destination = ExtendedS3DestinationConfiguration::builder()
        .role_arn("arn:aws:iam::000000000000:role/any")
        .bucket_arn("arn:aws:s3:::packed")
        .prefix("events/")
        .compression_format(CompressionFormat::Gzip)
        .file_extension(".json.gz")
        .build()
        .unwrap();
    let made = client
        .create_delivery_stream()
        .delivery_stream_name("packed")
        .extended_s3_destination_configuration(destination)
        .send()
        .await
        .unwrap();
    assert!(made.delivery_stream_arn().unwrap().ends_with("/packed"));
    for line in ["{\"n\":1}\n", "{\"n\":2}\n"] {
        let put = client
            .put_record()
            .delivery_stream_name("packed")
            .record(record(line));
        put.send().await.unwrap();
    }
    let (_, dir) = server.stop().await;
    let mut folders = vec![dir.path().join("packed/events")];
    let object = loop {
        let entry = fs_err::read_dir(folders.pop().unwrap()).unwrap().next();
        let path = entry.unwrap().unwrap().path();
        match path.is_dir() {
            true => folders.push(path),
            false => break path,
        }
    };
    assert!(object.to_str().unwrap().ends_with(".json.gz"), "{object:?}");
    let mut text = String::new();
    let bytes = fs_err::read(&object).unwrap();
    let mut gzip = flate2::bufread::GzDecoder::new(&bytes[..]);
    gzip.read_to_string(&mut text).unwrap();
    assert_eq!(text, "{\"n\":1}\n{\"n\":2}\n");
}

#[tokio::test]
async fn what_memory_does_not_hold_comes_from_the_disk() {
    let dir = TempDir::new().unwrap();
    let settings = server::Config {
        streams: vec![StreamConfig::clickstream(PartitionBy::User)],
        memory: 1000,
        ..config(dir.path())
    };
    let server = start_with(dir, settings).await;
    let client = server.client();
    for round in 0..20 {
        let records = (0..20).map(|user| {
            let filler = "x".repeat(100);
            record(format!(
                r#"{{"userId":{user},"round":{round},"t":"{filler}"}}"#
            ))
        });
        let put = client
            .put_record_batch()
            .delivery_stream_name("clickstream")
            .set_records(Some(records.collect()));
        put.send().await.unwrap();
    }
    let spill = server.dir.path().join(".spill");
    assert!(
        fs_err::read_dir(&spill).unwrap().count() > 0,
        "it has spilled"
    );
    let (totals, dir) = server.stop().await;
    assert_eq!(totals.delivered_records, 400);
    let objects = files(&dir.path().join("raw"));
    assert_eq!(objects.len(), 20);
    for bytes in objects.values() {
        let rounds: Vec<u64> = bytes
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["round"].as_u64())
            .map(Option::unwrap)
            .collect();
        assert_eq!(rounds, (0..20).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_prefix_that_refuses_holds_up_no_other_and_ends_under_the_error_prefix() {
    let dir = TempDir::new().unwrap();
    let settings = server::Config {
        streams: vec![StreamConfig::clickstream(PartitionBy::User)],
        accelerate: 600.try_into().unwrap(),
        ..config(dir.path())
    };
    let server = start_with(dir, settings).await;
    // A file where a folder should be: nobody, not even root, can make the folder.
    let raw = server.dir.path().join("raw/clickstream");
    fs_err::create_dir_all(&raw).unwrap();
    fs_err::write(raw.join("userId=1"), b"in the way").unwrap();
    let client = server.client();
    for user in [1, 2] {
        let put = client
            .put_record()
            .delivery_stream_name("clickstream")
            .record(record(format!(r#"{{"userId":{user}}}"#)));
        put.send().await.unwrap();
    }
    let of_two = || {
        files(&raw)
            .into_iter()
            .find(|(key, _)| key.starts_with("userId=2/"))
    };
    let (_, bytes) = eventually(of_two).await;
    assert_eq!(bytes, "{\"userId\":2}\n");
    let errors = server.dir.path().join("raw/clickstream-errors");
    let (key, bytes) = eventually(|| files(&errors).into_iter().next()).await;
    assert!(key.starts_with("delivery-failed/year="), "{key}");
    assert_eq!(
        bytes, "{\"userId\":1}\n",
        "the object as it would have been"
    );
    let (totals, dir) = server.stop().await;
    assert_eq!((totals.delivered_records, totals.errored_records), (1, 1));
    let log = files(&dir.path().join("log"));
    let lines = &log["aws/kinesisfirehose/clickstream/ClickStreamLogStream.jsonl"];
    let messages: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .inspect(|line: &serde_json::Value| assert_eq!(line["errorCode"], "InternalError"))
        .map(|line| line["message"].clone())
        .collect();
    let [first, last] = &messages[..] else {
        panic!("one line of the first refusal, one of the end: {lines}");
    };
    assert!(first.as_str().unwrap().contains("userId=1"), "{first}");
    assert!(
        last.as_str().unwrap().contains("within the retry duration"),
        "{last}"
    );
}

#[tokio::test]
async fn the_figures_have_cloudwatchs_names() {
    let dir = TempDir::new().unwrap();
    let settings = server::Config {
        streams: vec![StreamConfig::clickstream(PartitionBy::User)],
        ..config(dir.path())
    };
    let server = start_with(dir, settings).await;
    let put = server
        .client()
        .put_record_batch()
        .delivery_stream_name("clickstream")
        .records(record(r#"{"userId":1}"#))
        .records(record(r#"{"userId":2}{"userId":3}"#));
    put.send().await.unwrap();
    let mut socket = tokio::net::TcpStream::connect(server.address)
        .await
        .unwrap();
    let request = b"GET /metrics HTTP/1.1\r\nHost: any\r\nConnection: close\r\n\r\n";
    socket.write_all(request).await.unwrap();
    let mut page = String::new();
    socket.read_to_string(&mut page).await.unwrap();
    for (metric, unit, value) in [
        ("IncomingRecords", "Count", 2),
        ("IncomingBytes", "Bytes", 36),
        ("PutRecordBatch.Requests", "Count", 1),
        ("PutRecordBatch.Records", "Count", 2),
        ("PutRecord.Requests", "Count", 0),
        ("PartitionCount", "Count", 3),
        ("PartitionCountExceeded", "Count", 0),
        ("DeliveryToS3.ObjectCount", "Count", 0),
    ] {
        let line = format!(
            r#"aws_firehose{{stream="clickstream",region="us-east-1",metric="{metric}",unit="{unit}"}} {value}"#
        );
        assert!(page.lines().any(|found| found == line), "{line} in {page}");
    }
    server.stop().await;
}
