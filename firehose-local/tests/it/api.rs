//! The API by the real SDK: answers, limits, errors, and what lies in the folder.

use crate::running::{files, record, start};
use aws_sdk_firehose::error::ProvideErrorMetadata;
use aws_sdk_firehose::operation::RequestId;
use std::time::{Duration, Instant};

#[tokio::test]
async fn one_record_becomes_one_line_in_its_users_folder() {
    let server = start(1, "").await;
    let client = server.client();
    let answer = client
        .put_record()
        .delivery_stream_name("clickstream")
        .record(record(r#"{"userId":45}"#))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.record_id().len(), 224);
    assert_eq!(answer.encrypted(), Some(false));
    assert!(answer.request_id().is_some());
    let (totals, dir) = server.stop().await;
    assert_eq!((totals.records, totals.delivered_records), (1, 1));
    let objects = files(&dir.path().join("raw"));
    assert_eq!(objects.len(), 1);
    let (key, bytes) = objects.first_key_value().unwrap();
    assert!(key.starts_with("clickstream/userId=45/year="), "{key}");
    assert!(key.contains("/clickstream-1-"), "{key}");
    assert_eq!(bytes, "{\"userId\":45}\n");
}

#[tokio::test]
async fn two_objects_in_a_record_without_a_newline_between_them_are_two_lines() {
    let server = start(1, "").await;
    let client = server.client();
    let put = client
        .put_record()
        .delivery_stream_name("clickstream")
        .record(record(r#"{"userId":"45","n":1}{"userId":"45","n":2}"#));
    put.send().await.unwrap();
    let (totals, dir) = server.stop().await;
    assert_eq!((totals.records, totals.delivered_records), (1, 2));
    let objects = files(&dir.path().join("raw"));
    assert_eq!(objects.len(), 1, "{objects:?}");
    let (key, bytes) = objects.first_key_value().unwrap();
    assert!(key.starts_with("clickstream/userId=45/year="), "{key}");
    assert_eq!(
        bytes.lines().collect::<Vec<_>>(),
        [r#"{"userId":"45","n":1}"#, r#"{"userId":"45","n":2}"#]
    );
    assert!(bytes.ends_with("}\n"), "the last line is ended too");
}

#[tokio::test]
async fn a_record_without_user_is_answered_200_and_lies_under_the_error_prefix() {
    let server = start(1, "").await;
    let answer = server
        .client()
        .put_record_batch()
        .delivery_stream_name("clickstream")
        .records(record(r#"{"userId":"1"}{"userId":"2"}"#))
        .records(record(r#"{"event":"no user"}"#))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.failed_put_count(), 0);
    assert_eq!(answer.request_responses().len(), 2);
    let (totals, dir) = server.stop().await;
    assert_eq!((totals.delivered_records, totals.errored_records), (2, 1));
    let objects = files(&dir.path().join("raw"));
    let (key, line) = objects
        .iter()
        .find(|(key, _)| key.starts_with("clickstream-errors/"))
        .unwrap();
    assert!(key.starts_with("clickstream-errors/metadata-extraction-failed/year="));
    assert!(line.contains(r#""errorMessage":"partitionKeys values must not be null or empty""#));
    assert!(line.contains(r#""rawData":"eyJldmVudCI6Im5vIHVzZXIifQ==""#));
    let log = files(&dir.path().join("log"));
    let line = &log["aws/kinesisfirehose/clickstream/ClickStreamLogStream.jsonl"];
    assert!(line.contains("Partition key's value should not be null or empty"));
}

#[tokio::test]
async fn the_interval_delivers_without_a_stop() {
    let server = start(600, "").await;
    let client = server.client();
    let put = client
        .put_record()
        .delivery_stream_name("clickstream")
        .record(record(r#"{"userId":"a/../b"}"#));
    put.send().await.unwrap();
    let begun = Instant::now();
    while server.totals().objects == 0 {
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing came");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let objects = files(&server.dir.path().join("raw"));
    assert!(
        objects
            .keys()
            .all(|key| key.starts_with("clickstream/userId=a%2F..%2Fb/"))
    );
}

#[tokio::test]
async fn limits_are_awss() {
    let server = start(1, "").await;
    let client = server.client();
    let batch = |records: Vec<Vec<u8>>| {
        let records = records.into_iter().map(record).collect();
        let call = client
            .put_record_batch()
            .delivery_stream_name("clickstream");
        call.set_records(Some(records)).send()
    };
    let event = || br#"{"userId":1}"#.to_vec();
    batch(vec![event(); 500]).await.unwrap();
    batch(vec![vec![b'x'; 1_024_000]; 4]).await.unwrap();

    for (records, kind, words) in [
        (
            vec![event(); 501],
            "ValidationException",
            "less than or equal to 500",
        ),
        (vec![], "ValidationException", "greater than or equal to 1"),
        (
            vec![event(), vec![b'x'; 1_024_001]],
            "ValidationException",
            "'records.2.member.data'",
        ),
        (
            vec![vec![b'x'; 1_000_000]; 5],
            "InvalidArgumentException",
            "4 MB",
        ),
    ] {
        let refused = batch(records).await.unwrap_err();
        assert_eq!(refused.raw_response().unwrap().status().as_u16(), 400);
        let refused = refused.into_service_error();
        assert_eq!(refused.code(), Some(kind));
        let message = refused.message().unwrap();
        assert!(message.contains(words), "{message}");
    }
    // What is refused is not taken, not even its good records.
    assert_eq!(server.totals().records, 504);
    server.stop().await;
}

#[tokio::test]
async fn an_unknown_stream_is_said_so() {
    let server = start(1, "").await;
    let client = server.client();
    let missing = client
        .put_record()
        .delivery_stream_name("clicks")
        .record(record("{}"))
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(missing.is_resource_not_found_exception());
    assert_eq!(
        missing.message(),
        Some("Firehose clicks under account 000000000000 not found.")
    );
    let described = client
        .describe_delivery_stream()
        .delivery_stream_name("clicks")
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(described.is_resource_not_found_exception());
    server.stop().await;
}

#[tokio::test]
async fn the_stream_describes_itself() {
    let server = start(1, "").await;
    let client = server.client();
    let names = client.list_delivery_streams().send().await.unwrap();
    assert_eq!(names.delivery_stream_names(), ["clickstream"]);
    assert!(!names.has_more_delivery_streams());
    let stream = server.described("clickstream").await.unwrap();
    assert_eq!(stream.delivery_stream_status().as_str(), "ACTIVE");
    assert_eq!(stream.version_id(), "1");
    let destination = stream.destinations()[0]
        .extended_s3_destination_description()
        .unwrap();
    let buffering = destination.buffering_hints().unwrap();
    assert_eq!(buffering.size_in_mbs(), Some(64));
    assert_eq!(buffering.interval_in_seconds(), Some(60));
    let processing = destination.processing_configuration().unwrap();
    let kinds: Vec<_> = processing
        .processors()
        .iter()
        .map(|processor| processor.r#type().as_str())
        .collect();
    assert_eq!(
        kinds,
        [
            "MetadataExtraction",
            "RecordDeAggregation",
            "AppendDelimiterToRecord"
        ]
    );
    server.stop().await;
}

#[tokio::test]
async fn other_operations_are_named_as_unknown() {
    let server = start(1, "").await;
    let (status, body) = server.call("DescribeStream", &serde_json::json!({})).await;
    assert_eq!(status, 400);
    assert_eq!(body["__type"], "UnknownOperationException");
    assert!(body["message"].as_str().unwrap().contains("DescribeStream"));
    server.stop().await;
}

#[tokio::test]
async fn calls_are_held_to_the_keys_that_were_given() {
    for (key, refusal) in [
        ("any:any", None),
        ("any:other", Some("InvalidSignatureException")),
        ("other:any", Some("UnrecognizedClientException")),
    ] {
        let dir = tempfile::TempDir::new().unwrap();
        let config = firehose_local::server::Config {
            access_keys: vec![key.parse().unwrap()],
            ..crate::running::config(dir.path())
        };
        let server = crate::running::start_with(dir, config).await;
        let listed = server.client().list_delivery_streams().send().await;
        let error = listed.err().map(|error| error.into_service_error());
        assert_eq!(
            error.as_ref().and_then(|error| error.code()),
            refusal,
            "{key}"
        );
        let (status, body) = server
            .call("ListDeliveryStreams", &serde_json::json!({}))
            .await;
        assert_eq!(status, 400);
        assert_eq!(body["__type"], "MissingAuthenticationTokenException");
        server.stop().await;
    }
}
