//! How far a stop has come, and what it could not deliver.

use std::fmt;
use std::path::PathBuf;
use tokio::sync::{Notify, watch};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Serving,
    /// No new connections, no new requests on old ones.
    Stopping,
    /// No call will come: deliver all.
    Finishing,
    /// Buckets take nothing any more: put away what is left, and end.
    GivenUp,
}

/// A stop, which goes forward only.
#[derive(Debug)]
pub(crate) struct Stop {
    phase: watch::Sender<Phase>,
    landed: Notify,
}

impl Stop {
    /// Not begun.
    pub(super) fn new() -> Self {
        Self {
            phase: watch::Sender::new(Phase::Serving),
            landed: Notify::new(),
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
        *self.phase.borrow() >= Phase::Finishing
    }

    /// Buckets take nothing any more.
    pub(super) fn give_up(&self) {
        self.phase.send_replace(Phase::GivenUp);
    }

    pub(super) fn has_given_up(&self) -> bool {
        *self.phase.borrow() == Phase::GivenUp
    }

    /// A bucket has taken an object.
    pub(super) fn landed(&self) {
        self.landed.notify_one();
    }

    /// Waits until a grace has passed in which no bucket has taken an object.
    pub(super) async fn stalled<F: Future>(&self, mut grace: impl FnMut() -> F) {
        loop {
            tokio::select! {
                biased;
                () = self.landed.notified() => {}
                _ = grace() => return,
            }
        }
    }

    /// Waits until it has begun.
    pub(crate) async fn begun(&self) {
        let mut phase = self.phase.subscribe();
        // The sender lives in `self`: waiting cannot fail.
        let _ = phase.wait_for(|phase| *phase >= Phase::Stopping).await;
    }
}

/// A stop that could not deliver everything.
#[derive(Debug)]
pub struct Undelivered {
    /// Records that are lost.
    pub lost: u64,
    /// Records that were put away in a folder, as S3 has not taken them.
    pub kept: u64,
    /// That folder; in it is one of each bucket's name.
    pub folder: PathBuf,
}

impl std::error::Error for Undelivered {}

impl fmt::Display for Undelivered {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lost, kept, folder } = self;
        let folder = folder.display();
        out.write_str("stopped")?;
        if *lost > 0 {
            write!(
                out,
                " with {lost} records that their buckets have refused to the end: they are lost"
            )?;
        }
        if *lost > 0 && *kept > 0 {
            out.write_str("; and")?;
        }
        if *kept > 0 {
            write!(
                out,
                " with {kept} records that S3 has not taken: they are in {folder}, in a folder of each bucket's name. Put them there when it is back: aws s3 sync --exclude .keys {folder}/BUCKET s3://BUCKET"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_grace_begins_anew_with_each_object_that_lands() {
        let (stop, mut begun) = (Stop::new(), 0);
        let grace = || {
            begun += 1;
            if begun < 4 {
                stop.landed();
            }
            std::future::ready(())
        };
        stop.stalled(grace).await;
        assert_eq!(begun, 4);
    }
}
