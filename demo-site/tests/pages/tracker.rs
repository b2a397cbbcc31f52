//! The tracker's files: those, compressed as the browser likes, and nothing else.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use clickstream_demo_site::tracker_files;
use tower::ServiceExt;

const FILES: [&str; 6] = [
    "clickstream.js",
    "clickstream.wasm",
    "clickstream-full.js",
    "clickstream-full.wasm",
    "clickstream-debug.js",
    "clickstream.d.ts",
];

async fn get(
    router: &axum::Router,
    path: &str,
    headers: &[(&str, &str)],
) -> (StatusCode, HeaderMap, Vec<u8>) {
    let mut request = Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    (parts.status, parts.headers, bytes.to_vec())
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in FILES {
        for suffix in ["", ".br", ".gz"] {
            fs_err::write(
                folder.path().join(format!("{name}{suffix}")),
                format!("{name}{suffix}"),
            )
            .unwrap();
        }
    }
    fs_err::write(folder.path().join("clickstream.secret"), "secret").unwrap();
    folder
}

#[tokio::test]
async fn each_file_comes_as_the_browser_takes_it() {
    let folder = folder();
    let router = tracker_files::router(folder.path()).unwrap();
    for (name, kind) in [
        ("clickstream.js", "text/javascript; charset=utf-8"),
        ("clickstream.wasm", "application/wasm"),
        ("clickstream-full.js", "text/javascript; charset=utf-8"),
        ("clickstream-full.wasm", "application/wasm"),
        ("clickstream-debug.js", "text/javascript; charset=utf-8"),
        ("clickstream.d.ts", "text/plain; charset=utf-8"),
    ] {
        for (accepted, suffix, encoding) in [
            ("gzip, deflate, br, zstd", ".br", Some("br")),
            ("gzip", ".gz", Some("gzip")),
            ("", "", None),
        ] {
            let accept = [("accept-encoding", accepted)];
            let (status, headers, bytes) = get(&router, &format!("/{name}"), &accept).await;
            assert_eq!(status, StatusCode::OK);
            assert_eq!(headers["content-type"], kind);
            assert_eq!(headers["vary"], "accept-encoding");
            assert_eq!(headers["access-control-allow-origin"], "*");
            let said = headers
                .get("content-encoding")
                .map(|value| value.to_str().unwrap());
            assert_eq!(said, encoding);
            assert_eq!(bytes, format!("{name}{suffix}").as_bytes());
            let tag = [
                ("accept-encoding", accepted),
                ("if-none-match", headers["etag"].to_str().unwrap()),
            ];
            let (status, _, bytes) = get(&router, &format!("/{name}"), &tag).await;
            assert_eq!((status, bytes.len()), (StatusCode::NOT_MODIFIED, 0));
        }
    }
}

#[tokio::test]
async fn the_tag_of_one_encoding_is_not_that_of_another() {
    let folder = folder();
    let router = tracker_files::router(folder.path()).unwrap();
    let (_, brotli, _) = get(&router, "/clickstream.js", &[("accept-encoding", "br")]).await;
    let (_, plain, _) = get(&router, "/clickstream.js", &[]).await;
    assert_ne!(brotli["etag"], plain["etag"]);
}

#[tokio::test]
async fn a_new_build_is_seen_without_a_restart_and_twins_may_be_missing() {
    let folder = folder();
    let router = tracker_files::router(folder.path()).unwrap();
    fs_err::write(folder.path().join("clickstream.js"), "newer").unwrap();
    fs_err::remove_file(folder.path().join("clickstream.js.br")).unwrap();
    fs_err::remove_file(folder.path().join("clickstream.js.gz")).unwrap();
    let (_, headers, bytes) = get(&router, "/clickstream.js", &[("accept-encoding", "br")]).await;
    assert_eq!(bytes, b"newer");
    assert!(!headers.contains_key("content-encoding"));
}

#[tokio::test]
async fn nothing_else_of_the_folder_is_served() {
    let folder = folder();
    let router = tracker_files::router(folder.path()).unwrap();
    for path in [
        "/clickstream.secret",
        "/clickstream.js.br",
        "/clickstream",
        "/clickstream.js/../clickstream.secret",
    ] {
        assert_eq!(
            get(&router, path, &[]).await.0,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}

#[test]
fn a_tracker_that_was_not_built_is_told_how() {
    let empty = tempfile::tempdir().unwrap();
    let told = tracker_files::router(empty.path()).unwrap_err().to_string();
    assert!(
        told.contains("cargo xtask build") && told.contains("--tracker-dir"),
        "{told}"
    );
}
