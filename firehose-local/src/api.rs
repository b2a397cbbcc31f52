//! The API's protocol, AWS JSON 1.1: one route, the operation in a header, errors with their
//! type in the body.

mod call;
mod control;
pub(crate) mod destination;
mod encryption;
pub(crate) mod error;
mod json;
mod model;
mod pattern;
mod records;
mod shape;
pub(crate) mod signature;
mod streams;
mod tags;

pub use destination::Destination;
pub use error::ApiError;
pub use signature::{AccessKey, AccessKeyError};

use crate::faults::Fate;
use crate::server::shared::Shared;
use crate::web;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use std::sync::Arc;

/// A batch of 4 MiB in base64, with its JSON around it, and air.
const MOST_BODY: usize = 8 << 20;

const JSON: &str = "application/x-amz-json-1.1";

/// A connection that ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("cut on purpose")]
pub struct Cut;

/// Serves one request.
pub async fn handle(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Cut> {
    if (request.method(), request.uri().path()) != (&Method::POST, "/") {
        return Ok(web::answer(&shared, request).await);
    }
    let operation = operation(request.headers());
    let region = region(request.headers()).to_owned();
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, MOST_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => {
            return Ok(plain(
                StatusCode::PAYLOAD_TOO_LARGE,
                "The request is larger than any batch of 4 MiB can be, or broke off.\n",
            ));
        }
    };
    let fate = match operation.as_deref() {
        Some("PutRecord" | "PutRecordBatch") => {
            let drawn = shared.draw_fate();
            // A stop waits for nobody who is late on purpose.
            tokio::select! {
                () = tokio::time::sleep(drawn.delay) => {}
                () = shared.stop.begun() => {}
            }
            drawn.fate
        }
        _ => Fate::Served,
    };
    let signed = signature::verify(&shared.access_keys, &parts, &body, shared.now_ms());
    let outcome = match (fate, operation.as_deref()) {
        (Fate::Cut, _) => return Err(Cut),
        _ if signed.is_err() => signed.map(|()| Vec::new()),
        (Fate::Throttled, _) => Err(ApiError::slow_down()),
        (_, Some(name)) => respond(&shared, name, &region, &body),
        (_, None) => Err(ApiError::unknown_operation(None)),
    };
    if fate == Fate::Lost {
        return Err(Cut);
    }
    let (status, body) = match outcome {
        Ok(body) => (StatusCode::OK, body),
        Err(error) => (error.status, error.body()),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    if let Ok(id) = HeaderValue::from_str(&shared.request_id()) {
        headers.insert(HeaderName::from_static("x-amzn-requestid"), id);
    }
    Ok(response)
}

/// Does what one call asks for, whoever signed it.
pub(crate) fn respond(
    shared: &Shared,
    operation: &str,
    region: &str,
    body: &[u8],
) -> Result<Vec<u8>, ApiError> {
    match operation {
        "PutRecord" => records::put_record(shared, region, body),
        "PutRecordBatch" => records::put_record_batch(shared, region, body),
        name => control::answer(shared, name, region, body),
    }
}

/// The operation's name out of `X-Amz-Target: Firehose_20150804.PutRecord`.
fn operation(headers: &HeaderMap) -> Option<String> {
    let target = headers.get("x-amz-target")?.to_str().ok()?;
    Some(target.strip_prefix("Firehose_20150804.")?.to_owned())
}

/// The region out of the signature's scope, `Credential=KEY/DATE/REGION/firehose/aws4_request`;
/// any key is taken, and none.
fn region(headers: &HeaderMap) -> &str {
    let scope = headers
        .get(hyper::header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split("Credential=").nth(1))
        .and_then(|value| value.split([',', ' ']).next());
    // From the end: a key may hold slashes.
    let region = scope.and_then(|scope| scope.rsplit('/').nth(2));
    let is_region = |text: &&str| {
        (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    region.filter(is_region).unwrap_or("us-east-1")
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests;
