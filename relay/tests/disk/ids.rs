//! The window of duplicates on the simulated disk: over restarts, after recycling, by a
//! clock that a test moves, with rot and with a full disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clickstream_relay::spool::files::SyncPoint;
use clickstream_relay::spool::files::simulated::{Crash, SimulatedDisk};
use clickstream_relay::spool::writer::Writer;
use clickstream_relay::spool::{self, AppendError, Checkpoint, Files, Spool, Stored};

use crate::hand_clock::HandClock;
use crate::spool_promises::{append, config};

mod damaged;
mod set;

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
const START: u64 = 1_767_322_985_006;

/// A spool whose clock is in the test's hands.
struct Relay {
    disk: SimulatedDisk,
    clock: Arc<HandClock>,
    config: spool::Config,
    /// What runs; none between a crash and the next use.
    process: Option<(Spool, Writer)>,
}

impl Relay {
    fn new(seed: u64) -> Self {
        Self::with(seed, config())
    }

    fn with(seed: u64, config: spool::Config) -> Self {
        Self {
            disk: SimulatedDisk::new(seed),
            clock: Arc::new(HandClock::at(START)),
            config,
            process: None,
        }
    }

    fn process(&mut self) -> (&Spool, &mut Writer) {
        let (disk, clock) = (Arc::new(self.disk.clone()), Arc::clone(&self.clock));
        let (spool, writer) = self
            .process
            .get_or_insert_with(|| Spool::open_without_thread(&self.config, disk, clock).unwrap());
        (spool, writer)
    }

    fn send(&mut self, id: &str) -> Result<Stored, AppendError> {
        let (spool, writer) = self.process();
        append(spool, writer, id).map(|stored| stored[0])
    }

    fn take(&mut self, id: &str) {
        assert_eq!(self.send(id), Ok(Stored::New), "{id}");
    }

    fn knows(&mut self, id: &str) {
        assert_eq!(self.send(id), Ok(Stored::Duplicate), "{id}");
    }

    /// What is durable is delivered, its ids go into a file, and then so much is taken and
    /// delivered that every segment is used anew.
    fn recycle(&mut self, name: &str) {
        self.deliver();
        for number in 0..24 {
            self.take(&format!("{name} {number} {}", "x".repeat(2_000)));
            self.deliver();
        }
    }

    fn deliver(&mut self) {
        let (spool, writer) = self.process();
        let position = *spool.durable().borrow();
        let next = Checkpoint {
            position,
            ..spool.checkpoint()
        };
        spool.advance(next).unwrap();
        writer.tend_ids();
    }

    fn crash(&mut self, crash: Crash) {
        self.process = None;
        self.disk.restart(crash);
    }

    fn counters(&mut self) -> spool::Counters {
        self.process().0.counters()
    }

    fn names(&self, prefix: &str) -> Vec<PathBuf> {
        let names = self.disk.contents(Path::new("/spool")).into_keys();
        let is = |path: &PathBuf| {
            path.to_string_lossy()
                .starts_with(&format!("/spool/{prefix}"))
        };
        names.filter(is).collect()
    }
}

#[test]
fn ids_outlive_their_segments_and_a_restart() {
    for crash in [None, Some(Crash::Kill), Some(Crash::PowerCut)] {
        let mut relay = Relay::new(1);
        for id in ["one", "two", "three"] {
            relay.take(id);
        }
        relay.recycle("filler");
        assert_eq!(relay.counters().segments, 2, "they are used again");
        if let Some(crash) = crash {
            relay.crash(crash);
        }
        for id in ["two", "one", "three"] {
            relay.knows(id);
        }
        relay.take("four");
        let counters = relay.counters();
        assert_eq!(counters.ids, 3 + 24 + 1);
        assert_eq!(counters.id_horizon_ms, 7 * DAY);
        assert_eq!((counters.id_rot, counters.id_shortened), (0, 0));
    }
}

#[test]
fn an_id_is_known_after_six_days_and_dropped_after_seven() {
    let mut relay = Relay::new(2);
    relay.take("old");
    relay.recycle("first");
    for day in 1..=6 {
        relay.clock.set(START + day * DAY);
        relay.recycle(&format!("day {day}"));
        relay.knows("old");
        if day % 2 == 0 {
            relay.crash(Crash::PowerCut);
            relay.knows("old");
        }
    }
    relay.clock.set(START + 7 * DAY - HOUR);
    relay.knows("old");
    relay.clock.set(START + 7 * DAY + HOUR);
    relay.recycle("day 7");
    relay.take("old");
    let counters = relay.counters();
    assert_eq!(
        counters.id_horizon_ms,
        7 * DAY,
        "nothing left before its time"
    );
    assert_eq!(counters.id_shortened, 0);
    assert!(counters.id_files <= 10, "{}", counters.id_files);
}

#[test]
fn a_clock_that_jumps_an_hour_either_way_and_back_drops_nothing() {
    for jump in [START + 6 * DAY + HOUR, START + 6 * DAY - HOUR] {
        let mut relay = Relay::new(3);
        relay.take("old");
        relay.recycle("first");
        relay.clock.set(START + 6 * DAY);
        relay.recycle("then");
        relay.clock.set(jump);
        relay.recycle("meanwhile");
        relay.knows("old");
        relay.crash(Crash::PowerCut);
        relay.clock.set(START + 6 * DAY);
        relay.recycle("back");
        relay.knows("old");
        relay.knows(&format!("then 3 {}", "x".repeat(2_000)));
    }
}

#[test]
fn ids_expire_by_the_highest_clock_reading_also_when_the_clock_went_back() {
    let mut relay = Relay::new(4);
    relay.take("old");
    relay.recycle("first");
    relay.clock.set(START + 8 * DAY);
    relay.take("late");
    relay.crash(Crash::PowerCut);
    relay.clock.set(START);
    relay.recycle("back");
    relay.take("old");
    relay.knows("late");
}

#[test]
fn too_little_memory_forgets_the_oldest_first_and_says_which_horizon_holds() {
    let mut config = config();
    config.duplicates.memory = 8 << 10;
    let mut relay = Relay::with(5, config);
    let mut sent = Vec::new();
    for day in 0..6 {
        relay.clock.set(START + day * DAY);
        for number in 0..1_000 {
            let id = format!("{day} {number}");
            relay.take(&id);
            sent.push(id);
            if number % 40 == 0 {
                relay.deliver();
            }
        }
    }
    let counters = relay.counters();
    assert!(counters.id_shortened > 0);
    assert!(counters.id_memory <= 8 << 10, "{}", counters.id_memory);
    let (held, horizon) = (counters.ids, counters.id_horizon_ms);
    assert!((1_000..6_000).contains(&held), "{held}");
    assert!((HOUR..6 * DAY).contains(&horizon), "{horizon}");
    // Exactly the newest are known.
    for id in sent.iter().rev().take(1_000) {
        relay.knows(id);
    }
    relay.take(&sent[0]);
    // A start finds the same horizon.
    relay.crash(Crash::PowerCut);
    assert_eq!(relay.counters().id_horizon_ms, horizon);
}

#[test]
fn rot_in_a_page_of_ids_costs_that_page_is_said_and_stops_nothing() {
    let mut relay = Relay::new(6);
    for number in 0..400 {
        relay.take(&format!("m{number}"));
        if number % 20 == 0 {
            relay.deliver();
        }
    }
    relay.recycle("filler");
    let file = relay.names("ids-").remove(0);
    relay.disk.rot(&file, 4096 + 100, b"rot").unwrap();
    let twice = |relay: &mut Relay| {
        let ids = (0..400).map(|number| format!("m{number}"));
        ids.filter(|id| relay.send(id) == Ok(Stored::New)).count()
    };
    let lost = twice(&mut relay);
    assert!((1..=255).contains(&lost), "{lost}");
    assert_eq!(relay.counters().id_rot, 1);
    // What was taken twice is known from now on, also after a restart.
    relay.crash(Crash::PowerCut);
    assert_eq!(twice(&mut relay), 0);
    assert_eq!(relay.counters().id_rot, 1);
}

#[test]
fn an_id_file_whose_head_is_damaged_is_set_aside_said_and_shortens_the_horizon() {
    let mut relay = Relay::new(7);
    relay.take("old");
    relay.recycle("first");
    relay.clock.set(START + 3 * DAY);
    relay.take("new");
    relay.recycle("second");
    let first = relay.names("ids-1-").remove(0);
    relay.disk.rot(&first, 0, &[0x55; 4096]).unwrap();
    relay.crash(Crash::Kill);

    relay.take("intake goes on");
    relay.knows("new");
    relay.take("old");
    let counters = relay.counters();
    assert_eq!(counters.id_rot, 1);
    assert!(
        counters.id_horizon_ms < 7 * DAY,
        "{}",
        counters.id_horizon_ms
    );
    assert_eq!(relay.names("rot-ids-1-").len(), 1);
    assert!(relay.names("ids-1-").is_empty());
}

#[test]
fn a_full_disk_keeps_the_ids_in_memory_and_the_segments_until_there_is_room() {
    let mut relay = Relay::new(8);
    relay.take("old");
    relay.recycle("first");
    relay.disk.set_room(Some(0));
    let mut taken = Vec::new();
    let refused = loop {
        let id = format!("m{} {}", taken.len(), "x".repeat(1_000));
        match relay.send(&id) {
            Ok(stored) => assert_eq!(stored, Stored::New),
            Err(error) => break error,
        }
        taken.push(id);
        relay.deliver();
    };
    assert_eq!(refused, AppendError::Full);
    let health = relay.process().0.health().intake.unwrap();
    assert!(health.contains("message ids"), "{health}");
    relay.knows("old");
    relay.disk.set_room(None);
    relay.take("there is room again");
    taken.iter().for_each(|id| relay.knows(id));
    relay.crash(Crash::PowerCut);
    taken.iter().for_each(|id| relay.knows(id));
}

#[test]
fn any_sync_of_an_id_file_may_fail_and_the_next_try_is_right() {
    for count in 0..4 {
        for crash in [None, Some(Crash::Kill), Some(Crash::PowerCut)] {
            let mut relay = Relay::new(9);
            relay.take("old");
            relay.disk.fail_sync_after(Some(count));
            relay.process().1.tend_ids();
            relay.disk.fail_sync_after(None);
            if let Some(crash) = crash {
                relay.crash(crash);
            }
            relay.recycle("then");
            relay.crash(Crash::PowerCut);
            relay.knows("old");
        }
    }
}

#[test]
fn a_segment_is_used_again_only_when_its_ids_are_durable_elsewhere() {
    let mut relay = Relay::new(10);
    relay.take("old");
    relay.deliver();
    let syncs = relay.disk.syncs();
    for point in [SyncPoint::Ids, SyncPoint::IdsHead, SyncPoint::IdsName] {
        assert_eq!(syncs.get(&point), Some(&1), "{point:?}");
    }
}

#[test]
fn files_are_merged_so_that_their_number_stays_small() {
    let mut relay = Relay::new(11);
    for number in 0..300 {
        relay.take(&format!("m{number}"));
        relay.deliver();
        let files = relay.counters().id_files;
        assert!(files <= 3 * 5, "{files} after {number}");
    }
    assert_eq!(relay.names("ids-").len() as u64, relay.counters().id_files);
    relay.crash(Crash::PowerCut);
    (0..300).for_each(|number| relay.knows(&format!("m{number}")));
}

/// The names of files are what `Files` lists: nothing else of the window lies about.
#[test]
fn an_unfinished_id_file_is_gone_after_the_next_start() {
    for count in 0..6 {
        let mut relay = Relay::new(20 + count);
        relay.take("old");
        relay.disk.stop_after(count);
        relay.process().1.tend_ids();
        relay.crash(Crash::Kill);
        relay.knows("old");
        let counters = relay.counters();
        let listed = Files::list(&relay.disk, Path::new("/spool")).unwrap();
        let ids = listed.iter().filter(|name| name.name.contains("ids-"));
        assert_eq!(ids.count() as u64, counters.id_files, "{count}");
        assert_eq!(counters.id_rot, 0);
    }
}
