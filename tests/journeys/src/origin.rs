//! The origin's story: events of a hundred users, a folder each; one without a user is
//! answered 200, lies under the error prefix and stands in the log.

use std::collections::{BTreeMap, BTreeSet};

use clickstream_lab::shop::Shop;
use clickstream_lab::{bot, http, lake, wait};
use serde_json::json;

#[test]
fn a_hundred_events_make_a_folder_for_each_user() -> anyhow::Result<()> {
    let shop = Shop::start(&[])?;
    let run = bot::run(&[
        "100",
        "1",
        "--direct",
        "--users",
        "100",
        "--url",
        &shop.url,
        "--print-status",
    ])?;
    assert_eq!(run.status, 0, "{}", run.error);

    let events = shop
        .lake
        .wait_for("100 events", |events| events.len() >= 100)?;
    lake::check_books(&events)?;
    assert_eq!(events.len(), 100);
    let folders: BTreeSet<_> = events.iter().filter_map(lake::Line::folder).collect();
    let users: BTreeSet<_> = events
        .iter()
        .filter_map(|line| line.json["userId"].as_str())
        .collect();
    assert_eq!(folders, users, "one folder a user");
    // 99 of 100 runs lie between 55 and 71 (100 draws out of 100); one in a million beyond these.
    assert!((48..=79).contains(&users.len()), "{} users", users.len());

    // The two sums: events by folder, and events by the user they name.
    let mut by_folder = BTreeMap::new();
    let mut by_user = BTreeMap::new();
    for line in &events {
        *by_folder
            .entry(line.folder().unwrap().to_owned())
            .or_insert(0) += 1;
        *by_user
            .entry(line.json["userId"].as_str().unwrap().to_owned())
            .or_insert(0) += 1;
    }
    assert_eq!(by_folder, by_user);
    assert_eq!(by_folder.values().sum::<i32>(), 100);

    for line in &events {
        let parts: Vec<&str> = line.key.split('/').collect();
        let names: Vec<&str> = parts.iter().map(|p| p.split('=').next().unwrap()).collect();
        assert_eq!(
            names[..6],
            ["clickstream", "userId", "year", "month", "day", "hour"]
        );
        assert!(names[6].starts_with("clickstream-1-"), "{}", line.key);
        assert_eq!(line.json["relay"]["traffic"], "synthetic");
        assert!(
            line.json
                .as_object()
                .unwrap()
                .values()
                .any(serde_json::Value::is_object)
        );
    }
    assert!(shop.lake.errors()?.is_empty());
    Ok(())
}

#[test]
fn an_event_without_a_user_is_reported_not_lost() -> anyhow::Result<()> {
    let shop = Shop::start(&[])?;
    let run = bot::run(&[
        "3",
        "0",
        "--direct",
        "--without-user-id",
        "1",
        "--url",
        &shop.url,
        "--print-status",
    ])?;
    assert_eq!(run.status, 0, "{}", run.error);
    let errors = wait::until("the error object", || match shop.lake.errors() {
        Ok(lines) if lines.len() == 1 => Ok(lines),
        other => Err(format!("{other:?}")),
    })?;
    let error = &errors[0];
    assert!(
        error
            .key
            .starts_with("clickstream-errors/metadata-extraction-failed/year="),
        "{}",
        error.key
    );
    assert_eq!(
        error.json["errorCode"],
        "DynamicPartitioning.MetadataExtractionFailed"
    );
    assert_eq!(
        error.json["errorMessage"],
        "partitionKeys values must not be null or empty"
    );
    for field in ["attemptsMade", "arrivalTimestamp", "attemptEndingTimestamp"] {
        assert!(error.json[field].is_u64(), "{field}: {}", error.json);
    }
    let log = wait::until("the log line", || match shop.lake.log() {
        Ok(lines) if !lines.is_empty() => Ok(lines),
        other => Err(format!("{other:?}")),
    })?;
    assert_eq!(
        log[0]["message"], "Partition key's value should not be null or empty",
        "{}",
        log[0]
    );
    // It cost no good one.
    let events = shop
        .lake
        .wait_for("the two others", |events| events.len() == 2)?;
    lake::check_books(&events)
}

#[test]
fn an_event_without_a_user_is_answered_200() -> anyhow::Result<()> {
    let shop = Shop::start(&[])?;
    let body = json!({"batch": [{"type": "track", "event": "E", "messageId": "m"}], "writeKey": "demo-server-key"});
    let answer = http::post(
        &format!("{}/v1/batch", shop.url),
        &[],
        body.to_string().as_bytes(),
    )?;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.json()["success"], true);
    assert_eq!(answer.json()["accepted"], 1);
    Ok(())
}

#[test]
fn two_events_in_one_request_are_two_lines_in_their_own_folders() -> anyhow::Result<()> {
    let shop = Shop::start(&[])?;
    // A number and a text: the same kind of folder, without quotes; and no newline between.
    let body = r#"{"writeKey":"demo-server-key","batch":[{"type":"track","event":"E","messageId":"a","userId":45},{"type":"track","event":"E","messageId":"b","userId":"forty six"}]}"#;
    let answer = http::post(&format!("{}/v1/batch", shop.url), &[], body.as_bytes())?;
    assert_eq!(answer.json()["accepted"], 2, "{}", answer.body);
    let events = shop
        .lake
        .wait_for("two events", |events| events.len() == 2)?;
    let folders: BTreeSet<_> = events.iter().filter_map(lake::Line::folder).collect();
    let ids: BTreeSet<_> = events.iter().map(lake::Line::id).collect();
    assert_eq!(ids, BTreeSet::from(["a", "b"]));
    assert!(folders.contains("45"), "{folders:?}");
    Ok(())
}
