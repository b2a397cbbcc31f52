//! What the API refuses, word for word, by requests that an SDK would not send.

use crate::control::{ROLE, empty};
use serde_json::{Value, json};

const NAME: &str = "deliveryStreamName";
const EXTENDED: &str = "extendedS3DestinationConfiguration";

/// A create call with this extended destination.
fn create(change: impl FnOnce(&mut Value)) -> Value {
    let mut destination = json!({
        "RoleARN": ROLE,
        "BucketARN": "arn:aws:s3:::teams",
        "Prefix": "team=!{partitionKeyFromQuery:team}/",
        "ErrorOutputPrefix": "failed/!{firehose:error-output-type}/",
        "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
        "DynamicPartitioningConfiguration": {"Enabled": true},
        "ProcessingConfiguration": {"Enabled": true, "Processors": [
            {"Type": "MetadataExtraction", "Parameters": [
                {"ParameterName": "MetadataExtractionQuery", "ParameterValue": "{team:.team}"},
                {"ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6"},
            ]},
        ]},
    });
    change(&mut destination);
    json!({
        "DeliveryStreamName": "orders",
        "ExtendedS3DestinationConfiguration": destination,
    })
}

fn violation(path: &str, constraint: &str) -> String {
    format!(
        "1 validation error detected: Value at '{path}' failed to satisfy constraint: {constraint}"
    )
}

/// Calls, and compares what is refused.
async fn refused(cases: Vec<(&str, Value, &str, String)>) {
    let server = empty().await;
    for (operation, input, kind, message) in cases {
        let (status, body) = server.call(operation, &input).await;
        assert_eq!(status, 400, "{operation} {input}: {body}");
        assert_eq!(
            body,
            json!({"__type": kind, "message": message}),
            "{operation} {input}"
        );
    }
    // Nothing was made by any of them.
    let (_, body) = server.call("ListDeliveryStreams", &json!({})).await;
    assert_eq!(body["DeliveryStreamNames"], json!([]));
    server.stop().await;
}

#[tokio::test]
async fn shapes_are_refused_in_the_models_words() {
    let validation = "ValidationException";
    let extended = |field: &str| format!("{EXTENDED}.{field}");
    let cases = vec![
        (
            "CreateDeliveryStream",
            create(|it| it["CompressionFormat"] = json!("gzip")),
            validation,
            violation(
                &extended("compressionFormat"),
                "Member must satisfy enum value set: [ZIP, HADOOP_SNAPPY, Snappy, GZIP, UNCOMPRESSED]",
            ),
        ),
        (
            "CreateDeliveryStream",
            create(|it| it["RoleARN"] = json!(null)),
            validation,
            violation(&extended("roleARN"), "Member must not be null"),
        ),
        (
            "CreateDeliveryStream",
            create(|it| it["BufferingHints"]["SizeInMBs"] = json!(129)),
            validation,
            violation(
                &extended("bufferingHints.sizeInMBs"),
                "Member must have value less than or equal to 128",
            ),
        ),
        (
            "CreateDeliveryStream",
            create(|it| it["BufferingHints"]["IntervalInSeconds"] = json!(-1)),
            validation,
            violation(
                &extended("bufferingHints.intervalInSeconds"),
                "Member must have value greater than or equal to 0",
            ),
        ),
        (
            "CreateDeliveryStream",
            create(|it| it["Prefix"] = json!("p".repeat(1025))),
            validation,
            violation(
                &extended("prefix"),
                "Member must have length less than or equal to 1024",
            ),
        ),
        (
            "CreateDeliveryStream",
            create(|it| it["BucketARN"] = json!("teams")),
            validation,
            violation(
                &extended("bucketARN"),
                r"Member must satisfy regular expression pattern: arn:.*:s3:::[\w\.\-]{1,255}",
            ),
        ),
        (
            "CreateDeliveryStream",
            create(|it| {
                it["ProcessingConfiguration"]["Processors"][0]["Parameters"][0]["ParameterValue"] =
                    json!(" ");
            }),
            validation,
            violation(
                &extended("processingConfiguration.processors.1.member.parameters.1.member.parameterValue"),
                r"Member must satisfy regular expression pattern: ^(?!\s*$).+",
            ),
        ),
        (
            "UpdateDestination",
            json!({
                "DeliveryStreamName": "orders",
                "CurrentDeliveryStreamVersionId": "1",
                "DestinationId": "destinationId-000000000001",
                "ExtendedS3DestinationUpdate": {"CompressionFormat": "LZ4"},
            }),
            validation,
            violation(
                "extendedS3DestinationUpdate.compressionFormat",
                "Member must satisfy enum value set: [ZIP, HADOOP_SNAPPY, Snappy, GZIP, UNCOMPRESSED]",
            ),
        ),
        (
            "DeleteDeliveryStream",
            json!({}),
            validation,
            violation(NAME, "Member must not be null"),
        ),
        (
            "DescribeDeliveryStream",
            json!({"DeliveryStreamName": "a b", "Limit": 0}),
            validation,
            "2 validation errors detected: Value at 'deliveryStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1".to_owned(),
        ),
        (
            "TagDeliveryStream",
            json!({"DeliveryStreamName": "orders", "Tags": [{"Key": "aws:mine"}]}),
            validation,
            violation(
                "tags.1.member.key",
                r"Member must satisfy regular expression pattern: ^(?!aws:)[\p{L}\p{Z}\p{N}_.:\/=+\-@%]*$",
            ),
        ),
        (
            "PutRecord",
            json!({"DeliveryStreamName": "a".repeat(65), "Record": {"Data": ""}}),
            validation,
            violation(NAME, "Member must have length less than or equal to 64"),
        ),
        (
            "PutRecord",
            json!({"DeliveryStreamName": "orders", "Record": {}}),
            validation,
            violation("record.data", "Member must not be null"),
        ),
        (
            "PutRecordBatch",
            json!({"DeliveryStreamName": "orders"}),
            validation,
            violation("records", "Member must not be null"),
        ),
    ];
    refused(cases).await;
}

#[tokio::test]
async fn what_fits_no_stream_is_refused_in_awss_words() {
    let one = "Exactly one destination configuration is supported for a Firehose";
    let mut two = create(|_| {});
    two["SplunkDestinationConfiguration"] = json!({});
    let invalid: Vec<(Value, &str)> = vec![
        (json!({"DeliveryStreamName": "orders"}), one),
        (two, one),
        (
            create(|it| it["BufferingHints"]["SizeInMBs"] = json!(5)),
            "BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled.",
        ),
        (
            create(|it| it["BufferingHints"]["IntervalInSeconds"] = json!(0)),
            "BufferingHints.IntervalInSeconds must be at least 60 seconds when Dynamic Partitioning is enabled.",
        ),
        (
            create(|it| it["Prefix"] = json!("a!{b/")),
            "Invalid expression usage",
        ),
        (
            create(|it| it["ErrorOutputPrefix"] = json!(null)),
            "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions",
        ),
        (
            create(|it| it["DynamicPartitioningConfiguration"]["Enabled"] = json!(false)),
            "class com.amazonaws.services.firehose.internal.model.MetadataExtractionProcessor can only be present when Dynamic Partitioning is enabled.",
        ),
        (
            create(|it| it["ProcessingConfiguration"]["Enabled"] = json!(false)),
            "Processing Configuration is not enabled when DataPartitioning is enabled",
        ),
        (
            create(|it| it["ProcessingConfiguration"]["Processors"] = json!([])),
            "A maximum of 5 and a minimum of 1 processor needs to be supplied when processing is enabled.",
        ),
    ];
    let kind = "InvalidArgumentException";
    let call = |(input, words): (Value, &str)| ("CreateDeliveryStream", input, kind, words.into());
    refused(invalid.into_iter().map(call).collect()).await;
}

#[tokio::test]
async fn nothing_is_ignored_what_is_not_built_or_not_known_is_named() {
    let server = empty().await;
    let other = |member: &str, value: Value| {
        let mut call = json!({"DeliveryStreamName": "orders"});
        call[member] = value;
        call
    };
    let mut kinesis = create(|_| {});
    kinesis["KinesisStreamSourceConfiguration"] = json!({});
    let mut streamed = create(|_| {});
    streamed["DeliveryStreamType"] = json!("KinesisStreamAsSource");
    let mut misspelt = create(|_| {});
    misspelt["DeliveryStreamTyp"] = json!("DirectPut");
    for (input, name) in [
        (
            create(|it| it["S3BackupMode"] = json!("Enabled")),
            "S3BackupMode",
        ),
        (
            create(|it| it["S3BackupConfiguration"] = json!({})),
            "s3BackupConfiguration",
        ),
        (
            create(|it| it["DataFormatConversionConfiguration"] = json!({})),
            "DataFormatConversionConfiguration",
        ),
        (
            create(|it| {
                it["DataFormatConversionConfiguration"] =
                    json!({"Enabled": false, "SchemaConfiguration": {}});
            }),
            "dataFormatConversionConfiguration.schemaConfiguration",
        ),
        (
            create(|it| {
                it["ProcessingConfiguration"]["Processors"][0] =
                    json!({"Type": "Lambda", "Parameters": []});
            }),
            "Lambda",
        ),
        (
            other("RedshiftDestinationConfiguration", json!({})),
            "redshiftDestinationConfiguration",
        ),
        (
            other("IcebergDestinationConfiguration", json!({})),
            "icebergDestinationConfiguration",
        ),
        (kinesis, "kinesisStreamSourceConfiguration"),
        (streamed, "KinesisStreamAsSource"),
        (misspelt, "deliveryStreamTyp "),
        (
            create(|it| it["BufferingHint"] = json!({})),
            "bufferingHint ",
        ),
        (
            create(|it| it["BucketARN"] = json!("arn:aws:s3:::..")),
            "the bucket .. ",
        ),
        (
            create(|it| it["BucketARN"] = json!("arn:aws:s3:::log")),
            "the bucket log ",
        ),
        (
            create(|it| it["BufferingHints"] = json!({"SizeInMBs": 64})),
            "both or neither",
        ),
        (
            create(|it| it["Prefix"] = json!(7)),
            "prefix can not be converted to a String",
        ),
    ] {
        let (status, body) = server.call("CreateDeliveryStream", &input).await;
        assert_eq!(status, 400, "{input}: {body}");
        let message = body["message"].as_str().unwrap();
        assert!(message.contains(name), "{name}: {message}");
    }
    let put = json!({"DeliveryStreamName": "a", "Record": {"Data": "", "PartitionKey": "1"}});
    let (status, body) = server.call("PutRecord", &put).await;
    assert_eq!(status, 400);
    assert!(body["message"].as_str().unwrap().contains("PartitionKey"));
    server.stop().await;
}

/// A query is a program from outside: those that loop, allocate, read the environment or end the process
/// make no stream.
#[tokio::test]
async fn a_query_that_could_leave_the_record_or_never_end_makes_no_stream() {
    let cases = [
        ("env.HOME", "env/0"),
        ("$ENV.HOME", "$ENV"),
        ("halt", "halt/0"),
        ("input", "input/0"),
        ("range(1000000000)", "range/1"),
        ("repeat(.)", "repeat/1"),
    ];
    let call = |(term, named): (&str, &str)| {
        let input = create(|it| {
            it["ProcessingConfiguration"]["Processors"][0]["Parameters"][0]["ParameterValue"] =
                json!(format!("{{team:{term}}}"));
        });
        let words = format!(
            "the MetadataExtractionQuery uses `{named}`, which this Firehose does not run: see the list of what it runs in the README"
        );
        (
            "CreateDeliveryStream",
            input,
            "InvalidArgumentException",
            words,
        )
    };
    refused(cases.into_iter().map(call).collect()).await;
}
