//! Limits reached, faults survived, books balanced.

use std::collections::HashMap;

use firehose_local::{Processor, StreamConfig};
use tempfile::TempDir;

use crate::lab::{
    append, clickstream, event, forward, open_spool, reopen_spool, serve, settings, until,
};

/// How many of these came, and how many of them more than once.
fn check_none_lost(times: &HashMap<String, u64>, events: usize) -> u64 {
    for number in 0..events {
        assert!(times.contains_key(&event(number)), "event {number} is lost");
    }
    assert_eq!(times.len(), events, "something else came too");
    times.values().map(|times| times - 1).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_hold_500_events_and_everything_arrives_once() {
    let (dir, stream) = (TempDir::new().unwrap(), serve(clickstream(), "").await);
    let spool = open_spool(dir.path());
    append(&spool, (0..20_250).map(event)).await;
    let forwarding = forward(&spool, &stream.url, "clickstream", settings()).await;
    let totals = forwarding.finish().await;
    let (served, times) = stream.stop().await;
    assert_eq!(check_none_lost(&times, 20_250), 0);
    assert_eq!((totals.events, totals.doubles_at_most), (20_250, 0));
    // 40 full records and what was left over; one more would be a record over the limit split.
    assert_eq!(totals.records, served.records);
    assert!((41..=44).contains(&totals.records), "{totals:?}");
    assert_eq!(served.errored_records, 0);
    let bytes: u64 = (0..20_250)
        .map(|number| event(number).len() as u64 + 1)
        .sum();
    assert!(
        totals.billed_bytes * 100 <= bytes * 125,
        "{totals:?} of {bytes}"
    );
    assert_eq!(totals.billed_bytes + totals.saved_bytes, 20_250 * 5_120);
    let books = spool.totals();
    assert_eq!((books.delivered, books.waiting), (20_250, 0));
    assert!(books.balance());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_takes_nothing_apart_gets_500_records_a_call() {
    let unpacked = StreamConfig {
        processors: clickstream()
            .processors
            .into_iter()
            .filter(|found| *found != Processor::record_deaggregation_json())
            .collect(),
        ..clickstream()
    };
    let (dir, stream) = (TempDir::new().unwrap(), serve(unpacked, "").await);
    let spool = open_spool(dir.path());
    append(&spool, (0..2_000).map(event)).await;
    let forwarding = forward(&spool, &stream.url, "clickstream", settings()).await;
    let totals = forwarding.finish().await;
    let (served, times) = stream.stop().await;
    assert_eq!(check_none_lost(&times, 2_000), 0);
    assert_eq!((totals.records, totals.calls), (2_000, 4));
    assert_eq!(served.records, 2_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lambda_streams_to_firehose_37_and_vector_359_only_failed_records_are_sent_again() {
    let stream = serve(clickstream(), "fail=0.3,seed=5").await;
    let dir = TempDir::new().unwrap();
    let spool = open_spool(dir.path());
    append(&spool, (0..30_000).map(event)).await;
    let forwarding = forward(&spool, &stream.url, "clickstream", settings()).await;
    let totals = forwarding.finish().await;
    let (served, times) = stream.stop().await;
    // Not one record of those that were taken was sent again.
    assert_eq!(check_none_lost(&times, 30_000), 0);
    assert!(served.failed_records > 0);
    assert_eq!(totals.failed_records, served.failed_records);
    assert_eq!(totals.records, served.records);
    assert_eq!(totals.doubles_at_most, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_faults_together_lose_nothing_and_doubles_stay_below_what_is_counted() {
    let faults = "throttle=0.1,fail=0.1,cut=0.1,lost=0.1,seed=11";
    let stream = serve(clickstream(), faults).await;
    let dir = TempDir::new().unwrap();
    let spool = open_spool(dir.path());
    let forwarding = forward(&spool, &stream.url, "clickstream", settings()).await;
    // Many small calls, so that each fault happens many times.
    for round in 0..120 {
        append(&spool, (round * 50..round * 50 + 50).map(event)).await;
        until("this round is on its way", || {
            forwarding.counters.totals().events >= (round as u64).saturating_sub(3) * 50
        })
        .await;
    }
    let totals = forwarding.finish().await;
    let (served, times) = stream.stop().await;
    let doubles = check_none_lost(&times, 6_000);
    for happened in [
        served.throttled_calls,
        served.failed_records,
        served.cut_calls,
        served.lost_answers,
        doubles,
    ] {
        assert!(happened > 0, "{served:?}");
    }
    assert_eq!(totals.throttled_calls, served.throttled_calls);
    assert_eq!(
        totals.unanswered_calls,
        served.cut_calls + served.lost_answers
    );
    assert!(doubles <= totals.doubles_at_most, "{doubles} {totals:?}");
    assert_eq!(totals.events, 6_000);
    assert_eq!((totals.in_flight, totals.in_flight_events), (0, 0));
    assert!(spool.totals().balance());
    assert_eq!(spool.totals().waiting, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_kills_at_most_what_was_in_flight_and_unanswered_comes_twice() {
    let faults = "throttle=0.05,fail=0.05,cut=0.05,lost=0.05,seed=2";
    let stream = serve(clickstream(), faults).await;
    let dir = TempDir::new().unwrap();
    let mut doubles_at_most = 0;
    let mut appended = 0;
    for round in 0..12 {
        let spool = reopen_spool(dir.path()).await;
        append(&spool, (appended..appended + 3_000).map(event)).await;
        appended += 3_000;
        let forwarding = forward(&spool, &stream.url, "clickstream", settings()).await;
        let counters = forwarding.counters.clone();
        let enough = 300 * (round % 5);
        until("some of it is delivered", || {
            counters.totals().events >= enough
        })
        .await;
        let totals = forwarding.kill().await;
        doubles_at_most += totals.doubles_at_most + totals.in_flight_events;
        spool.close().await;
    }
    let spool = reopen_spool(dir.path()).await;
    let forwarding = forward(&spool, &stream.url, "clickstream", settings()).await;
    doubles_at_most += forwarding.finish().await.doubles_at_most;
    let (_, times) = stream.stop().await;
    let doubles = check_none_lost(&times, appended);
    assert!(doubles <= doubles_at_most, "{doubles} > {doubles_at_most}");
    assert!(spool.totals().balance());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_in_flight_are_bounded_while_nothing_is_taken() {
    let stream = serve(clickstream(), "throttle=1").await;
    let dir = TempDir::new().unwrap();
    let spool = open_spool(dir.path());
    append(&spool, (0..100).map(|n| padded(n, 900_000))).await;
    let forwarding = forward(&spool, &stream.url, "clickstream", settings()).await;
    until("calls are throttled", || {
        let totals = forwarding.counters.totals();
        assert!(totals.in_flight <= 4, "{totals:?}");
        totals.throttled_calls >= 20
    })
    .await;
    let totals = forwarding.kill().await;
    assert_eq!((totals.in_flight, totals.events), (4, 0));
    assert_eq!(spool.totals().delivered, 0);
    stream.stop().await;
}

fn padded(number: usize, bytes: usize) -> String {
    format!(
        r#"{{"userId":"1","n":{number},"text":"{}"}}"#,
        "x".repeat(bytes)
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_events_fill_calls_within_their_limit() {
    let (dir, stream) = (TempDir::new().unwrap(), serve(clickstream(), "").await);
    let spool = open_spool(dir.path());
    append(&spool, (0..30).map(|n| padded(n, 700_000))).await;
    let forwarding = forward(&spool, &stream.url, "clickstream", settings()).await;
    let totals = forwarding.finish().await;
    let (served, times) = stream.stop().await;
    assert_eq!((times.len(), served.delivered_records), (30, 30));
    assert_eq!(totals.refused_calls, 0);
}
