//! When epochs end: so long after the first waiting event, or when enough waits, or at a
//! clean stop. An idle system sleeps until something becomes durable.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{DeliveryError, Epochs, Step};
use crate::forward::{Left, left};
use crate::stop::Shutdown;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Delivers until the shutdown's grace is over, or all is delivered after it was asked.
pub async fn run(epochs: Epochs, mut shutdown: Shutdown) -> Left {
    let spool = epochs.spool().clone();
    let mut durable = spool.durable();
    let mut driver = Driver {
        interval: epochs.config().buffer_interval,
        size: epochs.config().buffer_size,
        pause: FIRST_PAUSE,
        unfinished: epochs.unfinished(),
        epochs: Some(epochs),
        done: 0,
    };
    loop {
        if !driver.unfinished {
            let asked = tokio::select! {
                waits = driver.something_waits(&mut durable) => !waits,
                _ = shutdown.asked() => true,
            };
            if !asked {
                tokio::select! {
                    () = driver.epoch_ends(&mut durable, &spool) => {}
                    _ = shutdown.asked() => {}
                }
            }
        }
        if shutdown.deadline().is_some() && !driver.unfinished && driver.idle(&durable) {
            break;
        }
        let until = *durable.borrow_and_update();
        match driver.deliver(until, &mut shutdown).await {
            Delivered::All => spool.set_delivery_health(None),
            Delivered::OutOfTime => break,
            Delivered::Broken => {
                // The panic hook has said why; the plan is done again at the next start.
                let text = "delivery met a fault of this program, see the log: restart the relay";
                spool.set_delivery_health(Some(text.to_owned()));
                break;
            }
            Delivered::Failed(error) => {
                tracing::error!(%error, "delivery to the lake stands still and is tried again");
                spool.set_delivery_health(Some(error.to_string()));
                if !driver.rest(&mut shutdown).await {
                    break;
                }
            }
        }
    }
    left(&spool)
}

/// How a round of delivery ended.
enum Delivered {
    All,
    Failed(DeliveryError),
    OutOfTime,
    /// A panic took the epochs along.
    Broken,
}

struct Driver {
    interval: Duration,
    size: u64,
    pause: Duration,
    unfinished: bool,
    /// In other hands while a step is done on a thread for blocking work.
    epochs: Option<Epochs>,
    /// Everything below it is delivered or void.
    done: u64,
}

impl Driver {
    fn idle(&self, durable: &watch::Receiver<u64>) -> bool {
        *durable.borrow() <= self.done
    }

    /// False when the spool is gone.
    async fn something_waits(&self, durable: &mut watch::Receiver<u64>) -> bool {
        let done = self.done;
        durable.wait_for(|durable| *durable > done).await.is_ok()
    }

    async fn epoch_ends(&self, durable: &mut watch::Receiver<u64>, spool: &crate::spool::Spool) {
        let end = Instant::now() + self.interval;
        while spool.counters().waiting_bytes < self.size {
            match timeout_at(end, durable.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return,
            }
        }
    }

    /// Delivers everything below `until`, part by part.
    async fn deliver(&mut self, until: u64, shutdown: &mut Shutdown) -> Delivered {
        loop {
            let Some(mut epochs) = self.epochs.take() else {
                return Delivered::OutOfTime;
            };
            let task = tokio::task::spawn_blocking(move || {
                let step = epochs.step();
                (epochs, step)
            });
            let (epochs, step) = tokio::select! {
                done = task => match done {
                    Ok(done) => done,
                    Err(_) => return Delivered::Broken,
                },
                () = shutdown.over() => return Delivered::OutOfTime,
            };
            self.unfinished = epochs.unfinished();
            let next = epochs.spool().checkpoint().position;
            self.epochs = Some(epochs);
            match step {
                Ok(Some(Step { .. })) if next < until => self.pause = FIRST_PAUSE,
                Ok(_) => {
                    self.pause = FIRST_PAUSE;
                    self.done = until;
                    return Delivered::All;
                }
                Err(error) => return Delivered::Failed(error),
            }
        }
    }

    /// Waits before the next try; false when the grace is over.
    async fn rest(&mut self, shutdown: &mut Shutdown) -> bool {
        // A failed plan is void, but what it was to deliver still waits.
        self.unfinished = true;
        let next = Instant::now() + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        tokio::select! {
            () = sleep_until(next) => true,
            () = shutdown.over() => false,
        }
    }
}
