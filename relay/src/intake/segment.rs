//! Segment's dialect: which route carries what, and what its SDKs ask for. Nothing else knows it.

use axum::response::Response;
use clickstream_event::kind::EventType;
use clickstream_event::limits::Limits;
use clickstream_event::read::{self, Batch};
use clickstream_event::validate::Malformed;
use http::StatusCode;
use serde::Serialize;

use super::answer::json;
use super::origin::Origin;

/// What a route's body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `{"batch":[…],"context":{…},"sentAt":…,"writeKey":…}`.
    Batch,
    /// One event, whose type the route says.
    Single(EventType),
}

impl Form {
    /// Reads a body of this form.
    ///
    /// # Errors
    /// When its frame cannot be read; an event that cannot is refused by itself, later.
    pub fn read<'a>(self, body: &'a [u8], limits: &Limits) -> Result<Batch<'a>, Malformed> {
        match self {
            Self::Batch => read::batch(body, limits),
            Self::Single(kind) => read::single(body, kind, limits),
        }
    }
}

/// The settings that Segment's browser SDK asks for before it sends anything. Exactly one
/// integration, or it loads code of its own; with `apiKey`, or it sends no key; with `apiHost` and
/// `protocol`, so that a page that sets only its `cdnURL` sends here; its own metrics switched off,
/// which would else go to Segment.
#[must_use]
pub fn settings(write_key: &str, here: &Origin) -> Response {
    #[derive(Serialize)]
    struct Settings<'a> {
        integrations: Integrations<'a>,
        metrics: Metrics,
    }
    #[derive(Serialize)]
    struct Integrations<'a> {
        #[serde(rename = "Segment.io")]
        segment: Segment<'a>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Segment<'a> {
        api_key: &'a str,
        api_host: String,
        protocol: &'a str,
        delivery_strategy: Strategy,
    }
    #[derive(Serialize)]
    struct Strategy {
        strategy: &'static str,
        config: StrategyConfig,
    }
    #[derive(Serialize)]
    struct StrategyConfig {
        credentials: &'static str,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Metrics {
        sample_rate: u8,
    }
    let segment = Segment {
        api_key: write_key,
        api_host: format!("{}/v1", here.host()),
        protocol: here.scheme(),
        // One event a request is the only mode in which the SDK keeps what fails over a navigation.
        delivery_strategy: Strategy {
            strategy: "standard",
            config: StrategyConfig {
                credentials: "include",
            },
        },
    };
    let settings = Settings {
        integrations: Integrations { segment },
        metrics: Metrics { sample_rate: 0 },
    };
    json(StatusCode::OK, &settings)
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn settings_name_key_host_and_protocol() {
        let here = "https://shop.example".parse().unwrap();
        let body = settings("browser-key-1", &here).into_body();
        let bytes = body.collect().await.unwrap().to_bytes();
        assert_eq!(
            std::str::from_utf8(&bytes).unwrap(),
            r#"{"integrations":{"Segment.io":{"apiKey":"browser-key-1","apiHost":"shop.example/v1","protocol":"https","deliveryStrategy":{"strategy":"standard","config":{"credentials":"include"}}}},"metrics":{"sampleRate":0}}"#
        );
    }
}
