//! A trial of the stream: one DescribeDeliveryStream, and what its answer means for events.

use std::time::Duration;

use aws_sdk_firehose::error::ProvideErrorMetadata as _;
use aws_sdk_firehose::types::{
    DeliveryStreamDescription, DeliveryStreamStatus, ExtendedS3DestinationDescription,
    ProcessorType,
};

use super::Firehose;
use super::description::{processors, takes_json_apart};
use crate::sink::trial::Trial;

/// So long a trial may take in all, the search for credentials included.
const LIMIT: Duration = Duration::from_secs(20);

impl Firehose {
    /// Asks the stream what it is.
    ///
    /// # Errors
    /// Why no event would arrive, with the next step.
    pub async fn try_out(&self) -> Result<Trial, String> {
        let asked = self
            .client
            .describe_delivery_stream()
            .delivery_stream_name(&self.stream)
            .send();
        let Ok(answer) = tokio::time::timeout(LIMIT, asked).await else {
            return Err(format!(
                "{} did not answer within {} s: check the network, and the credentials' source",
                self.place,
                LIMIT.as_secs()
            ));
        };
        match answer {
            Ok(answer) => match answer.delivery_stream_description() {
                Some(stream) => read(stream, self.active_partitions),
                None => Err("the answer describes no stream; check --endpoint-url".to_owned()),
            },
            Err(error) => {
                let service = error.as_service_error();
                match service.and_then(|error| error.code()) {
                    // Putting records is another permission: whether it is given cannot be tried.
                    Some("AccessDeniedException") => Ok(Trial {
                        facts: Vec::new(),
                        warnings: vec![
                            "DescribeDeliveryStream is forbidden, so the stream could not be looked \
                             at; each event would be a record of its own, billed 5 KiB: attach the \
                             producer's policy (infrastructure/iam.tf)"
                                .to_owned(),
                        ],
                    }),
                    _ => Err(self.place.trouble(&error).text),
                }
            }
        }
    }
}

fn read(stream: &DeliveryStreamDescription, active: u64) -> Result<Trial, String> {
    let status = stream.delivery_stream_status();
    if *status != DeliveryStreamStatus::Active {
        return Err(format!(
            "the stream is {status}, not ACTIVE: wait for it, or create it anew (infrastructure/)"
        ));
    }
    let mut trial = Trial::default();
    let mut destinations = stream.destinations().iter();
    let s3 = destinations.find_map(|one| one.extended_s3_destination_description());
    let Some(s3) = s3 else {
        trial.warnings.push(
            "the stream does not deliver to S3 (extended_s3), so it makes no lake of folders a \
             user; see infrastructure/kinesis.tf"
                .to_owned(),
        );
        return Ok(trial);
    };
    partitions(s3, active, &mut trial);
    records(s3, &mut trial);
    if let Some(hints) = s3.buffering_hints() {
        let seconds = hints.interval_in_seconds().unwrap_or(300);
        let mib = hints.size_in_mbs().unwrap_or(5);
        trial.facts.push(format!(
            "the stream writes a partition after {seconds} s or {mib} MiB"
        ));
    }
    Ok(trial)
}

fn partitions(s3: &ExtendedS3DestinationDescription, active: u64, trial: &mut Trial) {
    let dynamic = s3.dynamic_partitioning_configuration();
    let prefix = s3.prefix().unwrap_or("");
    let by = ["userId", "userBucket"]
        .into_iter()
        .find(|key| prefix.contains(&format!("partitionKeyFromQuery:{key}")));
    match (dynamic.and_then(|one| one.enabled()) == Some(true), by) {
        (true, Some("userId")) => trial.facts.push(format!(
            "partitions: a folder a user; a user across a full hour counts twice, and {active} may be \
             active at once (--active-partitions)"
        )),
        (true, Some(_)) => trial
            .facts
            .push("partitions: 128 buckets of users, twice as many across a full hour".to_owned()),
        (true, None) => trial.warnings.push(format!(
            "the stream's prefix {prefix:?} uses neither userId nor userBucket: events are not filed \
             by user; see infrastructure/kinesis.tf"
        )),
        (false, _) => trial.warnings.push(
            "dynamic partitioning is off: events are not filed by user, and it can be turned on only \
             for a new stream; see infrastructure/kinesis.tf"
                .to_owned(),
        ),
    }
}

fn records(s3: &ExtendedS3DestinationDescription, trial: &mut Trial) {
    let processors = processors(s3);
    let has = |kind: ProcessorType| processors.iter().any(|one| *one.r#type() == kind);
    if processors.iter().any(takes_json_apart) {
        trial.facts.push(
            "records: up to 500 events each, billed in steps of 5 KiB a record, because the stream \
             takes them apart"
                .to_owned(),
        );
    } else {
        trial.warnings.push(
            "the stream does not take packed records apart (RecordDeAggregation, JSON): each event \
             is a record, billed 5 KiB; see infrastructure/kinesis.tf"
                .to_owned(),
        );
    }
    if !has(ProcessorType::MetadataExtraction) {
        trial.warnings.push(
            "the stream extracts no partition keys (MetadataExtraction); see infrastructure/kinesis.tf"
                .to_owned(),
        );
    }
    if !has(ProcessorType::AppendDelimiterToRecord) {
        trial
            .warnings
            .push("the stream adds no newline between events (AppendDelimiterToRecord)".to_owned());
    }
}
