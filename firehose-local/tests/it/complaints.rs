//! What users of other tools complained of, each with the number that it has in the project's list of
//! complaints, and the thread it came from.

use crate::running::{files, record, start};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use firehose_local::{ConfigError, PartitionBy, Stream, StreamConfig};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How often each event's number is in the bucket's objects of data.
fn events(objects: &BTreeMap<String, String>) -> BTreeMap<u64, usize> {
    let mut seen = BTreeMap::new();
    let data = objects.iter().filter(|(key, _)| !key.contains("-errors/"));
    for line in data.flat_map(|(_, text)| text.lines()) {
        let event: Value = serde_json::from_str(line).unwrap();
        *seen.entry(event["n"].as_u64().unwrap()).or_default() += 1;
    }
    seen
}

fn event(number: u64) -> Vec<u8> {
    format!(r#"{{"userId":"{}","n":{number}}}"#, number % 7).into_bytes()
}

/// awslabs/lambda-streams-to-firehose#37, aws/aws-sdk-go#1670: a 200 whose FailedPutCount nobody read.
/// vectordotdev/vector#359, #16703: the whole batch sent again for it, and so events doubled.
#[tokio::test]
async fn complaints_47_and_48_of_30_percent_failures_none_is_lost_and_none_doubled() {
    const EVENTS: u64 = 600;
    let server = start(1, "fail=0.3,seed=4").await;
    let client = server.client();
    let (mut waiting, mut calls): (Vec<u64>, _) = ((0..EVENTS).collect(), 0);
    while !waiting.is_empty() {
        let batch: Vec<u64> = waiting.drain(..waiting.len().min(100)).collect();
        let answer = client
            .put_record_batch()
            .delivery_stream_name("clickstream")
            .set_records(Some(batch.iter().map(|n| record(event(*n))).collect()))
            .send()
            .await
            .unwrap();
        calls += 1;
        let entries = answer.request_responses();
        assert_eq!(entries.len(), batch.len(), "an entry for each record");
        let failed: Vec<u64> = batch
            .into_iter()
            .zip(entries)
            .filter(|(_, entry)| entry.record_id().is_none())
            .map(|(number, _)| number)
            .collect();
        assert_eq!(usize::try_from(answer.failed_put_count()), Ok(failed.len()));
        waiting.extend(failed);
    }
    let (totals, dir) = server.stop().await;
    let seen = events(&files(&dir.path().join("raw")));
    assert!(totals.failed_records > 100 && calls > 6, "{totals:?}");
    assert_eq!(seen.len() as u64, EVENTS, "lost");
    assert!(seen.values().all(|times| *times == 1), "doubled");
}

/// lunasec-io/lunasec#219: events joined without a line's end between them.
#[tokio::test]
async fn complaint_53_every_object_is_lines_of_json() {
    let server = start(1, "").await;
    let client = server.client();
    for data in [
        r#"{"userId":"1","n":1}"#,
        r#"{"userId":"1","n":2}{"userId":"2","n":3}"#,
        "{\"userId\":\"2\",\"n\":4}\n\n {\"userId\":\"1\",\"n\":5}\n",
        "{\"n\":6}",
        "no JSON",
    ] {
        let put = client.put_record().delivery_stream_name("clickstream");
        put.record(record(data)).send().await.unwrap();
    }
    let (_, dir) = server.stop().await;
    let objects = files(&dir.path().join("raw"));
    for (key, text) in &objects {
        assert!(text.ends_with('\n'), "{key}: {text}");
        for line in text.lines() {
            let value: Value = serde_json::from_str(line).unwrap();
            assert!(value.is_object(), "{key}: {line}");
        }
    }
    assert_eq!(events(&objects).len(), 5);
}

/// floci-io/floci#3393: the shape of error objects was known by probing AWS only.
#[tokio::test]
async fn complaint_54_an_error_object_has_awss_members_in_their_order_and_gives_the_record_back() {
    let server = start(1, "").await;
    let sent = r#"{"event":"nobody's","a":"\"é"}"#;
    let put = server
        .client()
        .put_record()
        .delivery_stream_name("clickstream");
    put.record(record(sent)).send().await.unwrap();
    let (_, dir) = server.stop().await;
    let objects = files(&dir.path().join("raw"));
    let (key, text) = objects.first_key_value().unwrap();
    assert!(
        key.starts_with("clickstream-errors/metadata-extraction-failed/year="),
        "{key}"
    );
    let line = text.strip_suffix('\n').unwrap();
    let names: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
    let members = [
        "attemptsMade",
        "arrivalTimestamp",
        "errorCode",
        "errorMessage",
        "attemptEndingTimestamp",
        "rawData",
    ];
    let places = members.map(|member| names.iter().position(|name| *name == member));
    assert!(places.iter().all(Option::is_some), "{line}");
    assert!(places.is_sorted(), "{line}");
    let value: Value = serde_json::from_str(line).unwrap();
    assert_eq!(value.as_object().unwrap().len(), members.len());
    let data = STANDARD.decode(value["rawData"].as_str().unwrap()).unwrap();
    assert_eq!(String::from_utf8(data).unwrap(), sent);
}

/// localstack/localstack#8169, #7024, getmoto/moto#1691, floci-io/floci#1886: partitioning, buffering and
/// errors cannot be tried on one's own machine. The stream is that of `infrastructure/kinesis.tf`, which
/// a test of the journeys compares with it.
#[tokio::test]
async fn complaint_55_partitions_buffers_and_errors_are_seen_on_this_machine() {
    let server = start(60, "").await;
    let client = server.client();
    let records = (0..14).map(event).chain([b"{}".to_vec()]).map(record);
    let put = client
        .put_record_batch()
        .delivery_stream_name("clickstream")
        .set_records(Some(records.collect()));
    put.send().await.unwrap();
    let begun = Instant::now();
    // The interval delivers, a second each here; nothing is stopped.
    while server.totals().objects < 7 || server.totals().error_objects < 1 {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let objects = files(&server.dir.path().join("raw"));
    for user in 0..7 {
        let prefix = format!("clickstream/userId={user}/year=");
        let own: Vec<&String> = objects
            .iter()
            .filter(|(key, _)| key.starts_with(&prefix))
            .map(|(_, text)| text)
            .collect();
        assert_eq!(own.len(), 1, "one object for two records: {objects:?}");
        assert_eq!(own[0].lines().count(), 2, "{}", own[0]);
    }
    let failed = "clickstream-errors/metadata-extraction-failed/year=";
    assert!(objects.keys().any(|key| key.starts_with(failed)));
}

/// The words that a stream of ours is refused with once it is changed so.
fn refused(change: impl FnOnce(&mut StreamConfig)) -> String {
    let mut config = StreamConfig::clickstream(PartitionBy::User);
    change(&mut config);
    let refused: ConfigError = Stream::new(config).unwrap_err();
    refused.to_string()
}

/// hashicorp/terraform-provider-aws#29092: found by applying only.
#[test]
fn complaint_56_keys_without_partitioning_are_refused_in_awss_words() {
    assert_eq!(
        refused(|config| {
            config.dynamic_partitioning = false;
            config.processing = false;
            config.processors.clear();
        }),
        "Dynamic Partitioning Namespaces can only be part of a prefix expression when Dynamic Partitioning is enabled."
    );
}

/// hashicorp/terraform-provider-aws#13416, awslabs/aws-solutions-constructs#648.
#[test]
fn complaint_58_a_missing_error_prefix_and_a_small_buffer_are_refused_in_awss_words() {
    assert_eq!(
        refused(|config| config.error_output_prefix.clear()),
        "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions"
    );
    assert_eq!(
        refused(|config| config.buffering_size_mib = 5),
        "BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled."
    );
}
