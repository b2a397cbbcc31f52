//! Facts of the control API and of delivery that show at an edge or in the raw JSON alone.

use crate::control::{ROLE, empty};
use crate::running::{Running, config, files, start_with};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use firehose_local::server;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A destination without partitions, with this in it.
fn plain(change: impl FnOnce(&mut Value)) -> Value {
    let mut destination = json!({"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::teams"});
    change(&mut destination);
    destination
}

async fn make(server: &Running, name: &str, destination: Value) -> (u16, Value) {
    let input = json!({
        "DeliveryStreamName": name,
        "ExtendedS3DestinationConfiguration": destination,
    });
    server.call("CreateDeliveryStream", &input).await
}

async fn described(server: &Running, name: &str) -> Value {
    let input = json!({ "DeliveryStreamName": name });
    let (_, body) = server.call("DescribeDeliveryStream", &input).await;
    body["DeliveryStreamDescription"].clone()
}

/// Numbers and lengths of the model: the last that is taken, and the first that is not.
#[tokio::test]
async fn the_models_limits_are_held_at_their_edges() {
    let server = empty().await;
    let text = |length: usize| json!("p".repeat(length));
    let edges = [
        // With the date behind it, that makes 512.
        ("/Prefix", text(498), text(1025)),
        ("/FileExtension", json!(".a!-_.*'()0"), json!(".A")),
        ("/FileExtension", json!(""), json!("json")),
        (
            "/CustomTimeZone",
            json!("Europe/London"),
            json!("Etc/GMT+3"),
        ),
        ("/CustomTimeZone", json!(""), text(51)),
        ("/BufferingHints/SizeInMBs", json!(1), json!(0)),
        ("/BufferingHints/SizeInMBs", json!(128), json!(129)),
        ("/BufferingHints/IntervalInSeconds", json!(0), json!(-1)),
        ("/BufferingHints/IntervalInSeconds", json!(900), json!(901)),
        ("/CompressionFormat", json!("Snappy"), json!("SNAPPY")),
        (
            "/BucketARN",
            json!(format!("arn:aws:s3:::{}", "b".repeat(255))),
            json!(format!("arn:aws:s3:::{}/", "b".repeat(9))),
        ),
    ];
    for (number, (place, taken, refused)) in edges.into_iter().enumerate() {
        let destination = |value: &Value| {
            plain(|it| {
                it["BufferingHints"] = json!({"SizeInMBs": 5, "IntervalInSeconds": 300});
                it["CustomTimeZone"] = json!("UTC");
                it["FileExtension"] = json!("");
                it["CompressionFormat"] = json!("GZIP");
                it["Prefix"] = json!("p");
                *it.pointer_mut(place).unwrap() = value.clone();
            })
        };
        let name = format!("n{number}");
        let (status, body) = make(&server, &name, destination(&refused)).await;
        assert_eq!(status, 400, "{place} {refused}");
        assert_eq!(body["__type"], "ValidationException", "{place} {body}");
        let (status, body) = make(&server, &name, destination(&taken)).await;
        assert_eq!(status, 200, "{place} {taken}: {body}");
    }
    server.stop().await;
}

#[tokio::test]
async fn retries_and_parameters_have_the_models_edges() {
    let server = empty().await;
    // 5,120 characters, the longest query that there can be.
    let query = |length: usize| format!("{{team:.team{}}}", " ".repeat(length - 12));
    let partitioned = |retry: i64, query: String| {
        plain(|it| {
            it["Prefix"] = json!("team=!{partitionKeyFromQuery:team}/");
            it["ErrorOutputPrefix"] = json!("failed/!{firehose:error-output-type}/");
            it["BufferingHints"] = json!({"SizeInMBs": 64, "IntervalInSeconds": 60});
            it["DynamicPartitioningConfiguration"] =
                json!({"Enabled": true, "RetryOptions": {"DurationInSeconds": retry}});
            it["ProcessingConfiguration"] = json!({"Enabled": true, "Processors": [
                {"Type": "MetadataExtraction", "Parameters": [
                    {"ParameterName": "MetadataExtractionQuery", "ParameterValue": query},
                    {"ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6"},
                ]},
            ]});
        })
    };
    for (name, retry, length, expected) in [
        ("a", 0, 20, 200),
        ("b", 7200, 5120, 200),
        ("c", 7201, 20, 400),
        ("d", -1, 20, 400),
        ("e", 300, 5121, 400),
    ] {
        let (status, body) = make(&server, name, partitioned(retry, query(length))).await;
        assert_eq!(status, expected, "{name}: {body}");
    }
    let mut unsaid = partitioned(0, query(20));
    unsaid["DynamicPartitioningConfiguration"] = json!({"Enabled": true});
    make(&server, "f", unsaid).await;
    let stream = described(&server, "f").await;
    let extended = &stream["Destinations"][0]["ExtendedS3DestinationDescription"];
    let retry = &extended["DynamicPartitioningConfiguration"]["RetryOptions"];
    assert_eq!(retry["DurationInSeconds"], 300);
    server.stop().await;
}

#[tokio::test]
async fn fifty_tags_of_128_and_256_characters() {
    let server = empty().await;
    make(&server, "orders", plain(|_| {})).await;
    let tag = async |tags: Value| {
        let input = json!({"DeliveryStreamName": "orders", "Tags": tags});
        let (status, body) = server.call("TagDeliveryStream", &input).await;
        (
            status,
            body["__type"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let one =
        |key: usize, value: usize| json!([{"Key": "k".repeat(key), "Value": "v".repeat(value)}]);
    assert_eq!(tag(one(129, 1)).await.0, 400);
    assert_eq!(tag(one(1, 257)).await.0, 400);
    assert_eq!(tag(one(128, 256)).await.0, 200);
    let many: Vec<Value> = (0..49).map(|n| json!({ "Key": n.to_string() })).collect();
    assert_eq!(tag(json!(many)).await.0, 200);
    let beyond = tag(json!([{"Key": "one more"}])).await;
    assert_eq!(beyond, (400, "LimitExceededException".to_owned()));
    let limit = json!({"DeliveryStreamName": "orders", "Limit": 51});
    assert_eq!(
        server.call("ListTagsForDeliveryStream", &limit).await.0,
        400
    );
    server.stop().await;
}

#[tokio::test]
async fn a_region_has_so_many_streams_and_no_more() {
    let dir = TempDir::new().unwrap();
    let settings = server::Config {
        streams_of_a_region: 2,
        ..config(dir.path())
    };
    let server = start_with(dir, settings).await;
    for name in ["a", "b"] {
        assert_eq!(make(&server, name, plain(|_| {})).await.0, 200);
    }
    let (status, body) = make(&server, "c", plain(|_| {})).await;
    assert_eq!(
        (status, &body["__type"]),
        (400, &json!("LimitExceededException"))
    );
    let delete = json!({"DeliveryStreamName": "a", "AllowForceDelete": true});
    assert_eq!(server.call("DeleteDeliveryStream", &delete).await.0, 200);
    assert_eq!(make(&server, "c", plain(|_| {})).await.0, 200);
    server.stop().await;
}

#[tokio::test]
async fn describe_and_list_have_their_other_arguments() {
    let server = empty().await;
    make(&server, "orders", plain(|_| {})).await;
    let behind = json!({
        "DeliveryStreamName": "orders",
        "Limit": 10_000,
        "ExclusiveStartDestinationId": "destinationId-000000000001",
    });
    let (status, body) = server.call("DescribeDeliveryStream", &behind).await;
    assert_eq!(status, 200, "{body}");
    let stream = &body["DeliveryStreamDescription"];
    assert_eq!(stream["Destinations"], json!([]));
    assert_eq!(stream["HasMoreDestinations"], false);
    for (kind, names) in [
        ("DirectPut", json!(["orders"])),
        ("KinesisStreamAsSource", json!([])),
    ] {
        let input = json!({ "DeliveryStreamType": kind });
        let (_, body) = server.call("ListDeliveryStreams", &input).await;
        assert_eq!(body["DeliveryStreamNames"], names);
    }
    for (operation, limit) in [
        ("DescribeDeliveryStream", 10_001),
        ("ListDeliveryStreams", 10_001),
        ("ListDeliveryStreams", 0),
    ] {
        let mut input = json!({ "Limit": limit });
        if operation == "DescribeDeliveryStream" {
            input["DeliveryStreamName"] = json!("orders");
        }
        let (status, body) = server.call(operation, &input).await;
        assert_eq!(status, 400, "{operation} {limit}: {body}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_list_has_ten_streams_unless_more_are_asked_for() {
    let server = empty().await;
    for number in 0..11 {
        make(&server, &format!("n{number}"), plain(|_| {})).await;
    }
    let (_, body) = server.call("ListDeliveryStreams", &json!({})).await;
    assert_eq!(body["DeliveryStreamNames"].as_array().unwrap().len(), 10);
    assert_eq!(body["HasMoreDeliveryStreams"], true);
    server.stop().await;
}

#[tokio::test]
async fn times_are_seconds_since_1970_with_a_fraction_and_a_stream_stays_active_when_it_changes() {
    let server = empty().await;
    make(&server, "orders", plain(|_| {})).await;
    let stream = described(&server, "orders").await;
    assert!(stream["CreateTimestamp"].is_f64(), "{stream}");
    assert!(stream["CreateTimestamp"].as_f64() > Some(1.7e9), "{stream}");
    let arn = "arn:aws:firehose:us-east-1:000000000000:deliverystream/orders";
    assert_eq!(stream["DeliveryStreamARN"], arn);
    let update = json!({
        "DeliveryStreamName": "orders",
        "CurrentDeliveryStreamVersionId": "1",
        "DestinationId": "destinationId-000000000001",
        "ExtendedS3DestinationUpdate": {"Prefix": "other/"},
    });
    assert_eq!(server.call("UpdateDestination", &update).await.0, 200);
    let stream = described(&server, "orders").await;
    assert_eq!(stream["DeliveryStreamStatus"], "ACTIVE");
    assert!(stream["LastUpdateTimestamp"].as_f64() >= stream["CreateTimestamp"].as_f64());
    server.stop().await;
}

#[tokio::test]
async fn an_appended_delimiter_is_kept_without_the_parameters_that_were_given() {
    let server = empty().await;
    let destination = plain(|it| {
        it["ProcessingConfiguration"] = json!({"Enabled": true, "Processors": [
            {"Type": "AppendDelimiterToRecord", "Parameters": [
                {"ParameterName": "Delimiter", "ParameterValue": "\\n"},
            ]},
        ]});
    });
    assert_eq!(make(&server, "orders", destination).await.0, 200);
    let stream = described(&server, "orders").await;
    let extended = &stream["Destinations"][0]["ExtendedS3DestinationDescription"];
    assert_eq!(
        extended["ProcessingConfiguration"]["Processors"],
        json!([{"Type": "AppendDelimiterToRecord", "Parameters": []}])
    );
    server.stop().await;
}

/// A mebibyte and more of one letter: packed it is a thousandth, and does not wait for company.
#[tokio::test]
async fn a_buffers_size_counts_before_compression() {
    let server = empty().await;
    let destination = plain(|it| {
        it["BufferingHints"] = json!({"SizeInMBs": 1, "IntervalInSeconds": 900});
        it["CompressionFormat"] = json!("GZIP");
    });
    make(&server, "orders", destination).await;
    for _ in 0..2 {
        let input = json!({
            "DeliveryStreamName": "orders",
            "Record": {"Data": STANDARD.encode("x".repeat(600_000))},
        });
        assert_eq!(server.call("PutRecord", &input).await.0, 200);
    }
    let begun = Instant::now();
    while server.totals().objects == 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "it waits");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (totals, dir) = server.stop().await;
    assert_eq!((totals.objects, totals.delivered_records), (1, 2));
    assert!(files(&dir.path().join(".staging")).is_empty());
}
