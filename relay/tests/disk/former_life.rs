//! A segment file's former life that comes back with the frames that were void in it.

use clickstream_relay::spool::files::simulated::{Crash, SimulatedDisk};
use clickstream_relay::spool::writer::Writer;
use clickstream_relay::spool::{self, Checkpoint, Spool, Stored};

use crate::spool_promises::{append, config, lines, open_with};

fn deliver_all(spool: &Spool, writer: &mut Writer) {
    let position = *spool.durable().borrow();
    let next = Checkpoint {
        position,
        ..spool.checkpoint()
    };
    spool.advance(next).unwrap();
    // Its segment may be used again.
    writer.tend_ids();
}

/// "void" is written, its sync fails, and its client goes away. Then both files are used
/// again, the first one's new header is lost, and power is cut.
#[test]
fn an_event_that_was_void_is_never_a_duplicate_below_the_checkpoint() {
    let config = spool::Config {
        size: 2 * 8192,
        ..config()
    };
    let mut came_back = 0;
    for seed in 0..400 {
        let disk = SimulatedDisk::new(seed);
        let (spool, mut writer) = open_with(&disk, &config);
        append(&spool, &mut writer, "one").unwrap();
        disk.fail_sync_after(Some(0));
        append(&spool, &mut writer, "void").unwrap_err();
        // The second file, full and delivered.
        append(&spool, &mut writer, "two").unwrap();
        for id in 0..2 {
            let line = format!("b{id}{}", "x".repeat(1_000));
            append(&spool, &mut writer, &line).unwrap();
        }
        deliver_all(&spool, &mut writer);
        // The first file again, whose sync fails; then the second again.
        disk.fail_sync_after(Some(0));
        append(&spool, &mut writer, &"c".repeat(2_000)).unwrap_err();
        append(&spool, &mut writer, "three").unwrap();
        deliver_all(&spool, &mut writer);
        drop((spool, writer));
        disk.restart(Crash::PowerCut);

        let (spool, mut writer) = open_with(&disk, &config);
        came_back += u32::from(lines(&spool).iter().any(|line| line == "line void"));
        let again = append(&spool, &mut writer, "void").unwrap();
        assert_eq!(again, [Stored::New], "seed {seed}");
    }
    assert!(came_back > 0, "no seed brought the former life back");
}
