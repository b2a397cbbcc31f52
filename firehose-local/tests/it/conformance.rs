//! Facts of the real service that no other test here holds; `CONFORMANCE.md` lists all.

use crate::control::{ROLE, empty};
use crate::running::{Running, files};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Makes a stream with dynamic partitioning and these processors, prefix and buffer of AWS's minimum.
async fn create(server: &Running, query: &str, prefix: &str, more: Vec<Value>) {
    let keys = json!({"Type": "MetadataExtraction", "Parameters": [
        {"ParameterName": "MetadataExtractionQuery", "ParameterValue": query},
        {"ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6"},
    ]});
    let processors: Vec<Value> = more.into_iter().chain([keys]).collect();
    let input = json!({
        "DeliveryStreamName": "orders",
        "ExtendedS3DestinationConfiguration": {
            "RoleARN": ROLE,
            "BucketARN": "arn:aws:s3:::teams",
            "Prefix": prefix,
            "ErrorOutputPrefix": "failed/!{firehose:error-output-type}/",
            "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
            "DynamicPartitioningConfiguration": {"Enabled": true},
            "ProcessingConfiguration": {"Enabled": true, "Processors": processors},
        },
    });
    let (status, body) = server.call("CreateDeliveryStream", &input).await;
    assert_eq!(status, 200, "{body}");
    let begun = Instant::now();
    loop {
        let name = json!({"DeliveryStreamName": "orders"});
        let (_, body) = server.call("DescribeDeliveryStream", &name).await;
        if body["DeliveryStreamDescription"]["DeliveryStreamStatus"] == "ACTIVE" {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{body}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn put(server: &Running, data: &str) {
    let input = json!({
        "DeliveryStreamName": "orders",
        "Record": {"Data": STANDARD.encode(data)},
    });
    let (status, body) = server.call("PutRecord", &input).await;
    assert_eq!(status, 200, "{body}");
}

/// Stops the server; the bucket's objects, by their keys.
async fn delivered(server: Running) -> BTreeMap<String, String> {
    let (_, dir) = server.stop().await;
    files(&dir.path().join("teams"))
}

fn packed() -> Value {
    json!({"Type": "RecordDeAggregation", "Parameters": [
        {"ParameterName": "SubRecordType", "ParameterValue": "JSON"},
    ]})
}

#[tokio::test]
async fn several_keys_have_each_their_place() {
    let server = empty().await;
    let prefix = "kind=!{partitionKeyFromQuery:kind}/team=!{partitionKeyFromQuery:team}/";
    create(&server, "{team:.team,kind:.a.kind}", prefix, vec![]).await;
    put(&server, r#"{"team":"red","a":{"kind":7.0}}"#).await;
    let objects = delivered(server).await;
    assert_eq!(objects.len(), 1);
    let (key, _) = objects.first_key_value().unwrap();
    assert!(key.starts_with("kind=7/team=red/orders-1-"), "{key}");
}

#[tokio::test]
async fn the_order_of_processors_does_not_matter() {
    let append = json!({"Type": "AppendDelimiterToRecord", "Parameters": []});
    for more in [vec![packed(), append.clone()], vec![append, packed()]] {
        let server = empty().await;
        let prefix = "team=!{partitionKeyFromQuery:team}/";
        create(&server, "{team:.team}", prefix, more).await;
        put(&server, r#"{"team":"red"}{"team":"blue"}"#).await;
        let objects = delivered(server).await;
        let texts: Vec<&str> = objects.values().map(String::as_str).collect();
        assert_eq!(texts, ["{\"team\":\"blue\"}\n", "{\"team\":\"red\"}\n"]);
    }
}

#[tokio::test]
async fn a_newline_follows_each_record_only_where_it_is_asked_for() {
    // In the wild the two characters backslash and n are given; AWS ignores them.
    let append = json!({"Type": "AppendDelimiterToRecord", "Parameters": [
        {"ParameterName": "Delimiter", "ParameterValue": "\\n"},
    ]});
    for (more, text) in [
        (vec![packed()], r#"{"team":"red"}{"team":"red","n":2}"#),
        (
            vec![packed(), append],
            "{\"team\":\"red\"}\n{\"team\":\"red\",\"n\":2}\n",
        ),
    ] {
        let server = empty().await;
        let prefix = "team=!{partitionKeyFromQuery:team}/";
        create(&server, "{team:.team}", prefix, more).await;
        put(&server, "{\"team\":\"red\"}\n{\"team\":\"red\",\"n\":2}\n").await;
        let objects = delivered(server).await;
        assert_eq!(objects.values().collect::<Vec<_>>(), [text]);
    }
}

#[tokio::test]
async fn an_object_is_named_after_the_version_that_made_it() {
    let server = empty().await;
    let prefix = "team=!{partitionKeyFromQuery:team}/";
    create(&server, "{team:.team}", prefix, vec![]).await;
    let input = json!({
        "DeliveryStreamName": "orders",
        "CurrentDeliveryStreamVersionId": "1",
        "DestinationId": "destinationId-000000000001",
        "ExtendedS3DestinationUpdate": {"Prefix": "by-team=!{partitionKeyFromQuery:team}/"},
    });
    let (status, body) = server.call("UpdateDestination", &input).await;
    assert_eq!(status, 200, "{body}");
    put(&server, r#"{"team":"red"}"#).await;
    let objects = delivered(server).await;
    let (key, _) = objects.first_key_value().unwrap();
    assert!(key.starts_with("by-team=red/orders-2-"), "{key}");
}

#[tokio::test]
async fn empty_data_is_taken_and_fails_where_a_key_is_wanted() {
    let server = empty().await;
    let prefix = "team=!{partitionKeyFromQuery:team}/";
    create(&server, "{team:.team}", prefix, vec![packed()]).await;
    put(&server, "").await;
    let objects = delivered(server).await;
    let (key, line) = objects.first_key_value().unwrap();
    assert!(
        key.starts_with("failed/metadata-extraction-failed/"),
        "{key}"
    );
    assert!(line.contains(r#""rawData":"""#), "{line}");
}

#[tokio::test]
async fn an_operation_of_another_name_is_unknown() {
    let server = empty().await;
    let (status, body) = server.call("PutRecords", &json!({})).await;
    assert_eq!(status, 400);
    assert_eq!(body["__type"], "UnknownOperationException", "{body}");
    server.stop().await;
}

#[tokio::test]
async fn every_answer_has_its_content_type_and_request_id() {
    let server = empty().await;
    for operation in ["ListDeliveryStreams", "DescribeDeliveryStream"] {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        let request = format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             X-Amz-Target: Firehose_20150804.{operation}\r\nContent-Length: 2\r\n\r\n{{}}"
        );
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        let (head, _) = answer.split_once("\r\n\r\n").unwrap();
        let head = head.to_ascii_lowercase();
        assert!(
            head.contains("content-type: application/x-amz-json-1.1"),
            "{head}"
        );
        assert!(head.contains("x-amzn-requestid: "), "{head}");
    }
    server.stop().await;
}
