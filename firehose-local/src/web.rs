//! What the server answers to people and their scripts, beside the API.

use crate::faults::Rates;
use crate::server::shared::Shared;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};

/// The page's parts: plain files, compiled in, no build step.
const PARTS: [(&str, &str, &str); 3] = [
    (
        "/",
        "text/html; charset=utf-8",
        include_str!("web/page.html"),
    ),
    (
        "/page.css",
        "text/css; charset=utf-8",
        include_str!("web/page.css"),
    ),
    (
        "/page.js",
        "text/javascript; charset=utf-8",
        include_str!("web/page.js"),
    ),
];

/// Its own script and style, its own server to ask, no text that becomes markup.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

/// More than any line of faults.
const MOST_BODY: usize = 4096;

/// Answers what is no call of the API.
pub async fn answer(shared: &Shared, request: Request<Incoming>) -> Response<Full<Bytes>> {
    if !is_here(request.headers()) {
        return text(
            StatusCode::FORBIDDEN,
            "This host's name is not one of this machine: a page elsewhere may be asking.\n",
        );
    }
    let path = request.uri().path().to_owned();
    match (request.method().clone(), path.as_str()) {
        (Method::GET | Method::HEAD, "/metrics") => metrics(shared),
        (Method::GET | Method::HEAD, "/faults") => faults(shared),
        (Method::GET | Method::HEAD, "/state") => {
            let after = request.uri().query().and_then(|query| {
                let number = query.strip_prefix("after=")?;
                number.parse().ok()
            });
            json(&shared.view(after.unwrap_or(0)))
        }
        (Method::PUT, "/faults") => {
            let body = Limited::new(request.into_body(), MOST_BODY).collect().await;
            let body = body.map(http_body_util::Collected::to_bytes);
            let line = body
                .ok()
                .and_then(|body| String::from_utf8(body.to_vec()).ok());
            match line.as_deref().map(|line| line.trim().parse::<Rates>()) {
                Some(Ok(rates)) => {
                    shared.set_faults(rates);
                    faults(shared)
                }
                Some(Err(error)) => text(StatusCode::BAD_REQUEST, format!("{error}\n")),
                None => text(
                    StatusCode::BAD_REQUEST,
                    "a line of faults such as throttle=0.05,fail=0.05,seed=1, in UTF-8\n",
                ),
            }
        }
        (method, path) => {
            let part = PARTS.iter().find(|(place, _, _)| *place == path);
            match part {
                Some((_, kind, contents)) if [Method::GET, Method::HEAD].contains(&method) => {
                    typed(StatusCode::OK, kind, *contents)
                }
                None if !["/faults", "/metrics", "/state"].contains(&path) => text(
                    StatusCode::NOT_FOUND,
                    "here are /, /state, /metrics, /faults, and the API by POST to /\n",
                ),
                _ => text(StatusCode::METHOD_NOT_ALLOWED, "not by this method\n"),
            }
        }
    }
}

/// The rates, and what they have done so far.
fn faults(shared: &Shared) -> Response<Full<Bytes>> {
    let totals = shared.counters().totals();
    json(&serde_json::json!({
        "faults": shared.faults().to_string(),
        "calls": totals.calls,
        "throttled_calls": totals.throttled_calls,
        "throttled_control_calls": totals.throttled_control_calls,
        "failed_records": totals.failed_records,
        "cut_calls": totals.cut_calls,
        "lost_answers": totals.lost_answers,
        "slow_calls": totals.slow_calls,
    }))
}

/// Each stream's figures under CloudWatch's names, for Prometheus.
fn metrics(shared: &Shared) -> Response<Full<Bytes>> {
    typed(
        StatusCode::OK,
        "text/plain; version=0.0.4; charset=utf-8",
        shared.metrics(),
    )
}

/// Whether the Host is an address, `localhost` or a name without a dot. A name with one could be
/// anybody's that was made to point here, with that one's page asking (DNS rebinding). The API
/// itself needs no such check: its header makes a browser ask first, and nothing answers that.
fn is_here(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else {
        return true;
    };
    if let Some(rest) = host.strip_prefix('[') {
        return rest.contains(']');
    }
    let name = host.split(':').next().unwrap_or_default();
    let is_address = name.parse::<std::net::Ipv4Addr>().is_ok();
    is_address || !name.contains('.') || name.ends_with(".localhost")
}

fn json(value: &serde_json::Value) -> Response<Full<Bytes>> {
    typed(StatusCode::OK, "application/json", format!("{value}\n"))
}

fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    typed(status, "text/plain; charset=utf-8", text)
}

fn typed(status: StatusCode, kind: &'static str, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_somebody_could_make_point_here_is_refused() {
        let host = |name: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, name.parse().unwrap());
            is_here(&headers)
        };
        for name in [
            "127.0.0.1:4573",
            "localhost",
            "localhost:4573",
            "firehose:4573",
            "a.localhost",
            "[::1]:4573",
            "192.168.1.7",
        ] {
            assert!(host(name), "{name}");
        }
        for name in ["evil.example", "127.0.0.1.evil.example:4573", "a.b"] {
            assert!(!host(name), "{name}");
        }
        assert!(is_here(&HeaderMap::new()));
    }
}
