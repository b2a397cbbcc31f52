//! `clickstream-relay spool`: what is in a spool, for an operator.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::spool::inspect::{InspectError, Inspector};
use crate::spool::{Checkpoint, RealFiles};

pub mod export;
pub mod list;
pub mod verify;

/// What to do with a spool.
#[derive(Subcommand, Debug)]
pub enum SpoolCommand {
    /// Read all of a stopped spool and say of every file whether it is intact
    ///
    /// A file is intact, spare (nothing in it yet), torn (its last write was not finished, and
    /// nobody had been told that it was: harmless), rotten (damaged where it had been whole) or
    /// aside (what an earlier start set aside). Ends with 1 when something is rotten, else with 0.
    ///
    ///   clickstream-relay spool verify --spool-dir data/spool
    #[command(verbatim_doc_comment)]
    Verify(Folder),
    /// List the events of a stopped spool: position, time of arrival and bytes of each
    ///
    /// Without --from the first is the oldest that is not delivered. Positions grow with every
    /// event and are never used twice; some may be missing.
    ///
    ///   clickstream-relay spool list --spool-dir data/spool | tail -1
    #[command(verbatim_doc_comment)]
    List(list::List),
    /// Write the events of a stopped spool that are not delivered, a line of JSON each
    ///
    /// The lines are as the lake would have them; `clickstream-relay replay` sends them to another
    /// relay. The spool is not changed: a relay that opens it again still delivers them.
    ///
    ///   clickstream-relay spool export --spool-dir data/spool --output events.jsonl
    #[command(verbatim_doc_comment)]
    Export(export::Export),
}

/// Which spool.
#[derive(Args, Debug, Clone)]
pub struct Folder {
    /// Folder of the spool; no relay may have it open
    #[arg(
        long,
        value_name = "DIR",
        env = "CLICKSTREAM_SPOOL_DIR",
        default_value = "data/spool"
    )]
    pub spool_dir: PathBuf,
}

/// Which of its events.
#[derive(Args, Debug, Clone, Copy)]
pub struct Between {
    /// First position [default: the first that is not delivered]
    #[arg(long, value_name = "POSITION")]
    pub from: Option<u64>,
    /// Last position [default: the newest]
    #[arg(long, value_name = "POSITION")]
    pub to: Option<u64>,
}

impl Between {
    fn range(self, checkpoint: &Checkpoint) -> std::ops::Range<u64> {
        let to = self.to.map_or(u64::MAX, |to| to.saturating_add(1));
        self.from.unwrap_or(checkpoint.position)..to
    }

    /// Whether this one is delivered and was not asked for: ahead of others that are not.
    fn leaves_out(self, checkpoint: &Checkpoint, position: u64) -> bool {
        self.from.is_none() && checkpoint.has_passed(position)
    }
}

/// Why a command came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The spool cannot be looked at.
    #[error(transparent)]
    Open(#[from] InspectError),
    /// The file for the export exists.
    #[error("{} exists: move it away, or name another file with --output", .0.display())]
    Exists(PathBuf),
    /// The spool's disk, or the output.
    #[error("{what}: {error}")]
    Io {
        /// What was tried.
        what: String,
        /// What happened.
        error: io::Error,
    },
}

impl SpoolError {
    fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| Self::Io { what, error }
    }
}

impl SpoolCommand {
    /// Does it. What is asked for goes to `out`, what is to be known beside it to `notes`. Says
    /// whether all is well. Nobody reading `out` any more (`| head`) is a good end.
    ///
    /// # Errors
    /// When the spool cannot be read, or the output not be written.
    pub fn run(&self, out: &mut dyn Write, notes: &mut dyn Write) -> Result<bool, SpoolError> {
        let done = match self {
            Self::Verify(folder) => verify::verify(&open(folder)?, out),
            Self::List(list) => list::list(&open(&list.folder)?, list.between, out, notes),
            Self::Export(export) => export.run(&open(&export.folder)?, out, notes),
        };
        match done {
            Err(SpoolError::Io { error, .. }) if error.kind() == io::ErrorKind::BrokenPipe => {
                Ok(true)
            }
            other => other,
        }
    }
}

fn open(folder: &Folder) -> Result<Inspector<'_>, InspectError> {
    Inspector::open(&RealFiles, &folder.spool_dir)
}

/// Says what is missing because it is damaged; whether nothing is.
fn missing(damaged: u64, notes: &mut dyn Write) -> io::Result<bool> {
    if damaged > 0 {
        writeln!(
            notes,
            "{damaged} damaged stretches were passed over, and the events in them are missing: `spool verify` names them"
        )?;
    }
    Ok(damaged == 0)
}

#[cfg(test)]
mod tests;
