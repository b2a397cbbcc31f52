//! What stands twice in its file: rot in one copy costs nothing, whenever a delivery stops.

use std::path::{Path, PathBuf};

use clickstream_relay::spool::files::simulated::Crash;
use clickstream_relay::spool::twin::BLOCK;

use crate::model::Counterexample;
use crate::world::{Delivery, World};

/// Checkpoints and plans.
fn twins(world: &World) -> Vec<(PathBuf, Vec<u8>)> {
    let all = world.disk.contents(Path::new("/data/spool")).into_iter();
    let stands_twice = |path: &Path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("checkpoint-") || name.starts_with("plan-")
    };
    all.filter(|(path, _)| stands_twice(path)).collect()
}

/// Flips a byte of a copy in each file that it stands in; says in how many.
fn rot(world: &World, copy: usize, at: usize) -> u64 {
    let mut count = 0;
    for (path, bytes) in twins(world) {
        let start = copy * BLOCK;
        if bytes.len() >= start + BLOCK && bytes[start..start + 8] != [0; 8] {
            let flipped = [bytes[start + at] ^ 0x40];
            world.disk.rot(&path, start + at, &flipped).unwrap();
            count += 1;
        }
    }
    count
}

fn send(world: &mut World) {
    let numbers = (0..6)
        .map(|number| world.model.event(Some(number % 3)).0)
        .collect();
    world.send(numbers).unwrap();
    world.commit().unwrap();
}

/// A world in which two deliveries are done and a third one waits.
fn world(seed: u64) -> World {
    let mut world = World::new(seed);
    for _ in 0..2 {
        send(&mut world);
        assert_eq!(world.deliver().unwrap(), Delivery::Some);
    }
    send(&mut world);
    world
}

#[test]
fn rot_in_either_copy_doubles_nothing_whenever_a_delivery_stops() {
    for (crash, copy) in [
        (Crash::Kill, 0),
        (Crash::Kill, 1),
        (Crash::PowerCut, 0),
        (Crash::PowerCut, 1),
    ] {
        let (mut stop, mut stopped) = (0, true);
        while stopped {
            let mut world = world(stop);
            world.next_crash = crash;
            world.disk.stop_after(stop);
            stopped = world.deliver().unwrap() != Delivery::Some;
            world.crash(crash);
            let rotten = rot(&world, copy, 17);
            assert!(rotten >= 2, "both checkpoints stand");
            let found = world.counters().unwrap().rot;
            // A plan that power tore was not finished, and rot in it is nobody's loss.
            let all = found == rotten || (crash == Crash::PowerCut && found >= 2);
            assert!(
                all,
                "{found} of {rotten}: {crash:?} after {stop}, copy {copy}"
            );
            world.deliver_all().unwrap();
            world.crash(Crash::PowerCut);
            assert_eq!(world.counters().unwrap().rot, 0, "it is mended");
            world.deliver_all().unwrap();
            let lines = world.model.check(&world.raw());
            assert_eq!(lines, Ok(18), "{crash:?} after {stop}, copy {copy}");
            assert!(world.totals().unwrap().balance());
            stop += 1;
        }
        assert!(stop > 10, "a delivery has more than {stop} operations");
    }
}

#[test]
fn rot_in_both_copies_of_the_newest_checkpoint_is_counted_and_the_last_delivery_comes_twice() {
    let mut world = world(1);
    world.deliver_all().unwrap();
    world.crash(Crash::PowerCut);
    let newest = Path::new("/data/spool/checkpoint-b");
    world.disk.rot(newest, 17, &[0x55]).unwrap();
    world.disk.rot(newest, BLOCK + 18, &[0x55]).unwrap();
    assert_eq!(world.counters().unwrap().rot, 1);
    world.deliver_all().unwrap();
    let checked = world.model.check(&world.raw());
    assert!(matches!(checked, Err(Counterexample::Doubled(_))));
    let twice = world
        .raw()
        .values()
        .flatten()
        .filter(|byte| **byte == b'\n')
        .count();
    assert_eq!(twice, 18 + 6);
    let aside = Path::new("/data/spool/rot-checkpoint-b");
    assert!(world.disk.contents(aside).contains_key(aside));
}

#[test]
fn rot_in_both_copies_of_an_open_plan_is_counted_and_its_delivery_may_come_twice() {
    let before = world(2).raw().len();
    let mut stop = 0;
    let mut world = loop {
        let mut world = world(2);
        world.next_crash = Crash::Kill;
        world.disk.stop_after(stop);
        let delivery = world.deliver().unwrap();
        assert_ne!(delivery, Delivery::Some, "no object before the checkpoint");
        if world.raw().len() > before {
            break world;
        }
        stop += 1;
    };
    let plan = Path::new("/data/spool/plan-3");
    world.disk.rot(plan, 17, &[0x55]).unwrap();
    world.disk.rot(plan, BLOCK + 18, &[0x55]).unwrap();
    assert_eq!(world.counters().unwrap().rot, 1);
    world.deliver_all().unwrap();
    let checked = world.model.check(&world.raw());
    assert!(matches!(checked, Err(Counterexample::Doubled(_))));
}
