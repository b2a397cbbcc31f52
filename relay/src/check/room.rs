//! Where events wait, whether there is room, and what survives what.

use std::path::Path;
use std::time::Duration;

use super::Found;
use crate::config::Config;
use crate::folder;
use crate::quantity::Size;
use crate::spool::{self, Durability, RealFiles};

pub(super) fn look(config: &Config, found: &mut Found) {
    let spool = &config.spool;
    let is = format!("{}, up to {}", spool.dir.display(), Size(spool.size));
    let tried = folder::try_one(&RealFiles, "--spool-dir", &spool.dir);
    if found.tried("spool", is, tried) {
        lasts(spool, found);
        disk(spool, found);
    }
    let rejected = &config.rejected;
    if rejected.size > 0 {
        let is = format!("{}, up to {}", rejected.dir.display(), Size(rejected.size));
        found.tried(
            "rejected",
            is,
            folder::try_one(&RealFiles, "--spool-dir", &rejected.dir),
        );
    } else {
        found.says("rejected", "not kept: clients are told, and that is all");
    }
}

/// What an operator wants to know of the spool's size.
fn lasts(spool: &spool::Config, found: &mut Found) {
    const HOUR: Duration = Duration::from_secs(3600);
    let a_second = spool.size / 1024 / HOUR.as_secs();
    found.says(
        "",
        format!(
            "so much holds {a_second} events of 1 KiB a second for an hour without a sink; then \
             senders get 503, and nothing is dropped"
        ),
    );
    match spool.durability {
        Durability::Fsync => found.says("", "200 means synced to the disk"),
        Durability::Buffered => {
            found.says("", "200 means handed to the system");
            found.warns(
                "a power cut loses events that were answered with 200 (--durability buffered): use \
                 fsync, unless losing them is meant",
            );
        }
    }
}

fn disk(spool: &spool::Config, found: &mut Found) {
    if is_memory(&spool.dir) {
        found.warns(format!(
            "{} is in memory (tmpfs): what waits there is gone when the machine restarts, synced or \
             not; name a folder on a disk with --spool-dir",
            spool.dir.display()
        ));
    }
    let Ok(disk) = rustix::fs::statvfs(&spool.dir) else {
        return;
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let missing = spool
        .size
        .saturating_sub(held(&spool.dir))
        .saturating_sub(free);
    if missing > 0 {
        found.warns(format!(
            "the disk of {} has {} MiB free, {} MiB less than the spool may come to take: senders \
             get 503 when it is full; make room, or lower --spool-size",
            spool.dir.display(),
            free >> 20,
            missing.div_ceil(1 << 20)
        ));
    }
}

/// Bytes that the spool takes already.
fn held(dir: &Path) -> u64 {
    let entries = fs_err::read_dir(dir).into_iter().flatten().flatten();
    let files = entries.filter_map(|entry| entry.metadata().ok());
    files
        .filter(|file| file.is_file())
        .map(|file| file.len())
        .sum()
}

#[cfg(target_os = "linux")]
fn is_memory(dir: &Path) -> bool {
    /// `TMPFS_MAGIC` and `RAMFS_MAGIC` of linux/magic.h.
    const MAGIC: [u64; 2] = [0x0102_1994, 0x8584_58f6];
    rustix::fs::statfs(dir).is_ok_and(|fs| {
        let kind = u64::try_from(fs.f_type).unwrap_or_default();
        MAGIC.contains(&kind)
    })
}

#[cfg(not(target_os = "linux"))]
fn is_memory(_dir: &Path) -> bool {
    false
}
