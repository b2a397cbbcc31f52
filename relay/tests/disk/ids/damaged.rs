//! What damage in id files may cost, and what it must not.

use clickstream_relay::spool::files::simulated::Crash;

use super::{DAY, Relay, START};
use crate::spool_promises::config;
use clickstream_relay::spool::{Checkpoint, Durability};

/// Three ids, each in a file of its own.
fn three_files(seed: u64) -> Relay {
    let mut relay = Relay::new(seed);
    for id in ["one", "two", "three"] {
        relay.take(id);
        relay.process().1.tend_ids();
    }
    assert_eq!(relay.names("ids-").len(), 3);
    relay
}

#[test]
fn a_file_without_its_head_is_made_again_while_the_segments_hold_its_ids() {
    for damaged in 0..3 {
        let mut relay = three_files(40);
        let file = relay.names("ids-").remove(damaged);
        relay.disk.rot(&file, 0, &[0x55; 4096]).unwrap();
        relay.crash(Crash::Kill);
        for crash in [Crash::Kill, Crash::PowerCut] {
            for id in ["one", "two", "three"] {
                relay.knows(id);
            }
            // From here on only files can know them.
            relay.recycle(&format!("{crash:?}"));
            relay.crash(crash);
        }
        for id in ["one", "two", "three"] {
            relay.knows(id);
        }
    }
}

#[test]
fn a_position_that_an_id_file_names_is_never_used_again() {
    for seed in 50..70 {
        let mut config = config();
        config.durability = Durability::Buffered;
        let mut relay = Relay::with(seed, config);
        relay.take("gone with the power");
        relay.process().1.tend_ids();
        relay.crash(Crash::PowerCut);
        relay.take("new");
        relay.crash(Crash::Kill);
        relay.knows("new");
        relay.recycle("filler");
        relay.knows("new");
    }
}

#[test]
fn damage_that_a_merge_meets_is_said_and_the_files_stay() {
    let mut relay = three_files(41);
    let file = relay.names("ids-").remove(0);
    relay.disk.rot(&file, 4096 + 3, b"rot").unwrap();
    for id in ["four", "five", "six", "seven", "eight"] {
        relay.take(id);
        relay.process().1.tend_ids();
    }
    assert_eq!(relay.counters().id_rot, 1);
    assert!(relay.names("ids-").contains(&file), "it is still there");
    assert!(relay.counters().id_files < 6, "the others are merged");
    for id in ["two", "three", "four", "eight"] {
        relay.knows(id);
    }
}

#[test]
fn a_page_that_a_merge_could_not_read_is_not_forgotten() {
    let mut relay = three_files(42);
    let file = relay.names("ids-").remove(0);
    relay.disk.refuse_reads(&file, 4096..8192).unwrap();
    relay.take("four");
    relay.process().1.tend_ids();
    relay.disk.allow_reads();
    for id in ["one", "two", "three", "four"] {
        relay.knows(id);
    }
}

/// A merge that the full disk stopped leaves a file without a head. Its name may come back by a power
/// cut when those of the files that it was made of, forgotten for want of room, do not.
#[test]
fn a_merge_that_was_given_up_is_never_taken_for_damage() {
    let mut forgotten = 0;
    for (seed, stop) in (0..40).flat_map(|seed| (0..12).map(move |stop| (seed, stop))) {
        let mut relay = Relay::new(seed);
        for id in ["one", "two"] {
            relay.take(id);
            relay.deliver();
        }
        relay.clock.set(START + DAY);
        // Until their segments are used anew, with room for a file each time and for no merge.
        for number in 0..24 {
            relay.take(&format!("{number} {}", "x".repeat(2_000)));
            relay.disk.set_room(Some(9_000));
            relay.deliver();
            relay.disk.set_room(None);
        }
        assert_eq!(relay.names("ids-").len(), 26, "nothing is merged");
        relay.take("three");
        relay.disk.set_room(Some(0));
        let disk = relay.disk.clone();
        let (spool, writer) = relay.process();
        let position = *spool.durable().borrow();
        let next = Checkpoint {
            position,
            ..spool.checkpoint()
        };
        spool.advance(next).unwrap();
        disk.stop_after(stop);
        writer.tend_ids();
        forgotten += relay.counters().id_shortened;
        relay.crash(Crash::PowerCut);
        assert_eq!(relay.counters().id_rot, 0, "seed {seed}, stop {stop}");
    }
    assert!(forgotten > 0, "the full disk makes no room");
}
