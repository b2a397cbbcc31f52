//! The origin's story by the AWS SDK for Rust: no stream at first, a hundred clicks, folders by
//! user, and one click of nobody. By boto3 and the SDK for JavaScript it is in `tests/journeys`.

use crate::control::by_team;
use crate::running::{config, files, record, start_with};
use aws_sdk_firehose::types::{CloudWatchLoggingOptions, DeliveryStreamStatus};
use firehose_local::server;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tempfile::TempDir;

#[tokio::test]
async fn the_sdk_for_rust_makes_a_stream_and_its_clicks_lie_by_key() {
    let dir = TempDir::new().unwrap();
    let config = server::Config {
        transition: Duration::from_millis(20),
        ..config(dir.path())
    };
    let server = start_with(dir, config).await;
    let client = server.client();
    let mut destination = by_team();
    destination.cloud_watch_logging_options = Some(
        CloudWatchLoggingOptions::builder()
            .enabled(true)
            .log_group_name("/aws/kinesisfirehose/orders")
            .log_stream_name("delivery")
            .build(),
    );
    client
        .create_delivery_stream()
        .delivery_stream_name("orders")
        .extended_s3_destination_configuration(destination)
        .send()
        .await
        .unwrap();
    let begun = Instant::now();
    loop {
        let stream = server.described("orders").await.unwrap();
        if *stream.delivery_stream_status() == DeliveryStreamStatus::Active {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "still CREATING");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let put = |text: String| {
        client
            .put_record()
            .delivery_stream_name("orders")
            .record(record(text))
            .send()
    };
    for n in 0..100 {
        put(format!(r#"{{"team":{},"n":{n}}}"#, n % 17))
            .await
            .unwrap();
    }
    put(r#"{"n":100}"#.to_owned()).await.unwrap();

    let (totals, dir) = server.stop().await;
    assert_eq!((totals.delivered_records, totals.errored_records), (100, 1));
    let objects = files(&dir.path().join("teams"));
    let (failed, good): (Vec<_>, Vec<_>) = objects
        .iter()
        .partition(|(key, _)| key.starts_with("failed/metadata-extraction-failed/"));
    assert_eq!((good.len(), failed.len()), (17, 1), "{:?}", objects.keys());
    let mut numbers = BTreeSet::new();
    for (key, bytes) in good {
        assert!(bytes.ends_with("}\n"), "newline-delimited: {bytes}");
        for line in bytes.lines() {
            let click: serde_json::Value = serde_json::from_str(line).unwrap();
            let folder = format!("team={}/orders-1-", click["team"]);
            assert!(key.starts_with(&folder), "{folder} is not of {key}");
            numbers.insert(click["n"].as_u64().unwrap());
        }
    }
    assert_eq!(numbers, (0..100).collect());
    let log = files(&dir.path().join("log"));
    let line = &log["aws/kinesisfirehose/orders/delivery.jsonl"];
    assert_eq!(line.lines().count(), 1);
    assert!(
        line.contains("eu-central-1:000000000000:deliverystream/orders"),
        "{line}"
    );
}
