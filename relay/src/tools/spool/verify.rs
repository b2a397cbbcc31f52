//! `spool verify`: every file, and how it is.

use std::io::Write;

use super::SpoolError;
use crate::spool::inspect::Inspector;
use crate::spool::part::State;

/// Writes a line for each file and a sum; whether nothing is rotten.
///
/// # Errors
/// When the spool cannot be read, or `out` not be written.
pub fn verify(inspector: &Inspector<'_>, out: &mut dyn Write) -> Result<bool, SpoolError> {
    let seen = inspector
        .verify()
        .map_err(SpoolError::io("the spool cannot be read"))?;
    let rotten = seen.parts.iter().filter(|part| part.state == State::Rotten);
    let rotten = rotten.count();
    let mut write = || {
        for part in &seen.parts {
            writeln!(
                out,
                "{:<8} {:<16} {}",
                part.state.name(),
                part.name,
                part.holds
            )?;
        }
        let verdict = match rotten {
            0 => "nothing is rotten".to_owned(),
            1 => "1 file is rotten".to_owned(),
            count => format!("{count} files are rotten"),
        };
        writeln!(
            out,
            "{} events, {} not delivered; {verdict}",
            seen.events, seen.waiting
        )?;
        out.flush()
    };
    write().map_err(SpoolError::io("the report cannot be written"))?;
    Ok(rotten == 0)
}
