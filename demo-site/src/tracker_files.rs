//! The tracker's files, as `cargo xtask build` leaves them, and nothing else of their folder.
//!
//! They are read anew for each request: who builds a new tracker sees it at
//! the next page, without a restart.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use axum::Router;
use axum::extract::State;
use axum::http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE,
    ETAG, IF_NONE_MATCH, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// Name and media type.
type File = (&'static str, &'static str);

const SCRIPT: File = ("clickstream.js", "text/javascript; charset=utf-8");
const WASM: File = ("clickstream.wasm", "application/wasm");
const FULL_SCRIPT: File = ("clickstream-full.js", "text/javascript; charset=utf-8");
const FULL_WASM: File = ("clickstream-full.wasm", "application/wasm");
const DEBUG: File = ("clickstream-debug.js", "text/javascript; charset=utf-8");
const TYPES: File = ("clickstream.d.ts", "text/plain; charset=utf-8");

/// What a page loads, of either edition, what it loads when it asks for explanations, and the types.
const FILES: [File; 6] = [SCRIPT, WASM, FULL_SCRIPT, FULL_WASM, DEBUG, TYPES];

/// The tracker was not built, or not there.
#[derive(Debug, thiserror::Error)]
#[error("the tracker's file {} is missing: run `cargo xtask build`, or say where it is with --tracker-dir", .0.display())]
pub struct Missing(PathBuf);

/// Routes for the files of `folder`, which must be there.
pub fn router(folder: &Path) -> Result<Router, Missing> {
    for (name, _) in FILES {
        let file = folder.join(name);
        if !file.is_file() {
            return Err(Missing(file));
        }
    }
    let route = |(name, kind): File| {
        let serve = move |State(folder): State<Arc<Path>>, headers: HeaderMap| async move {
            let work = move || answer(&folder.join(name), kind, &headers);
            let read = tokio::task::spawn_blocking(work).await;
            read.unwrap_or_else(|_| StatusCode::SERVICE_UNAVAILABLE.into_response())
        };
        (format!("/{name}"), get(serve))
    };
    let mut router = Router::new();
    for (path, method) in FILES.map(route) {
        router = router.route(&path, method);
    }
    Ok(router.with_state(Arc::from(folder)))
}

fn answer(file: &Path, kind: &'static str, headers: &HeaderMap) -> Response {
    for encoding in accepted(headers) {
        match read(&with_suffix(file, encoding.suffix)) {
            Ok((bytes, stamp)) => return found(bytes, &stamp, kind, encoding, headers),
            // A tracker built without the compressed twin is served as it is.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                tracing::error!(%error, "a file of the tracker could not be read");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
        }
    }
    (
        StatusCode::NOT_FOUND,
        "The tracker is not there: run `cargo xtask build`.\n",
    )
        .into_response()
}

fn found(
    bytes: Vec<u8>,
    stamp: &str,
    kind: &'static str,
    encoding: Encoding,
    headers: &HeaderMap,
) -> Response {
    let tag = format!("\"{stamp}-{}\"", encoding.name);
    let known = headers
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    let mut answer = if known.is_some_and(|known| known.contains(&tag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(CONTENT_TYPE, kind)], bytes).into_response()
    };
    if encoding.name != "identity" && answer.status() == StatusCode::OK {
        answer = ([(CONTENT_ENCODING, encoding.name)], answer).into_response();
    }
    let caching = [
        (ETAG, tag.as_str()),
        (CACHE_CONTROL, "no-cache"),
        (VARY, "accept-encoding"),
        // Other sites load the tracker from here: its wasm is a cross-origin fetch.
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (
        caching.map(|(name, value)| (name, value.to_owned())),
        answer,
    )
        .into_response()
}

/// A file's bytes and what changes when they do.
fn read(file: &Path) -> std::io::Result<(Vec<u8>, String)> {
    let bytes = fs_err::read(file)?;
    let changed = fs_err::metadata(file)?.modified()?;
    let since = changed.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok((
        bytes,
        format!("{:x}-{:x}", since.as_nanos(), file.as_os_str().len()),
    ))
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A way of compressing, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Encoding {
    name: &'static str,
    suffix: &'static str,
}

const ENCODINGS: [Encoding; 3] = [
    Encoding {
        name: "br",
        suffix: ".br",
    },
    Encoding {
        name: "gzip",
        suffix: ".gz",
    },
    Encoding {
        name: "identity",
        suffix: "",
    },
];

/// Those that the client takes, best first.
fn accepted(headers: &HeaderMap) -> impl Iterator<Item = Encoding> {
    let wanted = headers
        .get(ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_ascii_lowercase();
    ENCODINGS.into_iter().filter(move |encoding| {
        encoding.name == "identity"
            || wanted.split(',').any(|offer| {
                let (name, quality) = offer.split_once(';').unwrap_or((offer, ""));
                let refused = quality
                    .trim()
                    .strip_prefix("q=")
                    .is_some_and(|q| q.trim().parse::<f32>().is_ok_and(|quality| quality <= 0.0));
                name.trim() == encoding.name && !refused
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn names(value: &'static str) -> Vec<&'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
        accepted(&headers).map(|encoding| encoding.name).collect()
    }

    #[test]
    fn the_best_that_the_client_takes_comes_first() {
        assert_eq!(names("gzip, deflate, br, zstd"), ["br", "gzip", "identity"]);
        assert_eq!(names("GZIP;q=1.0, br;q=0"), ["gzip", "identity"]);
        assert_eq!(names("deflate"), ["identity"]);
    }
}
