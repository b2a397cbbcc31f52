//! Segments made ready for a burst: as many as were asked for, only in a roomy disk's room, and
//! nothing is lost wherever the making stops.

use std::path::Path;

use clickstream_relay::spool::files::simulated::{Crash, SimulatedDisk};
use clickstream_relay::spool::{self, Checkpoint, Stored};

use crate::spool_promises::{append, config, lines, open_with};

const SEGMENT: u64 = 8192;

fn asked_for(ready: u64) -> spool::Config {
    spool::Config {
        size: 40 * SEGMENT,
        segment_size: SEGMENT,
        ready,
        ..config()
    }
}

#[test]
fn as_many_are_made_as_were_asked_for_at_most_a_quarter() {
    for (asked, made) in [(0, 0), (SEGMENT, 1), (5 * SEGMENT, 5), (u64::MAX, 10)] {
        let disk = SimulatedDisk::new(1);
        let (spool, mut writer) = open_with(&disk, &asked_for(asked));
        append(&spool, &mut writer, "first").unwrap();
        while writer.make_ready() {}
        let counters = spool.counters();
        assert_eq!(counters.ready_bytes, made * SEGMENT, "{asked}");
        assert_eq!(counters.segments, 1 + made, "{asked}");
        assert!(!writer.make_ready());
    }
}

#[test]
fn a_segment_that_is_delivered_counts_as_ready() {
    let disk = SimulatedDisk::new(2);
    let (spool, mut writer) = open_with(&disk, &asked_for(3 * SEGMENT));
    // A segment each.
    for number in 0..3 {
        let id = format!("{number} {}", "x".repeat(3_000));
        assert_eq!(append(&spool, &mut writer, &id).unwrap(), [Stored::New]);
    }
    let position = *spool.durable().borrow();
    let next = Checkpoint {
        position,
        ..spool.checkpoint()
    };
    spool.advance(next).unwrap();
    writer.tend_ids();
    while writer.make_ready() {}
    let counters = spool.counters();
    assert_eq!(counters.ready_bytes, 3 * SEGMENT);
    assert_eq!(counters.segments, 4, "two are delivered, one is new");
}

#[test]
fn nothing_is_made_where_the_disk_has_little_room() {
    let disk = SimulatedDisk::new(3);
    let (spool, mut writer) = open_with(&disk, &asked_for(5 * SEGMENT));
    append(&spool, &mut writer, "first").unwrap();
    disk.set_room_below(Path::new("/spool"), 15 * SEGMENT);
    assert!(!writer.make_ready());
    assert_eq!(spool.counters().segments, 1);
    disk.set_room_below(Path::new("/spool"), 17 * SEGMENT);
    while writer.make_ready() {}
    let made = spool.counters().segments;
    assert!((2..4).contains(&made), "{made}");
}

#[test]
fn nothing_is_lost_wherever_the_making_stops() {
    for crash in [Crash::Kill, Crash::PowerCut] {
        let (mut stop, mut stopped) = (0, true);
        while stopped {
            let disk = SimulatedDisk::new(stop);
            let config = asked_for(3 * SEGMENT);
            let (spool, mut writer) = open_with(&disk, &config);
            append(&spool, &mut writer, "first").unwrap();
            disk.stop_after(stop);
            while writer.make_ready() {}
            stopped = disk.stopped();
            drop((spool, writer));
            disk.restart(crash);

            let (spool, mut writer) = open_with(&disk, &config);
            while writer.make_ready() {}
            assert_eq!(spool.counters().ready_bytes, 3 * SEGMENT, "after {stop}");
            let mut wanted = vec!["line first".to_owned()];
            for number in 0..6 {
                let id = format!("{number} {}", "x".repeat(3_000));
                let stored = append(&spool, &mut writer, &id).unwrap();
                assert_eq!(stored, [Stored::New], "{crash:?} after {stop}");
                wanted.push(format!("line {id}"));
            }
            drop((spool, writer));
            disk.restart(Crash::PowerCut);
            let (spool, _writer) = open_with(&disk, &config);
            assert_eq!(lines(&spool), wanted, "{crash:?} after {stop}");
            stop += 1;
        }
        assert!(stop > 6, "three segments take more than {stop} operations");
    }
}
