//! Partition values that mean to leave the bucket, to meet another's, or to break the disk.

use crate::running::{config, files, record, start_with};
use firehose_local::{PartitionBy, StreamConfig, server};
use std::collections::{BTreeMap, BTreeSet};
use tempfile::TempDir;

/// Values that S3 would take as they are.
fn values() -> Vec<String> {
    let mut values: Vec<String> = [
        "..",
        ".",
        "/",
        "//",
        " ",
        "a/b",
        "a%2Fb",
        "a%2fb",
        "%2e%2e",
        "%",
        "%25",
        "a\0b",
        "a\nb",
        "CON",
        "con",
        "nul.txt",
        "COM1",
        "LPT¹",
        "Ann",
        "ann",
        "é",
        "e\u{301}",
        "Å",
        "\u{212b}",
        "😀",
        "a=b",
        "=",
        "~",
        "-",
        "\\",
        "C:\\x",
        "*?<>|\"",
        ".keys",
        ".staging",
        "\u{202e}x",
        "a.",
        "a",
        "a ",
        "\u{fffd}",
    ]
    .map(String::from)
    .into();
    values.push(format!("{}etc/passwd", "../".repeat(12)));
    values.push("/etc/passwd".into());
    values.push(format!("{}1", "u".repeat(400)));
    values.push(format!("{}2", "u".repeat(400)));
    values.push("/".repeat(200));
    values
}

#[tokio::test]
async fn no_value_leaves_the_bucket_and_no_two_meet() {
    let outside = TempDir::new().unwrap();
    let dir = TempDir::new_in(outside.path()).unwrap();
    let stream = StreamConfig {
        // The value is a folder's whole name: nothing stands before it.
        prefix: "u/!{partitionKeyFromQuery:userId}/d/".into(),
        ..StreamConfig::clickstream(PartitionBy::User)
    };
    let settings = server::Config {
        streams: vec![stream],
        ..config(dir.path())
    };
    let server = start_with(dir, settings).await;
    let values = values();
    let refused = ["", &"x".repeat(5000)];
    for value in values.iter().map(String::as_str).chain(refused) {
        let data = serde_json::json!({"userId": value}).to_string();
        let put = server.client().put_record();
        let put = put.delivery_stream_name("clickstream").record(record(data));
        put.send().await.unwrap();
    }
    let (totals, dir) = server.stop().await;
    assert_eq!(totals.delivered_records, values.len() as u64);
    assert_eq!(totals.errored_records, 2);

    // Nothing beside the server's folder, and in it nothing but what it keeps there.
    assert_eq!(fs_err::read_dir(outside.path()).unwrap().count(), 1);
    let kept: BTreeSet<String> = fs_err::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.'))
        .collect();
    assert_eq!(kept, BTreeSet::from(["log".into(), "raw".into()]));

    // An object for each value, with its line alone.
    let mut objects = files(&dir.path().join("raw"));
    objects.retain(|key, _| !key.starts_with("clickstream-errors/"));
    assert_eq!(objects.len(), values.len());
    let mut of_value = BTreeMap::new();
    for (path, line) in &objects {
        assert!(path.starts_with("u/"), "{path}");
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let value = line["userId"].as_str().unwrap().to_owned();
        assert!(of_value.insert(value, path).is_none(), "{path}");
    }
    let folders: BTreeSet<&str> = objects
        .keys()
        .map(|path| path.rsplit_once('/').unwrap().0)
        .collect();
    assert_eq!(folders.len(), values.len(), "a folder for each value");
    let folded: BTreeSet<String> = folders
        .iter()
        .map(|folder| folder.trim_end_matches(['.', ' ']).to_owned())
        .collect();
    assert_eq!(
        folded.len(),
        values.len(),
        "also where a disk drops dots and spaces at the end"
    );

    // What does not lie under its own name is listed, with the key that S3 would have.
    let listing = fs_err::read_to_string(dir.path().join("raw/.keys")).unwrap();
    let listed: BTreeMap<String, String> = listing
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|line| {
            (
                line["path"].as_str().unwrap().into(),
                line["key"].as_str().unwrap().into(),
            )
        })
        .collect();
    for (value, path) in of_value {
        let name = path.rsplit_once('/').unwrap().1;
        let key = format!("u/{value}/d/{name}");
        match listed.get(path) {
            Some(listed) => assert_eq!(*listed, key),
            None => assert_eq!(*path, key, "not listed, so it lies under its own name"),
        }
    }
    assert!(listed.keys().all(|path| objects.contains_key(path)));
}
