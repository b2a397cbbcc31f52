//! A server that takes whatever any SDK sends, writes it down, and can be away: for what ours and
//! others' do on one page when the same happens to them.

use std::io::{BufReader, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use base64::Engine as _;

use crate::request::Request;
use crate::serve::{self, lock};

/// A request that was answered.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The path with its query.
    pub path: String,
    /// The body's bytes as they came.
    pub bytes: usize,
    /// The body as text, inflated and decoded.
    pub text: String,
}

#[derive(Debug, Default)]
struct State {
    away: bool,
    cut: Vec<String>,
    sent: Vec<Sent>,
}

/// A running collector.
#[derive(Debug)]
pub struct Collector {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl Collector {
    /// Listens.
    ///
    /// # Errors
    /// Where there is no port.
    pub fn start() -> anyhow::Result<Self> {
        let (url, state) = serve::start(State::default(), |stream, state| {
            drop(answer(stream, state))
        })?;
        Ok(Self { url, state })
    }

    /// From now on every connection is cut, or none is.
    pub fn be_away(&self, away: bool) {
        lock(&self.state).away = away;
    }

    /// The paths of requests that were cut, in their order.
    #[must_use]
    pub fn cut(&self) -> Vec<String> {
        lock(&self.state).cut.clone()
    }

    /// All that was answered, in its order.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        lock(&self.state).sent.clone()
    }

    /// How often each of these names, in quotes, stands in what paths like this brought.
    #[must_use]
    pub fn counts(&self, names: &[String], path: impl Fn(&str) -> bool) -> Vec<usize> {
        let sent = self.sent();
        let count = |name: &String| {
            let quoted = format!("\"{name}\"");
            let texts = sent.iter().filter(|sent| path(&sent.path));
            texts.map(|sent| sent.text.matches(&quoted).count()).sum()
        };
        names.iter().map(count).collect()
    }
}

/// One connection, one request.
fn answer(mut stream: TcpStream, state: &Mutex<State>) -> anyhow::Result<()> {
    let request = Request::read(&mut BufReader::new(stream.try_clone()?))?;
    {
        let mut state = lock(state);
        if state.away {
            state.cut.push(request.path);
            return Ok(());
        }
        if request.method == "POST" {
            state.sent.push(Sent {
                path: request.path.clone(),
                bytes: request.body.len(),
                text: text(&request),
            });
        }
    }
    // What our relay says, and RudderStack's settings; others read only that it is JSON.
    let body =
        r#"{"success":true,"rejected":[],"source":{"id":"s","config":{},"destinations":[]}}"#;
    let header = |name| request.header(name).unwrap_or("*").to_owned();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         cross-origin-resource-policy: cross-origin\r\naccess-control-max-age: 7200\r\n\
         access-control-allow-origin: {}\r\naccess-control-allow-credentials: true\r\n\
         access-control-allow-headers: {}\r\nconnection: close\r\n\r\n{body}",
        body.len(),
        header("origin"),
        header("access-control-request-headers"),
    );
    stream.write_all(answer.as_bytes())?;
    Ok(())
}

/// The body, whichever way it was packed: gzip, or `data=` in base 64 within a form.
fn text(request: &Request) -> String {
    let text = String::from_utf8_lossy(&request.inflated()).into_owned();
    let packed = text.strip_prefix("data=").map(|packed| {
        let packed = packed.split('&').next().unwrap_or_default();
        packed
            .replace("%3D", "=")
            .replace("%2B", "+")
            .replace("%2F", "/")
    });
    let decoded = packed.and_then(|packed| {
        let standard = &base64::engine::general_purpose::STANDARD;
        standard.decode(packed).ok()
    });
    decoded.map_or(text, |bytes| String::from_utf8_lossy(&bytes).into_owned())
}
