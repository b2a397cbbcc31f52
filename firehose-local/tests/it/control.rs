//! The control calls by the real SDK: what they answer, and what a second look finds.

use crate::running::{Running, config, record, start_with};
use aws_sdk_firehose::error::ProvideErrorMetadata;
use aws_sdk_firehose::types::{
    BufferingHints, CompressionFormat, DynamicPartitioningConfiguration,
    ExtendedS3DestinationConfiguration, ExtendedS3DestinationUpdate, ProcessingConfiguration,
    Processor, ProcessorParameter, ProcessorParameterName, ProcessorType, S3BackupMode,
    S3DestinationConfiguration, Tag,
};
use serde_json::json;
use tempfile::TempDir;

pub const ROLE: &str = "arn:aws:iam::000000000000:role/firehose";

pub async fn empty() -> Running {
    let dir = TempDir::new().unwrap();
    let config = config(dir.path());
    start_with(dir, config).await
}

pub fn parameter(name: ProcessorParameterName, value: &str) -> ProcessorParameter {
    ProcessorParameter::builder()
        .parameter_name(name)
        .parameter_value(value)
        .build()
        .unwrap()
}

/// As a user would write it: by `team`, with a newline after each record.
pub fn by_team() -> ExtendedS3DestinationConfiguration {
    let keys = Processor::builder()
        .r#type(ProcessorType::MetadataExtraction)
        .parameters(parameter(
            ProcessorParameterName::MetadataExtractionQuery,
            "{team:.team}",
        ))
        .parameters(parameter(
            ProcessorParameterName::JsonParsingEngine,
            "JQ-1.6",
        ))
        .build()
        .unwrap();
    let delimiter = Processor::builder()
        .r#type(ProcessorType::AppendDelimiterToRecord)
        .parameters(parameter(ProcessorParameterName::Delimiter, "\\n"))
        .build()
        .unwrap();
    let processing = ProcessingConfiguration::builder()
        .enabled(true)
        .processors(keys)
        .processors(delimiter)
        .build();
    ExtendedS3DestinationConfiguration::builder()
        .role_arn(ROLE)
        .bucket_arn("arn:aws:s3:::teams")
        .prefix("team=!{partitionKeyFromQuery:team}/")
        .error_output_prefix("failed/!{firehose:error-output-type}/")
        .buffering_hints(
            BufferingHints::builder()
                .size_in_mbs(64)
                .interval_in_seconds(60)
                .build(),
        )
        .processing_configuration(processing)
        .dynamic_partitioning_configuration(
            DynamicPartitioningConfiguration::builder()
                .enabled(true)
                .build(),
        )
        .build()
        .unwrap()
}

#[tokio::test]
async fn defaults_are_filled_so_that_a_second_look_finds_nothing_to_change() {
    let server = empty().await;
    let client = server.client();
    let made = client
        .create_delivery_stream()
        .delivery_stream_name("orders")
        .extended_s3_destination_configuration(by_team())
        .send()
        .await
        .unwrap();
    assert_eq!(
        made.delivery_stream_arn(),
        Some("arn:aws:firehose:eu-central-1:000000000000:deliverystream/orders")
    );
    let stream = server.described("orders").await.unwrap();
    assert_eq!(stream.version_id(), "1");
    assert!(stream.create_timestamp().is_some());
    assert!(stream.last_update_timestamp().is_none());
    let [destination] = stream.destinations() else {
        panic!("{stream:?}");
    };
    assert_eq!(destination.destination_id(), "destinationId-000000000001");
    let extended = destination.extended_s3_destination_description().unwrap();
    assert_eq!(extended.s3_backup_mode(), Some(&S3BackupMode::Disabled));
    assert_eq!(
        extended.compression_format(),
        &CompressionFormat::Uncompressed
    );
    assert_eq!(extended.custom_time_zone(), Some("UTC"));
    let encryption = extended.encryption_configuration().unwrap();
    assert_eq!(
        encryption.no_encryption_config().map(|none| none.as_str()),
        Some("NoEncryption")
    );
    assert_eq!(
        extended.cloud_watch_logging_options().unwrap().enabled(),
        Some(false)
    );
    let partitioning = extended.dynamic_partitioning_configuration().unwrap();
    assert_eq!(
        partitioning.retry_options().unwrap().duration_in_seconds(),
        Some(300)
    );
    let processors = extended.processing_configuration().unwrap().processors();
    assert_eq!(processors[0].parameters().len(), 2);
    assert!(processors[1].parameters().is_empty(), "AWS keeps none");
    let (_, raw) = server
        .call(
            "DescribeDeliveryStream",
            &json!({"DeliveryStreamName": "orders"}),
        )
        .await;
    // In another region there is no such stream.
    assert_eq!(raw["__type"], "ResourceNotFoundException");
    server.stop().await;
}

#[tokio::test]
async fn a_plain_s3_destination_has_no_extended_members() {
    let server = empty().await;
    let client = server.client_in("us-east-1");
    let plain = S3DestinationConfiguration::builder()
        .role_arn(ROLE)
        .bucket_arn("arn:aws:s3:::plain")
        .build()
        .unwrap();
    #[allow(deprecated, reason = "old clients send it")]
    client
        .create_delivery_stream()
        .delivery_stream_name("plain")
        .s3_destination_configuration(plain)
        .send()
        .await
        .unwrap();
    let (status, body) = server
        .call(
            "DescribeDeliveryStream",
            &json!({"DeliveryStreamName": "plain"}),
        )
        .await;
    assert_eq!(status, 200);
    assert_eq!(
        body["DeliveryStreamDescription"]["Destinations"],
        json!([{
            "DestinationId": "destinationId-000000000001",
            "S3DestinationDescription": {
                "RoleARN": ROLE,
                "BucketARN": "arn:aws:s3:::plain",
                "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300},
                "CompressionFormat": "UNCOMPRESSED",
                "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
                "CloudWatchLoggingOptions": {"Enabled": false},
            },
        }])
    );
    client
        .put_record()
        .delivery_stream_name("plain")
        .record(record("no JSON, no newline"))
        .send()
        .await
        .unwrap();
    let (_, dir) = server.stop().await;
    let objects = crate::running::files(&dir.path().join("plain"));
    let (key, bytes) = objects.first_key_value().unwrap();
    // yyyy/MM/dd/HH/ by itself, and nothing between the records.
    assert_eq!(key.matches('/').count(), 4, "{key}");
    assert_eq!(bytes, "no JSON, no newline");
}

#[tokio::test]
async fn an_update_takes_the_version_that_it_saw_and_no_other() {
    let server = empty().await;
    let client = server.client();
    client
        .create_delivery_stream()
        .delivery_stream_name("orders")
        .extended_s3_destination_configuration(by_team())
        .send()
        .await
        .unwrap();
    let put = |text: &str| {
        client
            .put_record()
            .delivery_stream_name("orders")
            .record(record(text))
            .send()
    };
    let update = |version: &str, change: ExtendedS3DestinationUpdate| {
        client
            .update_destination()
            .delivery_stream_name("orders")
            .current_delivery_stream_version_id(version)
            .destination_id("destinationId-000000000001")
            .extended_s3_destination_update(change)
            .send()
    };
    let elsewhere = ExtendedS3DestinationUpdate::builder()
        .prefix("t/!{partitionKeyFromQuery:team}/")
        .build();
    put(r#"{"team":"a"}"#).await.unwrap();
    update("1", elsewhere.clone()).await.unwrap();
    put(r#"{"team":"a"}"#).await.unwrap();
    let refused = update("1", elsewhere).await.unwrap_err();
    let refused = refused.into_service_error();
    assert!(refused.is_concurrent_modification_exception());
    assert_eq!(
        refused.message(),
        Some(
            "Cannot update firehose: orders since the current version id: 2 and specified version id: 1 do not match"
        )
    );
    // What is wrong changes nothing.
    let off = DynamicPartitioningConfiguration::builder()
        .enabled(false)
        .build();
    let switched = ExtendedS3DestinationUpdate::builder()
        .dynamic_partitioning_configuration(off)
        .build();
    let refused = update("2", switched).await.unwrap_err();
    assert!(refused.into_service_error().is_invalid_argument_exception());
    let stream = server.described("orders").await.unwrap();
    assert_eq!(stream.version_id(), "2");
    assert!(stream.last_update_timestamp().is_some());
    let extended = stream.destinations()[0].extended_s3_destination_description();
    assert_eq!(
        extended.unwrap().prefix(),
        Some("t/!{partitionKeyFromQuery:team}/")
    );
    let (_, dir) = server.stop().await;
    let objects = crate::running::files(&dir.path().join("teams"));
    let keys: Vec<&String> = objects.keys().collect();
    assert_eq!(keys.len(), 2, "{keys:?}");
    assert!(keys[0].starts_with("t/a/orders-2-"), "{keys:?}");
    assert!(keys[1].starts_with("team=a/orders-1-"), "{keys:?}");
}

#[tokio::test]
async fn streams_are_listed_in_order_and_by_pages() {
    let server = empty().await;
    let client = server.client();
    let names: Vec<String> = (0..12).map(|n| format!("s{:02}", 11 - n)).collect();
    for name in &names {
        client
            .create_delivery_stream()
            .delivery_stream_name(name)
            .extended_s3_destination_configuration(by_team())
            .send()
            .await
            .unwrap();
    }
    let first = client.list_delivery_streams().send().await.unwrap();
    assert_eq!(first.delivery_stream_names().len(), 10);
    assert!(first.has_more_delivery_streams());
    let rest = client
        .list_delivery_streams()
        .exclusive_start_delivery_stream_name("s09")
        .limit(10)
        .send()
        .await
        .unwrap();
    assert_eq!(rest.delivery_stream_names(), ["s10", "s11"]);
    assert!(!rest.has_more_delivery_streams());
    let elsewhere = server.client_in("us-west-2");
    let none = elsewhere.list_delivery_streams().send().await.unwrap();
    assert!(none.delivery_stream_names().is_empty());
    server.stop().await;
}

#[tokio::test]
async fn tags_are_added_listed_and_removed() {
    let server = empty().await;
    let client = server.client();
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build().unwrap();
    client
        .create_delivery_stream()
        .delivery_stream_name("orders")
        .extended_s3_destination_configuration(by_team())
        .tags(tag("b", "1"))
        .send()
        .await
        .unwrap();
    client
        .tag_delivery_stream()
        .delivery_stream_name("orders")
        .tags(tag("a", "2"))
        .tags(tag("b", "3"))
        .send()
        .await
        .unwrap();
    let list = || {
        client
            .list_tags_for_delivery_stream()
            .delivery_stream_name("orders")
    };
    let first = list().limit(1).send().await.unwrap();
    assert_eq!(first.tags(), [tag("a", "2")]);
    assert!(first.has_more_tags());
    let rest = list().exclusive_start_tag_key("a").send().await.unwrap();
    assert_eq!(rest.tags(), [tag("b", "3")]);
    assert!(!rest.has_more_tags());
    let many = (0..49).map(|n| tag(&format!("t{n}"), "")).collect();
    let refused = client
        .tag_delivery_stream()
        .delivery_stream_name("orders")
        .set_tags(Some(many))
        .send()
        .await
        .unwrap_err();
    assert!(refused.into_service_error().is_limit_exceeded_exception());
    client
        .untag_delivery_stream()
        .delivery_stream_name("orders")
        .tag_keys("b")
        .tag_keys("not there")
        .send()
        .await
        .unwrap();
    assert_eq!(list().send().await.unwrap().tags(), [tag("a", "2")]);
    server.stop().await;
}
