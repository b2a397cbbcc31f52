//! Requests on the wire that two readers could read in two ways, and headers without measure.

use tokio::io::AsyncWriteExt as _;

use crate::connections::{connect, rest, serve};
use crate::house::{House, event};

/// Everything that comes back until the connection ends, and how many events were taken.
async fn answers(sent: &str) -> (String, u64) {
    let house = House::new().await;
    let served = serve(&house, |_| {}).await;
    let mut stream = connect(&served).await;
    stream.write_all(sent.as_bytes()).await.unwrap();
    // Nothing more is coming: a connection that is kept would else stay open.
    stream.shutdown().await.unwrap();
    let text = rest(&mut stream).await;
    (text, house.relay.totals().unwrap().taken)
}

/// An event as a whole request, as somebody would smuggle it in.
fn smuggled() -> String {
    crate::connections::request(&event(r#","messageId":"smuggled""#))
}

fn chunked(body: &str) -> String {
    format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
}

const HEAD: &str = "POST /v1/batch HTTP/1.1\r\nhost: x\r\nx-write-key: browser-key\r\n";

#[tokio::test]
async fn a_length_beside_chunks_smuggles_nothing() {
    let body = event("");
    for lengths in [
        "content-length: 4\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 4\r\n",
        "transfer-encoding: chunked\r\n",
    ] {
        let sent = format!("{HEAD}{lengths}\r\n{}{}", chunked(&body), smuggled());
        let (text, taken) = answers(&sent).await;
        // One answer, and then the end: what follows is nobody's request.
        assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{text}");
        assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
        assert!(text.contains("connection: close"), "{text}");
        assert_eq!(taken, 1, "{lengths}");
    }
}

#[tokio::test]
async fn framing_that_can_be_read_in_two_ways_is_refused() {
    let body = event("");
    let length = body.len();
    for lengths in [
        format!("content-length: {length}\r\ncontent-length: 4\r\n"),
        format!("content-length: {length}, 4\r\n"),
        format!("content-length: +{length}\r\n"),
        format!("content-length: 0x{length:x}\r\n"),
        format!("content-length : {length}\r\n"),
        "content-length: -1\r\n".to_owned(),
        "content-length: 99999999999999999999999\r\n".to_owned(),
        "transfer-encoding: chunked, identity\r\n".to_owned(),
        "transfer-encoding: xchunked\r\n".to_owned(),
        "transfer-encoding: identity\r\n".to_owned(),
        format!("x: y\r\n content-length: {length}\r\n"),
    ] {
        let sent = format!("{HEAD}{lengths}\r\n{body}{}", smuggled());
        let (text, taken) = answers(&sent).await;
        assert!(text.starts_with("HTTP/1.1 400 "), "{lengths}: {text}");
        assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{text}");
        assert_eq!(taken, 0, "{lengths}");
    }
    // HTTP/1.0 has no chunks.
    let head = HEAD.replace("1.1", "1.0");
    let sent = format!("{head}transfer-encoding: chunked\r\n\r\n{}", chunked(&body));
    let (text, taken) = answers(&sent).await;
    assert!(
        text.starts_with("HTTP/1.0 400 ") || text.starts_with("HTTP/1.1 400 "),
        "{text}"
    );
    assert_eq!(taken, 0);
}

#[tokio::test]
async fn broken_chunks_take_nothing() {
    for body in [
        "zz\r\n{}\r\n0\r\n\r\n",
        "-1\r\n{}\r\n0\r\n\r\n",
        "fffffffffffffffff\r\n{}\r\n",
        "2\r\n{}0\r\n\r\n",
    ] {
        let sent = format!(
            "{HEAD}transfer-encoding: chunked\r\n\r\n{body}{}",
            smuggled()
        );
        let (text, taken) = answers(&sent).await;
        assert!(!text.contains("HTTP/1.1 200 "), "{body:?}: {text}");
        assert_eq!(taken, 0, "{body:?}");
    }
}

#[tokio::test]
async fn headers_are_bounded_in_number_and_size() {
    let many: String = (0..200)
        .map(|number| format!("x-{number}: y\r\n"))
        .collect();
    let large = format!("x: {}\r\n", "y".repeat(128 << 10));
    let path = "a".repeat(128 << 10);
    let end = "content-length: 0\r\n\r\n";
    for (what, sent) in [
        ("200 headers", format!("{HEAD}{many}{end}")),
        ("a large header", format!("{HEAD}{large}{end}")),
        (
            "a long path",
            format!("{HEAD}{end}").replacen("/v1/batch", &format!("/{path}"), 1),
        ),
        (
            "a header without an end",
            format!("{HEAD}x: {}", "y".repeat(1 << 20)),
        ),
    ] {
        let house = House::new().await;
        let served = serve(&house, |_| {}).await;
        let mut stream = connect(&served).await;
        // Refused in the middle of it, the connection may be cut.
        let _ = stream.write_all(sent.as_bytes()).await;
        let text = rest(&mut stream).await;
        let refused = ["", "HTTP/1.1 431 ", "HTTP/1.1 414 ", "HTTP/1.1 400 "];
        let refused = refused.iter().any(|start| match *start {
            "" => text.is_empty(),
            start => text.starts_with(start),
        });
        assert!(refused, "{what}: {text}");
        assert_eq!(house.relay.totals().unwrap().taken, 0);
    }
}
