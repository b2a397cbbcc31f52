//! Amazon Data Firehose by the AWS SDK: the only place that knows it. Its own retries are
//! off, because it would send a whole batch again for one failed record.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader};
use aws_sdk_firehose::Client;
use aws_sdk_firehose::error::ProvideErrorMetadata;
use aws_sdk_firehose::primitives::Blob;
use aws_sdk_firehose::types::{
    DeliveryStreamDescription, Processor, ProcessorParameterName, ProcessorType,
};

use crate::forward::flight::{Answer, Kind, Sender, Trouble};
use crate::forward::pack::{Packing, Record};

mod trouble;

/// Settings of the sink. Region and credentials come by AWS's default chain: environment,
/// profile, or the machine's role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The stream's name.
    pub stream: String,
    /// Another endpoint than Amazon's, such as firehose-local's.
    pub endpoint_url: Option<String>,
    /// So long a call may take in all. Default 30 s.
    pub call_timeout: Duration,
    /// So long a connection may take to be made. Default 5 s.
    pub connect_timeout: Duration,
}

impl Config {
    /// The defaults, for this stream.
    #[must_use]
    pub fn new(stream: impl Into<String>) -> Self {
        Self {
            stream: stream.into(),
            endpoint_url: None,
            call_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(5),
        }
    }
}

/// The stream, by its API.
#[derive(Debug)]
pub struct Firehose {
    client: Client,
    stream: String,
    place: String,
}

impl Firehose {
    /// Finds region and credentials. No call is made yet.
    pub async fn connect(config: &Config) -> Self {
        Self::connect_with(config, aws_config::defaults(BehaviorVersion::latest())).await
    }

    /// As [`Firehose::connect`], with a region or credentials of the caller's.
    pub async fn connect_with(config: &Config, loader: ConfigLoader) -> Self {
        let timeouts = TimeoutConfig::builder()
            .operation_timeout(config.call_timeout)
            .connect_timeout(config.connect_timeout)
            .build();
        let mut loader = loader
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts);
        if let Some(url) = &config.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        let shared = loader.load().await;
        let place = match (&config.endpoint_url, shared.region()) {
            (Some(url), _) => format!("at {url}"),
            (None, Some(region)) => format!("in {region}"),
            (None, None) => "in no region (set AWS_REGION or a profile)".to_owned(),
        };
        Self {
            client: Client::new(&shared),
            stream: config.stream.clone(),
            place,
        }
    }

    /// How the description says that records are wanted.
    fn read(&self, stream: &DeliveryStreamDescription) -> Packing {
        let processing = stream
            .destinations()
            .iter()
            .filter_map(|destination| destination.extended_s3_destination_description())
            .filter_map(|destination| destination.processing_configuration())
            .find(|processing| processing.enabled() == Some(true));
        let processors = processing.map_or(&[][..], |processing| processing.processors());
        let has = |kind: &ProcessorType| processors.iter().any(|found| found.r#type() == kind);
        let newline = !has(&ProcessorType::AppendDelimiterToRecord);
        if !processors.iter().any(takes_json_apart) {
            tracing::warn!(
                stream = self.stream,
                "the stream does not take packed records apart (RecordDeAggregation, JSON): one event a record is sent, billed 5 KiB each"
            );
            return Packing::One { newline };
        }
        if newline {
            tracing::warn!(
                stream = self.stream,
                "the stream adds no newline (AppendDelimiterToRecord): the events of an object stand on one line"
            );
        }
        Packing::Many
    }
}

fn takes_json_apart(processor: &Processor) -> bool {
    *processor.r#type() == ProcessorType::RecordDeAggregation
        && processor.parameters().iter().any(|parameter| {
            *parameter.parameter_name() == ProcessorParameterName::SubRecordType
                && parameter.parameter_value() == "JSON"
        })
}

impl Sender for Firehose {
    async fn packing(&self) -> Result<Packing, Trouble> {
        let described = self
            .client
            .describe_delivery_stream()
            .delivery_stream_name(&self.stream)
            .send()
            .await;
        match described {
            Ok(answer) => Ok(answer
                .delivery_stream_description()
                .map_or(Packing::One { newline: true }, |stream| self.read(stream))),
            Err(error) => {
                let code = error
                    .as_service_error()
                    .and_then(ProvideErrorMetadata::code);
                if code == Some("AccessDeniedException") {
                    tracing::warn!(
                        stream = self.stream,
                        "DescribeDeliveryStream is forbidden, so whether the stream takes packed records apart is not known: one event a record is sent, billed 5 KiB each. Attach the producer's policy (infrastructure/iam.tf)"
                    );
                    return Ok(Packing::One { newline: true });
                }
                Err(self.trouble(&error))
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
                let failed: Vec<usize> = answer
                    .request_responses()
                    .iter()
                    .enumerate()
                    .filter(|(_, response)| response.error_code().is_some())
                    .map(|(index, _)| index)
                    .collect();
                // An answer that counts failures without naming them names all.
                match (failed.is_empty(), answer.failed_put_count()) {
                    (true, 0) => Answer::Taken,
                    (true, _) => Answer::Partly((0..records.len()).collect()),
                    (false, _) => Answer::Partly(failed),
                }
            }
            Err(error) => Answer::Not(self.trouble(&error)),
        }
    }
}
