//! What AWS refuses when a stream is made, in its own words, and what only this crate refuses.

use crate::config::{Processor, ProcessorKind, StreamConfig};
use crate::deaggregate::SubRecordType;
use crate::extract::{Query, QueryError};
use crate::prefix::{Piece, Prefix, PrefixError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Why a configuration makes no stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A prefix.
    #[error(transparent)]
    Prefix(#[from] PrefixError),
    /// The query.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A sentence of AWS's.
    #[error("{0}")]
    Refused(String),
    /// AWS takes it, this crate does not yet.
    #[error("{0} is not built in firehose-local: {1}")]
    NotBuilt(String, &'static str),
}

pub(crate) fn refused<T>(message: impl Into<String>) -> Result<T, ConfigError> {
    Err(ConfigError::Refused(message.into()))
}

/// Longest prefix, evaluated.
pub(crate) const LONGEST_PREFIX: usize = 512;

/// Shapes: what the API's model says of single values.
pub(crate) fn check_values(config: &StreamConfig) -> Result<(), ConfigError> {
    if !StreamConfig::is_name(&config.name) {
        return refused(
            "1 validation error detected: Value at 'deliveryStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+, of 1 to 64 characters",
        );
    }
    for (field, text) in [
        ("prefix", &config.prefix),
        ("errorOutputPrefix", &config.error_output_prefix),
    ] {
        if text.chars().count() > 1024 {
            return refused(format!(
                "1 validation error detected: Value at 'extendedS3DestinationConfiguration.{field}' failed to satisfy constraint: Member must have length less than or equal to 1024"
            ));
        }
    }
    if config.retry_seconds > 7200 {
        return refused(
            "1 validation error detected: Value at 'extendedS3DestinationConfiguration.dynamicPartitioningConfiguration.retryOptions.durationInSeconds' failed to satisfy constraint: Member must have value less than or equal to 7200",
        );
    }
    if !StreamConfig::is_file_extension(&config.file_extension) {
        return refused(
            r"1 validation error detected: Value at 'extendedS3DestinationConfiguration.fileExtension' failed to satisfy constraint: Member must satisfy regular expression pattern: ^$|\.[0-9a-z!\-_.*'()]+, of at most 128 characters",
        );
    }
    Ok(())
}

/// Sizes and intervals of the buffers.
pub(crate) fn check_buffering(config: &StreamConfig) -> Result<(), ConfigError> {
    let (size, interval) = (config.buffering_size_mib, config.buffering_interval_seconds);
    if config.dynamic_partitioning && size < 64 {
        return refused(
            "BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled.",
        );
    }
    if config.dynamic_partitioning && interval < 60 {
        return refused(
            "BufferingHints.IntervalInSeconds must be at least 60 seconds when Dynamic Partitioning is enabled.",
        );
    }
    if !(1..=128).contains(&size) || interval > 900 {
        return refused("BufferingHints: SizeInMBs is 1 to 128, IntervalInSeconds 0 to 900");
    }
    Ok(())
}

/// The processors, without the query.
pub(crate) fn check_processors(config: &StreamConfig) -> Result<(), ConfigError> {
    let partitioning = config.dynamic_partitioning;
    if !config.processing {
        return match partitioning {
            true => {
                refused("Processing Configuration is not enabled when DataPartitioning is enabled")
            }
            false => Ok(()),
        };
    }
    if !(1..=5).contains(&config.processors.len()) {
        return refused(
            "A maximum of 5 and a minimum of 1 processor needs to be supplied when processing is enabled.",
        );
    }
    for processor in &config.processors {
        match processor.kind {
            ProcessorKind::MetadataExtraction if !partitioning => {
                return refused(
                    "class com.amazonaws.services.firehose.internal.model.MetadataExtractionProcessor can only be present when Dynamic Partitioning is enabled.",
                );
            }
            ProcessorKind::MetadataExtraction => {
                if processor.parameter("JsonParsingEngine") != Some("JQ-1.6") {
                    return refused(
                        "MetaDataExtraction JSON Parsing Engine has to be one of JQ-1.6",
                    );
                }
            }
            ProcessorKind::RecordDeAggregation => {
                sub_record_type(processor)?;
            }
            ProcessorKind::AppendDelimiterToRecord => {}
            kind @ (ProcessorKind::Lambda
            | ProcessorKind::Decompression
            | ProcessorKind::CloudWatchLogProcessing) => {
                return Err(ConfigError::NotBuilt(
                    format!("the processor {}", kind.name()),
                    "use MetadataExtraction, RecordDeAggregation, AppendDelimiterToRecord",
                ));
            }
        }
    }
    Ok(())
}

/// What a `RecordDeAggregation` splits by.
pub(crate) fn sub_record_type(processor: &Processor) -> Result<SubRecordType, ConfigError> {
    match processor.parameter("SubRecordType") {
        Some("JSON") => Ok(SubRecordType::Json),
        Some("DELIMITED") => match processor.parameter("Delimiter") {
            None | Some("") => refused("Delimiter should be present for DELIMITED"),
            Some(delimiter) => match STANDARD.decode(delimiter) {
                Ok(delimiter) if !delimiter.is_empty() => Ok(SubRecordType::Delimited(delimiter)),
                _ => refused("Delimiter must be base64 of the delimiter"),
            },
        },
        _ => refused("SubRecordType has to be one of JSON, DELIMITED"),
    }
}

/// How the prefixes, the query and the processors fit together.
pub(crate) fn check_prefixes(
    config: &StreamConfig,
    prefix: &Prefix,
    error_prefix: &Prefix,
    query: Option<&Query>,
) -> Result<(), ConfigError> {
    let has_key = |piece: &Piece| matches!(piece, Piece::KeyFromQuery(_) | Piece::KeyFromLambda(_));
    let is_type = |piece: &Piece| *piece == Piece::ErrorOutputType;
    if config.prefix.contains("!{") && config.error_output_prefix.is_empty() {
        return refused(
            "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions",
        );
    }
    if prefix.pieces().iter().any(is_type) {
        return refused("Prefix must not contain any occurrence of !{firehose:error-output-type}");
    }
    if error_prefix.pieces().iter().any(has_key) {
        return refused(
            "Dynamic Partitioning Namespaces can't be part of an error prefix expression",
        );
    }
    if !error_prefix.pieces().iter().any(is_type) {
        return refused(
            "ErrorOutputPrefix must contain at least one occurrence of !{firehose:error-output-type}",
        );
    }
    for (which, least) in [("prefix", prefix), ("ErrorOutputPrefix", error_prefix)] {
        if least.least_characters() > LONGEST_PREFIX {
            return refused(format!(
                "Length of evaluated {which} cannot be greater than 512"
            ));
        }
    }
    let keys = prefix.pieces().iter().any(has_key);
    match (config.dynamic_partitioning, keys) {
        (false, true) => {
            return refused(
                "Dynamic Partitioning Namespaces can only be part of a prefix expression when Dynamic Partitioning is enabled.",
            );
        }
        (true, false) => {
            return refused(
                "S3 Prefix should contain Dynamic Partitioning namespaces when Dynamic Partitioning is enabled",
            );
        }
        _ => {}
    }
    check_keys(prefix, query)
}

fn check_keys(prefix: &Prefix, query: Option<&Query>) -> Result<(), ConfigError> {
    let names = query.map_or(&[][..], Query::names);
    for piece in prefix.pieces() {
        match piece {
            Piece::KeyFromLambda(_) => {
                return refused(
                    "Lambda should be present when S3 Prefix contains keys from partitionKeyFromLambda namespace",
                );
            }
            Piece::KeyFromQuery(_) if query.is_none() => {
                return refused(
                    "MetadataExtraction processor should be present when S3 Prefix has partitionKeyFromQuery namespace.",
                );
            }
            // AWS's words for this are not known.
            Piece::KeyFromQuery(key) if !names.contains(key) => {
                return refused(format!(
                    "S3 Prefix has the key {key}, which the MetaDataExtraction JQ Query does not make"
                ));
            }
            _ => {}
        }
    }
    let in_prefix = |name: &String| prefix.pieces().contains(&Piece::KeyFromQuery(name.clone()));
    if !names.iter().all(in_prefix) {
        return refused(
            "MetaDataExtraction JQ Query can't contain keys that are not present in the S3 Prefix expression",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests;
