//! Amazon Kinesis Data Streams by the AWS SDK: for readers who want events within a second. One
//! event is one record, and a record's partition key is its user, so that a user's events lie in
//! one shard.
//!
//! In one shard, but not in one order: `PutRecords` promises none, a record that failed is sent
//! again behind later ones, and several calls are under way at once. Who needs a user's order
//! sorts by `context.session.event` or by time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_config::ConfigLoader;
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::ProvideErrorMetadata;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{PutRecordsRequestEntry, StreamStatus};

use super::aws::{self, Place, of_record};
use crate::forward::flight::{Answer, Failed, Kind, Sender, Trouble};
use crate::forward::pack::{Limits, Packing, Record};

mod key;

use key::Keys;

/// The right that a producer needs.
const RIGHT: &str = "allow kinesis:PutRecords and kinesis:DescribeStreamSummary on it";

/// Settings of the sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The stream's name.
    pub stream: String,
    /// How calls are made.
    pub calls: aws::Calls,
    /// So long an event waits for others in its call. Waiting saves calls, not money. Default
    /// 0.05 s.
    pub linger: Duration,
}

impl Config {
    /// The defaults, for this stream.
    #[must_use]
    pub fn new(stream: impl Into<String>) -> Self {
        Self {
            stream: stream.into(),
            calls: aws::Calls::default(),
            linger: Duration::from_millis(50),
        }
    }
}

/// The stream, by its API.
#[derive(Debug)]
pub struct Kinesis {
    client: Client,
    stream: String,
    place: Place,
    keys: Mutex<Keys>,
}

impl Kinesis {
    /// Finds region and credentials. No call is made yet.
    pub async fn connect(config: &Config) -> Self {
        Self::connect_with(config, aws::loader()).await
    }

    /// As [`Kinesis::connect`], with a region or credentials of the caller's.
    pub async fn connect_with(config: &Config, loader: ConfigLoader) -> Self {
        let (shared, place) = aws::load(&config.calls, loader, &config.stream, RIGHT).await;
        Self {
            client: Client::new(&shared),
            stream: config.stream.clone(),
            place,
            keys: Mutex::default(),
        }
    }

    /// The records with their partition keys.
    fn entries(&self, records: &[Record]) -> Result<Vec<PutRecordsRequestEntry>, Trouble> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = records.iter().map(|record| {
            PutRecordsRequestEntry::builder()
                .data(Blob::new(record.data.to_vec()))
                .partition_key(keys.of(&record.data))
                .build()
        });
        let entries: Result<_, _> = entries.collect();
        entries.map_err(|error| Trouble {
            kind: Kind::Refused,
            text: format!("a record cannot be built: {error}"),
        })
    }
}

impl Sender for Kinesis {
    fn limits(&self) -> Limits {
        Limits::KINESIS
    }

    async fn packing(&self) -> Result<Packing, Trouble> {
        let packing = Packing::One { newline: false };
        let call = self.client.describe_stream_summary();
        let error = match call.stream_name(&self.stream).send().await {
            Ok(answer) => {
                let summary = answer.stream_description_summary();
                let status = summary.map(|summary| summary.stream_status());
                return match status {
                    Some(StreamStatus::Creating | StreamStatus::Deleting) => {
                        Err(self.place.not_active())
                    }
                    _ => Ok(packing),
                };
            }
            Err(error) => error,
        };
        let code = error
            .as_service_error()
            .and_then(ProvideErrorMetadata::code);
        match code {
            // Nothing that is needed is in it.
            Some("AccessDeniedException") => Ok(packing),
            _ => Err(self.place.trouble(&error)),
        }
    }

    async fn send(&self, records: &[Record]) -> Answer {
        let entries = match self.entries(records) {
            Ok(entries) => entries,
            Err(trouble) => return Answer::Not(trouble),
        };
        let call = self.client.put_records().stream_name(&self.stream);
        match call.set_records(Some(entries)).send().await {
            Ok(answer) => {
                let results = answer.records().iter().enumerate();
                let failed: Vec<Failed> = results
                    .filter_map(|(index, result)| {
                        let said = of_record(result.error_code()?, result.error_message());
                        Some(Failed { index, said })
                    })
                    .collect();
                // An answer that counts failures without naming them names all.
                match (failed.is_empty(), answer.failed_record_count()) {
                    (true, None | Some(0)) => Answer::Taken,
                    (true, _) => Answer::Partly(Failed::all(records.len())),
                    (false, _) => Answer::Partly(failed),
                }
            }
            Err(error) => self.place.answer(&error),
        }
    }
}
