//! `docs/operations.md` knows every reason of `/readyz` and every alarming metric, and the units of
//! `relay/systemd/` name settings that there are.

use std::io;
use std::path::PathBuf;

use clap::{Args as _, Command};
use clickstream_relay::config::Flags;
use clickstream_relay::forward::epoch::DeliveryError;
use clickstream_relay::intake::answer::Refusal;
use clickstream_relay::sink::lake::LakeError;

use crate::house::House;

const PAGE: &str = include_str!("../../../docs/operations.md");
const SERVICE: &str = include_str!("../../systemd/clickstream-relay.service");
const IMAGE: &str = include_str!("../../Dockerfile");
const SOCKET: &str = include_str!("../../systemd/clickstream-relay.socket");

/// The sources that reasons come from, to find words that nobody says any more.
const SOURCES: [&str; 11] = [
    include_str!("../../src/forward/epoch/error.rs"),
    include_str!("../../src/forward/epoch/timing.rs"),
    include_str!("../../src/forward/partitions.rs"),
    include_str!("../../src/health.rs"),
    include_str!("../../src/intake/answer.rs"),
    include_str!("../../src/sink/aws/trouble.rs"),
    include_str!("../../src/sink/lake.rs"),
    include_str!("../../src/spool.rs"),
    include_str!("../../src/spool/writer.rs"),
    include_str!("../../src/forward/flight.rs"),
    include_str!("../../src/forward/stream.rs"),
];

/// First cells of the table under a heading, without their backticks.
fn entries(heading: &str) -> Vec<&'static str> {
    let part = PAGE.split(&format!("\n## {heading}\n")).nth(1).unwrap();
    let part = part.split("\n## ").next().unwrap();
    let rows = part.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split_once('`').unwrap().0).collect()
}

fn lake_errors() -> Vec<LakeError> {
    let path = || PathBuf::from("lake/raw");
    let error = || io::Error::from(io::ErrorKind::PermissionDenied);
    let all = vec![
        LakeError::KeyTaken(path()),
        LakeError::CrossDevice(path()),
        LakeError::Full(path()),
        LakeError::Disk {
            path: path(),
            error: error(),
        },
    ];
    // A variant that is missing above does not compile here.
    for one in &all {
        match one {
            LakeError::KeyTaken(_)
            | LakeError::CrossDevice(_)
            | LakeError::Full(_)
            | LakeError::Disk { .. } => {}
        }
    }
    all
}

/// Everything that stands still with a typed error.
fn typed() -> Vec<String> {
    let mut all: Vec<_> = lake_errors().into_iter().map(DeliveryError::Lake).collect();
    all.push(DeliveryError::Changed {
        plan: "plan-1".into(),
        object: "raw/o".into(),
    });
    all.push(DeliveryError::Spool {
        what: "write a plan",
        error: io::Error::from(io::ErrorKind::StorageFull),
    });
    for one in &all {
        match one {
            DeliveryError::Lake(_)
            | DeliveryError::Changed { .. }
            | DeliveryError::Spool { .. } => {}
        }
    }
    let mut texts: Vec<_> = all.iter().map(ToString::to_string).collect();
    texts.extend([Refusal::Starting, Refusal::Stopping].map(|refusal| refusal.to_string()));
    texts
}

/// What the sentence about a stream ends with: every text of `trouble.rs` that is told.
fn of_a_stream() -> Vec<&'static str> {
    let source = SOURCES[5];
    let lines = source.lines().map(str::trim);
    let lines = lines.filter(|line| !line.contains(".contains(") && !line.starts_with("//"));
    let told = lines.filter_map(|line| {
        let (_, text) = line.split_once('"')?;
        let (text, _) = text.rsplit_once('"')?;
        // Codes of AWS have no space, parts that only join others have no words.
        let is_text = text.contains(' ') && !text.contains('"') && !text.starts_with('{');
        is_text.then_some(text)
    });
    let parts = [
        "an error without a code",
        "no message",
        "the stream {stream} {place} {what}",
        "was not called: {hint}: {why}",
    ];
    told.filter(|text| !parts.contains(text)).collect()
}

#[test]
fn every_reason_of_readyz_has_its_entry() {
    let entries = entries("What `/readyz` says");
    let has = |text: &str| entries.iter().any(|entry| text.contains(entry));
    for text in typed() {
        assert!(has(&text), "no entry for: {text}");
    }
    let told = of_a_stream();
    assert!(told.len() >= 10, "{told:?}");
    for text in told {
        assert!(has(text), "no entry for: {text}");
    }
    for text in [
        "is full: delivery must catch up",
        "the spool's disk failed",
        "delivery met a fault of this program",
        "the oldest waiting event is",
        "active partitions are in use",
        "is being created or deleted",
    ] {
        assert!(has(text), "no entry for: {text}");
    }
    for entry in &entries {
        let said = SOURCES.iter().any(|source| source.contains(entry));
        let stdout = include_str!("../../src/sink/stdout.rs").contains(entry);
        assert!(said || stdout, "nobody says {entry:?} any more");
    }
}

#[tokio::test]
async fn every_alarming_metric_has_its_entry() {
    let house = House::new().await;
    let page = house
        .get(&format!("/metrics?token={}", house.relay.token()))
        .await
        .text;
    let names: Vec<_> = page
        .lines()
        .filter_map(|line| line.strip_prefix("# HELP ")?.split(' ').next())
        .collect();
    let entries = entries("Alarms");
    let alarming = [
        "rot",
        "fail",
        "full",
        "refused",
        "throttled",
        "unanswered",
        "doubles",
        "oldest",
    ];
    for name in &names {
        if alarming.iter().any(|word| name.contains(word)) {
            assert!(
                entries.contains(name),
                "{name} has no entry in docs/operations.md, Alarms"
            );
        }
    }
    for entry in entries {
        assert!(names.contains(&entry), "there is no metric {entry}");
    }
}

/// The values of a key in a unit file.
fn values(unit: &'static str, key: &str) -> Vec<&'static str> {
    let lines = unit.lines().filter_map(|line| line.split_once('='));
    lines
        .filter(|(name, _)| *name == key)
        .map(|(_, value)| value)
        .collect()
}

#[test]
fn the_image_names_settings_that_there_are_and_runs_as_nobody() {
    let command = Flags::augment_args(Command::new("clickstream-relay"));
    let words = IMAGE.split(|c: char| !c.is_ascii_uppercase() && c != '_');
    let variables: Vec<_> = words
        .filter(|word| word.starts_with("CLICKSTREAM_"))
        .collect();
    assert!(variables.len() >= 4, "{variables:?}");
    for name in variables {
        let mut arguments = command.get_arguments();
        let known = arguments.any(|arg| arg.get_env().is_some_and(|env| env == name));
        assert!(known, "{name} is no setting");
    }
    let last = IMAGE.rsplit("\nFROM ").next().unwrap();
    let user = last.lines().find_map(|line| line.strip_prefix("USER "));
    assert!(
        user.is_some_and(|user| !user.starts_with('0') && user != "root"),
        "{user:?}"
    );
}

#[test]
fn the_units_name_settings_that_there_are() {
    let command = Flags::augment_args(Command::new("clickstream-relay"));
    let known = |what: &dyn Fn(&clap::Arg) -> bool| command.get_arguments().any(what);
    let variables = values(SERVICE, "Environment");
    assert_eq!(variables.len(), 2);
    for variable in variables {
        let (name, value) = variable.split_once('=').unwrap();
        assert!(
            known(&|arg| arg.get_env().is_some_and(|env| env == name)),
            "{name}"
        );
        assert!(
            value.starts_with("%S/clickstream-relay/"),
            "{value} is not in StateDirectory"
        );
    }
    let start = values(SERVICE, "ExecStart")[0];
    let flags: Vec<_> = start.split("--").skip(1).collect();
    assert_eq!(flags.len(), 2, "{start}");
    for flag in flags {
        let name = flag.split(' ').next().unwrap();
        assert!(known(&|arg| arg.get_long() == Some(name)), "--{name}");
    }
    assert_eq!(values(SERVICE, "RestartPreventExitStatus"), ["64"]);
    let listen = clickstream_relay::config::Config::from_flags(crate::house::flags(
        tempfile::tempdir().unwrap().path(),
    ));
    assert_eq!(
        values(SOCKET, "ListenStream"),
        [listen.unwrap().listen.to_string()]
    );
}
