//! The shop's own style, scripts and type: compiled in, served under `/static/`.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::failure::Failure;

/// Path under `/static/`, media type, bytes.
const FILES: [(&str, &str, &[u8]); 7] = [
    (
        "shop.css",
        "text/css; charset=utf-8",
        include_bytes!("../static/shop.css"),
    ),
    (
        "say.js",
        "text/javascript; charset=utf-8",
        include_bytes!("../static/say.js"),
    ),
    (
        "shop.js",
        "text/javascript; charset=utf-8",
        include_bytes!("../static/shop.js"),
    ),
    (
        "drawer.js",
        "text/javascript; charset=utf-8",
        include_bytes!("../static/drawer.js"),
    ),
    (
        "heron.svg",
        "image/svg+xml",
        include_bytes!("../static/heron.svg"),
    ),
    (
        "fonts/young-serif.woff2",
        "font/woff2",
        include_bytes!("../static/fonts/young-serif.woff2"),
    ),
    (
        "fonts/instrument-sans.woff2",
        "font/woff2",
        include_bytes!("../static/fonts/instrument-sans.woff2"),
    ),
];

/// `GET /static/{*path}`
pub async fn file(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let Some((_, kind, bytes)) = FILES.iter().find(|(name, ..)| *name == path) else {
        return Failure::NotFound.into_response();
    };
    let mut hash = DefaultHasher::new();
    bytes.hash(&mut hash);
    let tag = format!("\"{:016x}\"", hash.finish());
    let known = headers
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    // Type does not change between two builds as script and style do.
    let keep = if path.starts_with("fonts/") {
        "max-age=86400"
    } else {
        "no-cache"
    };
    let caching = [(ETAG, tag.clone()), (CACHE_CONTROL, keep.to_owned())];
    if known.is_some_and(|known| known.contains(&tag)) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (caching, [(CONTENT_TYPE, *kind)], *bytes).into_response()
}
