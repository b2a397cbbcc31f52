//! How far a stop has come.

use tokio::sync::watch;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Serving,
    /// No new connections, no new requests on old ones.
    Stopping,
    /// No call will come: deliver all.
    Finishing,
}

/// A stop, which goes forward only.
#[derive(Debug)]
pub(crate) struct Stop {
    phase: watch::Sender<Phase>,
}

impl Stop {
    /// Not begun.
    pub(super) fn new() -> Self {
        Self {
            phase: watch::Sender::new(Phase::Serving),
        }
    }

    /// No new connections, no new requests on old ones.
    pub(super) fn begin(&self) {
        self.phase.send_replace(Phase::Stopping);
    }

    /// No call will come: all is to be delivered.
    pub(super) fn finish(&self) {
        self.phase.send_replace(Phase::Finishing);
    }

    pub(super) fn is_finishing(&self) -> bool {
        *self.phase.borrow() == Phase::Finishing
    }

    /// Waits until it has begun.
    pub(crate) async fn begun(&self) {
        let mut phase = self.phase.subscribe();
        // The sender lives in `self`: waiting cannot fail.
        let _ = phase.wait_for(|phase| *phase >= Phase::Stopping).await;
    }
}
