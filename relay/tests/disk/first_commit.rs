//! A segment whose head became durable without anything of its first commit.

use std::path::{Path, PathBuf};

use clickstream_relay::spool::files::simulated::{Crash, SimulatedDisk};
use clickstream_relay::spool::header::SECTOR;

use crate::spool_promises::{append, open};

/// The lowest position that the head in these bytes lets a frame of its segment have; none where
/// there is no head, or a frame.
fn first_of_an_empty_segment(bytes: &[u8]) -> Option<u64> {
    let frame = bytes.get(SECTOR as usize..SECTOR as usize + 8)?;
    let first = bytes.get(48..56)?.try_into().unwrap();
    (frame == [0; 8] && bytes[0] != 0).then(|| u64::from_le_bytes(first))
}

/// A commit fails and its frames are lost; the next one begins a segment whose head counts them,
/// and power is cut before more than that head is written.
#[test]
fn no_event_gets_a_position_below_what_the_head_of_its_segment_says() {
    let mut empty = 0;
    for seed in 0..200 {
        let disk = SimulatedDisk::new(seed);
        let (spool, mut writer) = open(&disk);
        append(&spool, &mut writer, "one").unwrap();
        disk.fail_sync_after(Some(0));
        append(&spool, &mut writer, "void").unwrap_err();
        // The sync of the new file's name, and then the commit's.
        disk.stop_at_sync(1);
        append(&spool, &mut writer, "lost").unwrap_err();
        drop((spool, writer));
        disk.restart(Crash::PowerCut);

        let all = disk.contents(Path::new("/spool"));
        let second = all.get(&PathBuf::from("/spool/segment-00001"));
        let Some(first) = second.and_then(|bytes| first_of_an_empty_segment(bytes)) else {
            continue;
        };
        empty += 1;
        let (spool, mut writer) = open(&disk);
        append(&spool, &mut writer, "again").unwrap();
        let records = spool.cursor(0).read(usize::MAX, u64::MAX).unwrap();
        let last = records.last().unwrap();
        assert_eq!(&last.line[..], b"line again");
        assert!(
            last.position >= first,
            "{} < {first}, seed {seed}",
            last.position
        );
    }
    assert!(empty > 0, "no seed left a head alone");
}
