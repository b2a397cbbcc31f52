//! Each of AWS's refusals, word for word, by the smallest change to a stream that it takes.

use super::*;
use crate::config::PartitionBy;
use crate::stream::Stream;

fn refusal(change: impl FnOnce(&mut StreamConfig)) -> String {
    let mut config = StreamConfig::clickstream(PartitionBy::User);
    change(&mut config);
    Stream::new(config).unwrap_err().to_string()
}

fn with_prefix(prefix: &str) -> String {
    refusal(|config| config.prefix = prefix.into())
}

fn with_error_prefix(prefix: &str) -> String {
    refusal(|config| config.error_output_prefix = prefix.into())
}

const KEY: &str = "!{partitionKeyFromQuery:userId}";
const TYPE: &str = "!{firehose:error-output-type}";

#[test]
fn both_streams_of_ours_are_taken() {
    for by in [PartitionBy::User, PartitionBy::Bucket] {
        Stream::new(StreamConfig::clickstream(by)).unwrap();
    }
}

#[test]
fn expressions() {
    assert_eq!(with_prefix("a!{b/"), "Invalid expression usage");
    assert_eq!(with_prefix("a!{b}/"), "Invalid expression usage");
    assert_eq!(
        with_prefix("a!{timestamp:yyyy/!{timestamp:MM}/"),
        "Invalid expression usage",
        "the first one is not closed"
    );
    assert_eq!(
        with_prefix("!{when:yyyy}/"),
        "Namespace to the left of colon (when) is an invalid keyword!"
    );
    let prefix = "Invalid conversion character used in the value of the expression in Prefix";
    for value in [
        "firehose:random",
        "timestamp:C",
        "timestamp:yyyy-l",
        "timestamp:",
        "timestamp:ddd",
        "timestamp:'open",
    ] {
        assert_eq!(with_prefix(&format!("{KEY}/!{{{value}}}/")), prefix);
    }
    assert_eq!(
        with_error_prefix(&format!("{TYPE}/!{{timestamp:I}}/")),
        "Invalid conversion character used in the value of the expression in ErrorOutputPrefix"
    );
    assert_eq!(
        with_prefix(&format!("{KEY}/!{{timestamp:B}}/")),
        "the pattern letter `B` in Prefix is not built in firehose-local: use one of G y u Y M L w W d D g H k K h m s S A n N a E e c Q q O X x Z"
    );
}

#[test]
fn error_prefixes() {
    assert_eq!(
        with_error_prefix(""),
        "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions"
    );
    assert_eq!(
        with_error_prefix("e/!{timestamp:yyyy}/"),
        "ErrorOutputPrefix must contain at least one occurrence of !{firehose:error-output-type}"
    );
    assert_eq!(
        with_error_prefix(&format!("{TYPE}/{KEY}/")),
        "Dynamic Partitioning Namespaces can't be part of an error prefix expression"
    );
    assert_eq!(
        with_prefix(&format!("{KEY}/{TYPE}/")),
        "Prefix must not contain any occurrence of !{firehose:error-output-type}"
    );
}

#[test]
fn lengths() {
    assert_eq!(
        with_prefix(&format!("{}{KEY}", "a".repeat(513))),
        "Length of evaluated prefix cannot be greater than 512"
    );
    assert_eq!(
        with_error_prefix(&format!("{}{TYPE}", "a".repeat(513))),
        "Length of evaluated ErrorOutputPrefix cannot be greater than 512"
    );
    assert!(with_prefix(&"a".repeat(1025)).ends_with(
        "'extendedS3DestinationConfiguration.prefix' failed to satisfy constraint: Member must have length less than or equal to 1024"
    ));
}

#[test]
fn partitioning_and_its_keys() {
    assert_eq!(
        refusal(|config| {
            config.dynamic_partitioning = false;
            config.processors.remove(0);
        }),
        "Dynamic Partitioning Namespaces can only be part of a prefix expression when Dynamic Partitioning is enabled."
    );
    assert_eq!(
        with_prefix("a/!{timestamp:yyyy}/"),
        "S3 Prefix should contain Dynamic Partitioning namespaces when Dynamic Partitioning is enabled"
    );
    assert_eq!(
        refusal(|config| config.processing = false),
        "Processing Configuration is not enabled when DataPartitioning is enabled"
    );
    assert_eq!(
        refusal(|config| {
            config.processors.remove(0);
        }),
        "MetadataExtraction processor should be present when S3 Prefix has partitionKeyFromQuery namespace."
    );
    assert_eq!(
        with_prefix(&format!("{KEY}/!{{partitionKeyFromLambda:a}}/")),
        "Lambda should be present when S3 Prefix contains keys from partitionKeyFromLambda namespace"
    );
    assert_eq!(
        refusal(|config| config.processors[0] =
            Processor::metadata_extraction("{userId:.userId,more:.more}")),
        "MetaDataExtraction JQ Query can't contain keys that are not present in the S3 Prefix expression"
    );
    assert!(
        refusal(|config| config.processors[0] = Processor::metadata_extraction("{more:.more}"))
            .contains("has the key userId")
    );
}

#[test]
fn processors() {
    assert_eq!(
        refusal(|config| config.processors[0].parameters[1].1 = "JQ-1.7".into()),
        "MetaDataExtraction JSON Parsing Engine has to be one of JQ-1.6"
    );
    assert_eq!(
        refusal(|config| config.dynamic_partitioning = false),
        "class com.amazonaws.services.firehose.internal.model.MetadataExtractionProcessor can only be present when Dynamic Partitioning is enabled."
    );
    let split = |kind: &str, delimiter: Option<&str>| {
        refusal(|config| {
            config.processors[1].parameters = vec![("SubRecordType".into(), kind.into())];
            if let Some(delimiter) = delimiter {
                let parameter = ("Delimiter".into(), delimiter.into());
                config.processors[1].parameters.push(parameter);
            }
        })
    };
    assert_eq!(
        split("XML", None),
        "SubRecordType has to be one of JSON, DELIMITED"
    );
    assert_eq!(
        split("DELIMITED", None),
        "Delimiter should be present for DELIMITED"
    );
    assert_eq!(
        split("DELIMITED", Some("#")),
        "Delimiter must be base64 of the delimiter"
    );
    let number = "A maximum of 5 and a minimum of 1 processor needs to be supplied when processing is enabled.";
    assert_eq!(refusal(|config| config.processors.clear()), number);
    assert_eq!(
        refusal(|config| config
            .processors
            .extend(vec![Processor::append_delimiter(); 3])),
        number
    );
    assert!(
        refusal(|config| config.processors[2].kind = ProcessorKind::Lambda)
            .starts_with("the processor Lambda is not built in firehose-local")
    );
}

#[test]
fn buffers() {
    assert_eq!(
        refusal(|config| config.buffering_size_mib = 63),
        "BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled."
    );
    assert_eq!(
        refusal(|config| config.buffering_interval_seconds = 59),
        "BufferingHints.IntervalInSeconds must be at least 60 seconds when Dynamic Partitioning is enabled."
    );
    assert!(refusal(|config| config.buffering_size_mib = 129).contains("1 to 128"));
    assert!(refusal(|config| config.buffering_interval_seconds = 901).contains("0 to 900"));
}

#[test]
fn other_values() {
    assert!(refusal(|config| config.name = "a b".into()).contains("deliveryStreamName"));
    assert!(refusal(|config| config.name = String::new()).contains("deliveryStreamName"));
    assert!(refusal(|config| config.custom_time_zone = "Mars/Base".into()).contains("Mars/Base"));
    assert!(refusal(|config| config.retry_seconds = 7201).contains("less than or equal to 7200"));
    assert!(refusal(|config| config.file_extension = "json".into()).contains("fileExtension"));
}
