//! What a stream says of itself: whether it takes packed records apart, and how it partitions.

use std::sync::PoisonError;
use std::time::Duration;

use aws_sdk_firehose::types::{
    DeliveryStreamDescription, ExtendedS3DestinationDescription, Processor, ProcessorParameterName,
    ProcessorType,
};

use super::Firehose;
use super::names::Names;
use crate::forward::pack::Packing;
use crate::forward::partitions::Rules;

/// What AWS buffers for when nothing else is said.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(300);

impl Firehose {
    /// How the description says that records are wanted; how it partitions is noted.
    pub(super) fn read(&self, stream: &DeliveryStreamDescription) -> Packing {
        let destinations = stream.destinations().iter();
        let destination = destinations
            .filter_map(|destination| destination.extended_s3_destination_description())
            .next();
        let processors = destination.map_or(&[][..], processors);
        if let Some(destination) = destination {
            self.note_partitions(destination, processors);
        }
        let has = |kind: &ProcessorType| processors.iter().any(|found| found.r#type() == kind);
        let newline = !has(&ProcessorType::AppendDelimiterToRecord);
        let stream = &self.stream;
        if !processors.iter().any(takes_json_apart) {
            tracing::warn!(
                stream,
                "the stream does not take packed records apart (RecordDeAggregation, JSON): one event a record is sent, billed 5 KiB each"
            );
            return Packing::One { newline };
        }
        if newline {
            tracing::warn!(
                stream,
                "the stream adds no newline (AppendDelimiterToRecord): the events of an object stand on one line"
            );
        }
        tracing::info!(
            stream,
            "the stream takes packed records apart: up to 500 events a record are sent"
        );
        Packing::Many
    }

    fn note_partitions(
        &self,
        destination: &ExtendedS3DestinationDescription,
        processors: &[Processor],
    ) {
        let partitioning = destination.dynamic_partitioning_configuration();
        if partitioning.and_then(|found| found.enabled()) != Some(true) {
            return;
        }
        let query = processors.iter().find_map(|processor| {
            (*processor.r#type() == ProcessorType::MetadataExtraction).then_some(())?;
            parameter(processor, &ProcessorParameterName::MetadataExtractionQuery)
        });
        let prefix = destination.prefix().unwrap_or_default();
        match query.map(|query| Names::new(query, prefix)) {
            Some(Ok(names)) => {
                let hints = destination.buffering_hints();
                let seconds = hints.and_then(|hints| hints.interval_in_seconds());
                let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
                self.counters.foreseen.follow(Rules {
                    interval: seconds.map_or(DEFAULT_INTERVAL, Duration::from_secs),
                    limit: self.active_partitions,
                });
                *self.names.lock().unwrap_or_else(PoisonError::into_inner) = Some(names);
            }
            Some(Err(error)) => tracing::warn!(
                stream = self.stream,
                %error,
                "how the stream partitions is not understood here: its active partitions are not counted"
            ),
            None => {}
        }
    }
}

pub(super) fn processors(destination: &ExtendedS3DestinationDescription) -> &[Processor] {
    match destination.processing_configuration() {
        Some(processing) if processing.enabled() == Some(true) => processing.processors(),
        _ => &[],
    }
}

fn parameter<'a>(processor: &'a Processor, name: &ProcessorParameterName) -> Option<&'a str> {
    let mut parameters = processor.parameters().iter();
    let found = parameters.find(|parameter| parameter.parameter_name() == name)?;
    Some(found.parameter_value())
}

pub(super) fn takes_json_apart(processor: &Processor) -> bool {
    *processor.r#type() == ProcessorType::RecordDeAggregation
        && parameter(processor, &ProcessorParameterName::SubRecordType) == Some("JSON")
}
