//! Whatever is called with whatever: an answer of the model or one of its errors, and no panic.

use super::*;
use crate::clock::SystemClock;
use crate::server::Config;
use crate::{PartitionBy, StreamConfig};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// One server for all cases: what one case has made is there for the next.
static SERVER: LazyLock<(tempfile::TempDir, Shared)> = LazyLock::new(|| {
    let folder = tempfile::TempDir::new().unwrap();
    let config = Config {
        streams: vec![StreamConfig::clickstream(PartitionBy::User)],
        transition: std::time::Duration::ZERO,
        ..Config::new(folder.path(), [1; 32], Arc::new(SystemClock))
    };
    let shared = Shared::new(config).unwrap();
    (folder, shared)
});

/// A right call of each operation.
fn calls() -> Vec<(&'static str, Value)> {
    let destination = json!({
        "RoleARN": "arn:aws:iam::000000000000:role/any",
        "BucketARN": "arn:aws:s3:::teams",
        "Prefix": "team=!{partitionKeyFromQuery:team}/!{timestamp:yyyy}/",
        "ErrorOutputPrefix": "failed/!{firehose:error-output-type}/",
        "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
        "CompressionFormat": "GZIP",
        "CustomTimeZone": "Asia/Tokyo",
        "FileExtension": ".json.gz",
        "DynamicPartitioningConfiguration": {"Enabled": true, "RetryOptions": {"DurationInSeconds": 9}},
        "ProcessingConfiguration": {"Enabled": true, "Processors": [
            {"Type": "RecordDeAggregation", "Parameters": [
                {"ParameterName": "SubRecordType", "ParameterValue": "JSON"},
            ]},
            {"Type": "MetadataExtraction", "Parameters": [
                {"ParameterName": "MetadataExtractionQuery", "ParameterValue": "{team:.team}"},
                {"ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6"},
            ]},
        ]},
        "CloudWatchLoggingOptions": {"Enabled": true, "LogGroupName": "g", "LogStreamName": "s"},
    });
    let named = |more: Value| {
        let mut call = json!({"DeliveryStreamName": "clickstream"});
        if let (Value::Object(call), Value::Object(more)) = (&mut call, more) {
            call.extend(more);
        }
        call
    };
    vec![
        (
            "CreateDeliveryStream",
            json!({
                "DeliveryStreamName": "orders",
                "DeliveryStreamType": "DirectPut",
                "ExtendedS3DestinationConfiguration": destination,
                "Tags": [{"Key": "a", "Value": "b"}],
                "DeliveryStreamEncryptionConfigurationInput": {"KeyType": "AWS_OWNED_CMK"},
            }),
        ),
        ("DescribeDeliveryStream", named(json!({"Limit": 1}))),
        (
            "ListDeliveryStreams",
            json!({"Limit": 1, "ExclusiveStartDeliveryStreamName": "a"}),
        ),
        (
            "DeleteDeliveryStream",
            json!({"DeliveryStreamName": "orders"}),
        ),
        (
            "UpdateDestination",
            named(json!({
                "CurrentDeliveryStreamVersionId": "1",
                "DestinationId": "destinationId-000000000001",
                "ExtendedS3DestinationUpdate": {"Prefix": "p/!{partitionKeyFromQuery:userId}/"},
            })),
        ),
        (
            "PutRecord",
            named(json!({"Record": {"Data": "eyJ1c2VySWQiOjF9"}})),
        ),
        (
            "PutRecordBatch",
            named(json!({"Records": [{"Data": "e30="}, {"Data": ""}]})),
        ),
        (
            "TagDeliveryStream",
            named(json!({"Tags": [{"Key": "a", "Value": "b"}]})),
        ),
        ("UntagDeliveryStream", named(json!({"TagKeys": ["a"]}))),
        ("ListTagsForDeliveryStream", named(json!({"Limit": 1}))),
        (
            "StartDeliveryStreamEncryption",
            named(json!({
                "DeliveryStreamEncryptionConfigurationInput": {"KeyType": "AWS_OWNED_CMK"},
            })),
        ),
        ("StopDeliveryStreamEncryption", named(json!({}))),
    ]
}

/// What may stand in another value's place.
fn odd() -> impl Strategy<Value = Value> {
    let texts = [
        "",
        " ",
        "clickstream",
        "orders",
        "no-such-stream",
        "../..",
        "a\0b",
        "!{",
        "!{partitionKeyFromQuery:team}",
        "!{timestamp:'}",
        "{team:.team|halt}",
        "{a:.[",
        "DELIMITED",
        "====",
        "arn:aws:s3:::..",
        "arn:aws:s3:::log",
        "CUSTOMER_MANAGED_CMK",
        "ZIP",
        "Nowhere/Nothing",
    ];
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(texts.to_vec()).prop_map(Value::from),
        // Around the model's lengths, and around what a disk takes for a name.
        prop::sample::select(vec![
            1, 64, 65, 255, 256, 512, 513, 1024, 1025, 5120, 5121, 9000
        ])
        .prop_map(|length| Value::from("x".repeat(length))),
        any::<String>().prop_map(Value::from),
        (0_usize..600).prop_map(|length| Value::from(vec![json!({}); length])),
        Just(json!({"Key": {"Value": []}})),
    ]
}

/// The places in a value.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(members) => members
            .iter()
            .for_each(|(name, member)| places(member, &format!("{at}/{name}"), found)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(number, item)| places(item, &format!("{at}/{number}"), found)),
        _ => {}
    }
}

fn call() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    let change = (any::<prop::sample::Index>(), odd());
    let changes = prop::collection::vec(change, 0..4);
    let spoilt = prop::option::weighted(0.2, (any::<prop::sample::Index>(), any::<u8>()));
    let parts = (prop::sample::select(calls()), changes, spoilt);
    parts.prop_map(|((operation, mut input), changes, spoilt)| {
        for (place, odd) in changes {
            let mut all = Vec::new();
            places(&input, "", &mut all);
            let place = place.get(&all);
            if let Some(value) = input.pointer_mut(place) {
                *value = odd;
            }
        }
        let mut body = input.to_string().into_bytes();
        if let Some((at, byte)) = spoilt {
            let at = at.index(body.len());
            body[at] = byte;
        }
        (operation, body)
    })
}

#[test]
fn each_operation_has_a_right_call() {
    for (operation, input) in calls() {
        let outcome = respond(
            &SERVER.1,
            operation,
            "eu-west-1",
            input.to_string().as_bytes(),
        );
        let refused = outcome.err().map(|error| error.kind);
        // Of other tests, in whatever order they run, one may have made or deleted it.
        let by_others = ["ResourceInUseException", "ConcurrentModificationException"];
        assert!(
            refused.is_none_or(|kind| by_others.contains(&kind) || operation == "DeleteDeliveryStream"),
            "{operation}: {refused:?}"
        );
    }
}

#[test]
fn the_longest_names_of_the_model_make_a_stream() {
    let (folder, shared) = &*SERVER;
    let (_, mut input) = calls().remove(0);
    let destination = &mut input["ExtendedS3DestinationConfiguration"];
    destination["BucketARN"] = json!(format!("arn:aws:s3:::{}", "b".repeat(255)));
    let options = &mut destination["CloudWatchLoggingOptions"];
    options["LogGroupName"] = json!(format!("group/{}", "g".repeat(506)));
    options["LogStreamName"] = json!("s".repeat(512));
    input["DeliveryStreamName"] = json!("n".repeat(64));
    let body = input.to_string();
    respond(shared, "CreateDeliveryStream", "eu-west-1", body.as_bytes()).unwrap();
    let groups = fs_err::read_dir(folder.path().join("log/group")).unwrap();
    assert_eq!(groups.count(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn any_body_of_any_operation_has_an_answer((operation, body) in call()) {
        match respond(&SERVER.1, operation, "us-east-1", &body) {
            Ok(answer) => {
                let answer: Value = serde_json::from_slice(&answer).unwrap();
                prop_assert!(answer.is_object(), "{}", answer);
            }
            Err(error) => {
                prop_assert_eq!(error.status, StatusCode::BAD_REQUEST, "{:?}", &error);
                prop_assert!(error.kind.ends_with("Exception") && !error.message.is_empty());
                let body: Value = serde_json::from_slice(&error.body()).unwrap();
                prop_assert_eq!(&body["__type"], error.kind);
            }
        }
    }
}
