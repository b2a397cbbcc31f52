//! Where events go: standard output, a relay, or both.

use std::io::Write;

use crate::tally::Tally;

pub mod answer;
pub mod relay;

use relay::{Relay, SendError};

/// The most events of one request.
const BATCH_EVENTS: usize = 100;
/// The most bytes of one request's events: well within what a relay takes.
const BATCH_BYTES: usize = 400 * 1024;

/// Why an outlet stopped.
#[derive(Debug, thiserror::Error)]
pub enum OutletError {
    /// Standard output was closed, as `| head` does: no fault.
    #[error("standard output was closed")]
    Closed,
    /// Standard output failed.
    #[error("cannot write to standard output: {0}")]
    Print(std::io::Error),
    /// The relay cannot be sent to.
    #[error(transparent)]
    Send(#[from] SendError),
}

impl From<std::io::Error> for OutletError {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            Self::Closed
        } else {
            Self::Print(error)
        }
    }
}

/// Takes events, gathers them, prints and sends them.
#[derive(Debug)]
pub struct Outlet<W> {
    print: Option<W>,
    relay: Option<Relay>,
    status: Option<W>,
    waiting: Vec<String>,
    bytes: usize,
}

impl<W: Write> Outlet<W> {
    /// An outlet that prints events to `print` and statuses to `status`, and sends to `relay`.
    #[must_use]
    pub fn new(print: Option<W>, relay: Option<Relay>, status: Option<W>) -> Self {
        Self {
            print,
            relay,
            status,
            waiting: Vec::new(),
            bytes: 0,
        }
    }

    /// Takes one event's line.
    ///
    /// # Errors
    /// When what was gathered can be neither printed nor sent.
    pub async fn take(&mut self, line: String, tally: &mut Tally) -> Result<(), OutletError> {
        if let Some(print) = &mut self.print {
            print.write_all(line.as_bytes())?;
            print.write_all(b"\n")?;
        }
        if self.relay.is_some() {
            if self.bytes + line.len() > BATCH_BYTES {
                self.flush(tally).await?;
            }
            self.bytes += line.len() + 1;
            self.waiting.push(line);
            if self.waiting.len() >= BATCH_EVENTS {
                self.flush(tally).await?;
            }
        }
        Ok(())
    }

    /// Brings everything gathered where it belongs.
    ///
    /// # Errors
    /// When it cannot be printed or sent; what the relay has not taken stays.
    pub async fn flush(&mut self, tally: &mut Tally) -> Result<(), OutletError> {
        if let Some(print) = &mut self.print {
            print.flush()?;
        }
        if let Some(relay) = &mut self.relay {
            let status = &mut self.status;
            let mut told = Ok(());
            let mut tell = |code: u16| {
                if let (Some(status), Ok(())) = (status.as_mut(), &told) {
                    told = writeln!(status, "{code}").and_then(|()| status.flush());
                }
            };
            relay.send(&mut self.waiting, tally, &mut tell).await?;
            self.bytes = 0;
            told?;
        }
        Ok(())
    }

    /// Events that were taken and not yet brought where they belong.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}
