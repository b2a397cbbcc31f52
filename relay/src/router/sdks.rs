//! What other people's SDKs ask for beside sending events, and what they say of themselves.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::{HeaderMap, Request, Uri, header};

use super::readable::readable;
use super::rooms::Rooms;
use super::{Shared, public};
use crate::intake::answer::Refusal;
use crate::intake::dialect::{self, rudderstack, segment};
use crate::intake::key;
use crate::intake::origin::Origin;

/// The routes of all dialects that take no events.
pub(super) fn asked() -> Router<Arc<Rooms>> {
    let mut routes = Router::new()
        .route(segment::SETTINGS, public(get(settings)))
        .route(rudderstack::SOURCE_CONFIG, public(get(source_config)));
    for path in dialect::OWN_METRICS {
        routes = routes.route(path, public(post(own_metrics)));
    }
    routes
}

async fn settings(
    State(rooms): Shared,
    write_key: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let response = match write_key {
        Ok(Path(key)) if rooms.intake.keys().find(&key).is_some() => {
            segment::settings(&key, &here(&rooms, &headers))
        }
        // Percent signs may hide what is no text: no key is that either.
        _ => Refusal::UnknownWriteKey.response(),
    };
    readable(headers.get(header::ORIGIN), response)
}

/// The name by which the client reached us, if it is one of ours, else the public one.
fn here(rooms: &Rooms, headers: &HeaderMap) -> Origin {
    let public = rooms.intake.origins().public();
    let host = headers
        .get(header::HOST)
        .filter(|_| rooms.access.knows_host(headers))
        .and_then(|host| host.to_str().ok());
    host.and_then(|host| format!("{}://{host}", public.scheme()).parse().ok())
        .unwrap_or_else(|| public.clone())
}

/// Segment's SDK reports about itself: neither an event nor an error.
async fn own_metrics(State(rooms): Shared, request: Request<Body>) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    readable(origin.as_ref(), rooms.intake.ignore(request).await)
}

async fn source_config(State(rooms): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let given = key::in_headers(&headers).or_else(|| key::in_query(&uri));
    let response = match &given {
        None => Refusal::NoWriteKey.response(),
        Some(write_key) => match rooms.intake.keys().find(write_key) {
            Some(key) => rudderstack::source_config(&key.source, write_key),
            None => Refusal::UnknownWriteKey.response(),
        },
    };
    readable(headers.get(header::ORIGIN), response)
}
