//! What a stream costs: bytes billed, objects, partitions; each figure beside what the server saw.

use std::time::Duration;

use clickstream_relay::forward::pack::Packing;
use clickstream_relay::forward::stream::Settings;
use clickstream_relay::sink::firehose::Config;
use tempfile::TempDir;

use crate::lab::{
    NOW_MS, append, clickstream, config, event, forward, forward_with, objects, open_spool, serve,
    settings, until,
};

/// As long as an event of the tracker.
fn usual(number: usize) -> String {
    format!(
        r#"{{"userId":"{}","messageId":"m-{number}","text":"{}"}}"#,
        number % 10,
        "x".repeat(740)
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vector_1407_under_load_at_most_1_05_bytes_are_billed_for_each_of_an_event() {
    let (dir, stream) = (TempDir::new().unwrap(), serve(clickstream(), "").await);
    let spool = open_spool(dir.path());
    append(&spool, (0..20_000).map(usual)).await;
    let forwarding = forward(&spool, &stream.url, "clickstream", settings()).await;
    let totals = forwarding.finish().await;
    let (_, times) = stream.stop().await;
    assert_eq!(times.len(), 20_000);
    let bytes: usize = (0..20_000).map(|number| usual(number).len()).sum();
    assert_eq!(totals.event_bytes, bytes as u64);
    assert!(
        totals.billed_bytes * 100 <= totals.event_bytes * 105,
        "{totals:?}"
    );
    assert_eq!(totals.saved_bytes + totals.billed_bytes, 20_000 * 5_120);
    let (billed, bytes) = (totals.billed_bytes, totals.event_bytes);
    println!(
        "{billed} bytes billed for {bytes}, {} records",
        totals.records
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_worth_a_call_goes_at_once_and_what_is_not_waits() {
    let (dir, stream) = (TempDir::new().unwrap(), serve(clickstream(), "").await);
    let spool = open_spool(dir.path());
    let patient = Settings {
        linger: Duration::from_secs(3_600),
        ..settings()
    };
    let forwarding = forward(&spool, &stream.url, "clickstream", patient).await;
    append(&spool, (0..20).map(usual)).await;
    let counters = forwarding.counters.clone();
    append(&spool, (20..200).map(usual)).await;
    // 150 KiB, an hour before the linger.
    until("what is worth it has gone", || {
        counters.totals().events >= 130
    })
    .await;
    assert_eq!(
        counters.totals().calls,
        1,
        "the first 20 waited for company"
    );
    let totals = forwarding.finish().await;
    let (_, times) = stream.stop().await;
    assert_eq!((times.len(), totals.events), (200, 200));
    assert!(
        totals.billed_bytes * 100 <= totals.event_bytes * 110,
        "{totals:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_and_partitions_are_foreseen_as_the_stream_makes_them() {
    let (dir, stream) = (TempDir::new().unwrap(), serve(clickstream(), "").await);
    let spool = open_spool(dir.path());
    let near = Config {
        active_partitions: 12,
        ..config(&stream.url, "clickstream")
    };
    let nameless = r#"{"messageId":"nobody"}"#.to_owned();
    append(&spool, (0..1_000).map(event).chain([nameless])).await;
    let forwarding = forward_with(&spool, &near, settings()).await;
    let counters = forwarding.counters.clone();
    forwarding.finish().await;
    let (folder, seen) = (
        stream.dir.path().join("raw"),
        counters.foreseen.seen(NOW_MS),
    );
    // Read before the server's folder goes with it.
    let made = stream
        .stop_and(|| objects(&folder.join("clickstream")).len())
        .await;
    assert_eq!((seen.active, seen.objects, seen.events), (10, 10, 1_000));
    assert_eq!(seen.objects, made as u64);
    assert_eq!(seen.objects_per_million(), 10_000);
    let note = seen.note().unwrap();
    assert!(note.starts_with("10 of 12 active partitions"), "{note}");
    // The stream's buffer interval later all of them are objects.
    assert_eq!(counters.foreseen.seen(NOW_MS + 60_000).active, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setting_overrides_how_the_stream_wants_its_records() {
    let (dir, stream) = (TempDir::new().unwrap(), serve(clickstream(), "").await);
    let spool = open_spool(dir.path());
    append(&spool, (0..600).map(event)).await;
    let one = Config {
        packing: Some(Packing::One { newline: true }),
        ..config(&stream.url, "clickstream")
    };
    let totals = forward_with(&spool, &one, settings()).await.finish().await;
    let (served, times) = stream.stop().await;
    assert_eq!((totals.records, served.records), (600, 600));
    assert_eq!(times.len(), 600);
    assert_eq!(totals.billed_bytes, 600 * 5_120);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lunasec_219_every_object_is_lines_of_json() {
    let (dir, stream) = (
        TempDir::new().unwrap(),
        serve(clickstream(), "fail=0.2,seed=3").await,
    );
    let spool = open_spool(dir.path());
    append(&spool, (0..3_000).map(event)).await;
    forward(&spool, &stream.url, "clickstream", settings())
        .await
        .finish()
        .await;
    let folder = stream.dir.path().join("raw");
    let lines = stream
        .stop_and(|| {
            let texts = objects(&folder)
                .into_iter()
                .map(|path| fs_err::read_to_string(path).unwrap());
            let texts: Vec<String> = texts.collect();
            assert!(texts.iter().all(|text| text.ends_with('\n')));
            let lines = texts.iter().flat_map(|text| text.lines());
            lines
                .map(|line| serde_json::from_str::<serde_json::Map<_, _>>(line).unwrap())
                .filter(|event| event.contains_key("userId"))
                .count()
        })
        .await;
    assert_eq!(lines, 3_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rudder_server_4953_an_event_that_can_never_be_sent_holds_up_nothing() {
    let (dir, stream) = (TempDir::new().unwrap(), serve(clickstream(), "").await);
    let spool = open_spool(dir.path());
    append(&spool, (0..100).map(event)).await;
    append(
        &spool,
        [format!(
            r#"{{"userId":"1","text":"{}"}}"#,
            "x".repeat(1_024_000)
        )],
    )
    .await;
    append(&spool, (100..200).map(event)).await;
    let totals = forward(&spool, &stream.url, "clickstream", settings())
        .await
        .finish()
        .await;
    let (_, times) = stream.stop().await;
    assert_eq!((times.len(), totals.too_long), (200, 1));
    assert_eq!(totals.set_aside, 1);
    let books = spool.totals();
    assert_eq!((books.delivered, books.failed, books.waiting), (200, 1, 0));
    assert!(books.balance());
    // It is kept, with why.
    let kept = fs_err::read_to_string(dir.path().join("refused-101")).unwrap();
    assert_eq!(kept.lines().count(), 1);
    assert!(kept.contains("Relay.RecordTooLong") && kept.len() > 1_024_000);
}
