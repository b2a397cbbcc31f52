//! The live view's stream as a test reads it.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::Value;

use crate::house::House;

/// One server-sent event.
#[derive(Clone, Debug)]
pub struct Sent {
    pub id: String,
    /// Empty for what it is all about: an event of the relay.
    pub kind: String,
    pub data: Value,
}

/// A stream that is being read.
pub struct Stream {
    response: Response,
    text: String,
    /// Figures come each second: a stream that says nothing else for a minute is stuck.
    figures: u32,
}

impl Stream {
    /// The next that is said; none at the end.
    pub async fn next(&mut self) -> Option<Sent> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let lines = block.lines();
                    let mut values = lines.filter_map(|line| line.strip_prefix(name));
                    values.next().unwrap_or("").to_owned()
                };
                let sent = Sent {
                    id: field("id: "),
                    kind: field("event: "),
                    data: serde_json::from_str(&field("data: ")).unwrap_or_default(),
                };
                self.text = rest.to_owned();
                if sent.kind == "figures" {
                    self.figures += 1;
                    assert!(self.figures < 60, "the stream says nothing but figures");
                } else {
                    self.figures = 0;
                }
                if !sent.data.is_null() {
                    return Some(sent);
                }
                continue;
            }
            let body = self.response.body_mut();
            let frame = tokio::time::timeout(Duration::from_secs(30), body.frame());
            let frame = frame.await.expect("the stream says something")?;
            let bytes = frame.unwrap().into_data().unwrap();
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    /// The next of a kind.
    pub async fn next_of(&mut self, kind: &str) -> Sent {
        loop {
            let sent = self.next().await.expect("the stream goes on");
            if sent.kind == kind {
                return sent;
            }
        }
    }

    /// All events until the end.
    pub async fn events(mut self) -> Vec<Sent> {
        let mut events = Vec::new();
        while let Some(sent) = self.next().await {
            if sent.kind.is_empty() {
                events.push(sent);
            }
        }
        events
    }
}

pub async fn answer(house: &House, query: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = Request::get(format!("/live/events?{query}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "localhost");
    }
    house.open(request.body(Body::empty()).unwrap()).await
}

pub async fn watch_from(house: &House, query: &str, last: Option<&str>) -> Stream {
    let token = format!("Bearer {}", house.relay.token());
    let mut headers = vec![("authorization", &*token)];
    headers.extend(last.map(|id| ("last-event-id", id)));
    let response = answer(house, query, &headers).await;
    assert_eq!(response.status(), 200);
    Stream {
        response,
        text: String::new(),
        figures: 0,
    }
}

pub async fn watch(house: &House, query: &str) -> Stream {
    watch_from(house, query, None).await
}
