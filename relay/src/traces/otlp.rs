//! OTLP's messages as JSON (OpenTelemetry protocol 1.x, "JSON Protobuf encoding"): ids are hex, 64-bit
//! numbers are strings, kinds and codes are numbers.

use std::time::Duration;

use serde::Serialize;

use super::{Finished, Step};

/// Enumerations of `opentelemetry/proto/trace/v1/trace.proto`.
const KIND_INTERNAL: u8 = 1;
const KIND_SERVER: u8 = 2;
const STATUS_ERROR: u8 = 2;

const NAME: &str = env!("CARGO_PKG_NAME");
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// `ExportTraceServiceRequest`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    resource_spans: [ResourceSpans; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans {
    resource: Resource,
    scope_spans: [ScopeSpans; 1],
}

#[derive(Debug, Serialize)]
struct Resource {
    attributes: [Attribute; 2],
}

#[derive(Debug, Serialize)]
struct ScopeSpans {
    scope: Scope,
    spans: Vec<Span>,
}

#[derive(Debug, Serialize)]
struct Scope {
    name: &'static str,
    version: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Span {
    trace_id: String,
    span_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_span_id: Option<String>,
    name: String,
    kind: u8,
    start_time_unix_nano: String,
    end_time_unix_nano: String,
    attributes: Vec<Attribute>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
}

#[derive(Debug, Serialize)]
struct Status {
    code: u8,
}

#[derive(Debug, Serialize)]
struct Attribute {
    key: &'static str,
    value: Value,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
enum Value {
    StringValue(String),
    IntValue(String),
}

impl Attribute {
    fn text(key: &'static str, text: &str) -> Self {
        let value = Value::StringValue(text.to_owned());
        Self { key, value }
    }

    fn number(key: &'static str, number: usize) -> Self {
        let value = Value::IntValue(number.to_string());
        Self { key, value }
    }
}

impl Request {
    /// All spans of these requests.
    pub fn of(finished: &[Finished]) -> Self {
        Self {
            resource_spans: [ResourceSpans {
                resource: Resource {
                    attributes: [
                        Attribute::text("service.name", NAME),
                        Attribute::text("service.version", VERSION),
                    ],
                },
                scope_spans: [ScopeSpans {
                    scope: Scope {
                        name: NAME,
                        version: VERSION,
                    },
                    spans: finished.iter().flat_map(spans).collect(),
                }],
            }],
        }
    }
}

/// The request's own span, and those of the steps that it came through.
fn spans(of: &Finished) -> impl Iterator<Item = Span> {
    let at = move |moment: Duration| {
        let since = moment.saturating_sub(of.began).as_nanos();
        (u128::from(of.began_ms) * 1_000_000 + since).to_string()
    };
    let span =
        move |id: u64, parent: Option<u64>, name: String, from: Duration, to: Duration| Span {
            trace_id: format!("{:032x}", of.trace_id),
            span_id: format!("{id:016x}"),
            parent_span_id: parent.map(|id| format!("{id:016x}")),
            name,
            kind: KIND_INTERNAL,
            start_time_unix_nano: at(from),
            end_time_unix_nano: at(to),
            attributes: Vec::new(),
            status: None,
        };
    let name = format!("POST {}", of.path);
    let whole = Span {
        kind: KIND_SERVER,
        attributes: vec![
            Attribute::text("http.request.method", "POST"),
            Attribute::text("http.route", &of.path),
            Attribute::text("url.path", &of.path),
            Attribute::number("http.response.status_code", of.status.into()),
            Attribute::number("clickstream.events.accepted", of.events.accepted),
            Attribute::number("clickstream.events.duplicate", of.events.duplicate),
            Attribute::number("clickstream.events.rejected", of.events.rejected),
        ],
        // What is the client's fault is none of the server's (semantic conventions for HTTP).
        status: (of.status >= 500).then_some(Status { code: STATUS_ERROR }),
        ..span(of.span_id, of.parent, name, of.began, of.ended)
    };
    let mut from = of.began;
    let steps = Step::ALL.into_iter().filter_map(move |step| {
        let to = of.steps[step as usize]?;
        let id = (of.span_id & !Step::MASK) | step as u64;
        let name = step.name().to_owned();
        let began = std::mem::replace(&mut from, to);
        Some(span(id, Some(of.span_id), name, began, to))
    });
    std::iter::once(whole).chain(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traces::Events;

    #[test]
    fn only_what_is_the_servers_own_fault_is_an_error() {
        for (status, error) in [(200, false), (413, false), (503, true)] {
            let finished = Finished {
                trace_id: 1,
                parent: None,
                span_id: 3,
                path: "/v1/batch".to_owned(),
                began_ms: 0,
                began: Duration::ZERO,
                steps: [None; Step::ALL.len()],
                ended: Duration::ZERO,
                status,
                events: Events::default(),
            };
            let spans: Vec<Span> = spans(&finished).collect();
            assert_eq!(spans.len(), 1, "no step was come through");
            let code = spans[0].status.as_ref().map(|status| status.code);
            assert_eq!(code, error.then_some(STATUS_ERROR), "{status}");
        }
    }
}
