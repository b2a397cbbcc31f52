//! What the sinks by the AWS SDK share: how calls are made, and what their errors mean. The
//! SDK's own retries are off, because they would send a whole batch again for one failed record.

use std::fmt;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, SdkConfig};

mod trouble;

pub(super) use trouble::of_record;

/// How calls are made. Region and credentials come by AWS's default chain: environment,
/// profile, or the machine's role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calls {
    /// Another endpoint than Amazon's, such as firehose-local's.
    pub endpoint_url: Option<String>,
    /// So long a call may take in all. Default 30 s.
    pub timeout: Duration,
    /// So long a connection may take to be made. Default 5 s.
    pub connect_timeout: Duration,
}

impl Default for Calls {
    fn default() -> Self {
        Self {
            endpoint_url: None,
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(5),
        }
    }
}

/// A stream, for messages.
#[derive(Debug)]
pub(super) struct Place {
    stream: String,
    place: String,
    /// Which right a producer needs.
    right: &'static str,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stream, place, .. } = self;
        write!(f, "the stream {stream} {place}")
    }
}

/// A loader by the default chain.
pub(super) fn loader() -> ConfigLoader {
    aws_config::defaults(BehaviorVersion::latest())
}

/// Finds region and credentials for calls to this stream. No call is made yet.
pub(super) async fn load(
    calls: &Calls,
    loader: ConfigLoader,
    stream: &str,
    right: &'static str,
) -> (SdkConfig, Place) {
    let timeouts = TimeoutConfig::builder()
        .operation_timeout(calls.timeout)
        .connect_timeout(calls.connect_timeout)
        .build();
    let mut loader = loader
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts);
    if let Some(url) = &calls.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let shared = loader.load().await;
    let place = match (&calls.endpoint_url, shared.region()) {
        (Some(url), _) => format!("at {url}"),
        (None, Some(region)) => format!("in {region}"),
        (None, None) => "in no region (set AWS_REGION or a profile)".to_owned(),
    };
    let stream = stream.to_owned();
    (
        shared,
        Place {
            stream,
            place,
            right,
        },
    )
}
