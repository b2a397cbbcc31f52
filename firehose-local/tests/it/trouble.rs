//! A disk that takes nothing, a folder that cannot be, a stop in the middle of it all: what cannot
//! be kept is refused, and what was answered is in an object.

use crate::control::{by_team, empty};
use crate::running::{config, record};
use aws_sdk_firehose::error::ProvideErrorMetadata;
use firehose_local::{PartitionBy, StreamConfig, server};
use tempfile::TempDir;

/// Creates a stream, and gives what it is refused with.
async fn refusal(server: &crate::running::Running) -> Option<(u16, String)> {
    let error = server
        .client()
        .create_delivery_stream()
        .delivery_stream_name("orders")
        .extended_s3_destination_configuration(by_team())
        .send()
        .await
        .err()?;
    let status = error.raw_response().unwrap().status().as_u16();
    let error = error.into_service_error();
    Some((status, error.message().unwrap().to_owned()))
}

#[test]
fn a_bucket_that_would_lie_among_the_servers_own_folders_is_a_wrong_configuration() {
    for bucket in ["log", ".spill"] {
        let dir = TempDir::new().unwrap();
        let settings = server::Config {
            streams: vec![StreamConfig {
                bucket: bucket.to_owned(),
                ..StreamConfig::clickstream(PartitionBy::User)
            }],
            ..config(dir.path())
        };
        let refused = server::Server::new(settings).unwrap_err();
        assert!(
            matches!(refused, server::StartError::Config(_)),
            "{refused}"
        );
        let begins = format!("the bucket {bucket} cannot be a folder");
        assert!(refused.to_string().starts_with(&begins), "{refused}");
    }
}

async fn streams(server: &crate::running::Running) -> usize {
    let listed = server.client().list_delivery_streams().send().await;
    listed.unwrap().delivery_stream_names().len()
}

#[tokio::test]
async fn a_bucket_that_cannot_be_a_folder_refuses_its_stream() {
    let server = empty().await;
    let file = server.dir.path().join("teams");
    fs_err::write(&file, "in the way").unwrap();
    let (status, message) = refusal(&server).await.unwrap();
    assert_eq!(status, 500);
    assert!(
        message.starts_with("the bucket cannot be used: "),
        "{message}"
    );
    assert_eq!(streams(&server).await, 0);
    fs_err::remove_file(&file).unwrap();
    assert_eq!(refusal(&server).await, None);
    server.stop().await;
}

#[tokio::test]
async fn a_stream_that_cannot_be_kept_over_a_restart_is_refused() {
    let server = empty().await;
    // Where the file of streams is written before it replaces the old one.
    let staged = server.dir.path().join(".streams.json.new");
    fs_err::create_dir(&staged).unwrap();
    let (status, message) = refusal(&server).await.unwrap();
    assert_eq!(status, 500);
    assert!(
        message.starts_with("the stream cannot be kept: "),
        "{message}"
    );
    assert_eq!(streams(&server).await, 0);
    fs_err::remove_dir(&staged).unwrap();
    assert_eq!(refusal(&server).await, None);
    server.stop().await;
}

#[cfg(target_os = "linux")]
mod stopped {
    use super::{ProvideErrorMetadata as _, record};
    use crate::program::listening;
    use crate::running::{client_at, files};
    use std::collections::BTreeSet;
    use std::path::Path;
    use std::process::{Child, Command, Stdio};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, Instant};
    use tempfile::TempDir;

    /// The program, started by this line of a shell.
    fn start(shell: &str, dir: &Path, more: &[&str]) -> (Child, String) {
        let mut child = Command::new("sh")
            .args(["-c", shell, env!("CARGO_BIN_EXE_firehose-local")])
            .args(["serve", "--listen", "127.0.0.1:0", "--dir"])
            .arg(dir)
            .args(more)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let address = listening(&mut child);
        (child, address)
    }

    fn run(program: &str, arguments: &[&str]) {
        assert!(
            Command::new(program)
                .args(arguments)
                .status()
                .unwrap()
                .success()
        );
    }

    /// The `n` of every line in the lake.
    fn delivered(dir: &Path) -> BTreeSet<usize> {
        let objects = files(&dir.join("raw"));
        let lines = objects.values().flat_map(|bytes| bytes.lines());
        lines
            .map(|line| {
                let event: serde_json::Value = serde_json::from_str(line).unwrap();
                usize::try_from(event["n"].as_u64().unwrap()).unwrap()
            })
            .collect()
    }

    #[tokio::test]
    async fn a_stop_under_load_keeps_all_that_was_answered() {
        const CLIENTS: usize = 4;
        let dir = TempDir::new().unwrap();
        let (mut child, address) = start("exec \"$0\" \"$@\"", dir.path(), &[]);
        let count = Arc::new(AtomicUsize::new(0));
        let load: Vec<_> = (0..CLIENTS)
            .map(|first| {
                let (client, count) = (client_at(&address, "us-east-1"), Arc::clone(&count));
                tokio::spawn(async move {
                    let mut answered = Vec::new();
                    for n in (first..).step_by(CLIENTS) {
                        let put = client
                            .put_record()
                            .delivery_stream_name("clickstream")
                            .record(record(format!(r#"{{"userId":{},"n":{n}}}"#, n % 7)));
                        if put.send().await.is_err() {
                            break;
                        }
                        answered.push(n);
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                    answered
                })
            })
            .collect();
        let begun = Instant::now();
        while count.load(Ordering::Relaxed) < 100 {
            assert!(begun.elapsed() < Duration::from_secs(60), "no load came");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        run("kill", &[&child.id().to_string()]);
        let mut answered = BTreeSet::new();
        for client in load {
            answered.extend(client.await.unwrap());
        }
        let status = tokio::task::spawn_blocking(move || child.wait().unwrap());
        assert!(status.await.unwrap().success());
        assert!(answered.len() >= 100);
        let delivered = delivered(dir.path());
        let lost: Vec<_> = answered.difference(&delivered).collect();
        assert!(lost.is_empty(), "answered and not there: {lost:?}");
    }

    /// A limit of no byte a file is a disk that is full, and can be lifted while it runs.
    #[tokio::test]
    async fn a_full_disk_refuses_what_memory_does_not_hold_and_loses_nothing() {
        let dir = TempDir::new().unwrap();
        let full = "trap '' XFSZ; ulimit -S -f 0; exec \"$0\" \"$@\"";
        let (mut child, address) = start(full, dir.path(), &["--memory", "1"]);
        let client = client_at(&address, "us-east-1");
        let mut answered = BTreeSet::new();
        let refused = loop {
            let n = answered.len();
            assert!(n < 20, "nothing is refused");
            let padding = "x".repeat(600_000);
            let text = format!(r#"{{"userId":1,"n":{n},"padding":"{padding}"}}"#);
            let put = client
                .put_record()
                .delivery_stream_name("clickstream")
                .record(record(text));
            match put.send().await {
                Ok(_) => answered.insert(n),
                Err(error) => break error,
            };
        };
        assert_eq!(refused.raw_response().unwrap().status().as_u16(), 500);
        assert_eq!(refused.into_service_error().message(), Some("Slow down."));
        assert!(!answered.is_empty());
        assert!(files(&dir.path().join("raw")).is_empty());
        let id = child.id().to_string();
        run("prlimit", &["--pid", &id, "--fsize=unlimited"]);
        run("kill", &[&id]);
        let status = tokio::task::spawn_blocking(move || child.wait().unwrap());
        assert!(status.await.unwrap().success());
        assert_eq!(delivered(dir.path()), answered);
    }
}
