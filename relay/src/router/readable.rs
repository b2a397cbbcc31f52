//! Answers that a page of any origin may read.

use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};

use crate::intake::answer::Refusal;
use crate::intake::origin;

/// The answer, with the headers that let this origin's page read it.
pub(crate) fn readable(origin: Option<&HeaderValue>, mut response: Response) -> Response {
    origin::allow(origin, response.headers_mut());
    response
}

/// What a path says to a method that it does not know.
pub(crate) async fn other_method(headers: HeaderMap) -> Response {
    let response = Refusal::MethodNotAllowed.response();
    readable(headers.get(header::ORIGIN), response)
}
