//! What a stream took behind a gap: whenever power is cut, it is in the checkpoint or it is not,
//! and a lake that comes after the stream is given the rest, once.

use clickstream_relay::spool::ahead::Ahead;
use clickstream_relay::spool::files::simulated::Crash;
use clickstream_relay::spool::{Checkpoint, Spool};

use crate::world::{Delivery, World};

/// Position and ranges of the checkpoints, one after the other.
const STEPS: [(u64, &[(u64, u64)]); 5] = [
    (1, &[(3, 7)]),
    (1, &[(3, 7), (9, 13)]),
    // The gap before the first range closes.
    (3, &[(3, 7), (9, 13)]),
    (7, &[(9, 13), (20, 25)]),
    (8, &[(9, 14), (20, 25)]),
];

/// A world in which 24 events wait, at positions 1 to 24.
fn world(seed: u64) -> World {
    let mut world = World::new(seed);
    for _ in 0..4 {
        let user = |number: u32| Some(number % 3);
        let numbers = (0..6).map(|number| world.model.event(user(number)).0);
        let numbers = numbers.collect();
        world.send(numbers).unwrap();
        world.commit().unwrap();
    }
    world
}

/// The checkpoints of a stream that takes the events in this order, as long as the disk writes
/// them; how many it wrote.
fn forward(spool: &Spool) -> usize {
    for (written, (position, ranges)) in STEPS.iter().enumerate() {
        let ranges: Vec<_> = ranges.iter().map(|(start, end)| *start..*end).collect();
        let next = Checkpoint {
            position: *position,
            ahead: Ahead::of(&ranges).unwrap(),
            ..spool.checkpoint()
        };
        let delivered = (1..25).filter(|at| next.has_passed(*at)).count() as u64;
        if spool.advance(Checkpoint { delivered, ..next }).is_err() {
            return written;
        }
    }
    STEPS.len()
}

/// How many are passed after so many of them.
fn passed_after(written: usize) -> u64 {
    [0, 4, 8, 10, 15, 17].get(written).copied().unwrap_or(17)
}

/// The positions of the events in the lake.
fn in_lake(world: &World) -> Vec<u64> {
    let raw = world.raw();
    let text = raw.values().map(|bytes| String::from_utf8_lossy(bytes));
    let mut positions = Vec::new();
    for text in text {
        for line in text.lines() {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            let number: u64 = value["messageId"].as_str().unwrap().parse().unwrap();
            positions.push(number + 1);
        }
    }
    positions.sort_unstable();
    positions
}

#[test]
fn a_power_cut_at_any_step_of_a_checkpoint_leaves_it_or_the_one_before() {
    for crash in [Crash::Kill, Crash::PowerCut] {
        let (mut stop, mut written) = (0, 0);
        while written < STEPS.len() {
            let mut world = world(stop);
            world.disk.stop_after(stop);
            written = forward(world.spool().unwrap());
            world.crash(crash);
            world.mend();
            let checkpoint = world.spool().unwrap().checkpoint();
            let case = format!("{crash:?} after {stop}: {checkpoint:?}");
            let found = checkpoint.delivered;
            let known = [passed_after(written), passed_after(written + 1)];
            assert!(known.contains(&found), "{case}, {written} written");
            let totals = world.totals().unwrap();
            assert!(totals.balance() && totals.rotten == 0, "{case}: {totals:?}");
            assert_eq!(totals.waiting, 24 - found, "{case}");

            world.deliver_all().unwrap();
            let left = (1..25).filter(|position| !checkpoint.has_passed(*position));
            assert_eq!(in_lake(&world), left.collect::<Vec<_>>(), "{case}");
            let totals = world.totals().unwrap();
            assert_eq!((totals.delivered, totals.waiting), (24, 0), "{case}");
            stop += 1;
        }
        assert!(stop > 10, "{stop}");
    }
}

#[test]
fn a_lake_after_a_stream_gets_the_rest_once_whenever_it_stops() {
    for crash in [Crash::Kill, Crash::PowerCut] {
        let (mut stop, mut stopped) = (0, true);
        while stopped {
            let mut world = world(stop);
            assert_eq!(forward(world.spool().unwrap()), STEPS.len());
            world.crash(Crash::PowerCut);
            world.spool().unwrap();
            world.next_crash = crash;
            world.disk.stop_after(stop);
            stopped = world.deliver().unwrap() != Delivery::Some;
            world.crash(crash);
            world.mend();
            world.deliver_all().unwrap();
            let left = [8].into_iter().chain(14..20);
            let case = format!("{crash:?} after {stop}");
            assert_eq!(in_lake(&world), left.collect::<Vec<_>>(), "{case}");
            world.crash(Crash::PowerCut);
            let totals = world.totals().unwrap();
            let ended = (totals.delivered, totals.waiting, totals.rotten);
            assert_eq!(ended, (24, 0, 0), "{case}");
            let checkpoint = world.spool().unwrap().checkpoint();
            assert_eq!((checkpoint.position, checkpoint.ahead.len()), (25, 0));
            stop += 1;
        }
        assert!(stop > 10, "{stop}");
    }
}
