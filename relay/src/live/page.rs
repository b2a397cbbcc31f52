//! The routes of the live view. The page is plain files, compiled in; its policy lets it run its own
//! script, use its own style, ask its own relay, and nothing else.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};

use super::filter::Query;
use crate::intake::answer::Refusal;
use crate::router::readable::other_method;
use crate::router::rooms::Rooms;

const PAGE: &str = include_str!("live.html");
const LOCKED: &str = include_str!("locked.html");

/// The page's parts. They are public, as this source is; what they show is not.
const PARTS: [(&str, &str, &str); 6] = [
    ("/live/live.css", "text/css", include_str!("live.css")),
    ("/live/live.js", "text/javascript", include_str!("live.js")),
    (
        "/live/stream.js",
        "text/javascript",
        include_str!("stream.js"),
    ),
    ("/live/json.js", "text/javascript", include_str!("json.js")),
    (
        "/live/chart.js",
        "text/javascript",
        include_str!("chart.js"),
    ),
    ("/live/icon.svg", "image/svg+xml", include_str!("icon.svg")),
];

/// Nothing inline, nothing from elsewhere, no text that becomes markup.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

type Shared = State<Arc<Rooms>>;

/// The routes, all below `/live`.
pub fn routes() -> Router<Arc<Rooms>> {
    let routes = Router::new()
        .route("/live", only(get(page)))
        .route("/live/events", only(get(events)));
    PARTS
        .into_iter()
        .fold(routes, |routes, (path, kind, text)| {
            let answer = async move |State(rooms): Shared, headers: HeaderMap| match on(&rooms)
                .and_then(|()| known(&rooms, &headers))
            {
                Ok(()) => file(StatusCode::OK, kind, text),
                Err(refusal) => refusal.response(),
            };
            routes.route(path, only(get(answer)))
        })
}

fn only(route: MethodRouter<Arc<Rooms>>) -> MethodRouter<Arc<Rooms>> {
    route.fallback(other_method)
}

fn on(rooms: &Rooms) -> Result<(), Refusal> {
    match rooms.live.is_off() {
        true => Err(Refusal::NotFound),
        false => Ok(()),
    }
}

fn known(rooms: &Rooms, headers: &HeaderMap) -> Result<(), Refusal> {
    match rooms.access.knows_host(headers) {
        true => Ok(()),
        false => Err(Refusal::ForeignHost),
    }
}

/// The page, for who has the cookie. A link with the token is exchanged for it, so that the token
/// stays out of the address, the history and what is sent on as referrer.
async fn page(State(rooms): Shared, headers: HeaderMap, uri: Uri) -> Response {
    if let Err(refusal) = on(&rooms).and_then(|()| known(&rooms, &headers)) {
        return refusal.response();
    }
    let bare = Uri::from_static("/live");
    if uri.query().is_some() && rooms.access.check(&headers, &uri).is_ok() {
        return enter(rooms.access.cookie(), &headers);
    }
    match rooms.access.check_view(&headers, &bare) {
        Ok(()) => file(StatusCode::OK, "text/html", PAGE),
        Err(_) => file(StatusCode::UNAUTHORIZED, "text/html", LOCKED),
    }
}

/// Sets the cookie and goes on to the page without the token.
fn enter(cookie: String, headers: &HeaderMap) -> Response {
    let from = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let mut response = file(StatusCode::SEE_OTHER, "text/html", "");
    if from == Some(b"cross-site") {
        // A link in somebody's chat: after a redirect it would still count as theirs, and a strict
        // cookie stay behind. A page of ours that goes on by itself is ours.
        *response.status_mut() = StatusCode::OK;
        set(&mut response, header::REFRESH, "0; url=/live");
    } else {
        set(&mut response, header::LOCATION, "/live");
    }
    // Hexadecimal and our own words: always a header's value.
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

async fn events(State(rooms): Shared, headers: HeaderMap, uri: Uri) -> Response {
    if let Err(refusal) = on(&rooms).and_then(|()| rooms.access.check_view(&headers, &uri)) {
        return refusal.response();
    }
    let last = headers.get("last-event-id");
    let query = Query::read(&uri, last.and_then(|id| id.to_str().ok()));
    let watcher = match query {
        Ok(query) => rooms.live.watch(query).await,
        Err(error) => Err(error.into()),
    };
    let watcher = match watcher {
        Ok(watcher) => watcher,
        Err(refusal) => return refusal.response(),
    };
    let stream = watcher.into_stream().map(Ok::<_, std::convert::Infallible>);
    let mut response = Response::new(Body::from_stream(stream));
    set(&mut response, header::CONTENT_TYPE, "text/event-stream");
    set(&mut response, header::CACHE_CONTROL, "no-store");
    // nginx would gather it.
    let gather = HeaderName::from_static("x-accel-buffering");
    set(&mut response, gather, "no");
    response
}

fn file(status: StatusCode, kind: &'static str, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let kind = match kind {
        "text/html" => "text/html; charset=utf-8",
        "text/css" => "text/css; charset=utf-8",
        "text/javascript" => "text/javascript; charset=utf-8",
        kind => kind,
    };
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        // Small, on the same machine, and never older than the relay.
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ] {
        set(&mut response, name, value);
    }
    response
}

fn set(response: &mut Response, name: HeaderName, value: &'static str) {
    response
        .headers_mut()
        .insert(name, HeaderValue::from_static(value));
}
