//! A stream's life: CREATING, ACTIVE, DELETING, gone; its encryption; a restart.

use crate::control::{by_team, empty};
use crate::running::{Running, config, files, record, start_with};
use aws_sdk_firehose::error::ProvideErrorMetadata;
use aws_sdk_firehose::types::DeliveryStreamEncryptionStatus as Encryption;
use firehose_local::server::{self, Server};
use firehose_local::{PartitionBy, StreamConfig};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A server whose streams take this long to be made and deleted.
async fn slow(transition: Duration) -> Running {
    let dir = TempDir::new().unwrap();
    let config = server::Config {
        transition,
        ..config(dir.path())
    };
    start_with(dir, config).await
}

const FOR_EVER: Duration = Duration::from_secs(100_000);

async fn create(server: &Running, name: &str) {
    server
        .client()
        .create_delivery_stream()
        .delivery_stream_name(name)
        .extended_s3_destination_configuration(by_team())
        .send()
        .await
        .unwrap();
}

async fn status(server: &Running, name: &str) -> Option<String> {
    let stream = server.described(name).await.ok()?;
    Some(stream.delivery_stream_status().as_str().to_owned())
}

async fn put(server: &Running, name: &str, text: &str) -> Result<(), String> {
    let put = server
        .client()
        .put_record()
        .delivery_stream_name(name)
        .record(record(text));
    let error = put
        .send()
        .await
        .err()
        .map(|error| error.into_service_error());
    error.map_or(Ok(()), |error| Err(error.code().unwrap().to_owned()))
}

async fn delete(server: &Running, name: &str) -> Result<(), String> {
    let delete = server
        .client()
        .delete_delivery_stream()
        .delivery_stream_name(name);
    let error = delete
        .send()
        .await
        .err()
        .map(|error| error.into_service_error());
    error.map_or(Ok(()), |error| Err(error.code().unwrap().to_owned()))
}

#[tokio::test]
async fn a_stream_that_is_creating_takes_nothing_and_cannot_be_deleted() {
    let server = slow(FOR_EVER).await;
    create(&server, "orders").await;
    assert_eq!(status(&server, "orders").await.unwrap(), "CREATING");
    let refused = put(&server, "orders", r#"{"team":"a"}"#).await;
    assert_eq!(refused, Err("ResourceNotFoundException".into()));
    let refused = delete(&server, "orders").await;
    assert_eq!(refused, Err("ResourceInUseException".into()));
    server.stop().await;
}

#[tokio::test]
async fn a_new_stream_becomes_active_by_itself() {
    let server = slow(Duration::from_millis(50)).await;
    create(&server, "orders").await;
    let begun = Instant::now();
    while status(&server, "orders").await.as_deref() != Some("ACTIVE") {
        assert!(begun.elapsed() < Duration::from_secs(60), "still CREATING");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    put(&server, "orders", r#"{"team":"a"}"#).await.unwrap();
    let (totals, _) = server.stop().await;
    assert_eq!(totals.delivered_records, 1);
}

#[tokio::test]
async fn deleting_a_stream_throws_away_what_is_pending_and_says_how_much() {
    let server = empty().await;
    create(&server, "orders").await;
    create(&server, "others").await;
    for n in 0..3 {
        let text = format!(r#"{{"team":"{n}"}}"#);
        put(&server, "orders", &text).await.unwrap();
        put(&server, "others", &text).await.unwrap();
    }
    delete(&server, "orders").await.unwrap();
    assert_eq!(status(&server, "orders").await, None);
    assert_eq!(server.totals().discarded_records, 3);
    assert_eq!(
        delete(&server, "orders").await,
        Err("ResourceNotFoundException".into())
    );
    // The name is free again, and the new stream has nothing of the old one.
    create(&server, "orders").await;
    put(&server, "orders", r#"{"team":"new"}"#).await.unwrap();
    let (totals, dir) = server.stop().await;
    assert_eq!((totals.records, totals.delivered_records), (7, 4));
    let objects = files(&dir.path().join("teams"));
    let of = |name: &str| objects.keys().filter(|key| key.contains(name)).count();
    assert_eq!((of("/orders-1-"), of("/others-1-")), (1, 3), "{objects:?}");
}

#[tokio::test]
async fn a_stream_that_is_deleting_is_described_and_keeps_its_name() {
    let dir = TempDir::new().unwrap();
    // There from the start, so that it need not be waited for.
    let config = server::Config {
        streams: vec![StreamConfig::clickstream(PartitionBy::User)],
        transition: FOR_EVER,
        ..config(dir.path())
    };
    let server = start_with(dir, config).await;
    delete(&server, "clickstream").await.unwrap();
    assert_eq!(status(&server, "clickstream").await.unwrap(), "DELETING");
    let refused = put(&server, "clickstream", "{}").await;
    assert_eq!(refused, Err("ResourceNotFoundException".into()));
    let refused = server
        .client()
        .create_delivery_stream()
        .delivery_stream_name("clickstream")
        .extended_s3_destination_configuration(by_team())
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(refused.is_resource_in_use_exception());
    assert_eq!(
        refused.message(),
        Some("Firehose clickstream under accountId 000000000000 already exists")
    );
    server.stop().await;
}

async fn encryption(server: &Running) -> (Option<Encryption>, bool) {
    let stream = server.described("clickstream").await.unwrap();
    let encryption = stream.delivery_stream_encryption_configuration().unwrap();
    let put = server
        .client()
        .put_record()
        .delivery_stream_name("clickstream")
        .record(record(r#"{"userId":1}"#))
        .send()
        .await
        .unwrap();
    (encryption.status().cloned(), put.encrypted().unwrap())
}

#[tokio::test]
async fn encryption_has_its_states_and_its_limit_a_day() {
    for (transition, on, off) in [
        (
            FOR_EVER,
            (Some(Encryption::Enabling), false),
            (Some(Encryption::Enabling), false),
        ),
        (
            Duration::ZERO,
            (Some(Encryption::Enabled), true),
            (Some(Encryption::Disabled), false),
        ),
    ] {
        let dir = TempDir::new().unwrap();
        let config = server::Config {
            streams: vec![StreamConfig::clickstream(PartitionBy::User)],
            transition,
            ..config(dir.path())
        };
        let server = start_with(dir, config).await;
        assert_eq!(
            encryption(&server).await,
            (Some(Encryption::Disabled), false)
        );
        let client = server.client();
        let start = || {
            client
                .start_delivery_stream_encryption()
                .delivery_stream_name("clickstream")
                .send()
        };
        let stop = || {
            client
                .stop_delivery_stream_encryption()
                .delivery_stream_name("clickstream")
                .send()
        };
        start().await.unwrap();
        assert_eq!(encryption(&server).await, on);
        let stopped = stop().await;
        assert_eq!(stopped.is_err(), transition == FOR_EVER, "while ENABLING");
        assert_eq!(encryption(&server).await, off);
        if transition == Duration::ZERO {
            for _ in 0..23 {
                start().await.unwrap();
            }
            let refused = start().await.unwrap_err().into_service_error();
            assert!(refused.is_limit_exceeded_exception(), "the 26th");
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn streams_that_calls_made_are_there_after_a_restart() {
    let server = empty().await;
    create(&server, "orders").await;
    create(&server, "gone").await;
    delete(&server, "gone").await.unwrap();
    put(&server, "orders", r#"{"team":"a"}"#).await.unwrap();
    let (_, dir) = server.stop().await;
    let config = config(dir.path());
    let server = start_with(dir, config).await;
    assert_eq!(status(&server, "orders").await.unwrap(), "ACTIVE");
    assert_eq!(status(&server, "gone").await, None);
    put(&server, "orders", r#"{"team":"a"}"#).await.unwrap();
    let (_, dir) = server.stop().await;
    assert_eq!(files(&dir.path().join("teams")).len(), 2);
}

/// The command line says what is there from the start; what calls made lives under it, not over it.
#[tokio::test]
async fn a_stream_of_the_command_line_is_back_after_a_restart_and_hides_what_a_call_made_in_its_place()
 {
    let dir = TempDir::new().unwrap();
    let named = |dir: &TempDir| server::Config {
        streams: vec![StreamConfig::clickstream(PartitionBy::User)],
        ..config(dir.path())
    };
    let settings = named(&dir);
    let server = start_with(dir, settings).await;
    delete(&server, "clickstream").await.unwrap();
    assert_eq!(status(&server, "clickstream").await, None);
    create(&server, "clickstream").await;
    let bucket = |server: Running| async move {
        let stream = server.described("clickstream").await.unwrap();
        let s3 = stream.destinations()[0].extended_s3_destination_description();
        let bucket = s3.unwrap().bucket_arn().to_owned();
        (server, bucket)
    };
    let (server, teams) = bucket(server).await;
    assert_eq!(teams, "arn:aws:s3:::teams");
    let (_, dir) = server.stop().await;

    let settings = named(&dir);
    let server = start_with(dir, settings).await;
    let (server, raw) = bucket(server).await;
    assert_eq!(raw, "arn:aws:s3:::raw");
    // The file is written anew, and must keep what is not seen.
    create(&server, "orders").await;
    let (_, dir) = server.stop().await;

    let settings = config(dir.path());
    let server = start_with(dir, settings).await;
    let (server, teams) = bucket(server).await;
    assert_eq!(
        teams, "arn:aws:s3:::teams",
        "made by a call, and found again"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_file_of_streams_that_cannot_be_read_is_named() {
    let dir = TempDir::new().unwrap();
    for contents in ["{", r#"{"format":2,"streams":[]}"#, "[]"] {
        fs_err::write(dir.path().join(".streams.json"), contents).unwrap();
        let error = Server::new(config(dir.path())).unwrap_err().to_string();
        assert!(
            error.contains(".streams.json") && error.contains("Move the file away"),
            "{error}"
        );
    }
}
