//! The rows of "what may happen" in delivery that need a special disk.

use std::path::{Path, PathBuf};

use clickstream_relay::spool::files::simulated::Crash;

use crate::world::{Delivery, World};

/// A world with this many events durable, their numbers in order.
fn world(seed: u64, events: u64) -> World {
    let mut world = World::new(seed);
    send(&mut world, events);
    world
}

fn send(world: &mut World, events: u64) {
    let numbers = (0..events)
        .map(|number| world.model.event(Some(number as u32 % 3)).0)
        .collect();
    world.send(numbers).unwrap();
    world.commit().unwrap();
}

fn failed(delivery: Delivery) -> String {
    match delivery {
        Delivery::Failed(error) => error,
        other => panic!("did not fail: {other:?}"),
    }
}

fn names(world: &World, dir: &str) -> Vec<PathBuf> {
    world.disk.contents(Path::new(dir)).into_keys().collect()
}

fn plans(world: &World) -> Vec<PathBuf> {
    let mut names = names(world, "/data/spool");
    names.retain(|path| path.to_string_lossy().contains("/plan-"));
    names
}

fn all_is_well(world: &mut World) {
    world.deliver_all().unwrap();
    world.crash(Crash::PowerCut);
    world.deliver_all().unwrap();
    world.model.check(&world.raw()).unwrap();
    assert!(world.totals().unwrap().balance());
    assert_eq!(world.totals().unwrap().waiting, 0);
}

#[test]
fn a_full_disk_stops_the_plan_gives_back_staging_and_drops_nothing() {
    let mut world = world(1, 9);
    // The lake is opened and the first plan's file made while there is room.
    assert_eq!(world.deliver().unwrap(), Delivery::Some);
    send(&mut world, 9);
    world.disk.set_room(Some(100));
    let error = failed(world.deliver().unwrap());
    assert!(
        error.contains("full") && error.contains("/data/lake"),
        "{error}"
    );
    let staged = names(&world, "/data/lake/.staging");
    assert!(staged.is_empty(), "{staged:?}");

    // The plan itself found its zero-filled file, and the same plan is done again.
    let before = plans(&world);
    assert!(world.deliver().unwrap() != Delivery::Some);
    assert_eq!(plans(&world), before);
    world.disk.set_room(None);
    assert_eq!(world.deliver().unwrap(), Delivery::Some);
    all_is_well(&mut world);
}

#[test]
fn a_full_spool_disk_with_very_many_users_makes_smaller_plans_until_one_fits() {
    let mut world = World::new(5);
    world.config.size = 8 << 20;
    world.config.segment_size = 1 << 20;
    world.config.duplicates.memory = 1 << 20;
    send(&mut world, 1);
    assert_eq!(world.deliver().unwrap(), Delivery::Some);
    // An object each: their plan is larger than the file that was prepared for it.
    let numbers = (0..1_500)
        .map(|user| world.model.event(Some(user)).0)
        .collect();
    world.send(numbers).unwrap();
    world.commit().unwrap();
    world.disk.set_room_below(Path::new("/data/spool"), 0);
    let mut parts = 0;
    loop {
        match world.deliver().unwrap() {
            Delivery::Some => parts += 1,
            Delivery::Nothing => break,
            Delivery::Failed(error) => panic!("after {parts} parts: {error}"),
        }
    }
    assert!(parts > 2, "{parts}");
    all_is_well(&mut world);
}

#[test]
fn a_mount_inside_the_lake_is_reported_and_never_answered_by_copying() {
    let mut world = world(2, 9);
    assert_eq!(world.deliver().unwrap(), Delivery::Some);
    let before = world.raw();
    world.disk.mount(Path::new("/data/lake/raw/clickstream"));
    send(&mut world, 9);
    let error = failed(world.deliver().unwrap());
    assert!(
        error.contains("another file system") && error.contains("unmount"),
        "{error}"
    );
    assert_eq!(world.raw(), before);
    // Intake goes on.
    send(&mut world, 1);
    assert!(world.owed.is_empty());
}

#[test]
fn a_mount_in_place_of_the_bucket_is_refused_at_start() {
    let mut world = world(3, 3);
    world.disk.mount(Path::new("/data/lake/raw"));
    let error = failed(world.deliver().unwrap());
    assert!(
        error.contains("/data/lake/raw") && error.contains("another file system"),
        "{error}"
    );
}

#[test]
fn objects_newer_than_the_checkpoint_that_others_removed_are_made_again() {
    for count in 0..60 {
        let mut world = world(100 + count, 9);
        world.disk.stop_after(40 + count);
        world.next_crash = Crash::Kill;
        world.deliver().unwrap();
        for path in world.raw().into_keys() {
            if world.totals().unwrap().delivered == 0 {
                world.remove(&path);
            }
        }
        world.mend();
        all_is_well(&mut world);
    }
}

#[test]
fn any_sync_of_a_delivery_may_fail_and_the_next_try_is_right() {
    for count in 0..40 {
        for one_call in [true, false] {
            let mut world = world(200 + count, 9);
            world.disk.set_syncs_file_systems(one_call);
            world.disk.fail_sync_after(Some(count));
            let first = world.deliver().unwrap();
            world.disk.fail_sync_after(None);
            if count % 2 == 0 {
                world.crash(Crash::PowerCut);
            }
            all_is_well(&mut world);
            drop(first);
        }
    }
}

#[test]
fn power_may_be_cut_at_any_operation_of_a_delivery_and_again_in_the_one_that_repeats_it() {
    for count in 0..110 {
        let mut world = world(300 + count, 5);
        for cut in [count, count * 7 % 90] {
            world.next_crash = match (count + cut) % 3 {
                0 => Crash::Kill,
                _ => Crash::PowerCut,
            };
            world.disk.stop_after(cut);
            world.deliver().unwrap();
        }
        world.mend();
        all_is_well(&mut world);
    }
}

#[test]
fn an_epoch_may_have_more_objects_than_files_may_be_open() {
    for one_call in [true, false] {
        let mut world = World::new(4);
        world.config.size = 8 << 20;
        world.config.segment_size = 1 << 20;
        world.config.duplicates.memory = 1 << 20;
        world.disk.set_syncs_file_systems(one_call);
        world.disk.set_most_open(32);
        let numbers = (0..2_000)
            .map(|user| world.model.event(Some(user)).0)
            .collect();
        world.send(numbers).unwrap();
        world.commit().unwrap();
        assert_eq!(world.deliver().unwrap(), Delivery::Some, "{one_call}");
        assert_eq!(world.raw().len(), 2_000);
        all_is_well(&mut world);
    }
}
