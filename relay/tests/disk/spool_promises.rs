//! What the spool promises, one by one, on the simulated disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clickstream_relay::duplicate;
use clickstream_relay::spool::files::SyncPoint;
use clickstream_relay::spool::files::simulated::{Crash, SimulatedDisk};
use clickstream_relay::spool::queue::Submitted;
use clickstream_relay::spool::writer::Writer;
use clickstream_relay::spool::{
    self, AppendError, Checkpoint, Durability, Entry, OpenError, Spool, Stored,
};

use crate::hand_clock::HandClock;

const SEGMENT: &str = "/spool/segment-00000";

/// Little memory: a disk is opened thousands of times.
pub fn duplicates() -> duplicate::Config {
    duplicate::Config {
        memory: 32 << 10,
        ..duplicate::Config::default()
    }
}

pub fn config() -> spool::Config {
    spool::Config {
        size: 6 * 8192,
        segment_size: 8192,
        duplicates: duplicates(),
        ..spool::Config::new("/spool")
    }
}

pub fn open_with(disk: &SimulatedDisk, config: &spool::Config) -> (Spool, Writer) {
    let clock = Arc::new(HandClock::at(1_000));
    Spool::open_without_thread(config, Arc::new(disk.clone()), clock).unwrap()
}

pub fn open(disk: &SimulatedDisk) -> (Spool, Writer) {
    open_with(disk, &config())
}

pub fn entry(spool: &Spool, id: &str) -> Entry {
    Entry {
        received_at: 1_000,
        key: spool.key("shop", 1, id),
        line: format!("line {id}").into_bytes(),
    }
}

pub fn append(spool: &Spool, writer: &mut Writer, id: &str) -> Result<Vec<Stored>, AppendError> {
    match spool.submit(&[entry(spool, id)]) {
        Submitted::Done(answer) => answer,
        Submitted::Waiting(mut answer) => {
            writer.commit_waiting();
            answer.try_recv().unwrap()
        }
    }
}

pub fn lines(spool: &Spool) -> Vec<String> {
    let until = *spool.durable().borrow();
    let records = spool.cursor(0).read(usize::MAX, until).unwrap();
    let text = |line: &[u8]| String::from_utf8(line.to_vec()).unwrap();
    records.iter().map(|record| text(&record.line)).collect()
}

fn segment(disk: &SimulatedDisk) -> Vec<u8> {
    disk.contents(Path::new("/spool"))[&PathBuf::from(SEGMENT)].clone()
}

/// Where the last commit of three begins and ends, and the disk that holds them.
fn three_commits(seed: u64) -> (SimulatedDisk, std::ops::Range<usize>) {
    let disk = SimulatedDisk::new(seed);
    let (spool, mut writer) = open(&disk);
    append(&spool, &mut writer, "one").unwrap();
    append(&spool, &mut writer, "two").unwrap();
    let before = segment(&disk);
    append(&spool, &mut writer, "three").unwrap();
    let after = segment(&disk);
    let differs = |at: &usize| before[*at] != after[*at];
    let start = (0..after.len()).find(differs).unwrap() / 8 * 8;
    let end = (0..after.len()).rfind(differs).unwrap() + 1;
    drop((spool, writer));
    disk.restart(Crash::PowerCut);
    (disk, start..end)
}

#[test]
fn complaint_38_vector_17644_a_tail_torn_at_any_byte_costs_the_unfinished_commit_and_nothing_else()
{
    let (disk, commit) = three_commits(1);
    let whole = segment(&disk);
    for torn in commit.clone() {
        disk.rot(Path::new(SEGMENT), commit.start, &whole[commit.clone()])
            .unwrap();
        disk.rot(Path::new(SEGMENT), torn, &vec![0; commit.end - torn])
            .unwrap();
        let (spool, mut writer) = open(&disk);
        assert_eq!(lines(&spool)[..2], ["line one", "line two"], "{torn}");
        assert!(lines(&spool).len() == 2 || torn + 8 > commit.end, "{torn}");
        assert_eq!(spool.counters().rot, 0, "{torn}");
        // Its client was told nothing and sends it again.
        append(&spool, &mut writer, "three").unwrap();
        append(&spool, &mut writer, "four").unwrap();
        drop((spool, writer));
        disk.restart(Crash::PowerCut);
        let (spool, _writer) = open(&disk);
        let wanted = ["line one", "line two", "line three", "line four"];
        assert_eq!(lines(&spool), wanted, "{torn}");
        assert!(spool.totals().balance());
        drop((spool, _writer));
        disk.restart(Crash::Kill);
        disk.rot(Path::new(SEGMENT), 0, &whole).unwrap();
    }
}

#[test]
fn rot_costs_the_frame_that_it_hit_is_kept_and_said() {
    let (disk, commit) = three_commits(2);
    let bytes = segment(&disk);
    let at = bytes
        .windows(8)
        .position(|bytes| bytes == b"line two")
        .unwrap();
    assert!(at < commit.start);
    disk.rot(Path::new(SEGMENT), at, b"LINE").unwrap();

    let (spool, mut writer) = open(&disk);
    assert_eq!(lines(&spool), ["line one", "line three"]);
    assert_eq!(spool.counters().rot, 1);
    assert_eq!(spool.counters().torn_tails, 0);
    let totals = spool.totals();
    assert_eq!((totals.taken, totals.waiting, totals.rotten), (3, 2, 1));
    assert!(totals.balance());
    let kept = disk.contents(Path::new("/spool"));
    let kept: Vec<_> = kept
        .iter()
        .filter(|(path, _)| path.to_string_lossy().contains("/rot-"))
        .collect();
    assert_eq!(kept.len(), 1);
    assert!(kept[0].1.windows(8).any(|bytes| bytes == b"LINE two"));

    append(&spool, &mut writer, "four").unwrap();
    assert_eq!(lines(&spool), ["line one", "line three", "line four"]);
}

#[test]
fn rot_that_comes_while_it_runs_is_skipped_by_readers() {
    let disk = SimulatedDisk::new(3);
    let (spool, mut writer) = open(&disk);
    for id in ["one", "two", "three"] {
        append(&spool, &mut writer, id).unwrap();
    }
    let bytes = segment(&disk);
    let at = bytes
        .windows(8)
        .position(|bytes| bytes == b"line two")
        .unwrap();
    disk.rot(Path::new(SEGMENT), at, b"LINE").unwrap();
    assert_eq!(lines(&spool), ["line one", "line three"]);
}

#[test]
fn a_damaged_header_copy_costs_nothing() {
    let (disk, _) = three_commits(4);
    disk.rot(Path::new(SEGMENT), 30, b"rot").unwrap();
    let (spool, _writer) = open(&disk);
    assert_eq!(lines(&spool), ["line one", "line two", "line three"]);
}

#[test]
fn a_failed_sync_voids_the_commit_frees_its_ids_and_closes_the_segment() {
    for crash in [Crash::Kill, Crash::PowerCut] {
        let disk = SimulatedDisk::new(5);
        let (spool, mut writer) = open(&disk);
        append(&spool, &mut writer, "one").unwrap();
        disk.fail_sync_after(Some(0));
        let failed = append(&spool, &mut writer, "two");
        assert!(matches!(failed, Err(AppendError::Failing(_))), "{failed:?}");
        assert!(spool.health().intake.is_some());
        assert_eq!(lines(&spool), ["line one"]);

        // The id is free again: the second try is new, in another segment.
        assert_eq!(append(&spool, &mut writer, "two"), Ok(vec![Stored::New]));
        assert_eq!(spool.health().intake, None);
        assert_eq!(spool.counters().segments, 2);
        assert_eq!(lines(&spool), ["line one", "line two"]);
        drop((spool, writer));
        disk.restart(crash);

        // What was written before the failed sync is void, however intact.
        let (spool, mut writer) = open(&disk);
        assert_eq!(lines(&spool), ["line one", "line two"]);
        assert_eq!(
            append(&spool, &mut writer, "two"),
            Ok(vec![Stored::Duplicate])
        );
        assert!(spool.totals().balance());
    }
}

#[test]
fn syncs_may_fail_many_times_in_a_row_and_the_segments_used_up_come_back() {
    for crash in [None, Some(Crash::Kill), Some(Crash::PowerCut)] {
        let disk = SimulatedDisk::new(6);
        let (mut spool, mut writer) = open(&disk);
        append(&spool, &mut writer, "one").unwrap();
        disk.fail_sync_after(Some(0));
        assert!(append(&spool, &mut writer, "two").is_err());
        for _ in 0..5 {
            // The name of a new segment's file becomes durable, the commit does not.
            disk.fail_sync_after(Some(1));
            let failed = append(&spool, &mut writer, "two");
            assert!(matches!(failed, Err(AppendError::Failing(_))), "{failed:?}");
        }
        // Each try used up a segment, and the oldest holds what is not delivered.
        disk.fail_sync_after(None);
        assert_eq!(append(&spool, &mut writer, "two"), Err(AppendError::Full));
        assert_eq!(lines(&spool), ["line one"]);
        if let Some(crash) = crash {
            drop((spool, writer));
            disk.restart(crash);
            (spool, writer) = open(&disk);
        }
        let until = spool.counters().durable_position;
        let next = Checkpoint {
            position: until,
            ..spool.checkpoint()
        };
        spool.advance(next).unwrap();
        // After a crash, what a failed sync did write may have come back as taken.
        let two = append(&spool, &mut writer, "two").unwrap();
        assert!(two == [Stored::New] || crash.is_some());
        append(&spool, &mut writer, "three").unwrap();
    }
}

#[test]
fn a_duplicate_is_answered_only_when_its_original_is_durable() {
    let disk = SimulatedDisk::new(7);
    let (spool, mut writer) = open(&disk);
    let submit = || match spool.submit(&[entry(&spool, "one")]) {
        Submitted::Waiting(answer) => answer,
        Submitted::Done(answer) => panic!("answered at once: {answer:?}"),
    };
    let (mut first, mut second) = (submit(), submit());
    assert!(second.try_recv().is_err());
    disk.fail_sync_after(Some(1));
    writer.commit_waiting();
    assert!(first.try_recv().unwrap().is_err());
    assert!(second.try_recv().unwrap().is_err());

    let (mut first, mut second) = (submit(), submit());
    writer.commit_waiting();
    assert_eq!(first.try_recv().unwrap(), Ok(vec![Stored::New]));
    assert_eq!(second.try_recv().unwrap(), Ok(vec![Stored::Duplicate]));
    assert_eq!(lines(&spool), ["line one"]);
}

#[test]
fn a_disk_that_works_again_is_found_out_without_an_append() {
    let disk = SimulatedDisk::new(16);
    let (spool, mut writer) = open(&disk);
    append(&spool, &mut writer, "one").unwrap();
    disk.fail_sync_after(Some(0));
    append(&spool, &mut writer, "two").unwrap_err();
    assert!(spool.health().intake.is_some());
    disk.fail_sync_after(Some(1));
    assert!(!writer.probe());
    assert!(spool.health().intake.is_some());
    assert!(writer.probe());
    assert_eq!(spool.health().intake, None);
    append(&spool, &mut writer, "three").unwrap();
    drop((spool, writer));
    disk.restart(Crash::PowerCut);
    let (spool, _writer) = open(&disk);
    assert_eq!(lines(&spool), ["line one", "line three"]);
    assert!(spool.totals().balance());
}

#[test]
fn readers_go_no_further_than_what_is_durable() {
    let disk = SimulatedDisk::new(8);
    let (spool, mut writer) = open(&disk);
    append(&spool, &mut writer, "one").unwrap();
    let waiting = spool.submit(&[entry(&spool, "two")]);
    assert!(matches!(waiting, Submitted::Waiting(_)));
    assert_eq!(lines(&spool), ["line one"]);
    writer.commit_waiting();
    assert_eq!(lines(&spool), ["line one", "line two"]);
}

#[test]
fn all_who_wait_share_one_sync() {
    let disk = SimulatedDisk::new(9);
    let (spool, mut writer) = open(&disk);
    append(&spool, &mut writer, "first").unwrap();
    let before = disk.syncs()[&SyncPoint::Commit];
    let waiting: Vec<_> = (0..20)
        .map(|id| spool.submit(&[entry(&spool, &id.to_string())]))
        .collect();
    assert_eq!(writer.commit_waiting(), 20);
    assert_eq!(disk.syncs()[&SyncPoint::Commit], before + 1);
    drop(waiting);
}

#[test]
fn a_position_is_never_used_twice() {
    let disk = SimulatedDisk::new(10);
    let mut highest = 0;
    for round in 0..12 {
        let (spool, mut writer) = open(&disk);
        disk.fail_sync_after((round % 3 == 0).then_some(0));
        let _ = append(&spool, &mut writer, &format!("a{round}"));
        append(&spool, &mut writer, &format!("b{round}")).unwrap();
        let until = *spool.durable().borrow();
        let records = spool.cursor(0).read(usize::MAX, until).unwrap();
        let last = records.last().unwrap().position;
        assert!(last > highest, "{round}");
        assert!(records.is_sorted_by(|one, other| one.position < other.position));
        highest = last;
        // All is delivered, so that segments are used again.
        let next = Checkpoint {
            position: last + 1,
            ..spool.checkpoint()
        };
        spool.advance(next).unwrap();
        drop((spool, writer));
        disk.restart(Crash::PowerCut);
    }
}

#[test]
fn a_checkpoint_whose_sync_failed_leaves_the_one_before() {
    let disk = SimulatedDisk::new(11);
    let (spool, writer) = open(&disk);
    let at = |position| Checkpoint {
        position,
        ..spool.checkpoint()
    };
    spool.advance(at(5)).unwrap();
    disk.fail_sync_after(Some(0));
    assert!(spool.advance(at(6)).is_err());
    assert_eq!(spool.checkpoint().position, 5);
    spool.advance(at(7)).unwrap();
    drop((spool, writer));
    disk.restart(Crash::PowerCut);
    assert_eq!(open(&disk).0.checkpoint().position, 7);
}

#[test]
fn another_process_is_refused() {
    let disk = SimulatedDisk::new(12);
    let (_spool, _writer) = open(&disk);
    let clock = Arc::new(HandClock::at(1_000));
    let again = Spool::open_without_thread(&config(), Arc::new(disk.clone()), clock);
    let error = again.err().unwrap();
    assert!(matches!(error, OpenError::Locked(_)));
    assert!(error.to_string().contains("--spool-dir"), "{error}");
}

#[test]
fn a_buffered_spool_never_syncs_commits_and_survives_a_kill() {
    let disk = SimulatedDisk::new(13);
    let config = spool::Config {
        durability: Durability::Buffered,
        ..config()
    };
    let (spool, mut writer) = open_with(&disk, &config);
    append(&spool, &mut writer, "one").unwrap();
    assert_eq!(disk.syncs().get(&SyncPoint::Commit), None);
    drop((spool, writer));
    disk.restart(Crash::Kill);
    assert_eq!(lines(&open_with(&disk, &config).0), ["line one"]);
}

#[test]
fn a_full_disk_is_said_and_the_spool_goes_on_with_what_it_has() {
    let disk = SimulatedDisk::new(14);
    let (spool, mut writer) = open(&disk);
    append(&spool, &mut writer, "one").unwrap();
    disk.set_room(Some(0));
    let mut taken = 1;
    let refused = loop {
        match append(&spool, &mut writer, &format!("m{taken}")) {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(refused, AppendError::Full);
    assert_eq!(lines(&spool).len(), taken);
    disk.set_room(None);
    append(&spool, &mut writer, "at last").unwrap();
    assert_eq!(lines(&spool).len(), taken + 1);
}
