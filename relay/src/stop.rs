//! How a program of ours is asked to stop, and how long it has from then on.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Returns when the process is asked to stop: SIGTERM, or Ctrl-C.
pub async fn asked() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        tracing::warn!("signals cannot be heard: only kill -9 stops this process");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
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

    /// Returns when a stop is asked for; after that, when its grace is over.
    pub async fn next(&mut self) {
        match self.deadline {
            None => drop(self.asked().await),
            Some(_) => self.over().await,
        }
    }

    /// Returns when the grace is over.
    pub async fn over(&mut self) {
        let deadline = self.asked().await;
        sleep_until(deadline).await;
    }
}
