//! `spool export`: the events themselves.

use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::Args;

use super::{Between, Folder, SpoolError, missing};
use crate::spool::inspect::Inspector;

/// Arguments of `spool export`.
#[derive(Args, Debug)]
pub struct Export {
    /// Which spool.
    #[command(flatten)]
    pub folder: Folder,
    /// Which of its events.
    #[command(flatten)]
    pub between: Between,
    /// Delivered events too, as far as the spool still holds them
    #[arg(long, conflicts_with = "from")]
    pub all: bool,
    /// File to write, which must not exist [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl Export {
    /// Writes the events, a line each, and says how many. Whether none was damaged.
    ///
    /// # Errors
    /// When the spool cannot be read, or the output not be written.
    pub fn run(
        &self,
        inspector: &Inspector<'_>,
        out: &mut dyn Write,
        notes: &mut dyn Write,
    ) -> Result<bool, SpoolError> {
        let between = match self.all {
            true => Between {
                from: Some(0),
                ..self.between
            },
            false => self.between,
        };
        let exported = match &self.output {
            None => export(inspector, between, out),
            Some(path) => {
                let options = fs_err::OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .open(path);
                let file = options.map_err(|error| match error.kind() {
                    io::ErrorKind::AlreadyExists => SpoolError::Exists(path.clone()),
                    _ => SpoolError::io("the export cannot be written")(error),
                })?;
                let mut buffered = BufWriter::new(file);
                export(inspector, between, &mut buffered)
                    .and_then(|done| buffered.into_inner()?.sync_all().map(|()| done))
            }
        };
        let (count, damaged) = exported.map_err(SpoolError::io("the export is not whole"))?;
        let mut tell = || {
            writeln!(notes, "{count} events exported")?;
            if let Some(number) = inspector.begun() {
                writeln!(
                    notes,
                    "delivery number {number} to a lake was begun and is not finished: some of its events may be in that lake already"
                )?;
            }
            missing(damaged, notes)
        };
        tell().map_err(SpoolError::io("the summary cannot be written"))
    }
}

/// Events written, and damaged stretches passed over.
fn export(
    inspector: &Inspector<'_>,
    between: Between,
    out: &mut dyn Write,
) -> io::Result<(u64, u64)> {
    let mut count = 0;
    let checkpoint = inspector.checkpoint();
    let damaged = inspector.records(&between.range(checkpoint), |record| {
        if between.leaves_out(checkpoint, record.position) {
            return Ok(ControlFlow::Continue(()));
        }
        out.write_all(&record.line)?;
        out.write_all(b"\n")?;
        count += 1;
        Ok(ControlFlow::Continue(()))
    })?;
    out.flush()?;
    Ok((count, damaged))
}
