//! The way between a client and its relay: everything passes and is written down; where a test
//! says so, the relay is heard to refuse, or nobody is heard at all.
//!
//! A connection carries one request, so that nothing but the client itself repeats any.

use std::collections::VecDeque;
use std::io::{BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use crate::request::Request;
use crate::serve::{self, lock};
use crate::wait;

/// Seconds after which a client that was refused for now may come back.
const RETRY_AFTER: &str = "1";

/// A request that passed, or did not.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The request.
    pub request: Request,
    /// Its body, inflated and read as JSON; null where it is none.
    pub body: Value,
    /// The status that the client was told; none where there was no answer.
    pub status: Option<u16>,
}

impl Seen {
    /// The events that it carries.
    #[must_use]
    pub fn events(&self) -> Vec<&Value> {
        match self.body["batch"].as_array() {
            Some(batch) => batch.iter().collect(),
            None if self.body["messageId"].is_string() => vec![&self.body],
            None => Vec::new(),
        }
    }
}

#[derive(Debug, Default)]
struct State {
    relay: String,
    refusals: VecDeque<u16>,
    patient: bool,
    arrived: usize,
    seen: Vec<Seen>,
}

/// A running wire.
#[derive(Debug)]
pub struct Wire {
    /// What the client takes for its relay: `http://127.0.0.1:PORT`.
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl Wire {
    /// Listens; nothing answers before [`Wire::lead_to`].
    ///
    /// # Errors
    /// Where there is no port.
    pub fn start() -> anyhow::Result<Self> {
        let (url, state) = serve::start(State::default(), pass)?;
        Ok(Self { url, state })
    }

    /// Leads to this relay, `http://HOST:PORT`.
    pub fn lead_to(&self, relay: &str) {
        lock(&self.state).relay = relay.replace("http://", "");
    }

    /// The next requests that carry events are refused with these statuses: not passed on, and
    /// answered in the relay's own words and headers, with `Retry-After` where it is for now.
    pub fn refuse(&self, statuses: impl IntoIterator<Item = u16>) {
        lock(&self.state).refusals.extend(statuses);
    }

    /// While the relay is away, connections wait for it instead of being cut: as with a socket
    /// that the service manager holds.
    pub fn wait_for_relay(&self) {
        lock(&self.state).patient = true;
    }

    /// How many requests with events came, answered yet or not.
    #[must_use]
    pub fn arrived(&self) -> usize {
        lock(&self.state).arrived
    }

    /// All requests so far, in the order of their ends.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.state).seen.clone()
    }
}

/// One connection, one request.
fn pass(mut client: TcpStream, state: &Mutex<State>) {
    let Ok(input) = client.try_clone() else {
        return;
    };
    let Ok(request) = Request::read(&mut BufReader::new(input)) else {
        return;
    };
    let mut seen = Seen {
        body: serde_json::from_slice(&request.inflated()).unwrap_or(Value::Null),
        request,
        status: None,
    };
    let refusal = if seen.events().is_empty() {
        None
    } else {
        let mut state = lock(state);
        state.arrived += 1;
        state.refusals.pop_front()
    };
    let answer = match refusal {
        None => connect(state).and_then(|relay| forward(&seen.request, relay)),
        Some(status) => refused(&seen.request, status, state),
    };
    seen.status = answer.as_deref().ok().and_then(status);
    // Written down before the client can know: whoever heard an answer finds it here.
    lock(state).seen.push(seen);
    if let Ok(answer) = answer {
        let _ = client.write_all(&answer);
    }
}

/// The relay's own answer, after which it closes the connection.
pub(crate) fn forward(request: &Request, mut relay: TcpStream) -> anyhow::Result<Vec<u8>> {
    relay.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.path);
    for (name, value) in &request.headers {
        if name != "connection" {
            head += &format!("{name}: {value}\r\n");
        }
    }
    head += "connection: close\r\n\r\n";
    relay.write_all(head.as_bytes())?;
    relay.write_all(&request.body)?;
    let mut answer = Vec::new();
    relay.read_to_end(&mut answer)?;
    anyhow::ensure!(!answer.is_empty(), "the relay went away");
    Ok(answer)
}

fn connect(state: &Mutex<State>) -> anyhow::Result<TcpStream> {
    // Where it leads may change while a connection waits.
    let connect = || {
        let relay = lock(state).relay.clone();
        TcpStream::connect(relay)
    };
    let patient = lock(state).patient;
    if patient {
        wait::until("the relay to come back", connect)
    } else {
        Ok(connect()?)
    }
}

/// What the relay says of a body that it cannot read, under another status.
fn refused(request: &Request, status: u16, state: &Mutex<State>) -> anyhow::Result<Vec<u8>> {
    let mut broken = request.clone();
    broken.body = b"{".to_vec();
    let of_body = ["content-length", "content-encoding"];
    broken
        .headers
        .retain(|(name, _)| !of_body.contains(&name.as_str()));
    broken
        .headers
        .push(("content-length".to_owned(), "1".to_owned()));
    let answer = String::from_utf8(forward(&broken, connect(state)?)?)?;
    let rest = answer
        .strip_prefix("HTTP/1.1 400 Bad Request\r\n")
        .context("the relay took a broken body")?;
    let wait = match status {
        429 | 503 => format!("retry-after: {RETRY_AFTER}\r\n"),
        _ => String::new(),
    };
    Ok(format!("HTTP/1.1 {status} -\r\n{wait}{rest}").into_bytes())
}

fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b' ').nth(1)?;
    std::str::from_utf8(line).ok()?.parse().ok()
}
