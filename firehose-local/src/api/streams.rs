//! DescribeDeliveryStream and ListDeliveryStreams: one stream, ACTIVE from the start.

use super::{ApiError, read, write};
use crate::config::StreamConfig;
use crate::server::Shared;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Describe {
    delivery_stream_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    exclusive_start_delivery_stream_name: Option<String>,
}

pub(super) fn list(shared: &Shared, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let call: List = read(body)?;
    let name = &shared.stream().config().name;
    let after = call.exclusive_start_delivery_stream_name;
    let names: Vec<&String> = match after {
        Some(after) if after.as_str() >= name.as_str() => Vec::new(),
        _ => vec![name],
    };
    write(&json!({"DeliveryStreamNames": names, "HasMoreDeliveryStreams": false}))
}

pub(super) fn describe(shared: &Shared, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let call: Describe = read(body)?;
    shared.check_name(&call.delivery_stream_name)?;
    let config = shared.stream().config();
    let basic = destination(config);
    let mut extended = basic.clone();
    if let Some(extended) = extended.as_object_mut() {
        extended.insert("S3BackupMode".into(), json!("Disabled"));
        extended.insert("CustomTimeZone".into(), json!(config.custom_time_zone));
        extended.insert("ProcessingConfiguration".into(), processing(config));
        extended.insert(
            "DynamicPartitioningConfiguration".into(),
            json!({
                "Enabled": config.dynamic_partitioning,
                "RetryOptions": {"DurationInSeconds": 300},
            }),
        );
    }
    write(&json!({"DeliveryStreamDescription": {
        "DeliveryStreamName": config.name,
        "DeliveryStreamARN": config.arn(),
        "DeliveryStreamStatus": "ACTIVE",
        "DeliveryStreamEncryptionConfiguration": {"Status": "DISABLED"},
        "DeliveryStreamType": "DirectPut",
        "VersionId": config.version.to_string(),
        "CreateTimestamp": shared.created_seconds(),
        "Destinations": [{
            "DestinationId": "destinationId-000000000001",
            "S3DestinationDescription": basic,
            "ExtendedS3DestinationDescription": extended,
        }],
        "HasMoreDestinations": false,
    }}))
}

fn destination(config: &StreamConfig) -> Value {
    json!({
        "RoleARN": format!("arn:aws:iam::{}:role/firehose-local", config.account),
        "BucketARN": config.bucket_arn(),
        "Prefix": config.prefix,
        "ErrorOutputPrefix": config.error_output_prefix,
        "BufferingHints": {
            "SizeInMBs": config.buffering_size_mib,
            "IntervalInSeconds": config.buffering_interval_seconds,
        },
        "CompressionFormat": config.compression.name(),
        "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
        "CloudWatchLoggingOptions": {
            "Enabled": true,
            "LogGroupName": config.log_group_name,
            "LogStreamName": config.log_stream_name,
        },
    })
}

fn processing(config: &StreamConfig) -> Value {
    let processors: Vec<Value> = config
        .processors
        .iter()
        .map(|processor| {
            let parameters: Vec<Value> = processor
                .parameters
                .iter()
                .map(|(name, value)| json!({"ParameterName": name, "ParameterValue": value}))
                .collect();
            json!({"Type": processor.kind.name(), "Parameters": parameters})
        })
        .collect();
    json!({"Enabled": config.processing, "Processors": processors})
}
