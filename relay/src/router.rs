//! Every route, a line each, grouped by who calls it.

pub mod hot;
pub(crate) mod readable;
pub mod rooms;
mod sdks;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri, header};
use tower::ServiceExt as _;

use self::readable::{other_method, readable};
use self::rooms::Rooms;
use crate::health;
use crate::intake::answer::Refusal;
use crate::intake::dialect::{self, Form};
use crate::intake::origin;
use crate::live;
use crate::metrics::Page;

type Shared = State<Arc<Rooms>>;

/// Where paths with a slash too many are looked at, beside a host's own routes.
const UNTIDY: [&str; 12] = [
    "/v1",
    "/v1/",
    "/v1/{*rest}",
    "//v1/{*rest}",
    "/sourceConfig/",
    "//sourceConfig",
    "//sourceConfig/",
    "/beacon/{*rest}",
    "//beacon/{*rest}",
    "/api/s/{*rest}",
    "//api/s/{*rest}",
    "/rsaMetrics/",
];

/// The relay's routes. Serve them [`alone`], or mount them beside your own with `Router::merge`: they
/// stay below `/v1`, `/healthz`, `/readyz`, `/metrics` and `/live`, and for other people's SDKs
/// `/sourceConfig`, `/rsaMetrics`, `/beacon` and `/api/s`.
pub fn router(rooms: Arc<Rooms>) -> Router {
    let mut tidy = sdks::asked();
    for (path, form) in dialect::routes() {
        tidy = tidy.route(path, takes(form));
    }
    let tidy = tidy
        // What our tracker asks for when somebody signs out.
        .route("/v1/forget", public(post(forget)))
        // Operators.
        .route("/healthz", get(alive).fallback(other_method))
        .route("/readyz", get(ready).fallback(other_method))
        .route("/metrics", get(metrics).fallback(other_method))
        .merge(live::page::routes())
        .with_state(rooms);
    // People type paths with a slash too many: those are found after all.
    let untidy = {
        let tidy = tidy.clone();
        move |request: Request<Body>| find_untidy(tidy.clone(), request)
    };
    let mut routes = tidy;
    for path in UNTIDY {
        routes = routes.route(path, axum::routing::any(untidy.clone()));
    }
    routes
}

/// The relay's routes as all that a program serves: every other path is answered, too, or found
/// without its slashes too many.
pub fn alone(routes: Router) -> Router {
    let tidy = routes.clone();
    routes.fallback(move |request: Request<Body>| find_untidy(tidy.clone(), request))
}

/// A route for events: any origin may post, and ask before it does.
fn takes(form: Form) -> MethodRouter<Arc<Rooms>> {
    public(post(
        async move |State(rooms): Shared, request: Request<Body>| {
            let origin = request.headers().get(header::ORIGIN).cloned();
            readable(origin.as_ref(), rooms.intake.take(form, request).await)
        },
    ))
}

/// Answers preflights, and other methods in words.
fn public(route: MethodRouter<Arc<Rooms>>) -> MethodRouter<Arc<Rooms>> {
    route.options(preflight).fallback(other_method)
}

async fn preflight(headers: HeaderMap) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    origin::allow_preflight(response.headers_mut());
    readable(headers.get(header::ORIGIN), response)
}

async fn forget(State(rooms): Shared, request: Request<Body>) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    readable(origin.as_ref(), rooms.intake.forget(request).await)
}

async fn alive() -> Response {
    health::alive()
}

async fn ready(State(rooms): Shared) -> Response {
    rooms.readiness().response()
}

async fn metrics(State(rooms): Shared, headers: HeaderMap, uri: Uri) -> Response {
    if let Err(refusal) = rooms.access.check(&headers, &uri) {
        return refusal.response();
    }
    let mut page = Page::default();
    if let Some(spool) = rooms.door.opened() {
        page.spool(&spool.counters(), rooms.clock.now_ms());
    }
    let stream = rooms.stream.get().map(|counters| counters.totals());
    let stream = stream.unwrap_or_default();
    page.lake(&stream);
    page.stream(&stream);
    let foreseen = rooms.stream.get().map(|counters| &counters.foreseen);
    let foreseen = foreseen.map(|partitions| partitions.seen(rooms.clock.now_ms()));
    page.foreseen(&foreseen.unwrap_or_default());
    page.intake(&rooms.intake);
    page.rejected(rooms.keeper.counters());
    page.traces(rooms.intake.traces().counters());
    #[cfg(feature = "tls")]
    if let Some(expires_ms) = rooms
        .tls
        .as_ref()
        .and_then(crate::http::tls::Tls::expires_ms)
    {
        page.certificate(expires_ms);
    }
    page.response()
}

/// Asks again with single slashes and none at the end; a path that is tidy already is nowhere.
async fn find_untidy(tidy: Router, request: Request<Body>) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    match tidied(request.uri()) {
        Some(uri) => match tidy.oneshot(anew(uri, request)).await {
            Ok(response) if response.status() == StatusCode::NOT_FOUND => nowhere(origin.as_ref()),
            Ok(response) => response,
            Err(never) => match never {},
        },
        None => nowhere(origin.as_ref()),
    }
}

/// The request for another path. What a router has noted in it stays behind: the wildcard's
/// parameter would be taken for the new path's.
fn anew(uri: Uri, request: Request<Body>) -> Request<Body> {
    let (head, body) = request.into_parts();
    let mut request = Request::new(body);
    *request.method_mut() = head.method;
    *request.uri_mut() = uri;
    *request.version_mut() = head.version;
    *request.headers_mut() = head.headers;
    if let Some(peer) = head.extensions.get::<ConnectInfo<SocketAddr>>() {
        request.extensions_mut().insert(*peer);
    }
    request
}

fn nowhere(origin: Option<&HeaderValue>) -> Response {
    readable(origin, Refusal::NotFound.response())
}

fn tidied(uri: &Uri) -> Option<Uri> {
    let parts: Vec<&str> = uri
        .path()
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    let path = format!("/{}", parts.join("/"));
    if path == uri.path() {
        return None;
    }
    let query = uri.query().map(|query| format!("?{query}"));
    format!("{path}{}", query.unwrap_or_default()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_too_many_are_taken_away() {
        for (path, tidy) in [
            ("/v1/batch/", Some("/v1/batch")),
            ("//v1//batch", Some("/v1/batch")),
            ("/v1/batch/?writeKey=a//b", Some("/v1/batch?writeKey=a//b")),
            ("/v1/batch", None),
        ] {
            let found = tidied(&path.parse().unwrap());
            assert_eq!(found.map(|uri| uri.to_string()).as_deref(), tidy, "{path}");
        }
    }
}
