//! Segment's dialect, which our own tracker and most server SDKs speak too.

use axum::response::Response;
use clickstream_event::kind::EventType::{Alias, Group, Identify, Page, Screen, Track};
use http::StatusCode;
use serde::Serialize;

use super::Form;
use crate::intake::answer::json;
use crate::intake::origin::Origin;

/// The routes that take events: Segment's own names, and the short ones that its browser SDK uses.
pub const ROUTES: [(&str, Form); 15] = [
    ("/v1/batch", Form::Batch),
    // The browser SDK's in batching mode, which it forms from its host: `<apiHost>/b`.
    ("/v1/b", Form::Batch),
    // Older mobile SDKs'.
    ("/v1/import", Form::Batch),
    ("/v1/track", Form::Single(Track)),
    ("/v1/page", Form::Single(Page)),
    ("/v1/screen", Form::Single(Screen)),
    ("/v1/identify", Form::Single(Identify)),
    ("/v1/group", Form::Single(Group)),
    ("/v1/alias", Form::Single(Alias)),
    ("/v1/t", Form::Single(Track)),
    ("/v1/p", Form::Single(Page)),
    ("/v1/s", Form::Single(Screen)),
    ("/v1/i", Form::Single(Identify)),
    ("/v1/g", Form::Single(Group)),
    ("/v1/a", Form::Single(Alias)),
];

/// Where the browser SDK asks for [`settings`].
pub const SETTINGS: &str = "/v1/projects/{write_key}/settings";

/// Where the browser SDK reports on itself half a minute after a page was loaded.
pub const OWN_METRICS: &str = "/v1/m";

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
