//! RudderStack's dialect. Its events go where Segment's go; its browser SDK asks for its configuration
//! first, and may send by beacon.

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use super::Form;
use crate::intake::answer::json;

/// The route that takes events beside Segment's: with `useBeacon`, the key in the query.
pub const ROUTES: [(&str, Form); 1] = [("/beacon/v1/batch", Form::Batch)];

/// Where the browser SDK asks for its [`source_config`], with a slash at its end.
pub const SOURCE_CONFIG: &str = "/sourceConfig";

/// Where the browser SDK reports on itself, if its configuration says so. Ours does not, another one's
/// that it still has may.
pub const OWN_METRICS: &str = "/rsaMetrics";

/// The configuration without which the browser SDK sends nothing: its source, no destinations (it
/// would load their code), no reports on itself.
#[must_use]
pub fn source_config(source: &str, write_key: &str) -> Response {
    #[derive(Serialize)]
    struct Answer<'a> {
        source: Source<'a>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Source<'a> {
        id: &'a str,
        name: &'a str,
        write_key: &'a str,
        enabled: bool,
        config: Config,
        destinations: [(); 0],
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Config {
        stats_collection: StatsCollection,
    }
    #[derive(Serialize)]
    struct StatsCollection {
        errors: Switch,
        metrics: Switch,
    }
    #[derive(Serialize)]
    struct Switch {
        enabled: bool,
    }
    let off = || Switch { enabled: false };
    let source = Source {
        id: source,
        name: source,
        write_key,
        enabled: true,
        config: Config {
            stats_collection: StatsCollection {
                errors: off(),
                metrics: off(),
            },
        },
        destinations: [],
    };
    json(StatusCode::OK, &Answer { source })
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn the_configuration_names_a_source_without_destinations() {
        let body = source_config("shop", "browser-key-1").into_body();
        let bytes = body.collect().await.unwrap().to_bytes();
        assert_eq!(
            std::str::from_utf8(&bytes).unwrap(),
            r#"{"source":{"id":"shop","name":"shop","writeKey":"browser-key-1","enabled":true,"config":{"statsCollection":{"errors":{"enabled":false},"metrics":{"enabled":false}}},"destinations":[]}}"#
        );
    }
}
