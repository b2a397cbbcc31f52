//! Who may know whom: between crates by their manifests, in the relay by its `use` lines.

use super::{none, sources};

/// Crates of ours, and which of ours each may name in its manifest (development apart).
const MAY_KNOW: [(&str, &[&str]); 6] = [
    ("event", &[]),
    ("firehose-local", &[]),
    ("tracker-wasm", &["clickstream-event"]),
    ("relay", &["clickstream-event", "firehose-local"]),
    ("bot", &["clickstream-event", "clickstream-demo-site"]),
    ("demo-site", &["clickstream-relay", "clickstream-event"]),
];

const OURS: [&str; 7] = [
    "clickstream-event",
    "clickstream-relay",
    "clickstream-demo-site",
    "clickstream-bot",
    "clickstream-tracker",
    "clickstream-lab",
    "firehose-local",
];

#[test]
fn crates_know_only_whom_they_may() {
    let mut wrong = Vec::new();
    for source in sources(&["toml"]) {
        let Some((folder, allowed)) = MAY_KNOW
            .iter()
            .find(|(folder, _)| source.path == format!("{folder}/Cargo.toml"))
        else {
            continue;
        };
        let mut section = "";
        for line in source.text.lines() {
            if line.starts_with('[') {
                section = line;
            }
            let name = line.split(['.', ' ', '=']).next().unwrap_or("");
            if section == "[dependencies]" && OURS.contains(&name) && !allowed.contains(&name) {
                wrong.push(format!("{folder} knows {name}"));
            }
        }
    }
    none(
        "an arrow between crates that ARCHITECTURE.md does not have",
        &wrong,
    );
}

/// A library, and the only places of the sources (beginnings of paths) that may name it.
const ONLY_IN: [(&str, &str, &[&str]); 13] = [
    (
        "rustls",
        "relay/src/",
        &["relay/src/http/tls", "relay/src/tools/https"],
    ),
    ("webpki", "relay/src/", &["relay/src/http/tls"]),
    (
        "axum",
        "relay/src/",
        &[
            "relay/src/lib.rs",
            "relay/src/http",
            "relay/src/router",
            "relay/src/service",
            "relay/src/intake",
            "relay/src/health",
            "relay/src/live",
            "relay/src/metrics",
            "relay/src/identity/visitor",
        ],
    ),
    (
        "aws_sdk_firehose",
        "relay/src/",
        &["relay/src/sink/firehose"],
    ),
    ("aws_sdk_kinesis", "relay/src/", &["relay/src/sink/kinesis"]),
    (
        "aws_config",
        "relay/src/",
        &[
            "relay/src/sink/aws",
            "relay/src/sink/firehose",
            "relay/src/sink/kinesis",
        ],
    ),
    (
        "aws_smithy_runtime_api",
        "relay/src/",
        &["relay/src/sink/aws"],
    ),
    (
        "jaq_core",
        "firehose-local/src/",
        &["firehose-local/src/extract"],
    ),
    (
        "object_store",
        "firehose-local/src/",
        &["firehose-local/src/deliver/s3"],
    ),
    (
        "hcl",
        "firehose-local/src/",
        &["firehose-local/src/terraform/files"],
    ),
    ("serde_json", "relay/src/spool", &[]),
    ("clickstream_event", "relay/src/spool", &[]),
    ("serde_json", "relay/src/forward", &[]),
];

#[test]
fn libraries_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for source in sources(&["rs"]) {
        for (library, below, rooms) in ONLY_IN {
            if !source.path.starts_with(below) || rooms.iter().any(|r| source.path.starts_with(r)) {
                continue;
            }
            for (number, line) in source.text.lines().enumerate() {
                let code = line.trim_start();
                let named = code.contains(&format!("{library}::"));
                if named && !code.starts_with("//") {
                    wrong.push(format!("{}:{}: {library}", source.path, number + 1));
                }
            }
        }
    }
    none("a library outside its rooms", &wrong);
}

/// Rooms of the relay that a room must not look into: what comes later on an event's way.
const NOT_BACK: [(&str, &[&str]); 5] = [
    (
        "relay/src/spool",
        &[
            "intake", "identity", "stamp", "forward", "sink", "metrics", "config",
        ],
    ),
    (
        "relay/src/sink",
        &["intake", "identity", "stamp", "metrics", "config"],
    ),
    (
        "relay/src/forward",
        &["intake", "identity", "stamp", "metrics", "config"],
    ),
    (
        "relay/src/identity",
        &["spool", "forward", "sink", "metrics", "config"],
    ),
    (
        "relay/src/clock",
        &[
            "intake", "identity", "stamp", "spool", "forward", "sink", "metrics",
        ],
    ),
];

#[test]
fn data_flows_one_way_through_the_relay() {
    let mut wrong = Vec::new();
    for source in sources(&["rs"]) {
        for (room, forbidden) in NOT_BACK {
            if !source.path.starts_with(room) {
                continue;
            }
            for (number, line) in source.text.lines().enumerate() {
                let code = line.trim_start();
                for other in forbidden {
                    if !code.starts_with("//") && code.contains(&format!("crate::{other}::")) {
                        wrong.push(format!("{}:{}: {other}", source.path, number + 1));
                    }
                }
            }
        }
    }
    none("a room looks back", &wrong);
}
