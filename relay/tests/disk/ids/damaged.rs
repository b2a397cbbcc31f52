//! What damage in id files may cost, and what it must not.

use clickstream_relay::spool::files::simulated::Crash;

use super::Relay;
use crate::spool_promises::config;
use clickstream_relay::spool::Durability;

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
