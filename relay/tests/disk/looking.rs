//! What `spool verify` and `spool list` say of a spool that went through trouble.

use std::ops::{ControlFlow, Range};
use std::path::Path;

use clickstream_relay::spool::files::simulated::{Crash, SimulatedDisk};
use clickstream_relay::spool::inspect::Inspector;
use clickstream_relay::spool::part::State;
use clickstream_relay::spool::queue::Submitted;
use clickstream_relay::spool::{self, Checkpoint, Files};

use crate::spool_promises::{append, config, entry, open, open_with};

const SPOOL: &str = "/spool";

fn listed(disk: &SimulatedDisk, range: &Range<u64>) -> Vec<u64> {
    let inspector = Inspector::open(disk, Path::new(SPOOL)).unwrap();
    let mut positions = Vec::new();
    let damaged = inspector.records(range, |record| {
        positions.push(record.position);
        Ok(ControlFlow::Continue(()))
    });
    assert_eq!(damaged.unwrap(), 0);
    positions
}

fn rotten(disk: &SimulatedDisk) -> Vec<String> {
    let inspector = Inspector::open(disk, Path::new(SPOOL)).unwrap();
    let mut parts = inspector.verify().unwrap().parts;
    parts.retain(|part| part.state == State::Rotten);
    parts.into_iter().map(|part| part.name).collect()
}

#[test]
fn an_event_that_came_while_the_disk_was_probed_is_listed_by_its_position() {
    let disk = SimulatedDisk::new(90);
    let (spool, mut writer) = open(&disk);
    append(&spool, &mut writer, "one").unwrap();
    disk.fail_sync_after(Some(0));
    append(&spool, &mut writer, "void").unwrap_err();
    let Submitted::Waiting(mut answer) = spool.submit(&[entry(&spool, "meanwhile")]) else {
        panic!("it waits")
    };
    assert!(writer.probe());
    writer.commit_waiting();
    assert!(answer.try_recv().unwrap().is_ok());
    let last = *spool.durable().borrow() - 1;
    drop((spool, writer));
    disk.restart(Crash::PowerCut);
    assert_eq!(listed(&disk, &(last..last + 1)), [last]);
}

#[test]
fn a_segment_file_that_is_gone_is_no_intact_spool() {
    for (failing, delivered, gone) in [
        (None, false, 0),
        (Some(2), false, 0),
        (None, false, 1),
        (None, true, 1),
    ] {
        let disk = SimulatedDisk::new(91);
        let config = spool::Config {
            size: 100 * 8192,
            ..config()
        };
        let (spool, mut writer) = open_with(&disk, &config);
        for number in 0..7 {
            let id = format!("{number} {}", "x".repeat(2_000));
            if failing == Some(number) {
                // A segment that was never begun.
                disk.fail_write_after(Some(0));
                append(&spool, &mut writer, "refused").unwrap_err();
                // Its file is made, and nothing of it is written.
                disk.fail_write_after(Some(1));
                append(&spool, &mut writer, "refused").unwrap_err();
            }
            append(&spool, &mut writer, &id).unwrap();
        }
        if delivered {
            let position = *spool.durable().borrow();
            let next = Checkpoint {
                position,
                ..spool.checkpoint()
            };
            spool.advance(next).unwrap();
        }
        drop((spool, writer));
        disk.restart(Crash::PowerCut);
        let none: [&str; 0] = [];
        assert_eq!(rotten(&disk), none);
        if gone > 0 {
            disk.remove_file(&Path::new(SPOOL).join("segment-00001"))
                .unwrap();
            let wanted: &[&str] = if delivered { &[] } else { &["segment 2"] };
            assert_eq!(rotten(&disk), wanted);
        }
    }
}
