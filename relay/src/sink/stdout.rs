//! Standard output: one event a line. For trying out, and for pipes.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::spool::salvage::is_unreadable;
use crate::spool::{Checkpoint, Record, Spool};
use crate::stop::Shutdown;

/// Bytes written between two checkpoints, at most.
const AT_ONCE: usize = 1 << 20;
/// Before the spool's disk is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// Why writing ended.
#[derive(Debug)]
pub enum Ended {
    /// A stop was asked for, and all that was durable is written, or the grace is over.
    Stopped,
    /// Nobody reads any more (`| head`): a clean end.
    BrokenPipe,
    /// Anything else that the output or the spool says.
    Failed(io::Error),
}

/// Where lines go: standard output, or memory in tests.
pub type Output = Arc<Mutex<dyn Write + Send>>;

/// Writes every event that becomes durable, until the shutdown. A line is written, flushed,
/// and only then below the checkpoint: a kill may repeat lines, never lose one.
pub async fn run(spool: Spool, output: Output, mut shutdown: Shutdown) -> Ended {
    let mut reader = spool.undelivered();
    loop {
        let stopping = shutdown.deadline().is_some();
        if stopping && reader.position() >= *spool.durable().borrow() {
            return Ended::Stopped;
        }
        let records = tokio::select! {
            () = shutdown.next() => {
                if stopping {
                    return Ended::Stopped;
                }
                continue;
            }
            records = reader.next(AT_ONCE) => records,
        };
        let (spool, output) = (spool.clone(), Arc::clone(&output));
        let outcome = match records {
            Ok(records) => {
                spool.set_delivery_health(None);
                tokio::task::spawn_blocking(move || write(&spool, &output, &records)).await
            }
            // The disk is asked again until what it refuses is given up.
            Err(error) if is_unreadable(&error) => {
                let text = format!("the spool cannot be read and is tried again: {error}");
                spool.set_delivery_health(Some(text));
                tokio::select! {
                    () = tokio::time::sleep(PAUSE) => continue,
                    () = shutdown.over() => return Ended::Stopped,
                }
            }
            Err(error) => return Ended::Failed(error),
        };
        match outcome.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ended::BrokenPipe,
            Err(error) => return Ended::Failed(error),
        }
    }
}

fn write(spool: &Spool, output: &Output, records: &[Record]) -> io::Result<()> {
    let mut text = Vec::new();
    let mut next = spool.checkpoint();
    for record in records {
        text.extend_from_slice(&record.line);
        text.push(b'\n');
        next = Checkpoint {
            position: record.position + 1,
            delivered: next.delivered + 1,
            bytes: next.bytes + record.line.len() as u64,
            ..next
        };
    }
    let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
    output.write_all(&text)?;
    output.flush()?;
    drop(output);
    spool.advance(next)
}

#[cfg(test)]
mod tests;
