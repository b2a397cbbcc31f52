//! Amazon Data Firehose by the AWS SDK: the only place that knows it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::ConfigLoader;
use aws_sdk_firehose::Client;
use aws_sdk_firehose::error::ProvideErrorMetadata;
use aws_sdk_firehose::primitives::Blob;

use super::aws::{self, Place, of_record};
use crate::clock::Clock;
use crate::forward::counters::Counters;
use crate::forward::flight::{Answer, Failed, Kind, Sender, Trouble};
use crate::forward::pack::{Limits, Packing, Record};

mod description;
mod names;
mod trial;

use names::Names;

/// The right that a producer needs.
const RIGHT: &str = "attach the producer's policy (infrastructure/iam.tf)";

/// Settings of the sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The stream's name.
    pub stream: String,
    /// How calls are made.
    pub calls: aws::Calls,
    /// How lines become records, whatever the stream says; none to ask it.
    pub packing: Option<Packing>,
    /// So long an event waits for others, to be billed with them. Default 1 s.
    pub linger: Duration,
    /// Partitions that the stream may have active at once. Default 500, as AWS gives it.
    pub active_partitions: u64,
}

impl Config {
    /// The defaults, for this stream.
    #[must_use]
    pub fn new(stream: impl Into<String>) -> Self {
        Self {
            stream: stream.into(),
            calls: aws::Calls::default(),
            packing: None,
            linger: Duration::from_secs(1),
            active_partitions: 500,
        }
    }
}

/// The stream, by its API.
#[derive(Debug)]
pub struct Firehose {
    client: Client,
    stream: String,
    place: Place,
    packing: Option<Packing>,
    active_partitions: u64,
    clock: Arc<dyn Clock>,
    counters: Arc<Counters>,
    /// What partitions events, once the stream has said it.
    names: Mutex<Option<Names>>,
}

impl Firehose {
    /// Finds region and credentials. No call is made yet. What the stream will make of the
    /// events is told to `counters`.
    pub async fn connect(config: &Config, clock: Arc<dyn Clock>, counters: Arc<Counters>) -> Self {
        Self::connect_with(config, clock, counters, aws::loader()).await
    }

    /// As [`Firehose::connect`], with a region or credentials of the caller's.
    pub async fn connect_with(
        config: &Config,
        clock: Arc<dyn Clock>,
        counters: Arc<Counters>,
        loader: ConfigLoader,
    ) -> Self {
        let (shared, place) = aws::load(&config.calls, loader, &config.stream, RIGHT).await;
        Self {
            client: Client::new(&shared),
            stream: config.stream.clone(),
            place,
            packing: config.packing,
            active_partitions: config.active_partitions,
            clock,
            counters,
            names: Mutex::default(),
        }
    }

    /// Tells what partitions the records that were taken belong to.
    fn foresee<'a>(&self, taken: impl Iterator<Item = &'a Record>) {
        let names = self.names.lock();
        if let Some(names) = &mut *names.unwrap_or_else(PoisonError::into_inner) {
            let now_ms = self.clock.now_ms();
            let found = taken.flat_map(|record| names.of(&record.data, now_ms));
            self.counters.foreseen.arrived(now_ms, found);
        }
    }
}

impl Sender for Firehose {
    fn limits(&self) -> Limits {
        Limits::FIREHOSE
    }

    async fn packing(&self) -> Result<Packing, Trouble> {
        let described = self
            .client
            .describe_delivery_stream()
            .delivery_stream_name(&self.stream)
            .send()
            .await;
        match described {
            Ok(answer) => {
                let said = answer.delivery_stream_description();
                let said = said.map_or(Packing::One { newline: true }, |stream| self.read(stream));
                Ok(self.packing.unwrap_or(said))
            }
            Err(error) => {
                let code = error
                    .as_service_error()
                    .and_then(ProvideErrorMetadata::code);
                if code == Some("AccessDeniedException") {
                    return Ok(self.packing.unwrap_or_else(|| {
                        tracing::warn!(
                            stream = self.stream,
                            "DescribeDeliveryStream is forbidden, so whether the stream takes packed records apart is not known: one event a record is sent, billed 5 KiB each. Attach the producer's policy (infrastructure/iam.tf), or say --packing many"
                        );
                        Packing::One { newline: true }
                    }));
                }
                Err(self.place.trouble(&error))
            }
        }
    }

    async fn send(&self, records: &[Record]) -> Answer {
        let mut batch = Vec::with_capacity(records.len());
        for record in records {
            let data = Blob::new(record.data.to_vec());
            match aws_sdk_firehose::types::Record::builder()
                .data(data)
                .build()
            {
                Ok(record) => batch.push(record),
                Err(error) => {
                    return Answer::Not(Trouble {
                        kind: Kind::Refused,
                        text: format!("a record cannot be built: {error}"),
                    });
                }
            }
        }
        let answer = self
            .client
            .put_record_batch()
            .delivery_stream_name(&self.stream)
            .set_records(Some(batch))
            .send()
            .await;
        match answer {
            Ok(answer) => {
                let responses = answer.request_responses().iter().enumerate();
                let failed: Vec<Failed> = responses
                    .filter_map(|(index, response)| {
                        let said = of_record(response.error_code()?, response.error_message());
                        Some(Failed { index, said })
                    })
                    .collect();
                // An answer that counts failures without naming them names all.
                match (failed.is_empty(), answer.failed_put_count()) {
                    (true, 0) => {
                        self.foresee(records.iter());
                        Answer::Taken
                    }
                    (true, _) => Answer::Partly(Failed::all(records.len())),
                    (false, _) => {
                        let taken = records.iter().enumerate();
                        let taken = taken.filter(|(index, _)| {
                            let found = failed.binary_search_by_key(index, |failed| failed.index);
                            found.is_err()
                        });
                        self.foresee(taken.map(|(_, record)| record));
                        Answer::Partly(failed)
                    }
                }
            }
            Err(error) => self.place.answer(&error),
        }
    }
}
