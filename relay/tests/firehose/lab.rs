//! A spool, a stream's server and a forwarder between them, all real.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_firehose::config::Credentials;
use clickstream_relay::clock::{Clock, SystemClock};
use clickstream_relay::forward::counters::{Counters, Totals};
use clickstream_relay::forward::patience::Patience;
use clickstream_relay::forward::stream::{self, Settings};
use clickstream_relay::sink::aws::Calls;
use clickstream_relay::sink::firehose::{Config, Firehose};
use clickstream_relay::spool::{self, Entry, RealFiles, Spool};
use clickstream_relay::stop::Shutdown;
use firehose_local::server::{self, Server};
use firehose_local::{PartitionBy, StreamConfig};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Longer than anything here takes on a slow machine.
const LONG: Duration = Duration::from_secs(120);

pub fn settings() -> Settings {
    Settings {
        in_flight: 4,
        linger: Duration::from_millis(5),
        patience: Patience {
            first_pause: Duration::from_millis(1),
            longest_pause: Duration::from_millis(20),
            ..Patience::default()
        },
        seed: 1,
    }
}

pub fn open_spool(dir: &Path) -> Spool {
    let clock = Arc::new(SystemClock::default());
    Spool::open(&spool::Config::new(dir), Arc::new(RealFiles), clock).unwrap()
}

/// As [`open_spool`], once the one before has let go of it: a killed task's last write may
/// still be under way on another thread.
pub async fn reopen_spool(dir: &Path) -> Spool {
    let begun = Instant::now();
    loop {
        let clock = Arc::new(SystemClock::default());
        match Spool::open(&spool::Config::new(dir), Arc::new(RealFiles), clock) {
            Ok(spool) => return spool,
            Err(error) => assert!(begun.elapsed() < LONG, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

pub async fn append(spool: &Spool, lines: impl IntoIterator<Item = String>) {
    let entries: Vec<Entry> = lines
        .into_iter()
        .map(|line| Entry {
            received_at: 1_767_322_985_006,
            key: spool.key("test", 0, &line),
            line: line.into_bytes(),
        })
        .collect();
    // Within what the spool's queue holds.
    let long = entries.iter().map(|entry| entry.line.len()).max();
    let most = (8 << 20) / long.unwrap_or(1);
    for entries in entries.chunks(most.clamp(1, 10_000)) {
        spool.append(entries.to_vec()).await.unwrap();
    }
}

/// An event, all different, of ten users.
pub fn event(number: usize) -> String {
    format!(r#"{{"userId":"{}","messageId":"m-{number}"}}"#, number % 10)
}

pub struct Stream {
    pub dir: TempDir,
    pub url: String,
    counters: Arc<server::Counters>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), server::Undelivered>>,
}

pub fn clickstream() -> StreamConfig {
    StreamConfig {
        active_partitions: 5000,
        ..StreamConfig::clickstream(PartitionBy::User)
    }
}

pub async fn serve(stream: StreamConfig, faults: &str) -> Stream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    serve_on(listener, stream, faults).await
}

pub async fn serve_on(listener: TcpListener, stream: StreamConfig, faults: &str) -> Stream {
    let dir = TempDir::new().unwrap();
    let server = Server::new(server::Config {
        streams: vec![stream],
        faults: faults.parse().unwrap(),
        ..server::Config::new(
            dir.path(),
            [1; 32],
            Arc::new(firehose_local::clock::SystemClock),
        )
    })
    .unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let counters = server.counters();
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(server.serve(listener, async {
        let _ = stopped.await;
    }));
    Stream {
        dir,
        url,
        counters,
        stop,
        task,
    }
}

impl Stream {
    /// Stops it, and counts how often each line lies in its folder.
    pub async fn stop(self) -> (server::Totals, HashMap<String, u64>) {
        let counters = Arc::clone(&self.counters);
        let raw = self.dir.path().join("raw");
        let times = self.stop_and(|| lines(&raw)).await;
        (counters.totals(), times)
    }

    /// Stops it, and looks at what it has written before its folder goes.
    pub async fn stop_and<T>(self, look: impl FnOnce() -> T) -> T {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap();
        look()
    }
}

fn lines(dir: &Path) -> HashMap<String, u64> {
    let mut times = HashMap::new();
    for path in objects(dir) {
        for line in fs_err::read_to_string(&path).unwrap().lines() {
            *times.entry(line.to_owned()).or_default() += 1;
        }
    }
    times
}

/// All files below a folder.
pub fn objects(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push(path),
            }
        }
    }
    found
}

/// Always half past three, so that no test crosses a full hour.
#[derive(Debug)]
struct FixedClock;

pub const NOW_MS: u64 = 1_767_324_600_000;

impl Clock for FixedClock {
    fn now_ms(&self) -> u64 {
        NOW_MS
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// A forwarder under way.
pub struct Forwarding {
    pub counters: Arc<Counters>,
    stop: watch::Sender<Option<Duration>>,
    task: JoinHandle<()>,
}

pub fn config(url: &str, name: &str) -> Config {
    Config {
        calls: Calls {
            endpoint_url: Some(url.to_owned()),
            timeout: Duration::from_secs(10),
            ..Calls::default()
        },
        ..Config::new(name)
    }
}

pub async fn forward(spool: &Spool, url: &str, name: &str, settings: Settings) -> Forwarding {
    let config = config(url, name);
    forward_with(spool, &config, settings).await
}

pub async fn forward_with(spool: &Spool, config: &Config, settings: Settings) -> Forwarding {
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("any", "any", None, None, "test"));
    let counters = Arc::new(Counters::default());
    let clock = Arc::new(FixedClock);
    let told = Arc::clone(&counters);
    let sender = Firehose::connect_with(config, clock, told, loader).await;
    let (stop, asked) = watch::channel(None);
    let running = stream::run(
        spool.clone(),
        sender,
        settings,
        Arc::clone(&counters),
        Shutdown::new(asked),
    );
    Forwarding {
        counters,
        stop,
        task: tokio::spawn(running),
    }
}

impl Forwarding {
    /// Delivers what is durable, then stops.
    pub async fn finish(self) -> Totals {
        self.stop.send_replace(Some(LONG));
        self.task.await.unwrap();
        self.counters.totals()
    }

    /// Ends it as a kill does: in the middle of whatever it does.
    pub async fn kill(self) -> Totals {
        self.task.abort();
        let _ = self.task.await;
        self.counters.totals()
    }
}

/// Waits until it holds.
pub async fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < LONG, "not within two minutes: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
