//! Load over keep-alive connections, a thread each: the next request after the last answer.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;

/// Connections at a time.
pub const CONNECTIONS: usize = 64;

/// Requests that are all alike but for the ids of their events.
#[derive(Clone, Debug)]
pub struct Template {
    bytes: Vec<u8>,
    /// Where each event's id stands: sixteen digits.
    ids: Vec<usize>,
}

/// Ids are never used twice in a run, so that nothing is a duplicate.
static NEXT: AtomicU64 = AtomicU64::new(1);

impl Template {
    /// A request with so many events of about 700 bytes each.
    pub fn batch(events: usize) -> Self {
        let mark = "0000000000000000";
        let event = format!(
            r#"{{"type":"track","event":"Element Clicked","messageId":"{mark}","anonymousId":"0b7e21d4-6a1c-4b8e-9d35-2f6f0c8e1a77","originalTimestamp":"2026-01-02T03:04:05.006Z","context":{{"library":{{"name":"clickstream-tracker","version":"0.1.0"}},"page":{{"url":"https://shop.example/books/bk-1","path":"/books/bk-1","title":"A Synthetic Novel","referrer":"https://shop.example/"}},"userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36","locale":"en-GB","timezone":"Europe/London","screen":{{"width":390,"height":844,"density":3}}}},"properties":{{"element":{{"tag":"button","id":"buy","classes":["primary"],"text":"Add to basket","path":"main > form > button"}},"input":{{"kind":"mouse","button":0,"x":120,"y":640}},"product_id":"bk-1","price":12.5,"currency":"GBP"}}}}"#
        );
        let body = format!(
            r#"{{"batch":[{}],"writeKey":"browser-key","sentAt":"2026-01-02T03:04:06.000Z"}}"#,
            vec![event; events].join(",")
        );
        let text = format!(
            "POST /v1/batch HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let ids = text.match_indices(mark).map(|(at, _)| at).collect();
        Self {
            bytes: text.into_bytes(),
            ids,
        }
    }

    /// New ids for the next request.
    fn renew(&mut self) {
        let first = NEXT.fetch_add(self.ids.len() as u64, Ordering::Relaxed);
        for (id, at) in (first..).zip(&self.ids) {
            let digits = format!("{id:016}");
            if let Some(place) = self.bytes.get_mut(*at..*at + digits.len()) {
                place.copy_from_slice(digits.as_bytes());
            }
        }
    }
}

/// Requests answered with 200 a second, over so long a time.
pub fn requests_a_second(port: u16, template: &Template, time: Duration) -> anyhow::Result<f64> {
    let started = Instant::now();
    let workers: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let template = template.clone();
            std::thread::spawn(move || drive(port, template, started + time))
        })
        .collect();
    let mut answered = 0;
    for worker in workers {
        answered += worker
            .join()
            .map_err(|_| anyhow::anyhow!("a client stopped"))??;
    }
    Ok(answered as f64 / started.elapsed().as_secs_f64())
}

fn drive(port: u16, mut template: Template, until: Instant) -> anyhow::Result<u64> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    let mut answers = BufReader::new(stream.try_clone()?);
    let mut answered = 0;
    let (mut line, mut body) = (String::new(), Vec::new());
    while Instant::now() < until {
        template.renew();
        stream.write_all(&template.bytes)?;
        line.clear();
        answers.read_line(&mut line)?;
        anyhow::ensure!(line.contains(" 200 "), "the answer was {line:?}");
        let mut length = None;
        loop {
            line.clear();
            answers.read_line(&mut line)?;
            if line == "\r\n" {
                break;
            }
            let (name, value) = line.split_once(':').context("a header without colon")?;
            if name.eq_ignore_ascii_case("content-length") {
                length = Some(value.trim().parse()?);
            }
        }
        body.resize(length.context("an answer without length")?, 0);
        answers.read_exact(&mut body)?;
        answered += 1;
    }
    Ok(answered)
}
