//! The files on a disk that forgets, fails and fills up.

use super::*;
use crate::spool::ahead::Ahead;
use crate::spool::files::simulated::{Crash, SimulatedDisk};

const DIR: &str = "/spool";

fn event(position: u64) -> Refused {
    Refused {
        position,
        received_at: 1,
        line: format!("{{\"n\":{position}}}").into(),
        attempts: 3,
        code: "InternalFailure".into(),
        message: "no".into(),
    }
}

fn disk(seed: u64) -> SimulatedDisk {
    let disk = SimulatedDisk::new(seed);
    disk.create_dir(Path::new(DIR)).unwrap();
    disk.sync_dir(Path::new("/"), SyncPoint::SpoolParents)
        .unwrap();
    disk
}

fn at(position: u64) -> Checkpoint {
    Checkpoint {
        position,
        ..Checkpoint::default()
    }
}

fn open(disk: &SimulatedDisk, position: u64) -> (RefusedFiles, u64) {
    let files: Arc<dyn Files> = Arc::new(disk.clone());
    let damage = Damage::new(Arc::clone(&files), Path::new(DIR));
    let opened = RefusedFiles::open(files, Path::new(DIR), &at(position), &damage).unwrap();
    (opened, damage.count())
}

/// The positions in all files, whole or not.
fn positions(disk: &SimulatedDisk) -> Vec<Option<u64>> {
    let contents = disk.contents(Path::new(DIR));
    let lines = contents
        .values()
        .flat_map(|bytes| bytes.split_inclusive(|byte| *byte == b'\n'));
    lines.map(line::position).collect()
}

#[test]
fn what_is_kept_is_durable_and_kept_once() {
    let disk = disk(1);
    let (mut refused, _) = open(&disk, 1);
    let path = refused.keep(&[event(3), event(5)], 9).unwrap();
    assert_eq!(path, Some(Path::new(DIR).join("refused-3")));
    assert_eq!(refused.keep(&[event(3), event(5)], 9).unwrap(), None);
    assert!(refused.keep(&[event(5), event(7)], 9).unwrap().is_some());
    disk.restart(Crash::PowerCut);
    let (mut refused, damaged) = open(&disk, 5);
    assert_eq!(damaged, 0);
    assert_eq!(*refused.ahead(), BTreeSet::from([5, 7]));
    assert_eq!(refused.keep(&[event(7), event(8)], 9).unwrap(), path);
    assert_eq!(positions(&disk), [3, 5, 7, 8].map(Some));
    let ahead = Ahead::of(&[7..8]).unwrap();
    refused.passed(&Checkpoint { ahead, ..at(5) });
    assert_eq!(*refused.ahead(), BTreeSet::from([5, 8]));
    refused.passed(&at(8));
    assert_eq!(*refused.ahead(), BTreeSet::from([8]));
}

#[test]
fn a_write_or_sync_that_fails_leaves_nothing_that_counts_and_is_done_again() {
    for seed in 0..200 {
        let disk = disk(seed);
        let (mut refused, _) = open(&disk, 1);
        refused.keep(&[event(1)], 9).unwrap();
        refused.passed(&at(2));
        match seed % 3 {
            0 => disk.fail_sync_after(Some(0)),
            1 => disk.fail_write_after(Some(0)),
            _ => disk.set_room(Some(seed)),
        }
        let failed = refused.keep(&[event(2), event(3)], 9);
        if seed % 3 < 2 {
            assert!(failed.is_err() && refused.ahead().is_empty());
        }
        disk.set_room(None);
        if seed % 2 == 0 {
            // The next process finds what the failed one may have left, and power is cut.
            disk.restart(Crash::Kill);
            let (after_kill, _) = open(&disk, 2);
            let ahead = after_kill.ahead().clone();
            disk.restart(Crash::PowerCut);
            refused = open(&disk, 2).0;
            assert_eq!(*refused.ahead(), ahead, "{seed}");
        }
        refused.keep(&[event(2), event(3), event(4)], 9).unwrap();
        disk.restart(Crash::PowerCut);
        assert_eq!(open(&disk, 2).1, 0);
        assert_eq!(positions(&disk), [1, 2, 3, 4].map(Some), "{seed}");
    }
}

#[test]
fn rot_costs_its_line_and_an_unfinished_one_is_cut_off() {
    let disk = disk(2);
    let (mut refused, _) = open(&disk, 1);
    let path = refused
        .keep(&[event(1), event(2), event(3)], 9)
        .unwrap()
        .unwrap();
    let length = disk.contents(Path::new(DIR))[&path].len();
    disk.rot(&path, length / 2, b"~").unwrap();
    // Above the checkpoint nobody knows whether it ever was whole.
    let look_at = |checkpoint| look(&disk, Path::new(DIR), &checkpoint).unwrap();
    let look = |position| look_at(at(position));
    assert_eq!((look(2).0, look(2).1[0].state), (1, State::Torn));
    let ahead = Ahead::of(&[3..4]).unwrap();
    let behind_a_gap = look_at(Checkpoint { ahead, ..at(1) });
    assert_eq!(
        (behind_a_gap.0, behind_a_gap.1[0].state),
        (2, State::Rotten)
    );
    assert_eq!((look(4).0, look(4).1[0].state), (2, State::Rotten));
    let (refused, damaged) = open(&disk, 4);
    assert_eq!((damaged, refused.ahead().len()), (1, 0));
    assert_eq!(positions(&disk), [Some(1), None, Some(3)]);
    let (refused, damaged) = open(&disk, 2);
    assert_eq!((damaged, refused.ahead().len()), (0, 0));
    assert_eq!(positions(&disk), [Some(1)]);
}

#[test]
fn a_file_moved_away_is_followed_by_another_with_a_number_of_its_own() {
    let disk = disk(3);
    let (mut refused, _) = open(&disk, 1);
    let first = refused.keep(&[event(4)], 9).unwrap().unwrap();
    disk.remove_file(&first).unwrap();
    let second = refused.keep(&[event(5)], 9).unwrap().unwrap();
    assert_ne!(first, second);
    assert_eq!(positions(&disk), [Some(5)]);
}

#[test]
fn a_full_file_is_followed_by_another() {
    let disk = disk(4);
    let (mut refused, _) = open(&disk, 1);
    let long = Refused {
        line: vec![b'x'; 13 << 20].into(),
        ..event(1)
    };
    let first = refused.keep(&[long], 9).unwrap();
    let second = refused.keep(&[event(2)], 9).unwrap();
    assert_ne!(first, second);
    let (refused, _) = open(&disk, 1);
    assert_eq!(*refused.ahead(), BTreeSet::from([1, 2]));
}
