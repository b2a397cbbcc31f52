//! Sending against a server that answers by a script.

use std::sync::{Arc, Mutex};

use rand::SeedableRng;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

const TAKEN: &str = r#"{"success":true,"accepted":1,"duplicate":0,"rejected":[]}"#;

/// What the server does with one request.
#[derive(Clone, Debug)]
enum Does {
    Answers(&'static str, &'static str),
    HangsUp,
    KeepsSilent,
}

/// Requests as they came: the batch's message ids.
type Seen = Arc<Mutex<Vec<Vec<String>>>>;

async fn server(script: Vec<Does>) -> (Url, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    tokio::spawn(async move {
        let mut script = script.into_iter();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            while let Some(body) = request(&mut stream).await {
                let body: Value = serde_json::from_slice(&body).unwrap();
                assert_eq!(body["writeKey"], "a \"key\"");
                assert!(
                    clickstream_event::time::Timestamp::parse(body["sentAt"].as_str().unwrap())
                        .is_some()
                );
                let ids = body["batch"].as_array().unwrap();
                noted.lock().unwrap().push(
                    ids.iter()
                        .map(|event| event["messageId"].to_string())
                        .collect(),
                );
                match script.next().expect("no more requests than the script has") {
                    Does::HangsUp => break,
                    Does::KeepsSilent => std::future::pending().await,
                    Does::Answers(status, body) => {
                        let length = body.len();
                        let answer =
                            format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
                        stream.write_all(answer.as_bytes()).await.unwrap();
                    }
                }
            }
        }
    });
    (url, seen)
}

async fn request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let head = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(head) = head {
            let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
            assert!(text.starts_with("post /v1/batch http/1.1"), "{text}");
            let length = text
                .split("content-length: ")
                .nth(1)?
                .lines()
                .next()?
                .parse::<usize>()
                .ok()?;
            if bytes.len() >= head + 4 + length {
                return Some(bytes[head + 4..head + 4 + length].to_vec());
            }
        }
        let mut part = [0; 4096];
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&part[..read]),
        }
    }
}

fn relay(url: &Url, patience: Duration) -> Relay {
    Relay::new(
        url,
        "a \"key\"".to_owned(),
        patience,
        ChaCha8Rng::seed_from_u64(1),
    )
}

fn lines(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!(r#"{{"messageId":"{number}"}}"#))
        .collect()
}

struct Sent {
    result: Result<(), SendError>,
    left: usize,
    tally: Tally,
    statuses: Vec<u16>,
}

async fn send(relay: &mut Relay, count: usize) -> Sent {
    let (mut lines, mut tally, mut statuses) = (lines(count), Tally::default(), Vec::new());
    let result = relay
        .send(&mut lines, &mut tally, &mut |status| statuses.push(status))
        .await;
    Sent {
        result,
        left: lines.len(),
        tally,
        statuses,
    }
}

#[tokio::test]
async fn what_is_taken_is_forgotten_and_counted() {
    let answer = r#"{"success":true,"accepted":2,"duplicate":1,"rejected":[{"index":2,"messageId":"2","reason":"$.context: too deep"}]}"#;
    let (url, _) = server(vec![Does::Answers("200 OK", answer)]).await;
    let sent = send(&mut relay(&url, Duration::from_secs(60)), 3).await;
    assert!(sent.result.is_ok());
    assert_eq!((sent.left, sent.statuses), (0, vec![200]));
    assert_eq!(
        (
            sent.tally.accepted,
            sent.tally.duplicate,
            sent.tally.rejected
        ),
        (2, 1, 1)
    );
    assert_eq!(sent.tally.reasons, ["$.context: too deep"]);
}

#[tokio::test]
async fn a_relay_that_is_busy_or_silent_gets_the_same_events_again() {
    let (url, seen) = server(vec![
        Does::Answers("503 Service Unavailable\r\nretry-after: 0", "{}"),
        Does::Answers("429 Too Many Requests\r\nretry-after: 0", "{}"),
        Does::HangsUp,
        Does::Answers("500 Internal Server Error", ""),
        Does::Answers("200 OK", TAKEN),
    ])
    .await;
    let sent = send(&mut relay(&url, Duration::from_secs(60)), 2).await;
    assert!(sent.result.is_ok());
    assert_eq!(sent.left, 0);
    assert_eq!(sent.statuses, [503, 429, 500, 200]);
    assert_eq!((sent.tally.sends, sent.tally.again), (5, 4));
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 5);
    assert!(seen.iter().all(|ids| ids == &seen[0]));
}

#[tokio::test]
async fn a_bad_batch_is_halved_until_the_bad_event_is_alone() {
    let bad = Does::Answers("413 Payload Too Large", r#"{"message":"too large"}"#);
    let good = Does::Answers("200 OK", TAKEN);
    let (url, seen) = server(vec![
        bad.clone(),  // 0 1 2
        bad.clone(),  // 0 1
        good.clone(), // 0
        bad.clone(),  // 1 2
        bad,          // 1: dropped
        good,         // 2
    ])
    .await;
    let sent = send(&mut relay(&url, Duration::from_secs(60)), 3).await;
    assert!(sent.result.is_ok());
    let sizes: Vec<_> = seen.lock().unwrap().iter().map(Vec::len).collect();
    assert_eq!(sizes, [3, 2, 1, 2, 1, 1]);
    assert_eq!((sent.tally.accepted, sent.tally.rejected), (2, 1));
    assert_eq!(sent.tally.reasons, ["too large"]);
}

#[tokio::test]
async fn a_wrong_key_stops_and_keeps_the_events() {
    let (url, _) = server(vec![Does::Answers(
        "401 Unauthorized",
        r#"{"message":"unknown key"}"#,
    )])
    .await;
    let sent = send(&mut relay(&url, Duration::from_secs(60)), 3).await;
    let text = sent.result.unwrap_err().to_string();
    assert!(
        text.contains("--write-key") && text.contains("unknown key"),
        "{text}"
    );
    assert!(!text.contains("a \"key\""), "the key is not told: {text}");
    assert_eq!(sent.left, 3);
}

#[tokio::test]
async fn where_nobody_listens_it_says_what_to_start() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let sent = send(&mut relay(&url, Duration::from_secs(60)), 1).await;
    let text = sent.result.unwrap_err().to_string();
    assert!(
        text.contains("cargo xtask demo") && text.contains("refused"),
        "{text}"
    );
    assert_eq!(sent.left, 1);
}

#[tokio::test]
async fn what_is_no_relay_is_named_so() {
    for (status, body) in [("404 Not Found", ""), ("200 OK", "<html>")] {
        let (url, _) = server(vec![Does::Answers(status, body)]).await;
        let sent = send(&mut relay(&url, Duration::from_secs(60)), 1).await;
        assert!(
            matches!(sent.result, Err(SendError::NoRelay { .. })),
            "{status}"
        );
    }
}

#[tokio::test]
async fn patience_ends() {
    let again = Does::Answers("503 Service Unavailable\r\nretry-after: 7", "{}");
    let (url, _) = server(vec![again]).await;
    let sent = send(&mut relay(&url, Duration::from_secs(5)), 1).await;
    let text = sent.result.unwrap_err().to_string();
    assert!(
        text.contains("503") && text.contains("--patience"),
        "{text}"
    );
    assert_eq!(sent.left, 1);
}

#[tokio::test]
async fn patience_bounds_the_wait_for_an_answer_too() {
    let (url, seen) = server(vec![Does::KeepsSilent]).await;
    let sent = send(&mut relay(&url, Duration::from_secs(1)), 1).await;
    let text = sent.result.unwrap_err().to_string();
    // The one attempt was given up after a second, not after an answer's usual limit.
    assert!(text.contains("within 1s (no answer in 1.0 s)"), "{text}");
    assert!(
        text.contains("--to") && text.contains("--patience"),
        "{text}"
    );
    assert_eq!((sent.left, seen.lock().unwrap().len()), (1, 1));
    assert!(sent.statuses.is_empty());
}

#[tokio::test]
async fn a_relay_that_falls_silent_is_told_apart_from_one_that_never_spoke() {
    let (url, _) = server(vec![Does::Answers("200 OK", TAKEN), Does::KeepsSilent]).await;
    let mut relay = relay(&url, Duration::from_secs(1));
    assert!(send(&mut relay, 1).await.result.is_ok());
    let sent = send(&mut relay, 1).await;
    assert!(matches!(sent.result, Err(SendError::GaveUp { .. })));
    assert_eq!(sent.left, 1);
}
