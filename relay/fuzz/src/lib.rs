//! A spool on the simulated disk, as the targets damage it.

use std::collections::BTreeMap;
use std::io::IoSlice;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clickstream_relay::clock::Clock;
use clickstream_relay::duplicate;
use clickstream_relay::spool::files::simulated::{Crash, SimulatedDisk};
use clickstream_relay::spool::files::{Files as _, SyncPoint, create_dirs, sync_ancestors};
use clickstream_relay::spool::plans::Plans;
use clickstream_relay::spool::queue::Submitted;
use clickstream_relay::spool::writer::Writer;
use clickstream_relay::spool::{Checkpoint, Config, Entry, OpenError, Record, Spool};

/// Where it lies.
pub const DIR: &str = "/spool";

/// What is in its files.
pub type Contents = BTreeMap<PathBuf, Vec<u8>>;

/// A clock that stands still.
#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now_ms(&self) -> u64 {
        1_767_323_046_000
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(1)
    }
}

fn config() -> Config {
    Config {
        size: 12 * 8192,
        segment_size: 8192,
        duplicates: duplicate::Config {
            memory: 32 << 10,
            ..duplicate::Config::default()
        },
        ..Config::new(DIR)
    }
}

/// Starts it.
///
/// # Errors
/// As [`Spool::open`].
pub fn open(disk: &SimulatedDisk) -> Result<(Spool, Writer), OpenError> {
    Spool::open_without_thread(&config(), Arc::new(disk.clone()), Arc::new(Still))
}

/// The line of an event.
#[must_use]
pub fn line(number: u32) -> String {
    format!("{number} {}", "x".repeat(20 + number as usize * 37 % 300))
}

/// Whether it was durable when this came back.
pub fn append(spool: &Spool, writer: &mut Writer, numbers: impl Iterator<Item = u32>) -> bool {
    let entries: Vec<Entry> = numbers
        .map(|number| Entry {
            received_at: 1_767_323_045_000 + u64::from(number),
            key: spool.key("shop", 1, &number.to_string()),
            line: line(number).into_bytes(),
        })
        .collect();
    match spool.submit(&entries) {
        Submitted::Done(answer) => answer.is_ok(),
        Submitted::Waiting(mut answer) => {
            writer.commit_waiting();
            answer.try_recv().is_ok_and(|answer| answer.is_ok())
        }
    }
}

/// All that a reader finds.
///
/// # Panics
/// When the simulated disk cannot be read, which nobody asked it for.
#[must_use]
pub fn records(spool: &Spool) -> Vec<Record> {
    let until = *spool.durable().borrow();
    spool.cursor(0).read(usize::MAX, until).expect("a disk")
}

/// A disk with these files, all of them durable.
///
/// # Panics
/// When the simulated disk fails, which nobody asked it for.
#[must_use]
pub fn disk_with(contents: &Contents) -> SimulatedDisk {
    let disk = SimulatedDisk::new(1);
    let dir = Path::new(DIR);
    create_dirs(&disk, dir).expect("a folder");
    for (path, bytes) in contents {
        let file = disk.create(path).expect("a file");
        file.write_at(0, &mut [IoSlice::new(bytes)]).expect("room");
        file.sync(SyncPoint::Commit).expect("a sync");
    }
    disk.sync_dir(dir, SyncPoint::SpoolNames).expect("a sync");
    sync_ancestors(&disk, dir, SyncPoint::SpoolParents).expect("a sync");
    disk
}

/// Events of the spool that the targets damage.
pub const WRITTEN: u32 = 90;

/// A spool that has lived: several segments, some used again, a commit that failed, ids in files, a
/// plan and checkpoints; in the middle of that, and at its end.
///
/// # Panics
/// When it cannot be made: then nothing can be shown.
#[must_use]
pub fn lived() -> (Contents, Contents) {
    let disk = SimulatedDisk::new(1);
    create_dirs(&disk, Path::new(DIR)).expect("a folder");
    let mut former = Contents::new();
    let (spool, mut writer) = open(&disk).expect("an empty spool");
    let mut plans = Plans::open(Arc::new(disk.clone()), Path::new(DIR), 0)
        .expect("no plans")
        .0;
    for first in (0..WRITTEN).step_by(5) {
        let fails = first == 40;
        if fails {
            former = disk.contents(Path::new(DIR));
            disk.fail_sync_after(Some(0));
        }
        let stored = append(&spool, &mut writer, first..first + 5);
        if fails {
            disk.fail_sync_after(None);
            assert!(!stored, "a sync failed");
            while !append(&spool, &mut writer, first..first + 5) {
                writer.prepare();
            }
        }
        writer.prepare();
        writer.tend_ids();
        if first % 15 == 0 && first <= 60 {
            let found = records(&spool);
            let position = found[found.len() / 3].position;
            let plan = plans
                .write(position..position + 3, vec![7; 40])
                .expect("room");
            let checkpoint = spool.checkpoint();
            spool
                .advance(Checkpoint {
                    position: position.max(checkpoint.position),
                    plan: plan.number,
                    delivered: checkpoint.delivered
                        + position.saturating_sub(checkpoint.position.max(1)),
                    ..checkpoint
                })
                .expect("a checkpoint");
        }
    }
    drop((spool, writer));
    disk.restart(Crash::PowerCut);
    (former, disk.contents(Path::new(DIR)))
}
