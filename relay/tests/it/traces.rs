//! Traces: what a collector is sent, read as strictly as OTLP's JSON allows (opentelemetry-proto,
//! `docs/specification.md`, "JSON Protobuf Encoding"): members in camel case and no others, ids as hex,
//! 64-bit numbers as strings, enumerations as numbers.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use clickstream_relay::traces;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::house::{House, NOW_MS, basic, event, until};

/// `SPAN_KIND_INTERNAL` and `SPAN_KIND_SERVER` of `trace.proto`.
const INTERNAL: u8 = 1;
const SERVER: u8 = 2;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Export {
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ResourceSpans {
    resource: Resource,
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resource {
    attributes: Vec<Attribute>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScopeSpans {
    scope: Scope,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scope {
    name: String,
    version: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Span {
    trace_id: String,
    span_id: String,
    #[serde(default)]
    parent_span_id: String,
    name: String,
    kind: u8,
    start_time_unix_nano: String,
    end_time_unix_nano: String,
    attributes: Vec<Attribute>,
    status: Option<Value>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Attribute {
    key: String,
    value: Value,
}

impl Span {
    fn starts(&self) -> u64 {
        self.start_time_unix_nano.parse().unwrap()
    }

    fn ends(&self) -> u64 {
        self.end_time_unix_nano.parse().unwrap()
    }

    fn says(&self, key: &str) -> &Value {
        let found = self.attributes.iter().find(|said| said.key == key);
        &found.unwrap().value
    }
}

/// So many lower-case hex digits, not all 0.
fn is_id(text: &str, digits: usize) -> bool {
    let lower = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.len() == digits && text.bytes().all(lower) && text.bytes().any(|byte| byte != b'0')
}

/// A collector that takes everything, or nothing.
struct Collector {
    address: String,
    got: Arc<Mutex<Vec<Export>>>,
}

impl Collector {
    async fn start(answer: StatusCode) -> Self {
        let got = Arc::<Mutex<Vec<_>>>::default();
        let kept = Arc::clone(&got);
        let take = async move |headers: HeaderMap, body: Bytes| {
            assert_eq!(headers["content-type"], "application/json");
            let request = serde_json::from_slice(&body).unwrap();
            kept.lock().unwrap().push(request);
            answer
        };
        let router = Router::new().route("/v1/traces", post(take));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/v1/traces", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, got }
    }

    /// A house whose traces go here at once.
    async fn house(&self) -> House {
        House::with(|config| config.traces = Some(to(&self.address))).await
    }

    fn spans(&self) -> Vec<Span> {
        let got = self.got.lock().unwrap();
        let resources = got.iter().flat_map(|request| &request.resource_spans);
        let scopes = resources.flat_map(|resource| &resource.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }

    async fn spans_when(&self, count: usize) -> Vec<Span> {
        until("the spans come", async || self.spans().len() >= count).await;
        let spans = self.spans();
        assert_eq!(spans.len(), count, "{spans:?}");
        spans
    }
}

fn to(address: &str) -> traces::Config {
    let mut config = traces::Config::new(address.parse().unwrap()).unwrap();
    config.gather = Duration::ZERO;
    config
}

async fn counted(house: &House, result: &str) -> u64 {
    let page = house
        .get(&format!("/metrics?token={}", house.relay.token()))
        .await;
    let name = format!("clickstream_traces_total{{result=\"{result}\"}} ");
    let mut lines = page.text.lines();
    lines
        .find_map(|line| line.strip_prefix(&*name))
        .unwrap()
        .parse()
        .unwrap()
}

#[tokio::test]
async fn a_batchs_way_is_one_span_with_its_steps_in_it() {
    let collector = Collector::start(StatusCode::OK).await;
    let house = collector.house().await;
    house.takes("browser-key", &[], event("")).await;
    let spans = collector.spans_when(4).await;
    let (whole, steps) = spans.split_first().unwrap();
    assert_eq!(whole.name, "POST /v1/batch");
    assert_eq!((whole.kind, &*whole.parent_span_id), (SERVER, ""));
    assert!(is_id(&whole.trace_id, 32), "{whole:?}");
    assert_eq!(whole.starts(), NOW_MS * 1_000_000);
    assert_eq!(
        whole.says("http.request.method"),
        &json!({"stringValue": "POST"})
    );
    assert_eq!(
        whole.says("http.response.status_code"),
        &json!({"intValue": "200"})
    );
    assert_eq!(
        whole.says("clickstream.events.accepted"),
        &json!({"intValue": "1"})
    );
    assert!(whole.status.is_none());
    let names: Vec<_> = steps.iter().map(|step| &*step.name).collect();
    assert_eq!(names, ["receive body", "sort events", "store events"]);
    // One after another, within the request.
    let mut at = whole.starts();
    for step in steps {
        assert_eq!(step.trace_id, whole.trace_id);
        assert_eq!(step.parent_span_id, whole.span_id);
        assert_eq!((step.kind, step.starts()), (INTERNAL, at));
        at = step.ends();
    }
    assert!(at > whole.starts() && at <= whole.ends());
    let ids: HashSet<_> = spans.iter().map(|span| &span.span_id).collect();
    assert!(ids.iter().all(|id| is_id(id, 16)), "{ids:?}");
    assert_eq!(ids.len(), 4);
    until("it is counted", async || {
        counted(&house, "exported").await == 1
    })
    .await;
    assert_eq!(counted(&house, "dropped").await, 0);
    let got = collector.got.lock().unwrap();
    let from = &got[0].resource_spans[0];
    let service = &from.resource.attributes[0];
    let name = json!({"stringValue": "clickstream-relay"});
    assert_eq!((&*service.key, &service.value), ("service.name", &name));
    let scope = &from.scope_spans[0].scope;
    assert_eq!(scope.name, "clickstream-relay");
    assert!(!scope.version.is_empty());
}

#[tokio::test]
async fn a_parent_is_honoured_and_one_that_is_not_sampled_too() {
    let collector = Collector::start(StatusCode::OK).await;
    let house = collector.house().await;
    let parent = |flags| format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}");
    for flags in ["00", "01"] {
        let headers = [("traceparent", &*parent(flags))];
        house.takes("browser-key", &headers, event("")).await;
    }
    // In the order of their ends: had the first one been followed, it would be here.
    let spans = collector.spans_when(4).await;
    assert_eq!(spans[0].trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(spans[0].parent_span_id, "00f067aa0ba902b7");
    assert_eq!(spans[1].trace_id, spans[0].trace_id);
}

#[tokio::test]
async fn a_refused_request_shows_how_far_it_came() {
    let collector = Collector::start(StatusCode::OK).await;
    let house = collector.house().await;
    let key = basic("nobodys-key");
    let headers = [("authorization", &*key)];
    let answer = house.post("/v1/batch", &headers, event("")).await;
    assert_eq!(answer.status, 401);
    let spans = collector.spans_when(2).await;
    let names: Vec<_> = spans.iter().map(|span| &*span.name).collect();
    assert_eq!(names, ["POST /v1/batch", "receive body"]);
    // A client's fault is no error of the server's.
    let status = spans[0].says("http.response.status_code");
    assert_eq!(status, &json!({"intValue": "401"}));
    assert!(spans[0].status.is_none());
}

#[tokio::test]
async fn a_collector_that_is_away_or_unwilling_costs_a_counter() {
    // Bound and dropped: nobody listens there.
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let away = format!("http://{}/v1/traces", nobody.local_addr().unwrap());
    drop(nobody);
    let unwilling = Collector::start(StatusCode::SERVICE_UNAVAILABLE).await;
    for address in [away, unwilling.address] {
        let house = House::with(|config| config.traces = Some(to(&address))).await;
        house.takes("browser-key", &[], event("")).await;
        until("it is counted", async || {
            counted(&house, "dropped").await == 1
        })
        .await;
        assert_eq!(counted(&house, "exported").await, 0);
        assert_eq!(house.lines().await.len(), 1);
    }
}

#[tokio::test]
async fn a_full_queue_lets_requests_pass_without_a_trace() {
    let house = House::with(|config| {
        // Nothing is sent for as long as this test lasts.
        let mut to = to("http://127.0.0.1:9/v1/traces");
        to.gather = Duration::from_secs(3600);
        config.traces = Some(to);
    })
    .await;
    for _ in 0..traces::MOST + 3 {
        let answer = house.post("/v1/batch", &[], "").await;
        assert!(answer.status.is_client_error(), "{}", answer.text);
    }
    // One may have left the queue, for the sending that it waits for.
    let dropped = counted(&house, "dropped").await;
    assert!((2..=3).contains(&dropped), "{dropped}");
}

#[tokio::test]
async fn a_stop_sends_what_is_left() {
    let collector = Collector::start(StatusCode::OK).await;
    let mut config = to(&collector.address);
    config.gather = Duration::from_secs(3600);
    let house = House::with(|settings| settings.traces = Some(config)).await;
    house.takes("browser-key", &[], event("")).await;
    house.takes("browser-key", &[], event("")).await;
    house.lines().await;
    assert_eq!(collector.spans().len(), 8);
}
