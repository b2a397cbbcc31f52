//! Faults on purpose, as a producer sees them.

use crate::running::{files, record, start};
use aws_sdk_firehose::error::{ProvideErrorMetadata, SdkError};
use std::collections::HashMap;

fn event(number: usize) -> String {
    format!(r#"{{"userId":{},"n":{number}}}"#, number % 7)
}

#[tokio::test]
async fn throttling_is_a_500_and_takes_nothing() {
    let server = start(1, "throttle=1").await;
    let refused = server
        .client()
        .put_record_batch()
        .delivery_stream_name("clickstream")
        .records(record(event(1)))
        .send()
        .await
        .unwrap_err();
    assert_eq!(refused.raw_response().unwrap().status().as_u16(), 500);
    let refused = refused.into_service_error();
    assert!(refused.is_service_unavailable_exception());
    assert_eq!(refused.message(), Some("Slow down."));
    let (totals, _) = server.stop().await;
    assert_eq!((totals.records, totals.throttled_calls), (0, 1));
}

#[tokio::test]
async fn a_cut_takes_nothing_and_a_lost_answer_took_all() {
    for (faults, taken) in [("cut=1", 0), ("lost=1", 1)] {
        let server = start(1, faults).await;
        let outcome = server
            .client()
            .put_record()
            .delivery_stream_name("clickstream")
            .record(record(event(1)))
            .send()
            .await;
        assert!(matches!(outcome, Err(SdkError::DispatchFailure(_))));
        let (totals, _) = server.stop().await;
        assert_eq!(totals.delivered_records, taken, "{faults}");
    }
}

#[tokio::test]
async fn who_sends_again_what_failed_loses_nothing() {
    let faults = "throttle=0.2,fail=0.2,cut=0.1,lost=0.1,seed=3";
    let server = start(1, faults).await;
    let client = server.client();
    let mut waiting: Vec<usize> = (0..300).collect();
    let mut doubles_at_most = 0;
    while !waiting.is_empty() {
        let batch: Vec<usize> = waiting.drain(..waiting.len().min(4)).collect();
        let records = batch.iter().map(|n| record(event(*n))).collect();
        let call = client
            .put_record_batch()
            .delivery_stream_name("clickstream")
            .set_records(Some(records));
        match call.send().await {
            Ok(answer) => {
                let responses = answer.request_responses();
                assert_eq!(responses.len(), batch.len());
                let failed = responses.iter().filter(|r| r.error_code().is_some());
                assert_eq!(
                    usize::try_from(answer.failed_put_count()).unwrap(),
                    failed.count()
                );
                for (number, response) in batch.iter().zip(responses) {
                    if let Some(code) = response.error_code() {
                        assert_eq!(code, "ServiceUnavailableException");
                        assert_eq!(response.error_message(), Some("Slow down."));
                        assert_eq!(response.record_id(), None);
                        waiting.push(*number);
                    }
                }
            }
            Err(error) => {
                if matches!(error, SdkError::DispatchFailure(_)) {
                    doubles_at_most += batch.len();
                }
                waiting.extend(batch);
            }
        }
    }
    let (totals, dir) = server.stop().await;
    for happened in [
        totals.throttled_calls,
        totals.failed_records,
        totals.cut_calls,
        totals.lost_answers,
    ] {
        assert!(happened > 0, "{totals:?}");
    }
    let mut times: HashMap<String, usize> = HashMap::new();
    for line in files(&dir.path().join("raw"))
        .values()
        .flat_map(|bytes| bytes.lines())
    {
        *times.entry(line.to_owned()).or_default() += 1;
    }
    assert_eq!(times.len(), 300);
    let doubles: usize = times.values().map(|times| times - 1).sum();
    assert!(doubles > 0 && doubles <= doubles_at_most, "{doubles}");
    assert_eq!(
        totals.records,
        u64::try_from(300 + doubles).unwrap(),
        "{totals:?}"
    );
}

#[tokio::test]
async fn slow_calls_are_answered_and_counted() {
    let server = start(1, "slow=1,delay=0.001").await;
    for n in 0..3 {
        let put = server
            .client()
            .put_record()
            .delivery_stream_name("clickstream")
            .record(record(event(n)));
        put.send().await.unwrap();
    }
    let (totals, _) = server.stop().await;
    assert_eq!((totals.slow_calls, totals.records), (3, 3));
}

#[tokio::test]
async fn a_slow_call_is_late_by_its_delay_or_until_a_stop() {
    let server = start(1, "slow=1,delay=3600").await;
    let client = server.client();
    let put = client
        .put_record()
        .delivery_stream_name("clickstream")
        .record(record(event(1)))
        .send();
    let call = tokio::spawn(put);
    let begun = std::time::Instant::now();
    while server.totals().slow_calls == 0 {
        assert!(begun.elapsed().as_secs() < 60, "the call did not come");
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    assert!(!call.is_finished());
    assert_eq!(server.totals().records, 0, "looked at only then");
    let (totals, _) = server.stop().await;
    call.await.unwrap().unwrap();
    assert_eq!((totals.records, totals.delivered_records), (1, 1));
}

#[tokio::test]
async fn faults_are_read_and_changed_while_it_runs() {
    let server = start(1, "").await;
    let put = || async {
        let put = server
            .client()
            .put_record()
            .delivery_stream_name("clickstream")
            .record(record(event(1)));
        put.send().await.is_ok()
    };
    assert!(put().await);
    let (status, body) = server.ask("PUT /faults ", "", "throttle=1,seed=7\n").await;
    assert_eq!(status, 200, "{body}");
    assert!(!put().await);
    assert!(!put().await);
    let (_, body) = server.ask("GET /faults ", "", "").await;
    let told: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        told["faults"],
        "throttle=1,fail=0,cut=0,lost=0,slow=0,delay=1,control=0,seed=7"
    );
    assert_eq!(
        (&told["calls"], &told["throttled_calls"]),
        (&3.into(), &2.into())
    );
    let (status, body) = server.ask("PUT /faults ", "", "throttle=2").await;
    assert_eq!(status, 400);
    assert!(body.contains("from 0 to 1"), "{body}");
    let (status, _) = server.ask("DELETE /faults ", "", "").await;
    assert_eq!(status, 405);
    // An empty line ends it all.
    server.ask("PUT /faults ", "", "").await;
    assert!(put().await);
    server.stop().await;
}

/// The same seed, set again, is the same sequence.
#[tokio::test]
async fn setting_faults_begins_their_seed_anew() {
    let server = start(1, "").await;
    let mut rounds = Vec::new();
    for _ in 0..2 {
        server.ask("PUT /faults ", "", "throttle=0.5,seed=5").await;
        let mut round = Vec::new();
        for n in 0..20 {
            let put = server
                .client()
                .put_record()
                .delivery_stream_name("clickstream")
                .record(record(event(n)));
            round.push(put.send().await.is_ok());
        }
        rounds.push(round);
    }
    assert_eq!(rounds[0], rounds[1]);
    assert!(rounds[0].contains(&true) && rounds[0].contains(&false));
    server.stop().await;
}

#[tokio::test]
async fn control_calls_beyond_their_rate_are_throttled_and_puts_are_not() {
    // So few a second that no time that a test takes gives another.
    let server = start(1, "control=0.001").await;
    let client = server.client();
    let describe = || {
        client
            .describe_delivery_stream()
            .delivery_stream_name("clickstream")
            .send()
    };
    describe().await.unwrap();
    let refused = describe().await.unwrap_err();
    assert_eq!(refused.raw_response().unwrap().status().as_u16(), 400);
    let refused = refused.into_service_error();
    assert_eq!(refused.code(), Some("ThrottlingException"));
    assert_eq!(refused.message(), Some("Rate exceeded"));
    client.list_delivery_streams().send().await.unwrap();
    for number in 0..10 {
        client
            .put_record()
            .delivery_stream_name("clickstream")
            .record(record(event(number)))
            .send()
            .await
            .unwrap();
    }
    let other_region = server.client_in("us-west-2");
    let asked = other_region.describe_delivery_stream();
    asked
        .delivery_stream_name("clickstream")
        .send()
        .await
        .unwrap();
    let (totals, _) = server.stop().await;
    assert_eq!((totals.records, totals.throttled_control_calls), (10, 1));
}
