//! Trouble that lasts: it is said once with its remedy, delivery waits, nothing is lost.

use std::net::SocketAddr;

use firehose_local::{Processor, StreamConfig};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::lab::{
    append, clickstream, event, forward, open_spool, serve, serve_on, settings, until,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_stream_is_named_and_intake_goes_on() {
    let (dir, stream) = (TempDir::new().unwrap(), serve(clickstream(), "").await);
    let spool = open_spool(dir.path());
    append(&spool, (0..10).map(event)).await;
    let forwarding = forward(&spool, &stream.url, "clicks", settings()).await;
    until("it is said", || spool.health().delivery.is_some()).await;
    let text = spool.health().delivery.unwrap();
    assert!(
        text.contains("the stream clicks") && text.contains("does not exist: create it"),
        "{text}"
    );
    append(&spool, (10..20).map(event)).await;
    assert_eq!(spool.health().intake, None);
    forwarding.kill().await;
    // With the right name everything arrives.
    let forwarding = forward(&spool, &stream.url, "clickstream", settings()).await;
    forwarding.finish().await;
    let (_, times) = stream.stop().await;
    assert_eq!(times.len(), 20);
    assert_eq!(spool.health().delivery, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_made_anew_is_asked_anew_how_it_packs() {
    let (dir, first) = (TempDir::new().unwrap(), serve(clickstream(), "").await);
    let address: SocketAddr = first.url.strip_prefix("http://").unwrap().parse().unwrap();
    let spool = open_spool(dir.path());
    append(&spool, (0..1_000).map(event)).await;
    let forwarding = forward(&spool, &first.url, "clickstream", settings()).await;
    until("the first are delivered", || {
        spool.totals().delivered == 1_000
    })
    .await;
    assert_eq!(first.stop().await.1.len(), 1_000);
    // Somebody deletes it: another stream answers for it that it is not there.
    let other = StreamConfig {
        name: "other".to_owned(),
        ..clickstream()
    };
    let other = serve_on(TcpListener::bind(address).await.unwrap(), other, "").await;
    append(&spool, (1_000..2_000).map(event)).await;
    until("it is said", || {
        let said = spool.health().delivery.unwrap_or_default();
        said.contains("does not exist: create it")
    })
    .await;
    other.stop().await;
    // Made anew without deaggregation: a packed record would be lost to the error prefix.
    let anew = StreamConfig {
        processors: clickstream()
            .processors
            .into_iter()
            .filter(|found| *found != Processor::record_deaggregation_json())
            .collect(),
        ..clickstream()
    };
    let anew = serve_on(TcpListener::bind(address).await.unwrap(), anew, "").await;
    let totals = forwarding.finish().await;
    let (served, times) = anew.stop().await;
    assert_eq!((times.len(), served.records), (1_000, 1_000));
    assert_eq!(served.errored_records, 0);
    assert!(times.values().all(|times| *times == 1));
    assert_eq!((totals.in_flight, totals.in_flight_events), (0, 0));
    assert_eq!(spool.health().delivery, None);
    assert!(spool.totals().balance());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_at_the_address_doubles_nothing_and_heals_by_itself() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let dir = TempDir::new().unwrap();
    let spool = open_spool(dir.path());
    append(&spool, (0..10).map(event)).await;
    let url = format!("http://{address}");
    let forwarding = forward(&spool, &url, "clickstream", settings()).await;
    until("it is said", || spool.health().delivery.is_some()).await;
    let text = spool.health().delivery.unwrap();
    assert!(text.contains("cannot be reached"), "{text}");
    let stream = serve_on(TcpListener::bind(address).await.unwrap(), clickstream(), "").await;
    let totals = forwarding.finish().await;
    let (_, times) = stream.stop().await;
    assert_eq!(times.len(), 10);
    assert!(times.values().all(|times| *times == 1));
    assert_eq!(totals.doubles_at_most, 0);
    assert_eq!(spool.health().delivery, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_never_answers_is_given_up_after_the_time_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let silent = tokio::spawn(async move {
        let mut kept = Vec::new();
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut head = [0; 100];
            socket.read_exact(&mut head).await.unwrap();
            kept.push(socket);
        }
    });
    let dir = TempDir::new().unwrap();
    let spool = open_spool(dir.path());
    append(&spool, (0..10).map(event)).await;
    let mut config = crate::lab::config(&url, "clickstream");
    config.calls.timeout = std::time::Duration::from_millis(100);
    let forwarding = crate::lab::forward_with(&spool, &config, settings()).await;
    until("it is said", || spool.health().delivery.is_some()).await;
    let text = spool.health().delivery.unwrap();
    assert!(text.contains("does not answer in time"), "{text}");
    forwarding.kill().await;
    silent.abort();
}

/// Answers every call with this error, a few bytes of its body read.
async fn answering(status: u16, code: &'static str) -> (String, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let body = format!(r#"{{"__type":"{code}","message":"request 1 of many"}}"#);
    let task = tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut head = vec![0; 64 << 10];
            let _ = socket.read(&mut head).await;
            let answer = format!(
                "HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    (url, task)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_refusal_says_what_to_do() {
    for (status, code, words) in [
        (400, "ExpiredTokenException", "have expired: renew them"),
        (
            403,
            "UnrecognizedClientException",
            "check key, secret and clock",
        ),
        (
            400,
            "InvalidSignatureException",
            "check key, secret and clock",
        ),
        (
            400,
            "ResourceNotFoundException",
            "does not exist: create it",
        ),
        (
            400,
            "InvalidArgumentException",
            "refuses the call: InvalidArgumentException",
        ),
        (500, "InternalFailure", "fails with InternalFailure"),
        (500, "ServiceUnavailableException", "throttles"),
    ] {
        let (url, server) = answering(status, code).await;
        let dir = TempDir::new().unwrap();
        let spool = open_spool(dir.path());
        append(&spool, (0..3).map(event)).await;
        let forwarding = forward(&spool, &url, "clickstream", settings()).await;
        until(code, || spool.health().delivery.is_some()).await;
        let text = spool.health().delivery.unwrap();
        assert!(text.contains(words), "{code}: {text}");
        forwarding.kill().await;
        assert_eq!(spool.totals().waiting, 3);
        server.abort();
    }
}
