//! `clickstream-relay check` with a stream: it is asked for what it is, and what keeps events from
//! arriving is said with the next step.

use std::process::Command;

use firehose_local::StreamConfig;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::lab::{clickstream, serve};

const CREDENTIALS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "any"),
    ("AWS_SECRET_ACCESS_KEY", "any"),
];

/// Status and words of a check against a stream at this URL.
async fn check(url: &str, stream: &str, credentials: &[(&str, &str)]) -> (i32, String) {
    let dir = TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_clickstream-relay"));
    command
        .current_dir(dir.path())
        .env_clear()
        // Nobody's own profile, no cloud's role.
        .env("HOME", dir.path())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_REGION", "eu-central-1")
        .envs(credentials.iter().copied())
        .args([
            "check",
            "--listen",
            "127.0.0.1:0",
            "--write-key",
            "browser:shop:k",
        ])
        .args([
            "--sink",
            "firehose",
            "--stream",
            stream,
            "--endpoint-url",
            url,
        ]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_as_ours_is_good_and_its_costs_are_said() {
    let stream = serve(clickstream(), "").await;
    let (status, text) = check(&stream.url, "clickstream", &CREDENTIALS).await;
    assert_eq!(status, 0, "{text}");
    for words in [
        "firehose, the stream clickstream; each event at least once",
        "partitions: a folder a user",
        "records: up to 500 events each",
        "writes a partition after 60 s or 64 MiB",
    ] {
        assert!(text.contains(words), "{words} in\n{text}");
    }
    assert!(!text.contains("the stream's prefix"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_makes_no_folders_a_user_is_warned_of() {
    let plain = StreamConfig {
        dynamic_partitioning: false,
        processing: false,
        processors: Vec::new(),
        prefix: "raw/".to_owned(),
        ..clickstream()
    };
    let stream = serve(plain, "").await;
    let (status, text) = check(&stream.url, "clickstream", &CREDENTIALS).await;
    assert_eq!(status, 0, "{text}");
    for words in [
        "dynamic partitioning is off",
        "does not take packed records apart",
        "extracts no partition keys",
        "adds no newline",
    ] {
        assert!(text.contains(words), "{words} in\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_keeps_events_from_arriving_is_wrong_and_has_a_next_step() {
    let stream = serve(clickstream(), "").await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    for (url, name, credentials, words) in [
        (
            &stream.url,
            "clicks",
            &CREDENTIALS[..],
            "does not exist: create it",
        ),
        (&stream.url, "clickstream", &[], "no credentials were found"),
        (
            &nobody,
            "clickstream",
            &CREDENTIALS,
            "cannot be reached: check the network, the region",
        ),
    ] {
        let (status, text) = check(url, name, credentials).await;
        assert_eq!(status, 1, "{words}: {text}");
        assert!(
            text.contains("WRONG: ") && text.contains(words),
            "{words} in\n{text}"
        );
    }
}
