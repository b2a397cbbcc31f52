//! Small objects become one in random histories: each line is there once in the end, whenever the
//! machine goes down.

use std::collections::BTreeMap;
use std::io::IoSlice;
use std::path::{Path, PathBuf};

use clickstream_relay::sink::lake::LakeError;
use clickstream_relay::spool::files::simulated::{Crash, SimulatedDisk};
use clickstream_relay::spool::files::{Files, SyncPoint, create_dirs};
use clickstream_relay::tools::lake::merge::{Merger, groups};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::model::Counterexample;

const LAKE: &str = "/data/lake";
const HISTORIES: u64 = 1_000;

struct History {
    disk: SimulatedDisk,
    random: StdRng,
    lines: u64,
    trace: Vec<String>,
}

impl History {
    /// An object as a delivery leaves it, durable.
    fn object(&mut self) {
        let folder = format!("{LAKE}/raw/userId={}", self.random.random_range(0..2));
        let folder = Path::new(&folder);
        let day = self.random.random_range(1..3);
        let id = self.lines;
        let name = format!("s-1-2026-01-0{day}-03-04-05-00000000-0000-4000-8000-{id:012}");
        let mut text = String::new();
        for _ in 0..self.random.random_range(1..4) {
            text.push_str(&format!("line {}\n", self.lines));
            self.lines += 1;
        }
        let make = || -> std::io::Result<()> {
            create_dirs(&self.disk, folder)?;
            let file = self.disk.create(&folder.join(name))?;
            file.write_at(0, &mut [IoSlice::new(text.as_bytes())])?;
            file.sync(SyncPoint::StagedFile)?;
            for folder in folder.ancestors() {
                self.disk.sync_dir(folder, SyncPoint::Published)?;
            }
            Ok(())
        };
        make().unwrap();
    }

    /// Merges what there is; how many objects there were to merge.
    fn merge(&self) -> Result<usize, LakeError> {
        let merger = Merger::new(&self.disk, Path::new(LAKE))?;
        let raw = Path::new(LAKE).join("raw");
        let groups = groups(&self.disk, &raw, &|_, _| Ok(Some(1)))?;
        for group in &groups {
            merger.merge(group)?;
        }
        Ok(groups.iter().map(|group| group.names.len()).sum())
    }

    fn objects(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        self.disk.contents(&Path::new(LAKE).join("raw"))
    }

    /// Each line is there once.
    fn check(&self) -> Result<(), Counterexample> {
        let mut times: BTreeMap<String, u64> = BTreeMap::new();
        for bytes in self.objects().into_values() {
            let text = String::from_utf8(bytes).map_err(|_| garbled("no text"))?;
            for line in text.lines() {
                *times.entry(line.to_owned()).or_default() += 1;
            }
        }
        for line in (0..self.lines).map(|line| format!("line {line}")) {
            match times.remove(&line) {
                None => return Err(Counterexample::Lost(line)),
                Some(1) => {}
                Some(_) => return Err(Counterexample::Doubled(line)),
            }
        }
        match times.into_keys().next() {
            Some(line) => Err(garbled(&line)),
            None => Ok(()),
        }
    }

    fn play(&mut self) -> Result<(), Counterexample> {
        for _ in 0..self.random.random_range(1..5) {
            for _ in 0..self.random.random_range(1..6) {
                self.object();
            }
            let stop = self.random.random_range(0..60);
            self.disk.stop_after(stop);
            let merged = self.merge();
            let crash = match self.random.random_bool(0.7) {
                true => Crash::PowerCut,
                false => Crash::Kill,
            };
            self.trace
                .push(format!("{merged:?} after {stop}, {crash:?}"));
            self.disk.restart(crash);
        }
        let merged = self.merge();
        self.trace.push(format!("{merged:?} in the end"));
        merged.map_err(|error| Counterexample::Stuck(error.to_string()))?;
        self.disk.restart(Crash::PowerCut);
        self.check()?;
        // Nothing is left to do, and nothing lies about.
        match self.merge() {
            Ok(0) => {}
            other => return Err(garbled(&format!("{other:?} were left"))),
        }
        let left = self.disk.contents(&Path::new(LAKE).join(".compacting"));
        match left.keys().find(|path| !path.ends_with("lock")) {
            Some(path) => Err(garbled(&path.display().to_string())),
            None => self.check(),
        }
    }
}

fn garbled(what: &str) -> Counterexample {
    Counterexample::Garbled(what.to_owned())
}

/// One history, with a sync left out.
pub fn run(seed: u64, skip: Option<SyncPoint>) -> Result<(), (Counterexample, Vec<String>)> {
    let mut history = History {
        disk: SimulatedDisk::new(seed),
        random: StdRng::seed_from_u64(seed),
        lines: 0,
        trace: Vec::new(),
    };
    if let Some(point) = skip {
        history.disk.skip(point);
    }
    let played = history.play();
    played.map_err(|found| (found, history.trace))
}

#[test]
fn complaint_52_small_objects_become_one_and_no_line_is_lost_or_doubled() {
    for seed in 0..HISTORIES {
        if let Err((found, trace)) = run(seed, None) {
            panic!("history {seed}: {found:?}\n{}", trace.join("\n"));
        }
    }
}
