//! Slow clients, by the thousand: whoever keeps us waiting gives up its place when somebody wants it.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::connections::{connect, one, request, serve};
use crate::house::{House, event, until};

/// Connections that never finish what they began; `CLICKSTREAM_SLOW` asks for more.
const SLOW: usize = 1000;

fn slow() -> usize {
    #[allow(
        clippy::disallowed_methods,
        reason = "a test reads how much is asked of it"
    )]
    let asked = std::env::var("CLICKSTREAM_SLOW");
    asked.map_or(SLOW, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_slow_connections_shut_nobody_out() {
    let house = House::new().await;
    let served = serve(&house, |config| {
        config.max_connections = 50;
        // Nothing but the want of a place ends a connection here.
        config.header_timeout = Duration::from_secs(600);
        config.body_timeout = Duration::from_secs(600);
    })
    .await;
    let whole = request(&event(""));
    let mut crowd = Vec::new();
    for number in 0..slow() {
        let mut stream = connect(&served).await;
        let sent = match number % 4 {
            // No byte, a header without an end, a body without an end, an answered request.
            0 => "",
            1 => &whole[..30],
            2 => &whole[..whole.len() - 5],
            _ => &whole[..],
        };
        // Cut already, perhaps: its place was wanted.
        let _ = stream.write_all(sent.as_bytes()).await;
        crowd.push(stream);
    }
    // They go on to trickle, which makes none of them younger.
    let trickle = tokio::spawn(async move {
        loop {
            for stream in &mut crowd {
                let _ = stream.try_write(b" ");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    for _ in 0..5 {
        let mut honest = connect(&served).await;
        honest.write_all(whole.as_bytes()).await.unwrap();
        assert!(one(&mut honest).await.starts_with("HTTP/1.1 200 "));
    }
    trickle.abort();
}

#[test]
fn without_descriptors_the_slow_give_theirs_up() {
    let dir = tempfile::tempdir().unwrap();
    // Fewer files may be open than there are places: the system refuses before the places are gone.
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "ulimit -n 96 && exec \"$@\"", "sh"]);
    command.arg(env!("CARGO_BIN_EXE_clickstream-relay"));
    command.args(["--write-key", "server:shop:k", "--header-timeout", "600"]);
    command.current_dir(dir.path());
    let (running, _lines) = crate::command_line::started(command);
    let connect = || std::net::TcpStream::connect(&running.1).unwrap();
    let crowd: Vec<_> = (0..200).map(|_| connect()).collect();
    let body = r#"{"batch":[{"type":"track","event":"E","userId":"1"}]}"#;
    let answer = crate::command_line::post(&running.1, body);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    drop(crowd);
}

#[tokio::test]
async fn an_idle_connection_gives_its_place_up_and_no_other() {
    let house = House::new().await;
    let served = serve(&house, |config| config.max_connections = 1).await;
    let whole = request(&event(""));
    let send = async |stream: &mut TcpStream| {
        stream.write_all(whole.as_bytes()).await.unwrap();
        one(stream).await
    };
    let mut first = connect(&served).await;
    assert!(send(&mut first).await.starts_with("HTTP/1.1 200 "));
    // Kept as long as nobody wants its place.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(send(&mut first).await.starts_with("HTTP/1.1 200 "));
    let mut second = connect(&served).await;
    assert!(send(&mut second).await.starts_with("HTTP/1.1 200 "));
    let mut part = [0; 1];
    let ended = tokio::time::timeout(Duration::from_secs(30), first.read(&mut part)).await;
    assert!(matches!(ended, Ok(Ok(0) | Err(_))), "kept without a place");
}

#[tokio::test]
async fn a_request_that_is_being_answered_keeps_its_place() {
    use axum::routing::get;
    let (answer, asked) = (
        std::sync::Arc::new(tokio::sync::Notify::new()),
        std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false)),
    );
    let router = axum::Router::new().route(
        "/",
        get({
            let (answer, asked) = (answer.clone(), asked.clone());
            async move || {
                asked.store(true, std::sync::atomic::Ordering::Relaxed);
                answer.notified().await;
                "{}"
            }
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let config = clickstream_relay::http::Config {
        max_connections: 1,
        ..Default::default()
    };
    let serving = clickstream_relay::http::serve(listener, router, config, std::future::pending());
    let serving = tokio::spawn(serving);
    let get = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut first = TcpStream::connect(address).await.unwrap();
    first.write_all(get.as_bytes()).await.unwrap();
    until("the first is being answered", async || {
        asked.load(std::sync::atomic::Ordering::Relaxed)
    })
    .await;
    let mut second = TcpStream::connect(address).await.unwrap();
    second.write_all(get.as_bytes()).await.unwrap();
    let mut part = [0; 1];
    let early = tokio::time::timeout(Duration::from_millis(400), second.read(&mut part)).await;
    assert!(early.is_err(), "served beyond the bound");
    answer.notify_one();
    assert!(one(&mut first).await.starts_with("HTTP/1.1 200 "));
    answer.notify_one();
    assert!(one(&mut second).await.starts_with("HTTP/1.1 200 "));
    serving.abort();
}
