//! A relay of one's own: its folder, its clock, its router; at the end its lines, its books checked.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clickstream_relay::clock::Clock;
use clickstream_relay::config::quantity::Seconds;
use clickstream_relay::config::secret::Secret;
use clickstream_relay::config::{Config, Flags};
use clickstream_relay::identity::token::{self, Claims, Key};
use clickstream_relay::service::{Edges, Relay, StartError};
use clickstream_relay::spool::{OpenError, RealFiles, Spool};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt as _;

/// 2026-01-02T03:04:06.000Z, where the fixtures' clock stands.
pub const NOW_MS: u64 = 1_767_323_046_000;

/// Wall time as the test sets it; intervals as they pass.
#[derive(Debug)]
pub struct TestClock {
    now_ms: AtomicU64,
    started: Instant,
}

impl Clock for TestClock {
    fn now_ms(&self) -> u64 {
        self.now_ms.load(Relaxed)
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}

/// The key that signs the tests' user tokens.
pub fn signing_key() -> Key {
    Key::new("2026-01", &[7; 32]).unwrap()
}

/// A token of `user`, who signed in `ago_s` seconds before the clock's moment.
pub fn token(user: &str, ago_s: u64) -> String {
    let now_s = NOW_MS / 1000;
    let claims = Claims {
        sub: user.to_owned(),
        auth_time: now_s - ago_s,
        exp: now_s + 3600,
    };
    token::sign(&signing_key(), &claims)
}

/// Settings as the fixtures ask for, below `dir`; nothing is delivered before the end.
pub fn flags(dir: &Path) -> Flags {
    let keys = [
        "browser:bookstore:browser-key",
        "browser-trusted:bookstore:trusted-key",
        "server:backend:server-key",
    ];
    let mut flags = Flags::default();
    flags.intake.write_key = Some(keys.map(Secret::from).to_vec());
    flags.spool.dir = Some(dir.join("spool"));
    flags.spool.size = Some(clickstream_relay::config::quantity::Size(64 << 20));
    // Made of zeros by a hundred houses at once, they would be gigabytes.
    flags.spool.ready = Some(clickstream_relay::config::quantity::Size(0));
    flags.sink.lake_dir = Some(dir.join("lake"));
    flags.sink.buffer_interval = Some(Seconds(Duration::from_secs(3600)));
    flags
}

/// A running relay with all that belongs to it.
pub struct House {
    pub dir: TempDir,
    pub relay: Relay,
    pub clock: Arc<TestClock>,
    router: Router,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub async fn of(response: axum::response::Response) -> Self {
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Self {
            status: head.status,
            headers: head.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// Status and code of an error, which must be whole: some SDKs need both texts.
    pub fn error(&self) -> (u16, String) {
        let json = self.json();
        assert_eq!(json["success"], false, "{json}");
        assert!(
            json["message"].is_string() && json["reason"].is_string(),
            "{json}"
        );
        (
            self.status.as_u16(),
            json["code"].as_str().unwrap().to_owned(),
        )
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

impl House {
    /// A relay that is ready, with these settings changed.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::from_flags(flags(dir.path())).unwrap();
        config.identity.keys.push(signing_key());
        // Small segments: a test fills a few kilobytes, and every start zero-fills one.
        config.spool.segment_size = 1 << 20;
        change(&mut config);
        Self::start(dir, config).await
    }

    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn start(dir: TempDir, config: Config) -> Self {
        let clock = Arc::new(TestClock {
            now_ms: AtomicU64::new(NOW_MS),
            started: Instant::now(),
        });
        let edges = Edges {
            clock: clock.clone(),
            files: Arc::new(RealFiles),
        };
        let relay = Relay::start_with(config, edges).unwrap();
        relay.ready().await.unwrap();
        let router = relay.router();
        Self {
            dir,
            relay,
            clock,
            router,
        }
    }

    pub fn set_clock(&self, now_ms: u64) {
        self.clock.now_ms.store(now_ms, Relaxed);
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        Answer::of(self.open(request).await).await
    }

    /// The answer before its body is read: it may be a stream.
    pub async fn open(&self, request: Request<Body>) -> axum::response::Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).header("host", "localhost");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Posts with these headers.
    pub async fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::post(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    /// Posts a batch with the key as Basic user name; all of it must be taken.
    pub async fn takes(&self, key: &str, headers: &[(&str, &str)], body: String) {
        let basic = basic(key);
        let mut all = vec![("authorization", &*basic)];
        all.extend_from_slice(headers);
        let answer = self.post("/v1/batch", &all, body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.json()["rejected"], Value::Array(Vec::new()));
    }

    /// Stops, checks the books, and gives all lines: those delivered and those that still wait.
    pub async fn lines(self) -> Vec<Value> {
        let report = self.relay.shutdown(Duration::from_secs(20)).await;
        assert!(report.totals.balance(), "{:?}", report.totals);
        drop(self.router);
        let mut lines = lake_lines(&self.dir.path().join("lake"));
        lines.extend(waiting_lines(&self.dir.path().join("spool")).await);
        assert_eq!(
            lines.len() as u64,
            report.totals.taken - report.totals.duplicate - report.totals.rejected
        );
        lines
    }
}

/// `Basic` with the key as user name.
pub fn basic(key: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{key}:")))
}

/// A batch of one event with these members beside its type.
pub fn event(members: &str) -> String {
    format!(r#"{{"batch":[{{"type":"track","event":"E"{members}}}]}}"#)
}

/// A relay that is ready on a folder that another one has just left.
pub async fn again(dir: &Path) -> Relay {
    let mut started = None;
    until("the relay is ready", async || {
        let relay = Relay::start(Config::from_flags(flags(dir)).unwrap()).unwrap();
        match relay.ready().await {
            Ok(()) => started = Some(relay),
            // As below: a fork holds the lock for a moment.
            Err(error) => assert!(
                matches!(&*error, StartError::Spool(OpenError::Locked(_))),
                "{error}"
            ),
        }
        started.is_some()
    })
    .await;
    started.unwrap()
}

async fn waiting_lines(dir: &Path) -> Vec<Value> {
    let mut config = clickstream_relay::spool::Config::new(dir);
    config.segment_size = 1 << 20;
    let clock = Arc::new(clickstream_relay::clock::SystemClock::default());
    // A program that another test is starting holds our lock for a moment, between fork and exec.
    let mut opened = None;
    until("the spool is unlocked", async || {
        match Spool::open(&config, Arc::new(RealFiles), clock.clone()) {
            Err(OpenError::Locked(_)) => false,
            other => {
                opened = Some(other.unwrap());
                true
            }
        }
    })
    .await;
    let spool = opened.unwrap();
    let waiting = spool.totals().waiting as usize;
    let mut reader = spool.reader(spool.checkpoint().position);
    let mut lines = Vec::new();
    while lines.len() < waiting {
        for record in reader.next(1 << 20).await.unwrap() {
            lines.push(serde_json::from_slice(&record.line).unwrap());
        }
    }
    spool.close().await;
    lines
}

/// The lines of all objects below `raw/`; of an error object, the line that failed.
pub fn lake_lines(lake: &Path) -> Vec<Value> {
    let mut lines = Vec::new();
    for path in files(&lake.join("raw")) {
        let text = fs_err::read_to_string(&path).unwrap();
        for line in text.lines() {
            let value: Value = serde_json::from_str(line).unwrap();
            lines.push(match value["rawData"].as_str() {
                None => value,
                Some(raw) => serde_json::from_slice(&STANDARD.decode(raw).unwrap()).unwrap(),
            });
        }
    }
    lines
}

/// All files below a folder that may not be there.
pub fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs_err::read_dir(dir) else {
        return found;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// Waits until `done`, for at most half a minute.
pub async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(30), async {
        while !done().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(waited.await.is_ok(), "never: {what}");
}
