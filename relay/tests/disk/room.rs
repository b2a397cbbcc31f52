//! A disk that is full: what was delivered makes room, though nobody else does.

use std::path::Path;

use clickstream_relay::spool::files::simulated::{Crash, SimulatedDisk};
use clickstream_relay::spool::writer::Writer;
use clickstream_relay::spool::{self, AppendError, Checkpoint, Spool, Stored};

use crate::spool_promises::{append, config, open_with};

/// Large beside a file of ids, as a real one is.
const SEGMENT: u64 = 64 << 10;

/// Takes events until there is no room; how many were taken.
fn fill(spool: &Spool, writer: &mut Writer, name: &str) -> usize {
    for number in 0..1_000 {
        let id = format!("{name} {number} {}", "x".repeat(2_000));
        match append(spool, writer, &id) {
            Ok(stored) => assert_eq!(stored, [Stored::New]),
            Err(error) => {
                assert_eq!(error, AppendError::Full);
                return number;
            }
        }
    }
    panic!("never full")
}

fn deliver_all(spool: &Spool) {
    let next = Checkpoint {
        position: *spool.durable().borrow(),
        ..spool.checkpoint()
    };
    spool.advance(next).unwrap();
}

#[test]
fn what_was_delivered_makes_room_on_a_full_disk() {
    for prepares in [false, true] {
        let disk = SimulatedDisk::new(80);
        let config = spool::Config {
            size: 100 * SEGMENT,
            segment_size: SEGMENT,
            ..config()
        };
        let (mut spool, mut writer) = open_with(&disk, &config);
        append(&spool, &mut writer, "first").unwrap();
        // Less than the bound: three segments more, and a little.
        disk.set_room_below(Path::new("/spool"), 3 * SEGMENT + 60_000);
        for round in 0..6 {
            let taken = fill(&spool, &mut writer, &format!("{round}"));
            assert!(taken >= 60, "{taken} in round {round}");
            while prepares && writer.prepare() {}
            deliver_all(&spool);
            writer.tend_ids();
            assert!(writer.probe(), "round {round}: {:?}", spool.health());
            assert_eq!(spool.health().intake, None);
            if round == 3 {
                drop((spool, writer));
                disk.restart(Crash::Kill);
                (spool, writer) = open_with(&disk, &config);
                disk.set_room_below(Path::new("/spool"), 60_000);
            }
        }
    }
}
