//! `clickstream-relay lake`: care of a lake that is a folder.

use std::cell::Cell;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::SystemTime;

use clap::{Args, Subcommand};
use clickstream_event::time::Timestamp;

use crate::sink::lake::{Config, LakeError};
use crate::spool::RealFiles;

pub mod merge;
pub mod name;

use merge::{Merger, groups};
use name::Name;

/// What to do with a lake.
#[derive(Subcommand, Debug)]
pub enum LakeCommand {
    /// Make one object of each folder's many small ones of a day that is over
    ///
    /// A lake that is written each minute has sixty objects an hour in the folder of a busy user, and
    /// a query opens each of them. Lines stay as they are, and no event is lost or doubled,
    /// whenever it is interrupted: the next run ends what this one began. A reader at work meanwhile may
    /// find a folder's events of that day twice, for a moment.
    ///
    /// Relays may be running. What one of them may still have to write anew is left for later.
    ///
    ///   clickstream-relay lake compact --lake-dir data/lake
    #[command(verbatim_doc_comment)]
    Compact(Compact),
}

/// Arguments of `lake compact`.
#[derive(Args, Debug)]
pub struct Compact {
    /// Folder of the lake
    #[arg(
        long,
        value_name = "DIR",
        env = "CLICKSTREAM_LAKE_DIR",
        default_value = "data/lake"
    )]
    pub lake_dir: PathBuf,
    /// Only this day, UTC, or `today` [default: all days before today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub day: Option<Day>,
    /// Say what would be done and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// A day that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Day {
    /// The day that is not over.
    Today,
    /// `yyyy-MM-dd`.
    Date(String),
}

impl FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match Timestamp::parse(&format!("{text}T00:00:00Z")) {
            _ if text == "today" => Ok(Self::Today),
            Some(_) => Ok(Self::Date(text.to_owned())),
            None => Err("give a day as 2026-01-31, or today".to_owned()),
        }
    }
}

impl Day {
    /// Whether an object of this day is meant, at `now_ms`; without a day all that are over are.
    fn has(asked: Option<&Self>, day: &str, now_ms: u64) -> bool {
        let now = Timestamp::from_ms(i64::try_from(now_ms).unwrap_or(i64::MAX)).to_string();
        match asked {
            Some(Self::Date(asked)) => day == asked,
            Some(Self::Today) => now.starts_with(day),
            None => day < now.as_str() && !now.starts_with(day),
        }
    }
}

/// Why a command came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum LakeCommandError {
    /// No relay delivered there.
    #[error("{} is no lake of a relay: name its folder with --lake-dir", .0.display())]
    NoLake(PathBuf),
    /// Another one is at work.
    #[error("another `lake compact` is at work in {}: let it finish", .0.display())]
    AtWork(PathBuf),
    /// The disk.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The output.
    #[error("cannot write what was done: {0}")]
    Out(#[from] io::Error),
}

/// When the least up-to-date relay of a lake said last what it had delivered: objects that are newer may
/// have to be written anew. With whose word that is.
fn settled_until(lake: &Path) -> Result<Option<(SystemTime, String)>, LakeCommandError> {
    let dir = lake.join(".delivered");
    let read = || -> io::Result<_> {
        let mut oldest: Option<(SystemTime, String)> = None;
        for entry in fs_err::read_dir(&dir)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let said = entry.metadata()?.modified()?;
            if !name.ends_with(".new") && oldest.as_ref().is_none_or(|(at, _)| said < *at) {
                oldest = Some((said, name));
            }
        }
        Ok(oldest)
    };
    match read() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(LakeCommandError::NoLake(lake.to_path_buf()))
        }
        other => Ok(other.map_err(|error| LakeError::at(&dir, error))?),
    }
}

impl LakeCommand {
    /// Does it at `now_ms`, milliseconds since 1970; `at` hears how many bytes of how many are done.
    ///
    /// # Errors
    /// When there is no lake, or its disk fails.
    pub fn run(
        &self,
        now_ms: u64,
        out: &mut dyn Write,
        at: &mut dyn FnMut(u64, u64),
    ) -> Result<(), LakeCommandError> {
        let Self::Compact(compact) = self;
        compact.run(now_ms, out, at)
    }
}

impl Compact {
    fn run(
        &self,
        now_ms: u64,
        out: &mut dyn Write,
        at: &mut dyn FnMut(u64, u64),
    ) -> Result<(), LakeCommandError> {
        let settled = settled_until(&self.lake_dir)?;
        let unsettled = Cell::new(0_u64);
        let wanted = |path: &Path, name: &Name| {
            if !Day::has(self.day.as_ref(), name.day(), now_ms) {
                return Ok(None);
            }
            let object = fs_err::metadata(path)?;
            let modified = object.modified()?;
            let may = settled.as_ref().is_some_and(|(until, _)| modified < *until);
            unsettled.set(unsettled.get() + u64::from(!may));
            Ok(may.then_some(object.len()))
        };
        let bucket = Config::new(&self.lake_dir).stream().bucket;
        let groups = groups(&RealFiles, &self.lake_dir.join(bucket), &wanted)?;
        let objects: usize = groups.iter().map(|group| group.names.len()).sum();
        let bytes = groups.iter().map(|group| group.bytes).sum();
        let mut done = 0;
        if !self.dry_run {
            let merger = Merger::new(&RealFiles, &self.lake_dir).map_err(|error| match error {
                LakeError::Disk { error, .. } if error.kind() == io::ErrorKind::WouldBlock => {
                    LakeCommandError::AtWork(self.lake_dir.clone())
                }
                error => error.into(),
            })?;
            for group in &groups {
                merger.merge(group)?;
                done += group.bytes;
                at(done, bytes);
            }
        }
        let became = match self.dry_run {
            true => "would become",
            false => "became",
        };
        writeln!(
            out,
            "{objects} objects {became} {}, of {bytes} bytes",
            groups.len()
        )?;
        let left = unsettled.get();
        if let (1.., Some((_, relay))) = (left, settled) {
            writeln!(
                out,
                "{left} objects are left for later: they are newer than what the relay with the spool \
                 {relay} has said to be delivered. If that relay is gone for good, remove \
                 .delivered/{relay} from the lake"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
