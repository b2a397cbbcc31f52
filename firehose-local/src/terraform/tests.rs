//! One stream as deployed, and each way in which it could be another.

use super::*;
use crate::{PartitionBy, Stream};
use serde_json::json;

/// The project's own stream, as `terraform show -json` has it after an apply.
fn clickstream() -> Value {
    let config = StreamConfig::clickstream(PartitionBy::User);
    let parameter =
        |name: &str, value: &str| json!({"parameter_name": name, "parameter_value": value});
    json!({
        "arn": "arn:aws:firehose:eu-west-2:123456789012:deliverystream/clickstream",
        "name": "clickstream",
        "destination": "extended_s3",
        "version_id": "3",
        "tags": null,
        "server_side_encryption": [{"enabled": true}],
        "splunk_configuration": [],
        "extended_s3_configuration": [{
            "role_arn": "arn:aws:iam::123456789012:role/datalake_role",
            "bucket_arn": "arn:aws:s3:::123456789012-datalake-raw",
            "buffering_size": 64,
            "buffering_interval": 60,
            "compression_format": "UNCOMPRESSED",
            "custom_time_zone": null,
            "file_extension": ".jsonl",
            "prefix": config.prefix,
            "error_output_prefix": config.error_output_prefix,
            "s3_backup_mode": "Disabled",
            "cloudwatch_logging_options": [{
                "enabled": true,
                "log_group_name": "/aws/kinesisfirehose/clickstream",
                "log_stream_name": "ClickStreamLogStream",
            }],
            "dynamic_partitioning_configuration": [{"enabled": true, "retry_duration": 120}],
            "processing_configuration": [{"enabled": true, "processors": [
                {"type": "MetadataExtraction", "parameters": [
                    parameter("MetadataExtractionQuery", "{userId:.userId}"),
                    parameter("JsonParsingEngine", "JQ-1.6"),
                ]},
                {"type": "RecordDeAggregation", "parameters": [parameter("SubRecordType", "JSON")]},
                {"type": "AppendDelimiterToRecord", "parameters": [parameter("Delimiter", "\\n")]},
            ]}],
        }],
    })
}

fn destination(values: &mut Value) -> &mut serde_json::Map<String, Value> {
    values["extended_s3_configuration"][0]
        .as_object_mut()
        .unwrap()
}

#[test]
fn what_is_deployed_is_what_runs_here() {
    let expected = StreamConfig {
        version: 3,
        account: "123456789012".into(),
        region: "eu-west-2".into(),
        bucket: "123456789012-datalake-raw".into(),
        file_extension: ".jsonl".into(),
        retry_seconds: 120,
        ..StreamConfig::clickstream(PartitionBy::User)
    };
    let read = stream(&clickstream()).unwrap();
    assert_eq!(read, expected);
    Stream::new(read).unwrap();
}

#[test]
fn names_of_older_providers_are_known() {
    let mut values = clickstream();
    let arguments = destination(&mut values);
    for (new, old) in [
        ("buffering_size", "buffer_size"),
        ("buffering_interval", "buffer_interval"),
    ] {
        arguments.remove(new);
        arguments.insert(old.into(), json!("100"));
    }
    let read = stream(&values).unwrap();
    assert_eq!(
        (read.buffering_size_mib, read.buffering_interval_seconds),
        (100, 100)
    );

    let plain = json!({"name": "plain", "destination": "s3", "s3_configuration": [{
        "role_arn": "arn:aws:iam::1:role/x", "bucket_arn": "arn:aws:s3:::lake", "buffer_size": 10,
    }]});
    let read = stream(&plain).unwrap();
    assert_eq!(
        (read.bucket.as_str(), read.buffering_interval_seconds),
        ("lake", 300)
    );
    assert!(!read.dynamic_partitioning && !read.processing);
    assert_eq!(read.log_group_name, "", "nothing is logged");
    Stream::new(read).unwrap();
}

#[test]
fn what_is_not_built_is_refused_by_name() {
    let whole = |argument: &str, value: Value| {
        let mut values = clickstream();
        values[argument] = value;
        stream(&values).unwrap_err().to_string()
    };
    let inside = |argument: &str, value: Value| {
        let mut values = clickstream();
        destination(&mut values).insert(argument.into(), value);
        stream(&values).unwrap_err().to_string()
    };
    let not_built = |path: &str| format!("{path} is not built in firehose-local: leave it out");
    assert_eq!(
        whole("destination", json!("splunk")),
        not_built("destination splunk")
    );
    let source = json!([{"kinesis_stream_arn": "x"}]);
    assert_eq!(
        whole("kinesis_source_configuration", source),
        not_built("kinesis_source_configuration")
    );
    for (argument, value) in [
        ("s3_backup_mode", json!("Enabled")),
        (
            "data_format_conversion_configuration",
            json!([{"enabled": true}]),
        ),
        ("misspelt", json!(1)),
    ] {
        let path = format!("extended_s3_configuration.{argument}");
        assert_eq!(inside(argument, value), not_built(&path));
    }
    assert_eq!(
        inside("buffering_size", json!("many")),
        "extended_s3_configuration.buffering_size takes a whole number"
    );
    assert_eq!(
        inside("bucket_arn", json!("lake")),
        "extended_s3_configuration.bucket_arn takes a bucket's ARN, such as arn:aws:s3:::name"
    );
    for none in ["arn:aws:s3:::", "arn:aws:s3:::a/b"] {
        assert!(inside("bucket_arn", json!(none)).contains("takes a bucket's ARN"));
    }
    assert_eq!(
        inside("bucket_arn", Value::Null),
        "extended_s3_configuration.bucket_arn is missing, or its value is not known"
    );
    assert!(inside("compression_format", json!("gzip")).ends_with("or HADOOP_SNAPPY"));
    assert!(inside("cloudwatch_logging_options", json!([1])).ends_with("takes a block"));
    assert!(inside("cloudwatch_logging_options", json!([{}, {}])).ends_with("takes one block"));
}
