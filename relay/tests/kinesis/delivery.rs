//! Every event once a record, under its user's key; failures, throttles, lost answers.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_kinesis::config::Credentials;
use clickstream_relay::clock::SystemClock;
use clickstream_relay::forward::counters::{Counters, Totals};
use clickstream_relay::forward::patience::Patience;
use clickstream_relay::forward::stream::{self, Settings};
use clickstream_relay::sink::aws::Calls;
use clickstream_relay::sink::kinesis::{self, Config};
use clickstream_relay::spool::{self, Entry, RealFiles, Spool};
use clickstream_relay::stop::Shutdown;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::server::{Faults, Kinesis, Taken};

/// Longer than anything here takes on a slow machine.
const LONG: Duration = Duration::from_secs(120);

fn open_spool(dir: &Path) -> Spool {
    let clock = Arc::new(SystemClock::default());
    Spool::open(&spool::Config::new(dir), Arc::new(RealFiles), clock).unwrap()
}

fn event(number: usize) -> String {
    format!(r#"{{"userId":"{}","messageId":"m-{number}"}}"#, number % 10)
}

async fn append(spool: &Spool, lines: impl IntoIterator<Item = String>) {
    let entries = lines.into_iter().map(|line| Entry {
        received_at: 1_767_322_985_006,
        key: spool.key("test", 0, &line),
        line: line.into_bytes(),
    });
    let entries: Vec<Entry> = entries.collect();
    for entries in entries.chunks(8) {
        spool.append(entries.to_vec()).await.unwrap();
    }
}

struct Forwarding {
    counters: Arc<Counters>,
    stop: watch::Sender<Option<Duration>>,
    task: JoinHandle<()>,
}

async fn forward(spool: &Spool, url: &str, name: &str) -> Forwarding {
    let config = Config {
        calls: Calls {
            endpoint_url: Some(url.to_owned()),
            ..Calls::default()
        },
        ..Config::new(name)
    };
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("any", "any", None, None, "test"));
    let sender = kinesis::Kinesis::connect_with(&config, loader).await;
    let settings = Settings {
        in_flight: 4,
        linger: Duration::from_millis(5),
        patience: Patience {
            first_pause: Duration::from_millis(1),
            longest_pause: Duration::from_millis(20),
            ..Patience::default()
        },
        seed: 1,
    };
    let counters = Arc::new(Counters::default());
    let (stop, asked) = watch::channel(None);
    let told = Arc::clone(&counters);
    let running = stream::run(spool.clone(), sender, settings, told, Shutdown::new(asked));
    let task = tokio::spawn(running);
    Forwarding {
        counters,
        stop,
        task,
    }
}

impl Forwarding {
    async fn finish(self) -> Totals {
        self.stop.send_replace(Some(LONG));
        self.task.await.unwrap();
        self.counters.totals()
    }
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < LONG, "not within two minutes: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn times(taken: &[Taken]) -> HashMap<&str, u64> {
    let mut times = HashMap::new();
    for record in taken {
        *times.entry(&*record.data).or_default() += 1;
    }
    times
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_is_a_record_under_its_users_key() {
    let (dir, stream) = (
        TempDir::new().unwrap(),
        Kinesis::start(Faults::default()).await,
    );
    let spool = open_spool(dir.path());
    append(&spool, (0..2_000).map(event)).await;
    append(
        &spool,
        [r#"{"anonymousId":"a-1","messageId":"m"}"#.to_owned()],
    )
    .await;
    let totals = forward(&spool, &stream.url, "clicks").await.finish().await;
    let seen = stream.seen();
    assert_eq!(seen.broken, Vec::<String>::new());
    assert_eq!(times(&seen.taken).len(), 2_001);
    assert_eq!((seen.taken.len(), totals.records), (2_001, 2_001));
    let mut keys = BTreeMap::<&str, usize>::new();
    for record in &seen.taken {
        *keys.entry(&record.key).or_default() += 1;
        let event: serde_json::Value = serde_json::from_str(&record.data).unwrap();
        let user = event["userId"].as_str().unwrap_or("a-1");
        assert_eq!(record.key, user);
    }
    assert_eq!((keys.len(), keys["3"], keys["a-1"]), (11, 200, 1));
    assert_eq!(totals.billed_bytes, 2_001 * 1024);
    assert_eq!(spool.totals().delivered, 2_001);
    assert!(spool.totals().balance());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_records_alone_are_sent_again_and_what_may_be_double_is_counted() {
    let faults = Faults {
        fail: 100,
        throttle: 200,
        lost: 100,
    };
    let (dir, stream) = (TempDir::new().unwrap(), Kinesis::start(faults).await);
    let spool = open_spool(dir.path());
    let forwarding = forward(&spool, &stream.url, "clicks").await;
    for round in 0..60 {
        append(&spool, (round * 40..round * 40 + 40).map(event)).await;
    }
    let totals = forwarding.finish().await;
    let seen = stream.seen();
    let times = times(&seen.taken);
    for number in 0..2_400 {
        assert!(
            times.contains_key(&*event(number)),
            "event {number} is lost"
        );
    }
    for happened in [seen.failed_records, seen.throttled_calls, seen.lost_answers] {
        assert!(happened > 0, "{totals:?}");
    }
    assert_eq!(seen.broken, Vec::<String>::new());
    assert_eq!(totals.throttled_calls, seen.throttled_calls);
    assert_eq!(totals.unanswered_calls, seen.lost_answers);
    let doubles: u64 = times.values().map(|times| times - 1).sum();
    assert!(doubles <= totals.doubles_at_most, "{doubles} {totals:?}");
    assert_eq!(totals.events, 2_400);
    assert!(spool.totals().balance());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_events_fill_calls_within_the_limits_and_a_longer_one_is_counted() {
    let (dir, stream) = (
        TempDir::new().unwrap(),
        Kinesis::start(Faults::default()).await,
    );
    let spool = open_spool(dir.path());
    let padded = |number: usize, bytes: usize| {
        let text = "x".repeat(bytes);
        format!(r#"{{"userId":"{number}","text":"{text}"}}"#)
    };
    append(&spool, (0..16).map(|number| padded(number, 900_000))).await;
    append(&spool, [padded(99, 1 << 20)]).await;
    let totals = forward(&spool, &stream.url, "clicks").await.finish().await;
    let seen = stream.seen();
    assert_eq!(seen.broken, Vec::<String>::new());
    assert_eq!((seen.taken.len(), totals.too_long), (16, 1));
    assert_eq!(spool.totals().failed, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_missing_or_not_ready_is_said_and_waited_for() {
    let (dir, stream) = (
        TempDir::new().unwrap(),
        Kinesis::start(Faults::default()).await,
    );
    let spool = open_spool(dir.path());
    append(&spool, (0..10).map(event)).await;
    for (name, words) in [
        ("other", "the stream other"),
        ("clicks", "is being created or deleted: wait for it"),
    ] {
        stream.turn("CREATING");
        let forwarding = forward(&spool, &stream.url, name).await;
        until(words, || {
            let said = spool.health().delivery.unwrap_or_default();
            said.contains(words)
        })
        .await;
        if name == "other" {
            let said = spool.health().delivery.unwrap();
            assert!(said.contains("does not exist: create it"), "{said}");
            forwarding.task.abort();
            let _ = forwarding.task.await;
            continue;
        }
        stream.turn("ACTIVE");
        forwarding.finish().await;
    }
    assert_eq!(stream.seen().taken.len(), 10);
    assert_eq!(spool.health().delivery, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_trouble_under_way_is_said_and_survived_without_a_restart() {
    let (dir, stream) = (
        TempDir::new().unwrap(),
        Kinesis::start(Faults::default()).await,
    );
    let spool = open_spool(dir.path());
    let forwarding = forward(&spool, &stream.url, "clicks").await;
    let troubles = [
        ("ExpiredTokenException", "have expired: renew them"),
        ("AccessDeniedException", "allow kinesis:PutRecords"),
        ("UnrecognizedClientException", "check key, secret and clock"),
        ("ProvisionedThroughputExceededException", "throttles"),
        ("ResourceNotFoundException", "does not exist: create it"),
    ];
    for (number, (code, words)) in (1..).zip(troubles) {
        append(&spool, (number * 100..number * 100 + 50).map(event)).await;
        let so_far = (number as u64 * 2 - 1) * 50;
        until("all is well", || spool.totals().delivered == so_far).await;
        assert_eq!(spool.health().delivery, None, "{code}");
        stream.refuse(Some(code));
        append(&spool, (number * 100 + 50..number * 100 + 100).map(event)).await;
        until(words, || {
            spool.health().delivery.unwrap_or_default().contains(words)
        })
        .await;
        stream.refuse(None);
        until("it goes on", || spool.totals().delivered == so_far + 50).await;
    }
    let totals = forwarding.finish().await;
    let seen = stream.seen();
    assert_eq!((times(&seen.taken).len(), seen.taken.len()), (500, 500));
    assert_eq!((totals.events, totals.doubles_at_most), (500, 0));
    assert!(spool.totals().balance());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_is_refused_for_ever_is_set_aside_and_a_replay_reads_it() {
    let (dir, stream) = (
        TempDir::new().unwrap(),
        Kinesis::start(Faults::default()).await,
    );
    stream.fail_records_with("\"m-7\"");
    let spool = open_spool(dir.path());
    append(&spool, (0..100).map(event)).await;
    let totals = forward(&spool, &stream.url, "clicks").await.finish().await;
    assert_eq!(stream.seen().taken.len(), 99);
    assert_eq!((totals.set_aside, totals.too_long), (1, 0));
    let books = spool.totals();
    assert_eq!((books.delivered, books.failed, books.waiting), (99, 1, 0));
    assert!(books.balance() && spool.health().delivery.is_none());
    let names = fs_err::read_dir(dir.path()).unwrap();
    let mut paths = names.map(|name| name.unwrap().path());
    let kept = paths.find(|path| path.display().to_string().contains("/refused-"));
    let text = fs_err::read_to_string(kept.unwrap()).unwrap();
    assert!(text.contains(r#""errorCode":"InternalFailure""#), "{text}");
    let found = clickstream_relay::tools::replay::input::events(text.as_bytes());
    let found: Vec<_> = found
        .into_iter()
        .map(|event| event.unwrap().members.write())
        .collect();
    assert_eq!(found, [event(7).into_bytes()]);
}

/// `check` of the program itself, with what it says and how it ends.
async fn check(stream: &Kinesis, name: &str) -> (bool, String) {
    let folder = TempDir::new().unwrap();
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_clickstream-relay"))
        .args([
            "check",
            "--listen",
            "127.0.0.1:0",
            "--write-key",
            "browser:shop:k",
        ])
        .args([
            "--sink",
            "kinesis",
            "--stream",
            name,
            "--endpoint-url",
            &stream.url,
        ])
        .arg("--spool-dir")
        .arg(folder.path().join("spool"))
        .env_clear()
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .output()
        .await
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    (output.status.success(), said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_tries_the_stream() {
    let stream = Kinesis::start(Faults::default()).await;
    let (good, said) = check(&stream, "clicks").await;
    assert!(
        good && said.contains("kinesis, the stream clicks"),
        "{said}"
    );
    let (good, said) = check(&stream, "other").await;
    assert!(
        !good && said.contains("does not exist: create it"),
        "{said}"
    );
}
