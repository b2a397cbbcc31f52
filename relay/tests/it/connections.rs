//! The accept loop, over real sockets: peers, slow clients, crowds, stops.

use std::net::SocketAddr;
use std::time::Duration;

use clickstream_relay::http;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::house::{House, event, until};

/// A served house.
pub struct Served {
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<usize>,
}

pub async fn serve(house: &House, change: impl FnOnce(&mut http::Config)) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut config = http::Config::default();
    change(&mut config);
    let (stop, stopped) = oneshot::channel();
    let router = house.relay.in_front_of(house.relay.router());
    let serving = tokio::spawn(http::serve(listener, router, config, async {
        let _ = stopped.await;
    }));
    Served {
        address,
        stop,
        serving,
    }
}

impl Served {
    /// Stops; nothing had to be cut.
    pub async fn end(self) {
        self.stop.send(()).unwrap();
        assert_eq!(self.serving.await.unwrap(), 0);
    }
}

pub fn request(body: &str) -> String {
    format!(
        "POST /v1/batch HTTP/1.1\r\nhost: x\r\nx-write-key: browser-key\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

pub async fn connect(served: &Served) -> TcpStream {
    TcpStream::connect(served.address).await.unwrap()
}

/// Everything until the other side closes.
pub async fn rest(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut text));
    // A cut connection ends with an error; what came before it counts.
    let _ = read.await.expect("the connection stays open");
    String::from_utf8(text).unwrap()
}

/// One answer on a connection that stays.
pub async fn one(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    while !(text.contains("\r\n\r\n") && text.ends_with('}')) {
        let mut part = [0; 4096];
        let length = stream.read(&mut part).await.unwrap();
        assert!(length > 0, "closed after {text:?}");
        text.push_str(std::str::from_utf8(&part[..length]).unwrap());
    }
    text
}

/// Reads on until `text` stands in what was `seen`.
async fn read_until(stream: &mut TcpStream, seen: &mut String, text: &str) {
    while !seen.contains(text) {
        let mut part = [0; 4096];
        let read = tokio::time::timeout(Duration::from_secs(30), stream.read(&mut part)).await;
        let length = read.expect("nothing more comes").unwrap();
        assert!(length > 0, "closed after {seen:?}");
        seen.push_str(std::str::from_utf8(&part[..length]).unwrap());
    }
}

#[tokio::test]
async fn the_peers_address_reaches_the_line() {
    let house = House::new().await;
    let served = serve(&house, |_| {}).await;
    let mut stream = connect(&served).await;
    let body = event(r#","anonymousId":"a""#);
    stream.write_all(request(&body).as_bytes()).await.unwrap();
    assert!(one(&mut stream).await.starts_with("HTTP/1.1 200 OK"));
    // The connection is kept for the next request.
    stream.write_all(request(&body).as_bytes()).await.unwrap();
    assert!(one(&mut stream).await.contains(r#""accepted":1"#));
    drop(stream);
    served.stop.send(()).unwrap();
    assert_eq!(served.serving.await.unwrap(), 0);
    let lines = house.lines().await;
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["relay"]["ip"], "127.0.0.0");
}

#[tokio::test]
async fn a_header_that_trickles_is_cut_off() {
    let house = House::new().await;
    let served = serve(&house, |config| {
        config.header_timeout = Duration::from_millis(100)
    })
    .await;
    let mut stream = connect(&served).await;
    stream
        .write_all(b"POST /v1/batch HTTP/1.1\r\nhost:")
        .await
        .unwrap();
    let answer = rest(&mut stream).await;
    assert!(!answer.contains("200"), "{answer}");
}

#[tokio::test]
async fn an_answer_may_take_longer_than_a_header_and_what_idles_after_it_may_not() {
    let house = House::new().await;
    let served = serve(&house, |config| {
        config.header_timeout = Duration::from_millis(200);
    })
    .await;
    let mut watcher = connect(&served).await;
    let token = house.relay.token();
    let head = format!(
        "GET /live/events HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    watcher.write_all(head.as_bytes()).await.unwrap();
    let mut seen = String::new();
    read_until(&mut watcher, &mut seen, "\r\n\r\n").await;
    assert!(seen.starts_with("HTTP/1.1 200 "), "{seen}");
    // One that was answered later and asks for nothing more is cut, one after another.
    for _ in 0..3 {
        let mut idle = connect(&served).await;
        idle.write_all(request(&event("")).as_bytes())
            .await
            .unwrap();
        assert!(rest(&mut idle).await.starts_with("HTTP/1.1 200 OK"));
    }
    let mut other = connect(&served).await;
    let named = event(r#","messageId":"the-last""#);
    other.write_all(request(&named).as_bytes()).await.unwrap();
    read_until(&mut watcher, &mut seen, "the-last").await;
}

#[tokio::test]
async fn a_client_that_says_that_nothing_more_comes_is_answered() {
    let house = House::new().await;
    let served = serve(&house, |_| {}).await;
    let mut stream = connect(&served).await;
    stream
        .write_all(request(&event("")).as_bytes())
        .await
        .unwrap();
    stream.shutdown().await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}

#[tokio::test]
async fn a_body_that_trickles_is_answered_408() {
    let house = House::new().await;
    let served = serve(&house, |config| {
        config.body_timeout = Duration::from_millis(100)
    })
    .await;
    let mut stream = connect(&served).await;
    let whole = request(&event(""));
    stream
        .write_all(&whole.as_bytes()[..whole.len() - 5])
        .await
        .unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains(r#""code":"body_timeout""#), "{answer}");
    assert_eq!(house.relay.totals().unwrap().taken, 0);
}

#[tokio::test]
async fn strangers_bodies_that_stall_shut_nobody_out() {
    let house = House::with(|config| config.intake.memory_bytes = 4 << 20).await;
    let served = serve(&house, |_| {}).await;
    // Each says that it brings 4 MiB, without a key in its header, and stops before the end. As soon
    // as there is no room for strangers, one is told so.
    let mut crowd = Vec::new();
    let mut part = vec![b' '; 1 << 20];
    part[0] = b'{';
    let mut told = String::new();
    until("strangers have no room", async || {
        let mut stream = connect(&served).await;
        let head = "POST /v1/batch HTTP/1.1\r\nhost: x\r\ncontent-length: 4194304\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        // Refused in the middle of it, the connection may be cut.
        let _ = stream.write_all(&part).await;
        let answer = tokio::time::timeout(Duration::from_millis(300), rest(&mut stream)).await;
        told = answer.unwrap_or_default();
        crowd.push(stream);
        !told.is_empty()
    })
    .await;
    assert!(told.contains(r#""code":"busy""#), "{told}");
    // Two of them stall still; who has a key is served.
    let mut stream = connect(&served).await;
    let large = request(&event(&format!(r#","f":"{}""#, "x".repeat(20 << 10))));
    stream.write_all(large.as_bytes()).await.unwrap();
    let answer = one(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn a_body_that_ends_early_is_not_taken() {
    let house = House::new().await;
    let served = serve(&house, |_| {}).await;
    let mut stream = connect(&served).await;
    let whole = request(&event(""));
    stream
        .write_all(&whole.as_bytes()[..whole.len() - 5])
        .await
        .unwrap();
    stream.shutdown().await.unwrap();
    rest(&mut stream).await;
    assert_eq!(house.relay.totals().unwrap().taken, 0);
}

#[tokio::test]
async fn a_body_over_the_bound_is_read_to_its_end_so_that_the_answer_arrives() {
    let house = House::new().await;
    let served = serve(&house, |_| {}).await;
    let mut stream = connect(&served).await;
    let whole = request(&"x".repeat(6 << 20));
    stream.write_all(whole.as_bytes()).await.unwrap();
    let answer = one(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_stop_lets_a_request_finish_and_cuts_it_after_the_grace() {
    for (grace, finishes) in [
        (Duration::from_secs(20), true),
        (Duration::from_millis(50), false),
    ] {
        let house = House::new().await;
        let served = serve(&house, |config| config.grace = grace).await;
        let mut stream = connect(&served).await;
        let whole = request(&event(""));
        let (start, end) = whole.as_bytes().split_at(whole.len() - 5);
        stream.write_all(start).await.unwrap();
        // In flight for certain once another request was served after it.
        let mut other = connect(&served).await;
        other
            .write_all(request(&event("")).as_bytes())
            .await
            .unwrap();
        one(&mut other).await;
        served.stop.send(()).unwrap();
        // Who comes now is refused at once.
        until("the port is closed", async || {
            TcpStream::connect(served.address).await.is_err()
        })
        .await;
        if finishes {
            stream.write_all(end).await.unwrap();
            let answer = rest(&mut stream).await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            assert_eq!(served.serving.await.unwrap(), 0);
        } else {
            assert_eq!(served.serving.await.unwrap(), 1);
            assert_eq!(rest(&mut stream).await, "");
        }
    }
}

#[tokio::test]
async fn a_stop_hears_a_request_that_is_on_its_way() {
    for (first_byte, answered) in [(Duration::from_secs(20), true), (Duration::ZERO, false)] {
        let house = House::new().await;
        let served = serve(&house, |config| {
            config.grace = Duration::from_secs(20);
            config.first_byte = first_byte;
        })
        .await;
        // Accepted for certain once another one was served after it; not a byte was sent.
        let mut stream = connect(&served).await;
        let mut other = connect(&served).await;
        let whole = request(&event(""));
        other.write_all(whole.as_bytes()).await.unwrap();
        one(&mut other).await;
        served.stop.send(()).unwrap();
        until("the port is closed", async || {
            TcpStream::connect(served.address).await.is_err()
        })
        .await;
        let _ = stream.write_all(whole.as_bytes()).await;
        let answer = rest(&mut stream).await;
        assert_eq!(answer.starts_with("HTTP/1.1 200"), answered, "{answer}");
        assert_eq!(served.serving.await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_taken_port_is_said() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let error = http::bind(address).await.unwrap_err().to_string();
    assert!(error.contains("is taken by another program"), "{error}");
    assert!(error.contains("--listen"), "{error}");
}

#[tokio::test]
async fn too_many_requests_of_one_address_are_told_when_to_come_back() {
    let house = House::with(|config| config.intake.rate_per_address = Some(1)).await;
    let served = serve(&house, |_| {}).await;
    let mut stream = connect(&served).await;
    let mut refused = String::new();
    for _ in 0..100 {
        let request = request(&event(""));
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = one(&mut stream).await;
        if !answer.starts_with("HTTP/1.1 200") {
            refused = answer;
            break;
        }
    }
    assert!(refused.starts_with("HTTP/1.1 429 "), "{refused}");
    assert!(refused.contains("\r\nretry-after: 1\r\n"), "{refused}");
    assert!(refused.contains(r#""code":"too_fast""#), "{refused}");
}
