//! Plan files: a delivery's intent, durable before the first of it is done. The spool
//! keeps them and knows of each only its number and range.
//!
//! The next plan's file is zero-filled before it is needed, so that a full disk stops no
//! plan. In its file a plan stands twice ([`super::twin`]), so that rot in one copy costs
//! nothing. A plan that is intact in neither is none.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::damage::Damage;
use super::files::{File, Files, SyncPoint};
use super::frame::{u32_at, u64_at};
use super::part::{Part, State, part};
use super::salvage;
use super::twin::{self, Health, Twins};

const PREFIX: &str = "plan-";
const MAGIC: [u8; 8] = *b"CLKPLN02";
/// Of a version that wrote a plan once, in one piece.
const FORMER: [u8; 8] = *b"CLKPLN01";
const FIXED: usize = 8 + 4 * 8;
/// Zero-filled beforehand; a larger plan makes its file grow.
const SIZE: u64 = 64 * 1024;

/// A plan as it lies in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPlan {
    /// Never used twice.
    pub number: u64,
    /// Positions that it delivers.
    pub range: Range<u64>,
    /// What the sink wrote into it.
    pub payload: Vec<u8>,
}

/// The plan files of a spool.
#[derive(Debug)]
pub struct Plans {
    files: Arc<dyn Files>,
    dir: PathBuf,
    next: u64,
}

impl Plans {
    /// Finds the plans that are intact, in order. `carried_out` is the highest number
    /// that the checkpoint names.
    ///
    /// # Errors
    /// When the disk cannot be read.
    pub fn open(
        files: Arc<dyn Files>,
        dir: &Path,
        carried_out: u64,
    ) -> io::Result<(Self, Vec<StoredPlan>)> {
        let numbers = numbers(&*files, dir)?;
        let mut highest = carried_out;
        let mut found = Vec::new();
        for number in numbers {
            let held = Held::read(&*files, dir, number)?;
            // One that is only zero-filled is still to be used: on a full disk there may be
            // no room for another.
            if !held.blank {
                highest = highest.max(number);
            }
            found.extend(held.plan);
        }
        let plans = Self {
            files,
            dir: dir.to_path_buf(),
            next: highest + 1,
        };
        Ok((plans, found))
    }

    /// Makes a new plan durable, name included. If that fails, the plan is void.
    ///
    /// # Errors
    /// When the disk fails. When it is full, its file stays for a smaller plan.
    pub fn write(&mut self, range: Range<u64>, payload: Vec<u8>) -> io::Result<StoredPlan> {
        let plan = StoredPlan {
            number: self.next,
            range,
            payload,
        };
        let path = path(&self.dir, plan.number);
        let file = match self.files.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.files.create(&path)?,
            other => other?,
        };
        let bytes = encode(&plan);
        // More zeros: on a full disk nothing of the plan stands there yet.
        fill_up(&*file, twin::room(bytes.len()))?;
        // From here on the number is used, whatever becomes of it.
        self.next += 1;
        write(&*file, &bytes, SyncPoint::Plan)?;
        self.files.sync_dir(&self.dir, SyncPoint::PlanName)?;
        Ok(plan)
    }

    /// Where the plan with this number lies.
    #[must_use]
    pub fn file(&self, number: u64) -> PathBuf {
        path(&self.dir, number)
    }

    /// Writes a plan that a start found once more and syncs it: it may stand only in
    /// this machine's memory.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn settle(&self, plan: &StoredPlan) -> io::Result<()> {
        let file = self.files.open(&path(&self.dir, plan.number))?;
        write(&*file, &encode(plan), SyncPoint::RecoveredPlan)
    }

    /// Deletes the plans that a durable checkpoint has left behind, all up to this
    /// number, once the next one's file is zero-filled.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn sweep(&mut self, carried_out: u64) -> io::Result<()> {
        let prepared = self.prepare();
        for number in numbers(&*self.files, &self.dir)? {
            if number <= carried_out {
                self.files.remove_file(&path(&self.dir, number))?;
            }
        }
        // Full: what was just deleted makes room.
        match prepared {
            Ok(()) => Ok(()),
            Err(_) => self.prepare().or(Ok(())),
        }
    }

    fn prepare(&self) -> io::Result<()> {
        let path = path(&self.dir, self.next);
        let file = match self.files.create(&path) {
            // Perhaps there was no room for all of it.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.files.open(&path)?,
            other => other?,
        };
        fill_up(&*file, SIZE)
    }
}

/// The highest position that any intact plan names. One that is damaged is told to `damage`: with
/// one intact copy it is written anew, without one it is set aside and is none.
///
/// # Errors
/// When the disk fails in another way than refusing blocks.
pub fn highest_position(files: &dyn Files, dir: &Path, damage: &Damage) -> io::Result<u64> {
    let mut highest = 0;
    for number in numbers(files, dir)? {
        let path = path(dir, number);
        let Held { plan, health, .. } = Held::read(files, dir, number)?;
        match (health, &plan) {
            (Health::Sound, _) => {}
            (Health::Damaged, Some(plan)) => {
                damage.copy(
                    &path,
                    "one of the two copies of a plan is damaged: the other one holds, and it is written anew",
                );
                let file = files.open(&path)?;
                write(&*file, &encode(plan), SyncPoint::RecoveredPlan)?;
            }
            (Health::Damaged, None) => damage.set_aside(
                &path,
                "both copies of a plan are damaged, and it is set aside: if it was not finished, its events are planned anew, and those that it had published are in the lake twice",
            ),
        }
        highest = plan.map_or(highest, |plan| highest.max(plan.range.end));
    }
    Ok(highest)
}

/// What a plan's file holds.
struct Held {
    plan: Option<StoredPlan>,
    health: Health,
    /// Nothing yet.
    blank: bool,
    unreadable: bool,
}

impl Held {
    fn read(files: &dyn Files, dir: &Path, number: u64) -> io::Result<Self> {
        let read = salvage::read_all(&*files.open(&path(dir, number))?)?;
        let twins = Twins::of(&read);
        let of_this = |plan: &StoredPlan| plan.number == number;
        let both = twins.copies.each_ref();
        let both = both.map(|copy| decode(copy, MAGIC).filter(of_this));
        let former = decode(&read.bytes, FORMER).filter(of_this);
        let health = match &former {
            Some(_) => Health::Sound,
            None => twins.health(both.each_ref().map(Option::is_some)),
        };
        Ok(Self {
            health,
            blank: twins.are_blank(),
            unreadable: !read.unreadable.is_empty(),
            plan: both.into_iter().flatten().next().or(former),
        })
    }
}

/// What stands in the files, without a change to them: the number of the delivery that was
/// begun at this position and is not finished, and how each file is.
pub(super) fn look(
    files: &dyn Files,
    dir: &Path,
    position: u64,
) -> io::Result<(Option<u64>, Vec<Part>)> {
    let (mut begun, mut parts) = (None, Vec::new());
    for number in numbers(files, dir)? {
        let path = path(dir, number);
        let held = Held::read(files, dir, number)?;
        let is_damaged = held.health == Health::Damaged;
        let (state, holds) = match held.plan {
            Some(plan) => {
                let range = &plan.range;
                let is_open = range.start == position.max(1);
                begun = begun.max(is_open.then_some(number));
                let done = if is_open { "not finished" } else { "finished" };
                let mut holds = format!(
                    "delivery of positions {} to {}, {done}",
                    range.start,
                    range.end.saturating_sub(1)
                );
                if is_damaged {
                    holds.push_str("; one of its two copies is damaged, the other one holds");
                }
                let state = if is_damaged {
                    State::Rotten
                } else {
                    State::Intact
                };
                (state, holds)
            }
            None if held.unreadable => (State::Rotten, "cannot be read".to_owned()),
            None if is_damaged => (
                State::Rotten,
                "damaged in both copies: what it had published is delivered twice".to_owned(),
            ),
            None if held.blank => (State::Spare, "room for the next plan".to_owned()),
            None => (
                State::Torn,
                "not finished: nothing of it was delivered".to_owned(),
            ),
        };
        parts.push(part(&path, state, holds));
    }
    Ok((begun, parts))
}

/// Sees to it that a file has so many bytes.
fn fill_up(file: &dyn File, size: u64) -> io::Result<()> {
    let length = file.len()?;
    match length < size {
        true => file.fill_zero(length, size - length),
        false => Ok(()),
    }
}

fn numbers(files: &dyn Files, dir: &Path) -> io::Result<Vec<u64>> {
    let mut numbers: Vec<u64> = files
        .list(dir)?
        .iter()
        .filter_map(|name| name.name.strip_prefix(PREFIX)?.parse().ok())
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}

fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{PREFIX}{number}"))
}

fn encode(plan: &StoredPlan) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    for word in [
        plan.number,
        plan.range.start,
        plan.range.end,
        plan.payload.len() as u64,
    ] {
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    bytes.extend_from_slice(&plan.payload);
    let checksum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes
}

fn write(file: &dyn File, bytes: &[u8], point: SyncPoint) -> io::Result<()> {
    twin::write(file, bytes)?;
    file.sync(point)
}

fn decode(bytes: &[u8], magic: [u8; 8]) -> Option<StoredPlan> {
    if bytes.len() < FIXED || bytes[..8] != magic {
        return None;
    }
    let length = usize::try_from(u64_at(bytes, 32)).ok()?;
    let end = FIXED.checked_add(length)?;
    if end.checked_add(4)? > bytes.len() || u32_at(bytes, end) != crc32fast::hash(&bytes[..end]) {
        return None;
    }
    Some(StoredPlan {
        number: u64_at(bytes, 8),
        range: u64_at(bytes, 16)..u64_at(bytes, 24),
        payload: bytes[FIXED..end].to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::files::RealFiles;

    #[test]
    fn a_plan_comes_back_and_one_torn_at_any_byte_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let files = Arc::new(RealFiles);
        let (mut plans, found) = Plans::open(files.clone(), dir.path(), 0).unwrap();
        assert!(found.is_empty());
        let plan = plans.write(3..9, b"objects".to_vec()).unwrap();
        let (_, found) = Plans::open(files.clone(), dir.path(), 0).unwrap();
        assert_eq!(found, [plan]);
        let damage = Damage::new(files.clone(), dir.path());
        let highest = highest_position(&RealFiles, dir.path(), &damage);
        assert_eq!(highest.unwrap(), 9);

        let path = dir.path().join("plan-1");
        let whole = fs_err::read(&path).unwrap();
        let length = FIXED + 7 + 4;
        assert_eq!(whole.len() as u64, twin::room(length));
        for torn in (0..length).chain(twin::BLOCK..twin::BLOCK + length) {
            let mut bytes = whole[..torn].to_vec();
            bytes.resize(whole.len(), 0);
            fs_err::write(&path, bytes).unwrap();
            let (_, found) = Plans::open(files.clone(), dir.path(), 0).unwrap();
            // Intact in one copy, it is all there.
            assert_eq!(found.len(), usize::from(torn >= length), "{torn}");
            // It was not finished, and nothing is damaged.
            let highest = highest_position(&RealFiles, dir.path(), &damage);
            assert_eq!(highest.unwrap() > 0, torn >= length);
            assert_eq!(damage.count(), 0, "{torn}");
        }
    }

    #[test]
    fn one_damaged_copy_is_counted_once_and_mended_and_two_are_set_aside() {
        for (payload, at) in [(7, 3), (20_000, 2 * twin::BLOCK + 3)] {
            let dir = tempfile::tempdir().unwrap();
            let files = Arc::new(RealFiles);
            let (mut plans, _) = Plans::open(files.clone(), dir.path(), 0).unwrap();
            let plan = plans.write(3..9, vec![5; payload]).unwrap();
            let path = dir.path().join("plan-1");
            let whole = fs_err::read(&path).unwrap();
            for copy in [0, twin::BLOCK] {
                let mut bytes = whole.clone();
                bytes[copy + at] ^= 0x40;
                fs_err::write(&path, bytes).unwrap();
                for counted in [1, 0] {
                    let damage = Damage::new(files.clone(), dir.path());
                    let highest = highest_position(&RealFiles, dir.path(), &damage);
                    assert_eq!((highest.unwrap(), damage.count()), (9, counted));
                }
                assert_eq!(fs_err::read(&path).unwrap(), whole);
                let (_, found) = Plans::open(files.clone(), dir.path(), 0).unwrap();
                assert_eq!(found.first(), Some(&plan));
            }
            let mut bytes = whole.clone();
            bytes[at] ^= 0x40;
            bytes[twin::BLOCK + at - 1] ^= 0x40;
            fs_err::write(&path, bytes).unwrap();
            let damage = Damage::new(files.clone(), dir.path());
            let highest = highest_position(&RealFiles, dir.path(), &damage);
            assert_eq!((highest.unwrap(), damage.count()), (0, 1));
            assert!(dir.path().join("rot-plan-1").exists());
        }
    }

    #[test]
    fn a_plan_of_a_version_that_wrote_one_copy_is_carried_out() {
        let dir = tempfile::tempdir().unwrap();
        let plan = StoredPlan {
            number: 4,
            range: 3..9,
            payload: vec![5; 20_000],
        };
        let mut bytes = encode(&plan);
        bytes.truncate(bytes.len() - 4);
        bytes[..8].copy_from_slice(&FORMER);
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        fs_err::write(dir.path().join("plan-4"), bytes).unwrap();
        let damage = Damage::new(Arc::new(RealFiles), dir.path());
        let highest = highest_position(&RealFiles, dir.path(), &damage);
        assert_eq!((highest.unwrap(), damage.count()), (9, 0));
        let (plans, found) = Plans::open(Arc::new(RealFiles), dir.path(), 0).unwrap();
        assert_eq!(found.first(), Some(&plan));
        plans.settle(&plan).unwrap();
        let (_, found) = Plans::open(Arc::new(RealFiles), dir.path(), 0).unwrap();
        assert_eq!(found, [plan]);
    }

    #[test]
    fn a_file_that_was_only_prepared_is_used_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let files = Arc::new(RealFiles);
        let (mut plans, _) = Plans::open(files.clone(), dir.path(), 0).unwrap();
        plans.write(1..2, vec![]).unwrap();
        plans.sweep(1).unwrap();
        let (mut plans, _) = Plans::open(files, dir.path(), 1).unwrap();
        assert_eq!(plans.write(2..3, vec![]).unwrap().number, 2);
        let names = numbers(&RealFiles, dir.path()).unwrap();
        assert_eq!(names, [2]);
    }

    #[test]
    fn a_number_is_never_used_again() {
        let dir = tempfile::tempdir().unwrap();
        let files = Arc::new(RealFiles);
        let (mut plans, _) = Plans::open(files.clone(), dir.path(), 0).unwrap();
        assert_eq!(plans.write(1..2, vec![]).unwrap().number, 1);
        plans.sweep(1).unwrap();
        let (mut plans, _) = Plans::open(files, dir.path(), 7).unwrap();
        assert_eq!(plans.write(2..3, vec![]).unwrap().number, 8);
    }
}
