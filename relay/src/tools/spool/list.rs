//! `spool list`: position, time and size of each event.

use std::io::Write;
use std::ops::ControlFlow;

use clap::Args;
use clickstream_event::time::Timestamp;

use super::{Between, Folder, SpoolError, missing};
use crate::spool::inspect::Inspector;

/// Arguments of `spool list`.
#[derive(Args, Debug)]
pub struct List {
    /// Which spool.
    #[command(flatten)]
    pub folder: Folder,
    /// Which of its events.
    #[command(flatten)]
    pub between: Between,
}

/// Writes a line for each event: position, `receivedAt`, bytes. Whether none was damaged.
///
/// # Errors
/// When the spool cannot be read, or `out` not be written.
pub fn list(
    inspector: &Inspector<'_>,
    between: Between,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> Result<bool, SpoolError> {
    let range = between.range(inspector.checkpoint());
    let listed = inspector.records(&range, |record| {
        if between.leaves_out(inspector.checkpoint(), record.position) {
            return Ok(ControlFlow::Continue(()));
        }
        let at = Timestamp::from_ms(i64::try_from(record.received_at).unwrap_or(i64::MAX));
        writeln!(out, "{:>12} {at} {:>8}", record.position, record.line.len())?;
        Ok(ControlFlow::Continue(()))
    });
    listed
        .and_then(|damaged| {
            out.flush()?;
            if inspector.refused() > 0 {
                writeln!(
                    notes,
                    "{} events that the stream refused are set aside in refused-…, and not among these: `clickstream-relay replay` sends them again",
                    inspector.refused()
                )?;
            }
            missing(damaged, notes)
        })
        .map_err(SpoolError::io("the events cannot be listed"))
}
