//! What a history may ask of the window of duplicates, and what is known of its files.

use std::path::Path;

use super::World;
use crate::model::Counterexample;

impl World {
    /// Whether a client may send the event again and count on being told a duplicate from
    /// an event that is new.
    pub fn is_remembered(&self, number: u64) -> bool {
        let horizon = self.config.duplicates.horizon.as_millis();
        let taken_at = self.taken_at.get(&number).copied().unwrap_or(u64::MAX);
        !self.forgets && u128::from(self.highest_clock.saturating_sub(taken_at)) < horizon
    }

    /// Events that got no 200 and that may be sent again, to a relay that runs: one that only
    /// starts when they are sent may forget them in its start.
    pub fn owed_again(&mut self) -> Result<Vec<u64>, Counterexample> {
        self.start()?;
        let owed = self.owed.iter().copied();
        Ok(owed.filter(|number| self.is_remembered(*number)).collect())
    }

    /// Durable ids go into a file.
    pub fn tend_ids(&mut self) -> Result<(), Counterexample> {
        self.trace.push("tend the ids".to_owned());
        self.process()?.writer.tend_ids();
        let files = self.id_files();
        self.trace.push(format!("{files:?}"));
        self.note_forgotten();
        self.come_back();
        Ok(())
    }

    /// Whether no id file was ever found damaged.
    pub fn ids_are_sound(&self) -> Result<(), Counterexample> {
        match self.damaged_ids {
            0 => Ok(()),
            _ => Err(Counterexample::Damaged),
        }
    }

    /// The names of the id files, for the trace.
    pub(super) fn id_files(&self) -> Vec<String> {
        let names = self.disk.contents(Path::new("/data/spool")).into_keys();
        let names = names.map(|path| path.file_name().unwrap().to_string_lossy().into_owned());
        names.filter(|name| name.contains("ids-")).collect()
    }

    pub(super) fn note_forgotten(&mut self) {
        if let Some(process) = &self.process {
            let counters = process.spool.counters();
            self.forgets |= counters.id_shortened > 0;
            self.damaged_ids += counters.id_rot;
        }
    }
}
