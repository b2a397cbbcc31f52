//! What a relay could not deliver reaches another one: the spool of one that died, events that were
//! rejected, and what the stream refused.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use clickstream_lab::lake::{self, Line};
use clickstream_lab::program;
use clickstream_lab::relay::Relay;
use serde_json::{Value, json};

fn run(arguments: &[&str]) -> anyhow::Result<Output> {
    let program = program::path("clickstream-relay")?;
    Ok(Command::new(program).args(arguments).output()?)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What a replay to this relay says.
fn replay(from: &Path, relay: &Relay) -> anyhow::Result<(Option<i32>, String)> {
    let arguments = [
        "replay",
        text(from),
        "--to",
        &relay.url,
        "--write-key",
        "server-key",
    ];
    let output = run(&arguments)?;
    let said = [output.stdout, output.stderr].concat();
    Ok((output.status.code(), String::from_utf8(said)?))
}

fn by_id(lines: &[Line]) -> BTreeMap<String, Value> {
    let pairs = lines
        .iter()
        .map(|line| (line.id().to_owned(), line.json.clone()));
    pairs.collect()
}

#[test]
fn the_spool_of_a_dead_relay_reaches_another_with_users_and_times() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    let mut dying = Relay::start(&old, &["--buffer-interval", "3600"])?;
    dying.wait_ready()?;
    let at = "2026-01-02T03:04:05.006Z";
    let events: Vec<_> = (0..700)
        .map(|number| match number % 2 {
            0 => json!({"type": "track", "event": "E", "messageId": format!("m{number}"), "userId": "45", "timestamp": at}),
            _ => json!({"type": "page", "messageId": format!("m{number}"), "anonymousId": "a", "timestamp": at}),
        })
        .collect();
    assert_eq!(dying.batch("server-key", &events)?.json()["accepted"], 700);
    let spool = old.join("spool");
    let refused = run(&["spool", "export", "--spool-dir", text(&spool)])?;
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8(refused.stderr)?.contains("stop that relay first"));
    dying.program.kill()?;

    let verified = run(&["spool", "verify", "--spool-dir", text(&spool)])?;
    let report = String::from_utf8(verified.stdout)?;
    assert!(verified.status.success(), "{report}");
    assert!(report.contains("700 events, 700 not delivered"), "{report}");
    let listed = run(&["spool", "list", "--spool-dir", text(&spool)])?;
    assert_eq!(String::from_utf8(listed.stdout)?.lines().count(), 700);
    let export = folder.path().join("events.jsonl");
    let exported = run(&[
        "spool",
        "export",
        "--spool-dir",
        text(&spool),
        "--output",
        text(&export),
    ])?;
    assert!(exported.status.success());
    let lines = fs_err::read_to_string(&export)?;
    let exported: Vec<Value> = lines
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;

    let living = Relay::start(&new, &[])?;
    living.wait_ready()?;
    let (code, said) = replay(&export, &living)?;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("700 events taken, 0 held"), "{said}");
    // Again, as somebody does who is not sure: nothing is doubled.
    let (code, said) = replay(&export, &living)?;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("0 events taken, 700 held"), "{said}");

    let there = living
        .lake
        .wait_for("all events", |lines| lines.len() >= 700)?;
    lake::check_books(&there)?;
    let there = by_id(&there);
    assert_eq!(there.len(), 700);
    for line in exported {
        let found = &there[line["messageId"].as_str().unwrap()];
        for name in [
            "userId",
            "userBucket",
            "timestamp",
            "originalTimestamp",
            "type",
        ] {
            assert_eq!(found[name], line[name], "{name} of {line}");
        }
    }
    Ok(())
}

#[test]
fn complaint_54_floci_3393_rejected_events_and_error_objects_are_sent_again() -> anyhow::Result<()>
{
    let folder = tempfile::tempdir()?;
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    let relay = Relay::start(&old, &[])?;
    relay.wait_ready()?;
    let events = [
        // A user id that could not be a folder; and no messageId.
        json!({"type": "track", "event": "Rejected", "anonymousId": "a", "userId": "a/b"}),
        // Nobody's: the stream reports it under the error prefix.
        json!({"type": "track", "event": "Failed", "messageId": "failed"}),
        json!({"type": "track", "event": "Good", "messageId": "good", "userId": "45"}),
    ];
    let answer = relay.batch("server-key", &events)?.json();
    assert_eq!(answer["rejected"].as_array().unwrap().len(), 1, "{answer}");
    relay
        .lake
        .wait_for("the good one", |lines| lines.len() == 1)?;
    drop(relay);

    let living = Relay::start(&new, &[])?;
    living.wait_ready()?;
    let rejected = old.join("spool/rejected");
    let errors = old.join("lake/raw/clickstream-errors");
    for from in [&rejected, &errors] {
        let (code, said) = replay(from, &living)?;
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("1 events taken, 0 held"), "{said}");
        let (_, said) = replay(from, &living)?;
        assert!(said.contains("0 events taken, 1 held"), "{said}");
    }
    // The claim of a rejected event is not believed: it is the visitor's.
    let there = living
        .lake
        .wait_for("the rejected one", |lines| lines.len() == 1)?;
    assert_eq!(there[0].name(), "track Rejected");
    assert!(there[0].folder().unwrap().starts_with("visitor-"));
    Ok(())
}
