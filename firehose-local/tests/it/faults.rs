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
