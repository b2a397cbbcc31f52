//! What the server shows to people: the state as JSON, the page's parts, `tail`.

use crate::running::{Running, record, start};
use serde_json::Value;
use std::process::Command;
use std::time::{Duration, Instant};

async fn put(server: &Running, text: &str) {
    let put = server
        .client()
        .put_record()
        .delivery_stream_name("clickstream")
        .record(record(text));
    put.send().await.unwrap();
}

async fn state(server: &Running, query: &str) -> Value {
    let (status, body) = server.ask(&format!("GET /state{query} "), "", "").await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

/// A script in all that a producer can choose.
const HOSTILE: &str = r#"{"event":"<script>alert(1)</script>"}"#;

#[tokio::test]
async fn partitions_are_seen_while_they_fill() {
    let server = start(1, "").await;
    put(&server, r#"{"userId":45}"#).await;
    put(&server, r#"{"userId":45}"#).await;
    put(&server, HOSTILE).await;
    let state = state(&server, "").await;
    let stream = &state["streams"][0];
    assert_eq!(
        (&stream["name"], &stream["status"]),
        (&"clickstream".into(), &"ACTIVE".into())
    );
    assert_eq!(stream["active"], 1);
    let partitions = stream["partitions"].as_array().unwrap();
    assert_eq!(partitions.len(), 2);
    let user = &partitions[0];
    let prefix = user["prefix"].as_str().unwrap();
    assert!(
        prefix.starts_with("clickstream/userId=45/year="),
        "{prefix}"
    );
    assert_eq!((&user["records"], &user["bytes"]), (&2.into(), &28.into()));
    let (age, due) = (
        user["age_s"].as_f64().unwrap(),
        user["due_in_s"].as_f64().unwrap(),
    );
    assert!((59.5..60.5).contains(&(age + due)), "{age} + {due}");
    assert_eq!(partitions[1]["failed"], true);
    assert_eq!(state["objects"], Value::Array(vec![]));
    server.stop().await;
}

#[tokio::test]
async fn the_last_objects_and_errors_are_seen_with_what_was_in_them() {
    let server = start(600, "").await;
    put(&server, r#"{"userId":45}"#).await;
    put(&server, HOSTILE).await;
    let begun = Instant::now();
    while server.totals().objects + server.totals().error_objects < 2 {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing came");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The last of the two is remembered a moment after it is counted.
    let seen = loop {
        let state = state(&server, "").await;
        if state["objects"].as_array().unwrap().len() == 2 {
            break state;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{state}");
    };
    let error = &seen["errors"][0];
    assert_eq!(error["payload"], HOSTILE);
    assert_eq!(
        error["message"],
        "partitionKeys values must not be null or empty"
    );
    let number = seen["number"].as_u64().unwrap();
    let later = state(&server, &format!("?after={number}")).await;
    assert_eq!(later["objects"], Value::Array(vec![]));

    let url = format!("http://{}", server.address);
    let tail = tokio::task::spawn_blocking(move || {
        Command::new(env!("CARGO_BIN_EXE_firehose-local"))
            .args(["tail", "--once", "--url", &url])
            .output()
            .unwrap()
    });
    let text = String::from_utf8(tail.await.unwrap().stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(
        text.contains(" clickstream raw/clickstream/userId=45/year="),
        "{text}"
    );
    assert!(
        lines[2].ends_with(&format!("null or empty: {HOSTILE}")),
        "{text}"
    );
    server.stop().await;
}

#[tokio::test]
async fn the_pages_parts_are_of_one_origin_and_run_nothing_else() {
    let server = start(1, "").await;
    for (path, words) in [
        ("/", "<script type=\"module\" src=\"/page.js\">"),
        ("/page.js", "replaceChildren"),
        ("/page.css", "prefers-color-scheme"),
    ] {
        let (status, body) = server.ask(&format!("GET {path} "), "", "").await;
        assert_eq!(status, 200);
        assert!(body.contains(words), "{path}");
        assert!(
            !body.contains("innerHTML") && !body.contains("://"),
            "{path}"
        );
        assert!(
            !body.contains("style=") && !body.contains(" onclick"),
            "{path}"
        );
    }
    let head = server.head("GET / ").await;
    for line in [
        "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        "x-content-type-options: nosniff",
        "cache-control: no-store",
    ] {
        assert!(head.contains(line), "{line} is not in {head}");
    }
    let (status, _) = server.ask("GET /nothing ", "", "").await;
    assert_eq!(status, 404);
    let (status, _) = server.ask("POST /state ", "", "").await;
    assert_eq!(status, 405);
    server.stop().await;
}

/// A page elsewhere whose name was made to point here sees nothing.
#[tokio::test]
async fn other_hosts_see_no_state() {
    let server = start(1, "").await;
    put(&server, r#"{"userId":45}"#).await;
    for path in ["/", "/state", "/faults"] {
        let line = format!("GET {path} ");
        let (status, body) = server.ask_as("evil.example", &line, "", "").await;
        assert_eq!(status, 403, "{path}");
        assert!(!body.contains("userId"), "{body}");
    }
    server.stop().await;
}
