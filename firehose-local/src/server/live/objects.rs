//! One stream's objects on their way out, and those that their bucket refuses.

use super::{Live, State};
use crate::deliver::{Bucket, Name};
use crate::outbox::Waiting;
use crate::partition::Closed;
use crate::stream::Stream;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// What S3 refuses is tried so long, then lost ("Data Delivery Failure Handling").
const LONGEST_RETRY: Duration = Duration::from_secs(24 * 60 * 60);

/// An object to be, with the stream as it was when it was closed.
#[derive(Debug)]
pub(in crate::server) struct Ready {
    pub stream: Arc<Stream>,
    pub bucket: Arc<Bucket>,
    pub object: Closed,
    /// From its first try on: what comes of one whose answer got lost is overwritten by the next.
    pub name: Option<Name>,
}

/// A look at one open partition.
#[derive(Debug)]
pub(in crate::server) struct Filling {
    /// The evaluated prefix.
    pub prefix: String,
    /// Whether it is one of failed records.
    pub failed: bool,
    pub bytes: u64,
    pub records: u64,
    /// When its first record came, and when it is closed at the latest.
    pub since: Duration,
    pub due: Duration,
}

/// What is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InFlight {
    pub records: u64,
    pub oldest_ms: u64,
}

impl From<&Closed> for InFlight {
    fn from(object: &Closed) -> Self {
        Self {
            records: object.records,
            oldest_ms: object.oldest_ms,
        }
    }
}

impl Live {
    /// The next object to write, with what is due closed first; all of it at a stop.
    pub(in crate::server) fn next_closed(
        &self,
        now: Duration,
        finishing: bool,
    ) -> Option<Waiting<Ready>> {
        let mut state = self.state();
        let more = match finishing {
            true => state.partitions.drain(),
            false => state.partitions.due(now),
        };
        state.close(more);
        let waiting = state.closed.next(now)?;
        state.in_flight.push((&waiting.item.object).into());
        Some(waiting)
    }

    /// Takes back an object that could not be written: it is tried again, then under the error
    /// prefix, and lost only after a day. Gives the number of records that were thrown away because
    /// the stream was deleted meanwhile.
    pub(in crate::server) fn refused(
        &self,
        mut waiting: Waiting<Ready>,
        now: Duration,
        error: &io::Error,
        random: &mut dyn FnMut() -> [u8; 16],
    ) -> u64 {
        let mut state = self.state();
        state.landed(&waiting.item.object);
        state.tally.refused();
        let records = waiting.item.object.records;
        if state.deleted.is_some() {
            return records;
        }
        let failing = waiting.failing_for(now);
        let Ready {
            stream,
            object,
            name: called,
            ..
        } = &mut waiting.item;
        let config = stream.config();
        let (name, prefix) = (&config.name, &object.prefix.text);
        if waiting.tries == 0 {
            tracing::error!(%error, stream = name, prefix, "its bucket refuses an object, which is kept and tried again: see to the cause");
        }
        let retry =
            Duration::from_secs(config.retry_seconds.into()) / self.common.accelerate.max(1);
        if config.dynamic_partitioning
            && object.error.is_none()
            && failing >= retry
            && waiting.tries > 0
        {
            tracing::error!(
                stream = name,
                prefix,
                records,
                "an object could not be written for as long as it is retried; it goes to the error prefix"
            );
            object.give_up(stream, random);
            *called = None;
            waiting = waiting.anew();
        }
        if failing >= LONGEST_RETRY {
            state.lose(records, error);
            return 0;
        }
        state.closed.failed(waiting, now);
        0
    }

    /// An object has been put away beside its bucket.
    pub(in crate::server) fn put_away(&self, object: &Closed) {
        let mut state = self.state();
        state.landed(object);
        state.kept += object.records;
    }

    /// An object could not even be put away.
    pub(in crate::server) fn lost(&self, object: &Closed, error: &io::Error) {
        let mut state = self.state();
        state.landed(object);
        state.lose(object.records, error);
    }

    /// Records of objects that were put away beside their bucket.
    pub(in crate::server) fn kept(&self) -> u64 {
        self.state().kept
    }

    /// An object is written.
    pub(in crate::server) fn delivered(&self, object: &Closed, now_ms: u64) {
        let mut state = self.state();
        state.landed(object);
        state.tally.delivered(object, now_ms);
    }

    /// How many of its objects are worth one call of [`Bucket::deliver`].
    pub(in crate::server) fn a_call(&self) -> usize {
        self.state().now.bucket.a_call()
    }

    /// How many such calls there may be at once.
    pub(in crate::server) fn at_once(&self) -> usize {
        self.state().now.bucket.at_once()
    }

    /// Bytes that are closed and not yet written.
    pub(in crate::server) fn waiting_bytes(&self) -> u64 {
        let state = self.state();
        let waiting = state.closed.items();
        waiting.map(|ready| ready.object.body.length()).sum()
    }

    /// The open partitions, those first that are due first.
    pub(in crate::server) fn filling(&self) -> Vec<Filling> {
        let state = self.state();
        let interval = state.now.stream.config().buffering_interval_seconds;
        let interval = Duration::from_secs(interval.into()) / self.common.accelerate.max(1);
        let open = state.partitions.open().map(|(object, due)| Filling {
            prefix: object.prefix.text.clone(),
            failed: object.error.is_some(),
            bytes: object.body.length(),
            records: object.records,
            since: due.saturating_sub(interval),
            due,
        });
        let mut filling: Vec<Filling> = open.collect();
        filling.sort_by(|a, b| (a.due, &a.prefix).cmp(&(b.due, &b.prefix)));
        filling
    }

    /// Records that are taken and not written.
    pub(in crate::server) fn undelivered(&self) -> u64 {
        let state = self.state();
        let open = state.partitions.open().map(|(object, _)| object.records);
        let closed = state.closed.items().map(|ready| ready.object.records);
        let in_flight = state.in_flight.iter().map(|object| object.records);
        open.chain(closed).chain(in_flight).sum::<u64>() + state.lost
    }

    /// Whether nothing waits.
    pub(in crate::server) fn is_done(&self) -> bool {
        let state = self.state();
        state.partitions.open().next().is_none() && state.closed.next_due().is_none()
    }

    /// When the next partition is due, or the next try.
    pub(in crate::server) fn next_due(&self) -> Option<Duration> {
        let state = self.state();
        let due = [state.partitions.next_due(), state.closed.next_due()];
        due.into_iter().flatten().min()
    }
}

impl State {
    /// An object's writing has ended. Of two that are alike either may go.
    fn landed(&mut self, object: &Closed) {
        let landed = InFlight::from(object);
        if let Some(at) = self.in_flight.iter().position(|one| *one == landed) {
            self.in_flight.swap_remove(at);
        }
    }

    fn lose(&mut self, records: u64, error: &io::Error) {
        tracing::error!(%error, records, "an object is lost: its bucket has refused it to the end");
        self.lost += records;
    }

    pub(super) fn close(&mut self, objects: Vec<Closed>) {
        let (stream, bucket) = (&self.now.stream, &self.now.bucket);
        for object in objects {
            self.closed.push(Ready {
                stream: Arc::clone(stream),
                bucket: Arc::clone(bucket),
                object,
                name: None,
            });
        }
    }
}
