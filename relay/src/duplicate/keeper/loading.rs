//! What a start finds of id files, and the ids that are in none yet.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Before, Keeper};
use crate::duplicate::DuplicateKey;
use crate::duplicate::config::{Budget, Config};
use crate::duplicate::filter::Filter;
use crate::duplicate::id_file::{IdFile, name, positions};
use crate::duplicate::index::{Batch, Index};
use crate::duplicate::view::Generation;
use crate::spool::files::Files;

/// Ids that a start found in segments and in no file, in the order of their positions.
#[derive(Debug, Default)]
pub struct Found {
    ids: Vec<(DuplicateKey, u64)>,
}

impl Keeper {
    /// Reads the id files of a folder. What is left of unfinished ones waits for
    /// [`Keeper::judge`].
    ///
    /// # Errors
    /// When the folder cannot be listed, or the disk does not make what it holds durable.
    pub fn open(
        files: Arc<dyn Files>,
        dir: &Path,
        spool_id: [u8; 16],
        config: Config,
    ) -> io::Result<Self> {
        let budget = Budget::new(config.memory);
        let mut keeper = Self {
            files,
            dir: dir.to_path_buf(),
            spool_id,
            config,
            budget,
            window: Arc::default(),
            generations: Vec::new(),
            filed: 0,
            before: Before::default(),
            next_generation: 1,
            headless: Vec::new(),
            named: 0,
            merge: None,
            merge_failed: false,
            may_come_back: false,
        };
        let whole = keeper.find()?;
        for file in &whole {
            file.settle(&spool_id)?;
        }
        keeper.take_in(whole);
        Ok(keeper)
    }

    /// The files with an intact head, in order, without those that a merge has replaced.
    fn find(&mut self) -> io::Result<Vec<IdFile>> {
        let names = self.files.list(&self.dir)?;
        let mut found: Vec<_> = names
            .iter()
            .filter_map(|name| positions(&name.name))
            .collect();
        found.sort_by_key(|(first, until)| (*first, u64::MAX - *until));
        let mut whole: Vec<IdFile> = Vec::new();
        for (first, until) in found {
            self.named = self.named.max(until);
            let path = self.dir.join(name(first, until));
            let replaced = whole.last().is_some_and(|last| until <= last.head.until);
            if replaced {
                self.files.remove_file(&path)?;
                continue;
            }
            match IdFile::open(&*self.files, &path, (first, until), &self.spool_id)? {
                Some(file) => whole.push(file),
                None => self.headless.push((first, until)),
            }
        }
        Ok(whole)
    }

    /// Newest first, so that the oldest go when the budget has become smaller.
    fn take_in(&mut self, whole: Vec<IdFile>) {
        if let Some(last) = whole.last() {
            self.before = Before {
                until: last.head.until,
                until_ms: last.head.until_ms,
            };
            self.filed = last.head.until;
            self.next_generation = last.head.generation + 1;
        }
        let mut groups: Vec<Vec<IdFile>> = Vec::new();
        for file in whole {
            match groups.last_mut() {
                Some(group) if group[0].head.generation == file.head.generation => group.push(file),
                _ => groups.push(vec![file]),
            }
        }
        let mut room = self.budget.generations;
        let (mut next, mut complete) = (None, true);
        for group in groups.into_iter().rev() {
            let Some(generation) = self.load(group, room) else {
                break;
            };
            room = room.saturating_sub(generation.memory_bytes());
            for file in generation.files.iter().rev() {
                // Behind a gap, nobody knows what is missing.
                complete &= next.is_none_or(|previous| previous == file.head.until);
                if complete {
                    let since = &self.window.since_ms;
                    since.store(file.head.since_ms, Ordering::Relaxed);
                }
                next = Some(file.head.previous);
            }
            self.generations.insert(0, generation);
        }
    }

    /// A generation with its filter; none when there is no room: then its files go.
    fn load(&self, mut group: Vec<IdFile>, room: u64) -> Option<Generation> {
        let ids: u64 = group.iter().map(|file| file.head.count).sum();
        let number = group.first()?.head.generation;
        let filter = Filter::new(ids.max(self.budget.generation_ids));
        if !self.generations.is_empty() && filter.bytes() > room {
            self.window.shortened.fetch_add(1, Ordering::Relaxed);
            group.iter().for_each(|file| self.put_away(file));
            return None;
        }
        for file in &mut group {
            if !file.load(|key| filter.insert(key)) {
                tracing::error!(
                    file = %file.path.display(),
                    "damaged pages in a file of message ids: events whose ids they held may be taken twice"
                );
            }
        }
        Some(Generation {
            number,
            filter: Arc::new(filter),
            files: group.into_iter().map(Arc::new).collect(),
        })
    }

    /// Decides about files without a head. `lowest` is the lowest position that the
    /// segments may hold: what is all in them or in other files was not finished and is
    /// made anew; another one is rot, and is set aside.
    ///
    /// # Errors
    /// When such a file cannot be removed.
    pub fn judge(&mut self, lowest: u64) -> io::Result<()> {
        for (first, until) in std::mem::take(&mut self.headless) {
            let path = self.dir.join(name(first, until));
            let mut position = first;
            for file in self.generations.iter().flat_map(|one| &one.files) {
                // Between a file and the one before it there is nothing.
                let from = file.head.previous.min(file.head.first);
                if (from..file.head.until).contains(&position) {
                    position = file.head.until;
                }
            }
            let segments_hold_it = lowest > 0 && position >= lowest;
            if position >= until || segments_hold_it {
                self.files.remove_file(&path)?;
                if position < until.min(self.filed) {
                    // All ids from here on are read from the segments again, and no segment is
                    // used again before they are in a new file, which takes the place of all
                    // that begin behind it.
                    self.filed = position;
                    self.before = self.behind(self.filed);
                }
                continue;
            }
            tracing::error!(
                file = %path.display(),
                "a damaged file of message ids is set aside: events whose ids it held may be taken twice"
            );
            self.window.rot.fetch_add(1, Ordering::Relaxed);
            set_aside(&*self.files, &path);
            if until > self.before.until {
                // Nobody knows how far it went: what comes now is complete again.
                self.before = Before {
                    until,
                    until_ms: u64::MAX,
                };
            }
        }
        Ok(())
    }

    /// An id that a start found in a segment. If there are many, they go into a file, so
    /// that memory stays bounded; all before it must be durable.
    pub fn found(&mut self, found: &mut Found, key: DuplicateKey, position: u64, clock_ms: u64) {
        // Below that they are in files, or were and have gone.
        if position < self.filed {
            return;
        }
        found.ids.push((key, position));
        if found.ids.len() < self.budget.most_recent() / 2 {
            return;
        }
        let mut batch = Batch {
            keys: found.ids.iter().map(|(key, _)| *key).collect(),
            first: found.ids[0].1,
            until: position + 1,
        };
        self.settle_clock(clock_ms);
        match self.file(&mut batch, clock_ms) {
            Ok(()) => found.ids.clear(),
            Err(_) if found.ids.len() < self.budget.most_recent() => {}
            Err(error) => {
                // A start must not fail for them.
                tracing::error!(%error, "message ids could not be put into a file and are forgotten: their events may be taken twice");
                self.window.shortened.fetch_add(1, Ordering::Relaxed);
                self.window.since_ms.fetch_max(clock_ms, Ordering::Relaxed);
                found.ids.clear();
            }
        }
    }

    /// The end of a start: the ids that are in no file, by `clock_ms`, the highest clock
    /// reading that was found. `lowest` as for [`Keeper::judge`].
    #[must_use]
    pub fn started(&mut self, found: Found, lowest: u64, clock_ms: u64) -> Index {
        if self.before.until == 0 && lowest > 1 {
            // There were ids before the first file: those of segments long used again.
            self.before.until_ms = u64::MAX;
        }
        self.settle_clock(clock_ms);
        self.publish();
        let mut index = Index::new(&self.budget, self.filed);
        for (key, position) in found.ids {
            index.insert(key, position);
            index.settle(key, position);
        }
        index
    }

    /// Where nobody knows since when ids are missing, they are since now.
    fn settle_clock(&mut self, clock_ms: u64) {
        if self.before.until_ms == u64::MAX {
            self.before.until_ms = clock_ms;
            self.window.since_ms.fetch_max(clock_ms, Ordering::Relaxed);
        }
    }

    /// What stands in files up to this position.
    fn behind(&self, position: u64) -> Before {
        let mut files = self.generations.iter().flat_map(|one| &one.files);
        let last = files.rfind(|file| file.head.until <= position);
        last.map_or(Before::default(), |file| Before {
            until: file.head.until,
            until_ms: file.head.until_ms,
        })
    }

    /// No id file that was found names this position or a higher one. Records may be gone, by
    /// rot or because they were only buffered, whose ids are in a file: the positions of those
    /// that come must not be taken for theirs.
    #[must_use]
    pub fn named(&self) -> u64 {
        self.named
    }

    /// The highest clock reading that the files name.
    #[must_use]
    pub fn highest_clock(&self) -> u64 {
        let readings = self.generations.iter().map(Generation::until_ms);
        readings.max().unwrap_or(0)
    }
}

/// Gives a damaged file another name, so that who wants to can look at it.
pub(super) fn set_aside(files: &dyn Files, path: &Path) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // One that keeps its name is met again by the next start.
    let _ = files.rename(path, &path.with_file_name(format!("rot-{name}")));
}
