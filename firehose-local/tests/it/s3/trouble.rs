//! An S3 that refuses, is busy, is late, or fails half way.

use super::{log, put, start};
use crate::moto::{Fate, Moto, Rule, buckets, front};
use crate::running::{config, files, record, start_with};
use firehose_local::{PartitionBy, StreamConfig, server};
use serde_json::Value;
use std::sync::atomic::Ordering;
use tempfile::TempDir;

#[tokio::test]
async fn a_bucket_that_is_missing_is_named_in_the_log_and_gets_its_objects_when_it_is_there() {
    let moto = Moto::start().await;
    let server = start(&moto.url(), 60).await;
    put(&server, "clickstream", r#"{"userId":45}"#).await;
    let refused = server
        .dir
        .path()
        .join("log/aws/kinesisfirehose/clickstream");
    while files(&refused).values().all(String::is_empty) {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    moto.make("raw").await;
    let key = moto.key_with("raw", "userId%3D45").await;
    assert_eq!(moto.object("raw", &key).await.body, b"{\"userId\":45}\n");
    let (totals, dir) = server.stop().await;
    assert_eq!(totals.delivered_records, 1);
    let log = log(&dir);
    assert_eq!(log.len(), 1);
    assert_eq!(log[0]["errorCode"], "S3.NoSuchBucket");
}

#[tokio::test]
async fn a_prefix_that_s3_forbids_holds_up_no_other_and_ends_under_the_error_prefix() {
    let moto = Moto::start().await;
    moto.make("raw").await;
    let forbids = |line: &str, _| match line.contains("userId%3D1/") {
        true => Fate::Refused(403, "AccessDenied"),
        false => Fate::Passed,
    };
    let (url, _) = front(&moto, forbids).await;
    let server = start(&url, 600).await;
    put(&server, "clickstream", r#"{"userId":1}"#).await;
    put(&server, "clickstream", r#"{"userId":2}"#).await;
    moto.key_with("raw", "userId%3D2/").await;
    let key = moto.key_with("raw", "delivery-failed").await;
    assert_eq!(moto.object("raw", &key).await.body, b"{\"userId\":1}\n");
    let (totals, dir) = server.stop().await;
    assert_eq!((totals.delivered_records, totals.errored_records), (1, 1));
    let log = log(&dir);
    let codes: Vec<&str> = log
        .iter()
        .map(|line| line["errorCode"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["S3.AccessDenied", "InternalError"]);
}

#[tokio::test]
async fn an_s3_that_is_busy_for_a_while_loses_nothing_at_a_stop() {
    let moto = Moto::start().await;
    moto.make("raw").await;
    let busy = |_: &str, before| match before < 30 {
        true => Fate::Refused(503, "SlowDown"),
        false => Fate::Passed,
    };
    let (url, requests) = front(&moto, busy).await;
    let server = start(&url, 1).await;
    for user in 0..5 {
        put(&server, "clickstream", &format!(r#"{{"userId":{user}}}"#)).await;
    }
    let (totals, _) = server.stop().await;
    assert_eq!(totals.delivered_records, 5);
    assert_eq!(moto.keys("raw").await.len(), 5);
    assert!(requests.load(Ordering::Relaxed) >= 35);
}

/// The first four requests that make an object appear are done, and their answers lost: a try is three
/// requests, so that at least two tries of one object have made it.
#[tokio::test]
async fn an_answer_that_gets_lost_makes_no_second_object() {
    let moto = Moto::start().await;
    moto.make("raw").await;
    let lost = |line: &str, before| match line.starts_with("PUT") && before < 4 {
        true => Fate::Lost,
        false => Fate::Passed,
    };
    let (url, requests) = front(&moto, lost).await;
    let server = start(&url, 1).await;
    put(&server, "clickstream", r#"{"userId":45}"#).await;
    let (totals, _) = server.stop().await;
    assert_eq!((totals.objects, totals.delivered_records), (1, 1));
    assert_eq!(requests.load(Ordering::Relaxed), 5);
    let keys = moto.keys("raw").await;
    assert_eq!(keys.len(), 1, "{keys:?}");
    assert_eq!(
        moto.object("raw", &keys[0]).await.body,
        b"{\"userId\":45}\n"
    );
}

#[tokio::test]
async fn an_answer_that_is_late_holds_up_no_other_object() {
    let moto = Moto::start().await;
    moto.make("raw").await;
    // The first is answered when all five have come, which must not wait for it.
    let late = |_: &str, before| match before {
        0 => Fate::Held(5),
        _ => Fate::Passed,
    };
    let (url, requests) = front(&moto, late).await;
    let server = start(&url, 1).await;
    for user in 0..5 {
        put(&server, "clickstream", &format!(r#"{{"userId":{user}}}"#)).await;
    }
    let (totals, _) = server.stop().await;
    assert_eq!(totals.delivered_records, 5);
    assert_eq!(
        requests.load(Ordering::Relaxed),
        5,
        "none is asked for twice"
    );
}

/// What became of an object of twelve megabytes, behind an S3 with this rule.
struct Large {
    moto: Moto,
    objects: u64,
    requests: usize,
}

async fn deliver_large(rule: Rule) -> Large {
    let moto = Moto::start().await;
    moto.make("large").await;
    let (url, requests) = front(&moto, rule).await;
    let dir = TempDir::new().unwrap();
    let mut stream = StreamConfig::clickstream(PartitionBy::User);
    stream.bucket = "large".to_owned();
    let settings = server::Config {
        streams: vec![stream],
        buckets: buckets(&url),
        // It comes from the disk.
        memory: 1 << 20,
        ..config(dir.path())
    };
    let server = start_with(dir, settings).await;
    let filler = "x".repeat(1_000_000);
    for batch in 0..3 {
        let records = (0..4).map(|n| {
            let number = 4 * batch + n;
            record(format!(
                r#"{{"userId":1,"n":{number},"filler":"{filler}"}}"#
            ))
        });
        let put = server
            .client()
            .put_record_batch()
            .delivery_stream_name("clickstream")
            .set_records(Some(records.collect()));
        put.send().await.unwrap();
    }
    let (totals, _) = server.stop().await;
    assert_eq!(totals.delivered_records, 12);
    Large {
        moto,
        objects: totals.objects,
        requests: requests.load(Ordering::Relaxed),
    }
}

impl Large {
    /// One object, whole and in two parts, and nothing beside it.
    async fn assert_came_once(&self) {
        assert_eq!(self.objects, 1);
        let keys = self.moto.keys("large").await;
        assert_eq!(keys.len(), 1, "{keys:?}");
        let object = self.moto.object("large", &keys[0]).await;
        let lines = object.body.split(|byte| *byte == b'\n');
        let numbers = lines.filter(|line| !line.is_empty()).map(|line| {
            let event: Value = serde_json::from_slice(line).unwrap();
            event["n"].as_u64().unwrap()
        });
        assert_eq!(numbers.collect::<Vec<_>>(), (0..12).collect::<Vec<_>>());
        assert!(
            object.head.contains("-2\""),
            "an ETag of two parts: {}",
            object.head
        );
        let unfinished = self.moto.ask("GET", "/large?uploads").await;
        let unfinished = String::from_utf8(unfinished.body).unwrap();
        assert!(!unfinished.contains("<UploadId>"), "{unfinished}");
    }
}

#[tokio::test]
async fn a_large_object_that_fails_half_way_leaves_nothing_and_comes_whole() {
    // The first time the second part comes, and is done again at once, S3 is broken.
    let large = deliver_large(
        |line, before| match line.contains("partNumber=2") && before < 6 {
            true => Fate::Refused(500, "InternalError"),
            false => Fate::Passed,
        },
    );
    let large = large.await;
    large.assert_came_once().await;
    let requests = large.requests;
    assert!(
        requests >= 10,
        "two parts, and half of them before: {requests}"
    );
}

/// The parts become the object, nobody hears of it, and the same is asked for once more.
#[tokio::test]
async fn a_large_object_whose_last_answer_gets_lost_is_there_once() {
    let large = deliver_large(|line, before| {
        let completes = line.starts_with("POST") && line.contains("uploadId=");
        match completes && before < 5 {
            true => Fate::Lost,
            false => Fate::Passed,
        }
    });
    let large = large.await;
    large.assert_came_once().await;
    let requests = large.requests;
    assert!(requests >= 5, "its completion twice: {requests}");
}
