//! The three commands on a spool that a relay left.

use std::path::Path;
use std::sync::Arc;

use clap::Parser;

use super::*;
use crate::clock::SystemClock;
use crate::spool::ahead::Ahead;
use crate::spool::{Checkpoint, Config, Entry, Spool};

#[derive(Parser, Debug)]
struct Cli {
    #[command(subcommand)]
    command: SpoolCommand,
}

fn config(dir: &Path) -> Config {
    Config {
        size: 4 << 20,
        segment_size: 1 << 20,
        ..Config::new(dir)
    }
}

fn open_spool(dir: &Path) -> Spool {
    let clock = Arc::new(SystemClock::default());
    Spool::open(&config(dir), Arc::new(RealFiles), clock).unwrap()
}

/// A stopped spool with five events, two of them delivered.
async fn five(dir: &Path) {
    let spool = open_spool(dir);
    for id in 1..=5 {
        let entry = Entry {
            received_at: 1_767_322_985_006 + id,
            key: spool.key("shop", 1, &id.to_string()),
            line: format!("{{\"messageId\":\"{id}\"}}").into_bytes(),
        };
        spool.append(vec![entry]).await.unwrap();
    }
    let next = Checkpoint {
        position: 3,
        delivered: 2,
        ..spool.checkpoint()
    };
    spool.advance(next).unwrap();
    spool.close().await;
}

fn run(dir: &Path, line: &str) -> (Result<bool, String>, String, String) {
    let arguments = line.split(' ').map(str::to_owned);
    let folder = ["--spool-dir".to_owned(), dir.display().to_string()];
    let cli = Cli::try_parse_from(["x".to_owned()].into_iter().chain(arguments).chain(folder));
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let ran = cli.unwrap().command.run(&mut out, &mut notes);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        ran.map_err(|error| error.to_string()),
        text(out),
        text(notes),
    )
}

fn bytes_of(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs_err::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), fs_err::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

/// Damages the event with this number.
fn rot(dir: &Path, number: u32) {
    let path = dir.join("segment-00000");
    let mut bytes = fs_err::read(&path).unwrap();
    let wanted = format!("{{\"messageId\":\"{number}\"");
    let mut windows = bytes.windows(wanted.len());
    let at = windows.position(|at| at == wanted.as_bytes()).unwrap();
    bytes[at] ^= 1;
    fs_err::write(path, bytes).unwrap();
}

#[tokio::test]
async fn complaint_39_vector_19154_list_and_export_give_what_is_not_delivered_and_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    five(dir).await;
    let before = bytes_of(dir);
    let (good, listed, _) = run(dir, "list");
    assert_eq!(good, Ok(true));
    let wanted = "           3 2026-01-02T03:03:05.009Z       17\n";
    assert!(listed.starts_with(wanted), "{listed}");
    assert_eq!(listed.lines().count(), 3);
    assert_eq!(run(dir, "list --from 1 --to 2").1.lines().count(), 2);
    let (good, exported, notes) = run(dir, "export");
    assert_eq!((good, notes.as_str()), (Ok(true), "3 events exported\n"));
    let lines = "{\"messageId\":\"3\"}\n{\"messageId\":\"4\"}\n{\"messageId\":\"5\"}\n";
    assert_eq!(exported, lines);
    assert_eq!(run(dir, "export --all").1.lines().count(), 5);
    assert_eq!(bytes_of(dir), before);
}

#[tokio::test]
async fn what_is_delivered_behind_a_gap_is_given_only_when_it_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    five(dir).await;
    let spool = open_spool(dir);
    let next = Checkpoint {
        ahead: Ahead::of(&[4..5]).unwrap(),
        delivered: 3,
        ..spool.checkpoint()
    };
    spool.advance(next).unwrap();
    spool.close().await;
    drop(spool);
    let left = "{\"messageId\":\"3\"}\n{\"messageId\":\"5\"}\n";
    assert_eq!(run(dir, "export").1, left);
    assert_eq!(run(dir, "export --to 4").1.lines().count(), 1);
    assert_eq!(run(dir, "list").1.lines().count(), 2);
    for command in ["export --from 3", "list --from 3"] {
        assert_eq!(run(dir, command).1.lines().count(), 3, "{command}");
    }
    assert_eq!(run(dir, "export --all").1.lines().count(), 5);
    let (good, report, _) = run(dir, "verify");
    assert_eq!(good, Ok(true), "{report}");
    assert!(report.contains("2 not delivered"), "{report}");
    let checkpoint = "all below position 3 is delivered, and 4 to 4";
    assert!(report.contains(checkpoint), "{report}");
}

#[tokio::test]
async fn an_export_to_a_file_is_whole_and_never_over_another() {
    let dir = tempfile::tempdir().unwrap();
    let spool = dir.path().join("spool");
    five(&spool).await;
    let file = dir.path().join("events.jsonl");
    let command = format!("export --output {}", file.display());
    assert_eq!(run(&spool, &command).0, Ok(true));
    assert_eq!(fs_err::read_to_string(&file).unwrap().lines().count(), 3);
    let again = run(&spool, &command).0.unwrap_err();
    assert!(
        again.contains("exists") && again.contains("--output"),
        "{again}"
    );
}

#[tokio::test]
async fn verify_says_of_every_file_how_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    five(dir).await;
    let (good, report, _) = run(dir, "verify");
    assert_eq!(good, Ok(true), "{report}");
    assert!(report.contains("intact   segment-00000"), "{report}");
    assert!(
        report.contains("5 events at positions 1 to 5, 3 not delivered"),
        "{report}"
    );
    assert!(report.contains("intact   checkpoint-b"), "{report}");
    assert!(report.ends_with("nothing is rotten\n"), "{report}");

    rot(dir, 4);
    let (good, report, _) = run(dir, "verify");
    assert_eq!(good, Ok(false));
    assert!(report.contains("rotten   segment-00000"), "{report}");
    assert!(report.contains("are lost"), "{report}");
    assert!(
        report.ends_with("4 events, 2 not delivered; 1 file is rotten\n"),
        "{report}"
    );
    let (whole, exported, notes) = run(dir, "export");
    assert_eq!((whole, exported.lines().count()), (Ok(false), 2));
    assert!(notes.contains("1 damaged stretches"), "{notes}");

    // A start sets the damage aside, and then it is said to be there.
    open_spool(dir).close().await;
    assert!(run(dir, "verify").1.contains("aside    rot-"));
}

#[tokio::test]
async fn a_damaged_head_a_torn_plan_and_a_damaged_checkpoint_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    five(dir).await;
    fs_err::write(dir.join("plan-7"), "half a plan").unwrap();
    fs_err::write(dir.join("plan-8"), [0; 64]).unwrap();
    let path = dir.join("segment-00000");
    let mut bytes = fs_err::read(&path).unwrap();
    bytes[..4096].fill(9);
    fs_err::write(path, bytes).unwrap();
    fs_err::write(dir.join("checkpoint-b"), [9; 4096]).unwrap();
    let (good, report, _) = run(dir, "verify");
    assert_eq!(good, Ok(false));
    for line in [
        "rotten   segment-00000    segment 1: 5 events",
        "its head is damaged",
        "torn     plan-7",
        "spare    plan-8",
        "rotten   checkpoint-b",
        "spare    checkpoint-a",
    ] {
        assert!(report.contains(line), "{line}: {report}");
    }
}

#[tokio::test]
async fn a_spool_that_a_relay_has_open_or_none_at_all_is_refused_with_the_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let spool = open_spool(dir.path());
    for command in ["verify", "list", "export"] {
        let error = run(dir.path(), command).0.unwrap_err();
        assert!(error.contains("stop that relay first"), "{error}");
        let error = run(&dir.path().join("none"), command).0.unwrap_err();
        assert!(error.contains("--spool-dir"), "{error}");
    }
    spool.close().await;
    assert!(!dir.path().join("none").exists());
}

#[tokio::test]
async fn a_file_of_message_ids_is_read_too() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let spool = open_spool(dir);
    // More than a segment: the ids of the first one go into a file.
    for id in 0..40 {
        let entry = Entry {
            received_at: 1,
            key: spool.key("shop", 1, &id.to_string()),
            line: vec![b'x'; 30_000],
        };
        spool.append(vec![entry]).await.unwrap();
    }
    spool.close().await;
    drop(spool);
    // Where the stop came first, the next start does it.
    let spool = open_spool(dir);
    let id_file = || {
        let names = fs_err::read_dir(dir)
            .unwrap()
            .map(|name| name.unwrap().path());
        let mut ids = names.filter(|path| path.display().to_string().contains("/ids-"));
        ids.find(|path| fs_err::read(path).is_ok_and(|bytes| bytes.first() == Some(&b'C')))
    };
    while id_file().is_none() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    spool.close().await;
    drop(spool);
    let path = id_file().unwrap();
    let (good, report, _) = run(dir, "verify");
    assert_eq!(good, Ok(true), "{report}");
    assert!(report.contains("intact   ids-"), "{report}");

    let whole = fs_err::read(&path).unwrap();
    for (at, length, wanted) in [
        (4_100, 1, "rotten   ids-"),
        (0, 4_096, "torn     ids-"),
        (8, 4_088, "rotten   ids-"),
    ] {
        let mut bytes = whole.clone();
        match length {
            1 => bytes[at] ^= 1,
            _ => bytes[at..at + length].fill(0),
        }
        fs_err::write(&path, bytes).unwrap();
        let (good, report, _) = run(dir, "verify");
        assert!(report.contains(wanted), "{report}");
        assert_eq!(good, Ok(wanted.starts_with("torn")));
    }
}
