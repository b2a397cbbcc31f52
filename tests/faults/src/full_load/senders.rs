//! Connections that send as fast as they are answered.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Context as _;

/// Events of a request that nobody sent before…
pub const NEW: u64 = 18;
/// …that this connection sent before…
pub const REPEATED: u64 = 1;
/// …and that break a rule.
pub const REJECTED: u64 = 1;

/// Users of the events, each a folder of the lake.
const USERS: u64 = 50;

/// How the id of an event with a number begins.
pub const ID: &str = "\"messageId\":\"load-";

/// The threads.
#[derive(Debug)]
pub struct Senders {
    stop: Arc<AtomicBool>,
    next: Arc<AtomicU64>,
    refused: Arc<AtomicU64>,
    threads: Vec<JoinHandle<anyhow::Result<()>>>,
}

/// What they sent, all of it acknowledged.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// Events that nobody sent before: their numbers are below.
    pub new: u64,
    /// Requests that were asked to come back, and did.
    pub refused: u64,
}

impl Senders {
    /// So many connections to the relay at this address.
    pub fn start(url: &str, connections: usize) -> anyhow::Result<Self> {
        let address = url
            .strip_prefix("http://")
            .context("no address")?
            .to_owned();
        let mut senders = Self {
            stop: Arc::default(),
            next: Arc::default(),
            refused: Arc::default(),
            threads: Vec::new(),
        };
        for _ in 0..connections {
            let (stop, next) = (Arc::clone(&senders.stop), Arc::clone(&senders.next));
            let refused = Arc::clone(&senders.refused);
            let mut connection = Connection::to(&address)?;
            senders.threads.push(thread::spawn(move || {
                let mut before = 0;
                while !stop.load(Ordering::Relaxed) {
                    let first = next.fetch_add(NEW, Ordering::Relaxed);
                    let body = body(first, before);
                    while !connection.is_taken(&body)? {
                        refused.fetch_add(1, Ordering::Relaxed);
                        thread::sleep(Duration::from_millis(200));
                    }
                    before = first;
                }
                Ok(())
            }));
        }
        Ok(senders)
    }

    /// Ends them, each with its last request acknowledged.
    pub fn stop(self) -> anyhow::Result<Sent> {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            let ended = thread.join();
            ended.map_err(|_| anyhow::anyhow!("a sender stopped unexpectedly"))??;
        }
        Ok(Sent {
            new: self.next.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        })
    }
}

/// A batch of new events from this number on, one from before, and one that is none.
fn body(first: u64, before: u64) -> String {
    let mut body = String::from("{\"batch\":[");
    for number in (first..first + NEW).chain([before]) {
        let user = number % USERS;
        let _ = write!(
            body,
            "{{\"type\":\"track\",\"event\":\"Product Viewed\",{ID}{number}\",\"userId\":\"u{user}\",\
             \"context\":{{\"page\":{{\"path\":\"/books/\"}}}},\"properties\":{{\"price\":12.5}}}},"
        );
    }
    body.push_str("{\"type\":\"no such type\"}],\"writeKey\":\"server-key\"}");
    body
}

/// A connection that stays.
struct Connection {
    stream: BufReader<TcpStream>,
    address: String,
}

impl Connection {
    fn to(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
            address: address.to_owned(),
        })
    }

    /// Whether the body was acknowledged; else the relay asked to come back.
    fn is_taken(&mut self, body: &str) -> anyhow::Result<bool> {
        let request = format!(
            "POST /v1/batch HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let (mut length, mut retry) = (0, false);
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            retry |= name.eq_ignore_ascii_case("retry-after");
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse()?;
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer)?;
        let answer = String::from_utf8_lossy(&answer);
        match &*status {
            "200" => {
                let accepted = format!("\"accepted\":{}", NEW + REPEATED);
                anyhow::ensure!(answer.contains(&accepted), "{answer}");
                Ok(true)
            }
            "503" if retry => Ok(false),
            _ => anyhow::bail!("status {status}: {answer}"),
        }
    }
}
