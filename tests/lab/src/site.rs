//! A site of a test's own: its pages, the tracker's files, and in place of a relay one that
//! keeps what it was sent and answers as the test says. For what only the browser's half of
//! the way is asked. Or before a real relay, under one origin, as sites are put up.

use std::collections::{HashMap, HashSet};
use std::io::{BufReader, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

use crate::request::Request;
use crate::serve::{self, lock};
use crate::{program, wait, wire};

/// How the relay's place answers.
#[derive(Clone, Debug)]
pub enum Reply {
    /// As a relay that has stored the batch.
    Stored,
    /// With this status and these header lines.
    Status(u16, &'static str),
    /// Not at all: the connection is closed.
    Cut,
}

/// A request that came to the relay's place.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The path.
    pub path: String,
    /// The headers, names in lower case.
    pub headers: HashMap<String, String>,
    /// The body, read as JSON; null where it is none.
    pub body: Value,
    /// The body's bytes.
    pub bytes: usize,
    /// Whether it was answered as stored.
    pub stored: bool,
}

impl Taken {
    /// The events of a batch.
    fn events(&self) -> Vec<Value> {
        self.body["batch"].as_array().cloned().unwrap_or_default()
    }
}

fn most(taken: &[Taken]) -> usize {
    let mut times: HashMap<Value, usize> = HashMap::new();
    for event in taken.iter().flat_map(Taken::events) {
        *times.entry(event["messageId"].clone()).or_default() += 1;
    }
    times.into_values().max().unwrap_or_default()
}

#[derive(Debug)]
struct State {
    pages: PathBuf,
    relay: Option<String>,
    isolated: bool,
    replies: Vec<Reply>,
    then: Reply,
    held: Vec<String>,
    taken: Vec<Taken>,
}

/// A running site.
#[derive(Debug)]
pub struct Site {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl Site {
    /// Serves the files of a folder and the tracker's.
    ///
    /// # Errors
    /// Where there is no port, or the tracker is not built.
    pub fn start(pages: &Path) -> anyhow::Result<Self> {
        let tracker = program::root().join("target/tracker/clickstream.wasm");
        anyhow::ensure!(
            tracker.exists(),
            "the tracker is not built: run `cargo xtask build`"
        );
        let state = State {
            pages: pages.to_path_buf(),
            relay: None,
            isolated: false,
            replies: Vec::new(),
            then: Reply::Stored,
            held: Vec::new(),
            taken: Vec::new(),
        };
        let (url, state) = serve::start(state, connection)?;
        Ok(Self { url, state })
    }

    /// Has browsers give its pages a process of their own, and with it clocks of 5 µs.
    pub fn isolate(&self) {
        lock(&self.state).isolated = true;
    }

    /// Hands what comes to the relay's place to a real one, `http://HOST:PORT`. Nothing is taken
    /// here then.
    pub fn lead_to(&self, relay: &str) {
        lock(&self.state).relay = Some(relay.replace("http://", ""));
    }

    /// Answers the next batches so, one each, and the rest by `then`.
    pub fn answer(&self, next: Vec<Reply>, then: Reply) {
        let mut state = lock(&self.state);
        state.replies = next.into_iter().rev().collect();
        state.then = then;
    }

    /// Keeps a file back until [`Site::release`].
    pub fn hold(&self, path: &str) {
        lock(&self.state).held.push(path.to_owned());
    }

    /// Gives out what was kept back.
    pub fn release(&self) {
        lock(&self.state).held.clear();
    }

    /// All requests to the relay's place, in order.
    #[must_use]
    pub fn taken(&self) -> Vec<Taken> {
        lock(&self.state).taken.clone()
    }

    /// The events that were stored, in the order of their arrival: as the relay does, the first
    /// of those with one message id.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        let mut known = HashSet::new();
        let stored = self.taken().into_iter().filter(|taken| taken.stored);
        let events = stored.flat_map(|taken| taken.events());
        events
            .filter(|event| known.insert(event["messageId"].clone()))
            .collect()
    }

    /// How often the event that was sent most often was sent, stored or not.
    #[must_use]
    pub fn most_sent(&self) -> usize {
        most(&self.taken())
    }

    /// The same of those stored: more than once, and a relay has to tell doubles apart.
    #[must_use]
    pub fn most_stored(&self) -> usize {
        let mut stored = self.taken();
        stored.retain(|taken| taken.stored);
        most(&stored)
    }

    /// Waits until the stored events satisfy a condition, and gives them.
    ///
    /// # Errors
    /// Where they never do, with what is there.
    pub async fn wait_for(
        &self,
        what: &str,
        enough: impl Fn(&[Value]) -> bool,
    ) -> anyhow::Result<Vec<Value>> {
        wait::until_async(what, || async {
            let events = self.events();
            Ok(if enough(&events) {
                Ok(events)
            } else {
                Err(events)
            })
        })
        .await
    }
}

/// One connection, request after request.
fn connection(stream: TcpStream, state: &Mutex<State>) {
    let Ok(mut out) = stream.try_clone() else {
        return;
    };
    let mut input = BufReader::new(stream);
    while let Ok(request) = Request::read(&mut input) {
        let relay = lock(state).relay.clone();
        let relay = relay.filter(|_| request.path.starts_with("/v1/"));
        let answer = match relay {
            Some(relay) => TcpStream::connect(relay)
                .map_err(Into::into)
                .and_then(|relay| wire::forward(&request, relay))
                .ok(),
            None => answer(taken(request), state),
        };
        let Some(answer) = answer else {
            return;
        };
        if out.write_all(&answer).is_err() {
            return;
        }
    }
}

fn taken(request: Request) -> Taken {
    Taken {
        body: serde_json::from_slice(&request.body).unwrap_or(Value::Null),
        bytes: request.body.len(),
        path: request.path,
        headers: request.headers.into_iter().collect(),
        stored: false,
    }
}

fn answer(mut taken: Taken, state: &Mutex<State>) -> Option<Vec<u8>> {
    let path = taken.path.split('?').next().unwrap_or_default().to_owned();
    if !path.starts_with("/v1/") {
        return Some(file(&path, state));
    }
    let mut state = lock(state);
    let reply = state.replies.pop().unwrap_or_else(|| state.then.clone());
    taken.stored = matches!(reply, Reply::Stored);
    state.taken.push(taken);
    match reply {
        Reply::Stored => Some(response(200, "", br#"{"success":true,"rejected":[]}"#)),
        Reply::Status(status, headers) => Some(response(status, headers, b"{}")),
        Reply::Cut => None,
    }
}

fn file(path: &str, state: &Mutex<State>) -> Vec<u8> {
    while lock(state).held.iter().any(|held| held == path) {
        thread::sleep(std::time::Duration::from_millis(5));
    }
    let name = path.trim_start_matches('/');
    let ours = ["clickstream.", "clickstream-"];
    let folder = if ours.iter().any(|ours| name.starts_with(ours)) {
        program::root().join("target/tracker")
    } else {
        lock(state).pages.clone()
    };
    // A page knows its places by itself: what is no file is the page of its first folder.
    let file = folder.join(name);
    let file = if file.is_file() {
        file
    } else {
        let first = name.split('/').next().unwrap_or_default();
        folder.join(format!("{first}.html"))
    };
    let kind = match file.extension().and_then(|end| end.to_str()) {
        Some("js") => "text/javascript",
        Some("wasm") => "application/wasm",
        Some("html") => "text/html; charset=utf-8",
        _ => "text/plain",
    };
    let isolation = if lock(state).isolated { ISOLATION } else { "" };
    let headers = format!("content-type: {kind}\r\n{isolation}");
    match fs_err::read(&file) {
        Ok(bytes) => response(200, &headers, &bytes),
        Err(_) => response(404, "", b"no such page"),
    }
}

const ISOLATION: &str = "cross-origin-opener-policy: same-origin\r\n\
                         cross-origin-embedder-policy: require-corp\r\n";

fn response(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} -\r\ncontent-length: {length}\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}
