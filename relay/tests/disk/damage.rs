//! Damage costs what it hit, is counted and kept, and stops nothing.

use std::path::{Path, PathBuf};

use clickstream_relay::spool::damage::PATIENCE;
use clickstream_relay::spool::files::simulated::{Crash, SimulatedDisk};
use clickstream_relay::spool::writer::Writer;
use clickstream_relay::spool::{self, Checkpoint, Spool, Stored};

use crate::spool_promises::{append, lines, open_with};

const SEGMENT: &str = "/spool/segment-00000";

/// Large enough for a segment of many blocks.
fn config() -> spool::Config {
    spool::Config {
        size: 8 * 65_536,
        segment_size: 65_536,
        ..spool::Config::new("/spool")
    }
}

fn open(disk: &SimulatedDisk) -> (Spool, Writer) {
    open_with(disk, &config())
}

/// An id whose line is longer than half a block.
fn id(number: u32) -> String {
    format!("{number} {}", "x".repeat(3_000))
}

/// A disk that holds eight large lines, a commit each, after a power cut.
fn eight() -> SimulatedDisk {
    let disk = SimulatedDisk::new(1);
    let (spool, mut writer) = open(&disk);
    for number in 0..8 {
        append(&spool, &mut writer, &id(number)).unwrap();
    }
    drop((spool, writer));
    disk.restart(Crash::PowerCut);
    disk
}

fn numbers(spool: &Spool) -> Vec<u32> {
    let number = |line: &String| line.split(' ').nth(1).unwrap().parse().unwrap();
    lines(spool).iter().map(number).collect()
}

fn position_of(disk: &SimulatedDisk, number: u32) -> u64 {
    let bytes = &disk.contents(Path::new("/spool"))[&PathBuf::from(SEGMENT)];
    let wanted = format!("line {number} ");
    let found = bytes.windows(7).position(|at| at == wanted.as_bytes());
    found.unwrap() as u64
}

fn asides(disk: &SimulatedDisk) -> Vec<(PathBuf, Vec<u8>)> {
    let all = disk.contents(Path::new("/spool"));
    let is_aside = |path: &Path| path.to_string_lossy().contains("/rot-");
    all.into_iter().filter(|(path, _)| is_aside(path)).collect()
}

/// Takes both copies of the header away.
fn take_the_head(disk: &SimulatedDisk, unreadable: bool) {
    match unreadable {
        true => disk.refuse_reads(Path::new(SEGMENT), 0..100).unwrap(),
        false => {
            disk.rot(Path::new(SEGMENT), 30, b"rot").unwrap();
            disk.rot(Path::new(SEGMENT), 2048 + 30, b"rot").unwrap();
        }
    }
}

#[test]
fn a_segment_whose_head_is_damaged_is_known_by_its_events_and_loses_none() {
    for unreadable in [false, true] {
        let disk = eight();
        take_the_head(&disk, unreadable);
        let before = disk.contents(Path::new("/spool"))[&PathBuf::from(SEGMENT)].clone();
        let (spool, mut writer) = open(&disk);
        assert_eq!(numbers(&spool), (0..8).collect::<Vec<_>>());
        assert_eq!(spool.counters().rot, 1);
        assert_eq!(spool.totals().waiting, 8);
        append(&spool, &mut writer, &id(8)).unwrap();
        drop((spool, writer));
        disk.restart(Crash::PowerCut);
        let (spool, mut writer) = open(&disk);
        assert_eq!(numbers(&spool), (0..9).collect::<Vec<_>>());
        // Its ids are there, too, and nothing more was written to it.
        let again = append(&spool, &mut writer, &id(3)).unwrap();
        assert_eq!(again, [Stored::Duplicate]);
        let after = disk.contents(Path::new("/spool"))[&PathBuf::from(SEGMENT)].clone();
        assert_eq!(before, after);
        // Delivered, the file is used again, with a new head.
        let next = Checkpoint {
            position: *spool.durable().borrow(),
            delivered: 9,
            ..spool.checkpoint()
        };
        spool.advance(next).unwrap();
        disk.allow_reads();
        for number in 10..150 {
            append(&spool, &mut writer, &id(number)).unwrap();
        }
        let after = disk.contents(Path::new("/spool"))[&PathBuf::from(SEGMENT)].clone();
        assert!(before != after && asides(&disk).is_empty());
    }
}

#[test]
fn a_segment_of_which_nobody_can_say_which_it_is_is_set_aside_and_never_written_again() {
    for unreadable in [false, true] {
        let disk = SimulatedDisk::new(2);
        let (spool, mut writer) = open(&disk);
        // A single commit does not say its segment's number.
        append(&spool, &mut writer, &id(0)).unwrap();
        drop((spool, writer));
        disk.restart(Crash::PowerCut);
        take_the_head(&disk, unreadable);
        let before = disk.contents(Path::new("/spool"))[&PathBuf::from(SEGMENT)].clone();
        let (spool, mut writer) = open(&disk);
        assert_eq!(lines(&spool), Vec::<String>::new());
        assert_eq!(spool.counters().rot, 1);
        assert!(spool.totals().balance());
        // More than one file's worth.
        for number in 0..30 {
            append(&spool, &mut writer, &id(number)).unwrap();
        }
        assert_eq!(numbers(&spool), (0..30).collect::<Vec<_>>());
        let first = spool.cursor(0).read(1, u64::MAX).unwrap()[0].position;
        assert!(first > 2, "positions of lost events are not used again");
        let kept = asides(&disk);
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].0, Path::new("/spool/rot-segment-00000"));
        assert_eq!(kept[0].1, before);
        drop((spool, writer));
        disk.restart(Crash::PowerCut);
        // The next start has nothing new to say.
        let (spool, _writer) = open(&disk);
        assert_eq!(spool.counters().rot, 0);
        assert_eq!(numbers(&spool).len(), 30);
    }
}

#[test]
fn a_block_that_a_start_cannot_read_costs_what_is_in_it() {
    let disk = eight();
    let at = position_of(&disk, 3) + 1_000;
    disk.refuse_reads(Path::new(SEGMENT), at..at + 1).unwrap();
    let (spool, mut writer) = open(&disk);
    assert_eq!(spool.counters().rot, 1);
    assert_eq!(spool.counters().torn_tails, 0);
    let totals = spool.totals();
    assert!(totals.rotten >= 1 && totals.rotten <= 3, "{totals:?}");
    assert_eq!(totals.waiting + totals.rotten, 8);
    assert!(totals.balance());
    // Nothing more is written there.
    append(&spool, &mut writer, &id(8)).unwrap();
    assert_eq!(spool.counters().segments, 2);
    drop((spool, writer));
    disk.restart(Crash::PowerCut);

    let (spool, _writer) = open(&disk);
    for _ in 0..PATIENCE {
        let _ = spool.cursor(0).read(usize::MAX, u64::MAX);
    }
    let there = numbers(&spool);
    assert!(!there.contains(&3) && there.len() >= 6, "{there:?}");
    assert!(there.contains(&7) && there.contains(&8), "{there:?}");
    assert_eq!(spool.counters().rot, 1);
    assert_eq!(asides(&disk).len(), 1);
}

#[test]
fn the_last_event_that_cannot_be_read_is_rot_and_no_torn_tail() {
    let disk = eight();
    let at = position_of(&disk, 7);
    disk.refuse_reads(Path::new(SEGMENT), at..at + 1).unwrap();
    let (spool, mut writer) = open(&disk);
    let (rot, torn) = (spool.counters().rot, spool.counters().torn_tails);
    assert_eq!((rot, torn), (1, 0));
    append(&spool, &mut writer, &id(8)).unwrap();
    drop((spool, writer));
    disk.restart(Crash::PowerCut);
    disk.allow_reads();
    let (spool, _writer) = open(&disk);
    // What could not be read was never written over.
    let there = numbers(&spool);
    assert_eq!(there.last(), Some(&8));
    assert!(there.starts_with(&[0, 1, 2, 3, 4]), "{there:?}");
}

#[test]
fn a_block_that_cannot_be_read_stops_delivery_for_some_tries_and_not_for_good() {
    let disk = eight();
    let (spool, _writer) = open(&disk);
    let at = position_of(&disk, 3) + 1_000;
    disk.refuse_reads(Path::new(SEGMENT), at..at + 1).unwrap();
    for _ in 1..PATIENCE {
        let error = spool.cursor(0).read(usize::MAX, u64::MAX).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(5));
        assert_eq!(spool.counters().rot, 0);
    }
    let there = numbers(&spool);
    assert!(!there.contains(&3) && there.len() >= 5, "{there:?}");
    assert_eq!((there[0], there.last()), (0, Some(&7)));
    assert_eq!(spool.counters().rot, 1);
    // Said and counted once, however often it is met.
    assert_eq!(numbers(&spool), there);
    assert_eq!(spool.counters().rot, 1);
}

#[test]
fn a_disk_that_cannot_be_read_for_a_while_costs_nothing() {
    let disk = eight();
    let (spool, _writer) = open(&disk);
    disk.refuse_reads(Path::new(SEGMENT), 0..65_536).unwrap();
    for _ in 1..PATIENCE {
        spool.cursor(0).read(usize::MAX, u64::MAX).unwrap_err();
    }
    disk.allow_reads();
    assert_eq!(numbers(&spool).len(), 8);
    assert_eq!(spool.counters().rot, 0);
}
