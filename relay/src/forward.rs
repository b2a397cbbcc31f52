//! From the spool to the sink: when, how often, and what stays.
//!
//! The lake is reached by epochs ([`epoch`]), exactly once. It works on finished lines and
//! positions; nothing here reads an event.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::clock::Clock;
use crate::sink;
use crate::spool::Spool;

pub mod epoch;

/// Why forwarding cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// To the lake.
    #[error(transparent)]
    Lake(#[from] epoch::OpenError),
}

/// What a stop left in the spool; the next start delivers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Left {
    /// Events.
    pub events: u64,
    /// Bytes of their lines.
    pub bytes: u64,
}

/// The way to a sink, opened.
#[derive(Debug)]
pub enum Forwarder {
    /// By epochs.
    Lake(Box<epoch::Epochs>),
}

impl Forwarder {
    /// Opens the sink for this spool. Blocks.
    ///
    /// # Errors
    /// When the sink cannot be used, or a delivery to another one is unfinished.
    pub fn open(
        spool: &Spool,
        config: sink::Config,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        match config {
            sink::Config::Lake(config) => {
                let epochs = epoch::Epochs::open(spool, config, clock)?;
                Ok(Self::Lake(Box::new(epochs)))
            }
        }
    }
}

/// Delivers until the shutdown, then what waits within its grace. Why it stands still, if
/// it does, is in [`Spool::health`].
///
/// `shutdown` holds none while the relay runs; a grace asks for a stop. A dropped sender
/// is a stop without grace.
pub async fn run(forwarder: Forwarder, shutdown: watch::Receiver<Option<Duration>>) -> Left {
    let shutdown = Shutdown::new(shutdown);
    match forwarder {
        Forwarder::Lake(epochs) => epoch::timing::run(*epochs, shutdown).await,
    }
}

/// What the spool still holds.
#[must_use]
pub fn left(spool: &Spool) -> Left {
    let counters = spool.counters();
    Left {
        events: counters.totals.waiting,
        bytes: counters.waiting_bytes,
    }
}

/// A stop that may be asked for, and its deadline from then on.
#[derive(Debug)]
pub struct Shutdown {
    grace: watch::Receiver<Option<Duration>>,
    deadline: Option<Instant>,
}

impl Shutdown {
    /// Listens to this.
    #[must_use]
    pub fn new(grace: watch::Receiver<Option<Duration>>) -> Self {
        let deadline = None;
        Self { grace, deadline }
    }

    /// Returns when a stop is asked for, with its deadline.
    pub async fn asked(&mut self) -> Instant {
        if let Some(deadline) = self.deadline {
            return deadline;
        }
        let grace = match self.grace.wait_for(Option::is_some).await {
            Ok(grace) => grace.unwrap_or_default(),
            Err(_) => Duration::ZERO,
        };
        *self.deadline.insert(Instant::now() + grace)
    }

    /// Its deadline, once a stop was asked for.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Returns when the grace is over.
    pub async fn over(&mut self) {
        let deadline = self.asked().await;
        sleep_until(deadline).await;
    }
}
