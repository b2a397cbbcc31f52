//! Who keeps the id files: writes new ones, merges, lets the oldest go.
//!
//! One owner, driven from outside: nothing here waits or knows of threads. What it comes
//! to is published for those who ask ([`Window`]).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::config::{Budget, Config, GENERATIONS};
use super::filter::Filter;
use super::format::Head;
use super::id_file::{IdFile, Writing};
use super::index::Batch;
use super::merge::{self, Merge};
use super::view::{Generation, View, Window};
use crate::spool::files::{Files, SyncPoint};

pub mod loading;

/// So many ids are merged at a time, before new ones get their turn.
const SLICE: usize = 1 << 16;

/// The keeper of the id files in one folder.
#[derive(Debug)]
pub struct Keeper {
    files: Arc<dyn Files>,
    dir: PathBuf,
    spool_id: [u8; 16],
    config: Config,
    budget: Budget,
    window: Arc<Window>,
    /// Oldest first.
    generations: Vec<Generation>,
    /// The ids of all records below this position are in files.
    filed: u64,
    /// What the next file says about those before it.
    before: Before,
    /// The number of the next generation.
    next_generation: u64,
    /// Files whose writer did not come to the end, or whose head is damaged.
    headless: Vec<(u64, u64)>,
    /// No id file that was found names this position or a higher one.
    named: u64,
    merge: Option<Merge>,
    /// A merge failed: the next one waits for the next file.
    merge_failed: bool,
    /// A file without a head was removed, and power may still bring its name back.
    may_come_back: bool,
}

/// How far the files go.
#[derive(Debug, Clone, Copy, Default)]
struct Before {
    until: u64,
    until_ms: u64,
}

impl Keeper {
    /// What those see who ask.
    #[must_use]
    pub fn window(&self) -> &Arc<Window> {
        &self.window
    }

    /// How the memory is divided.
    #[must_use]
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The ids of all records below this position are in files.
    #[must_use]
    pub fn filed(&self) -> u64 {
        self.filed
    }

    /// Puts ids into a new file, durably. `clock_ms` is the highest clock reading yet: the
    /// files that are older than the horizon by it go. If the disk is full, the oldest
    /// generation makes room.
    ///
    /// # Errors
    /// When the disk fails, or is full all the same: then the batch is to be tried again.
    pub fn file(&mut self, batch: &mut Batch, clock_ms: u64) -> io::Result<()> {
        self.expire(clock_ms);
        if !batch.keys.is_empty() {
            batch.keys.sort_unstable();
            batch.keys.dedup();
            let file = loop {
                match self.write(batch, clock_ms) {
                    Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                        if !self.make_room() {
                            return Err(error);
                        }
                    }
                    other => break other?,
                }
            };
            self.add(file, batch);
        }
        self.merge_failed = false;
        self.keep_within_budget();
        // Last: until the queue knows of it, too, appends ask again and again.
        self.filed = self.filed.max(batch.until);
        self.publish();
        Ok(())
    }

    fn write(&mut self, batch: &Batch, clock_ms: u64) -> io::Result<IdFile> {
        let growing = self.generations.last().filter(|generation| {
            let ids = generation.ids() + batch.keys.len() as u64;
            let age = clock_ms.saturating_sub(generation.begun_ms());
            ids <= self.budget.generation_ids && age < self.horizon_ms() / (GENERATIONS as u64 - 1)
        });
        let head = Head {
            first: batch.first,
            until: batch.until,
            previous: self.before.until,
            since_ms: self.before.until_ms,
            begun_ms: growing.map_or(clock_ms, Generation::begun_ms),
            until_ms: clock_ms,
            generation: growing.map_or(self.next_generation, |growing| growing.number),
            count: 0,
        };
        let positions = (batch.first, batch.until);
        let mut writing = Writing::begin(&*self.files, &self.dir, positions, &self.spool_id)?;
        let path = writing.path().to_path_buf();
        let pushed = batch.keys.iter().try_for_each(|key| writing.push(*key));
        let written =
            pushed.and_then(|()| writing.end(&*self.files, &self.dir, head, &self.spool_id));
        if written.is_err() {
            // The next attempt begins a new one.
            self.discard(&path);
        }
        written
    }

    /// Removes a file that was not finished. Its name is to be gone for good before those of the files
    /// that have the same ids: alone it would look like one that rot has hit.
    fn discard(&mut self, path: &Path) {
        let _ = self.files.remove_file(path);
        self.may_come_back = true;
    }

    fn add(&mut self, file: IdFile, batch: &Batch) {
        self.before = Before {
            until: file.head.until,
            until_ms: file.head.until_ms,
        };
        let number = file.head.generation;
        if self
            .generations
            .last()
            .is_none_or(|last| last.number < number)
        {
            let ids = self.budget.generation_ids.max(file.head.count);
            self.generations.push(Generation {
                number,
                filter: Arc::new(Filter::new(ids)),
                files: Vec::new(),
            });
            self.next_generation = number + 1;
        }
        if let Some(generation) = self.generations.last_mut() {
            batch
                .keys
                .iter()
                .for_each(|key| generation.filter.insert(*key));
            generation.files.push(Arc::new(file));
        }
    }

    fn horizon_ms(&self) -> u64 {
        u64::try_from(self.config.horizon.as_millis()).unwrap_or(u64::MAX)
    }

    /// Lets go what is older than the horizon.
    fn expire(&mut self, clock_ms: u64) {
        let horizon = self.horizon_ms();
        while self
            .generations
            .first()
            .is_some_and(|oldest| oldest.until_ms().saturating_add(horizon) < clock_ms)
        {
            self.drop_oldest();
        }
    }

    /// The oldest go first when memory is short.
    fn keep_within_budget(&mut self) {
        loop {
            let bytes: u64 = self.generations.iter().map(Generation::memory_bytes).sum();
            let over = bytes > self.budget.generations || self.generations.len() > GENERATIONS;
            if !over || self.generations.len() < 2 {
                return;
            }
            self.shorten("its memory is used up: raise --duplicate-memory");
        }
    }

    /// The oldest generation gives its room on the disk to new ids; false when there is
    /// none but the growing one.
    fn make_room(&mut self) -> bool {
        let can = self.generations.len() > 1;
        if can {
            self.shorten("the disk is full");
        }
        can
    }

    fn shorten(&mut self, why: &str) {
        self.drop_oldest();
        let before = self.window.shortened.fetch_add(1, Ordering::Relaxed);
        // Under load it happens every few seconds: said once, counted always.
        if before == 0 {
            tracing::warn!(
                why,
                "the oldest message ids are forgotten before the horizon has passed; see clickstream_duplicate_window_seconds"
            );
        }
    }

    fn drop_oldest(&mut self) {
        if self.generations.is_empty() {
            return;
        }
        let oldest = self.generations.remove(0);
        self.window
            .since_ms
            .fetch_max(oldest.until_ms(), Ordering::Relaxed);
        if self
            .merge
            .as_ref()
            .is_some_and(|merge| merge.generation == oldest.number)
        {
            self.abandon_merge();
        }
        self.publish();
        if self.may_come_back {
            let synced = self.files.sync_dir(&self.dir, SyncPoint::IdsName);
            self.may_come_back = synced.is_err();
        }
        for file in &oldest.files {
            self.put_away(file);
        }
    }

    /// A file that is not needed any more is removed; one that is damaged is set aside.
    fn put_away(&self, file: &IdFile) {
        if file.is_damaged() {
            self.window.rot.fetch_add(1, Ordering::Relaxed);
            loading::set_aside(&*self.files, &file.path);
        } else {
            // One that stays is found by the next start.
            let _ = self.files.remove_file(&file.path);
        }
    }

    /// A slice of a merge, if one is due; says whether there may be more to do. One that
    /// fails costs nothing: its files stay.
    pub fn merge(&mut self) -> bool {
        match self.merge_slice() {
            Ok(more) => more,
            Err(error) => {
                tracing::warn!(%error, dir = %self.dir.display(), "files of message ids could not be merged; they stay as they are");
                self.abandon_merge();
                self.merge_failed = true;
                false
            }
        }
    }

    fn merge_slice(&mut self) -> io::Result<bool> {
        if self.merge.is_none() {
            let count = self.generations.len();
            let generations = self.generations.iter().enumerate();
            let mut due = generations.filter_map(|(at, one)| merge::due(one, at + 1 == count));
            let Some(inputs) = due.next().filter(|_| !self.merge_failed) else {
                return Ok(false);
            };
            let begun = Merge::begin(&*self.files, &self.dir, inputs, &self.spool_id)?;
            self.merge = Some(begun);
        }
        if let Some(merge) = &mut self.merge
            && !merge.step(SLICE)?
        {
            return Ok(true);
        }
        let Some(merge) = self.merge.take() else {
            return Ok(false);
        };
        let (number, inputs) = (merge.generation, merge.inputs.clone());
        let path = merge.path().to_path_buf();
        let file = merge.end(&*self.files, &self.dir, &self.spool_id);
        let file = Arc::new(file.inspect_err(|_| self.discard(&path))?);
        let generation = self.generations.iter_mut().find(|one| one.number == number);
        if let Some(Generation { files, .. }) = generation {
            let is_input = |one: &Arc<IdFile>| inputs.iter().any(|input| Arc::ptr_eq(input, one));
            let at = files.iter().position(is_input).unwrap_or(0);
            files.retain(|one| !is_input(one));
            files.insert(at, file);
        }
        self.publish();
        for input in &inputs {
            self.put_away(input);
        }
        Ok(true)
    }

    fn abandon_merge(&mut self) {
        if let Some(merge) = self.merge.take() {
            self.discard(merge.path());
        }
    }

    fn publish(&self) {
        self.window.publish(View {
            filed: self.filed,
            generations: self.generations.clone(),
        });
    }
}

#[cfg(test)]
mod tests;
