//! From the spool to a stream, at least once: lines are packed into calls, several calls are
//! on their way at once, and a place is used again only when a durable checkpoint has passed what
//! it carried, if need be ahead of one that hangs. So after a kill at most what was on its way
//! comes twice, and a record that the stream refuses holds up no other.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

use super::acks::{Acks, Mark, Ticket};
use super::counters::Counters;
use super::flight::{Airport, Landed, Sender};
use super::pack::{Packer, Packing};
use super::patience::Patience;
use super::voice::{Source, Voice};
use crate::spool::{Reader, Record, Spool};
use crate::stop::Shutdown;

/// How forwarding to a stream behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Calls on their way at once, at most; each holds 3 MiB. Beside them as many may hang:
    /// [`super::hanging`]. Default 8.
    pub in_flight: usize,
    /// So long an event waits for company in its call, unless its call is ripe before:
    /// [`Packer::is_ripe`]. Default 1 s.
    pub linger: Duration,
    /// Pauses between attempts.
    pub patience: Patience,
    /// For the pauses' lot.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            in_flight: 8,
            linger: Duration::from_secs(1),
            patience: Patience::default(),
            seed: 0,
        }
    }
}

mod open;

pub use open::{OpenError, check_spool};

/// Bytes read from the spool at once, at most.
const READ: usize = 1 << 20;

/// A pause after the spool's disk failed.
const DISK_PAUSE: Duration = Duration::from_secs(1);

/// Delivers until the shutdown, then all that is durable within its grace. What is left
/// stays in the spool.
pub async fn run<S: Sender>(
    spool: Spool,
    sender: S,
    settings: Settings,
    counters: Arc<Counters>,
    mut shutdown: Shutdown,
) {
    spool.set_delivery_health(None);
    let hear = spool.clone();
    let voice = Voice::new(move |trouble| hear.set_delivery_health(trouble));
    let Settings {
        in_flight,
        patience,
        seed,
        ..
    } = settings;
    let airport = Airport::new(
        sender,
        in_flight,
        patience,
        seed,
        Arc::clone(&counters),
        voice,
    );
    let airport = Arc::new(airport);
    let mut gone = Vec::new();
    let mut times_gone = 0;
    loop {
        let asked = async {
            if times_gone > 0 {
                airport.pause(times_gone).await;
            }
            airport.packing().await
        };
        let packing = tokio::select! {
            packing = asked => packing,
            () = shutdown.over() => return,
        };
        for source in gone.drain(..) {
            airport.voice().well(source);
        }
        let before = counters.events.load(Relaxed);
        let airport = Arc::clone(&airport);
        let forwarding = Forwarding::new(spool.clone(), airport, packing, settings);
        match forwarding.run(&mut shutdown).await {
            Ended::Stopped => break,
            Ended::Gone(sources) => gone = sources,
        }
        let progress = counters.events.load(Relaxed) > before;
        times_gone = if progress { 1 } else { times_gone + 1 };
    }
    let (calls, events) = (
        counters.in_flight.load(Relaxed),
        counters.in_flight_events.load(Relaxed),
    );
    if calls > 0 {
        tracing::warn!(
            calls,
            events,
            "stopped with calls on their way: what they carried is sent again at the next start and may come twice"
        );
    }
}

#[derive(Debug)]
struct Forwarding<S> {
    spool: Spool,
    reader: Reader,
    airport: Arc<Airport<S>>,
    counters: Arc<Counters>,
    settings: Settings,
    packer: Packer,
    /// When the first line came into the packer.
    packed_since: Option<Instant>,
    /// Read, but not in the packer: it is full.
    carry: VecDeque<Record>,
    /// Set aside by a process that was killed before its checkpoint.
    aside: BTreeSet<u64>,
    acks: Acks,
    flights: JoinSet<(Ticket, Landed)>,
    /// A checkpoint being written.
    advancing: Option<JoinHandle<Advanced>>,
    /// The next checkpoint: taken from the acks, not durable yet.
    mark: Option<Mark>,
    disk_failed: Option<Instant>,
    /// Whose trouble it is that the spool cannot be read, and that it cannot be written.
    reading: Source,
    marking: Source,
    /// Calls that found no stream, or met a fault: no more begin, and the stream is asked anew how
    /// it packs.
    gone: Vec<Source>,
    stopping: bool,
}

/// A mark, and where what is refused in it was set aside, if anything was.
type Advanced = (Mark, io::Result<Option<PathBuf>>);

/// Why forwarding ended.
enum Ended {
    /// It was asked to.
    Stopped,
    /// The stream is gone; who is in trouble by it.
    Gone(Vec<Source>),
}

impl<S: Sender> Forwarding<S> {
    /// From the checkpoint on.
    fn new(spool: Spool, airport: Arc<Airport<S>>, packing: Packing, settings: Settings) -> Self {
        Self {
            counters: Arc::clone(airport.counters()),
            settings,
            packer: Packer::new(packing, airport.limits()),
            packed_since: None,
            carry: VecDeque::new(),
            aside: spool.set_aside_ahead(),
            reader: spool.undelivered(),
            acks: Acks::new(&spool.checkpoint()),
            spool,
            flights: JoinSet::new(),
            advancing: None,
            mark: None,
            disk_failed: None,
            reading: airport.voice().source(),
            marking: airport.voice().source(),
            airport,
            gone: Vec::new(),
            stopping: false,
        }
    }

    async fn run(mut self, shutdown: &mut Shutdown) -> Ended {
        loop {
            // It may have been asked for while the stream was being asked how to pack.
            self.stopping |= shutdown.deadline().is_some();
            self.pack();
            self.launch();
            self.advance();
            if self.stopping && self.is_done() {
                return Ended::Stopped;
            }
            if !self.gone.is_empty() && self.is_quiet() {
                return self.give_up();
            }
            let linger = self.packed_since.map(|since| since + self.settings.linger);
            let reads = self.wants_lines();
            tokio::select! {
                biased;
                Some(landed) = self.flights.join_next() => self.landed(landed),
                advanced = joined(&mut self.advancing) => self.advanced(advanced),
                () = shutdown.next() => {
                    if self.stopping {
                        return Ended::Stopped;
                    }
                }
                () = sleep_until_some(self.disk_failed) => self.disk_failed = None,
                () = sleep_until_some(linger), if self.has_place() => {}
                () = self.airport.hanging().more() => {}
                read = self.reader.next(READ), if reads => self.read(read),
            }
        }
    }

    /// No call is under way, and what arrived is durable.
    fn is_quiet(&self) -> bool {
        self.flights.is_empty() && self.mark.is_none() && self.advancing.is_none()
    }

    /// Leaves what the checkpoint has not passed to who begins anew there.
    fn give_up(self) -> Ended {
        let again = self.acks.not_taken().delivered;
        Counters::add(&self.counters.doubles_at_most, again);
        self.counters.in_flight.store(0, Relaxed);
        self.counters.in_flight_events.store(0, Relaxed);
        Ended::Gone(self.gone)
    }

    /// Whether another call may begin.
    fn has_place(&self) -> bool {
        let most = self.settings.in_flight.max(1) as u64;
        let beside = self.airport.hanging().count().min(most);
        self.gone.is_empty() && self.counters.in_flight.load(Relaxed) < most + beside
    }

    fn wants_lines(&self) -> bool {
        let nothing_more = self.stopping && self.has_read_all();
        let wanted = self.carry.is_empty() && self.gone.is_empty();
        wanted && self.disk_failed.is_none() && !nothing_more
    }

    fn has_read_all(&self) -> bool {
        self.reader.position() >= *self.spool.durable().borrow()
    }

    /// Nothing is read, packed, on its way or unconfirmed.
    fn is_done(&self) -> bool {
        self.has_read_all()
            && self.carry.is_empty()
            && self.packer.is_empty()
            && self.acks.is_empty()
            && self.mark.is_none()
            && self.advancing.is_none()
    }

    fn read(&mut self, read: io::Result<Vec<Record>>) {
        match read {
            Ok(records) => {
                self.airport.voice().well(self.reading);
                self.carry.extend(records);
            }
            Err(error) => {
                let text = format!("the spool cannot be read: {error}");
                self.airport.voice().trouble(self.reading, &text);
                self.disk_failed = Some(Instant::now() + DISK_PAUSE);
            }
        }
    }

    fn pack(&mut self) {
        while let Some(line) = self.carry.front() {
            if self.aside.contains(&line.position) {
                self.packer.pass(line);
            } else if !self.packer.push(line) {
                return;
            }
            self.packed_since.get_or_insert_with(Instant::now);
            self.carry.pop_front();
        }
    }

    /// Begins calls: a full or ripe one at once, another when its first line has waited enough,
    /// or when nothing more will come. Under load the places in flight are all taken, and calls
    /// fill up by themselves while they wait for one.
    fn launch(&mut self) {
        while self.has_place() && !self.packer.is_empty() {
            let waited = self
                .packed_since
                .is_some_and(|since| since.elapsed() >= self.settings.linger);
            let full = !self.carry.is_empty() || self.packer.is_ripe();
            if !(full || waited || self.stopping && self.has_read_all()) {
                return;
            }
            let call = self.packer.take();
            self.packed_since = None;
            let ticket = self.acks.begin(call.last);
            Counters::add(&self.counters.in_flight, 1);
            Counters::add(&self.counters.in_flight_events, call.all_lines());
            let airport = Arc::clone(&self.airport);
            self.flights
                .spawn(async move { (ticket, airport.fly(call).await) });
            self.pack();
        }
    }

    fn landed(&mut self, landed: Result<(Ticket, Landed), JoinError>) {
        match landed {
            Ok((ticket, Landed::Taken(done))) => self.acks.acknowledge(ticket, done),
            Ok((_, Landed::Gone(source))) => self.gone.push(source),
            // Cancelled with the runtime: never acknowledged, so the next start sends it again.
            Err(_) => {}
        }
    }

    /// Makes what arrived durable, one write at a time; what arrives meanwhile shares the next.
    fn advance(&mut self) {
        if self.advancing.is_some() || self.disk_failed.is_some() {
            return;
        }
        if let Some(more) = self.acks.take() {
            self.mark.get_or_insert_default().extend(more);
        }
        if let Some(mark) = self.mark.take() {
            let spool = self.spool.clone();
            self.advancing = Some(tokio::task::spawn_blocking(move || {
                let next = mark.checkpoint(spool.checkpoint());
                let kept = spool.set_aside(&mark.refused);
                let advanced = kept.and_then(|kept| spool.advance(next).map(|()| kept));
                (mark, advanced)
            }));
        }
    }

    fn advanced(&mut self, advanced: Result<Advanced, JoinError>) {
        self.advancing = None;
        match advanced {
            Ok((mark, Ok(kept))) => {
                self.airport.voice().well(self.marking);
                let events = mark.sums.delivered + mark.sums.failed;
                Counters::subtract(&self.counters.in_flight, mark.ranges as u64);
                Counters::subtract(&self.counters.in_flight_events, events);
                Counters::add(&self.counters.set_aside, mark.refused.len() as u64);
                if let (Some(kept), Some(first)) = (kept, mark.refused.first()) {
                    let text = format!(
                        "the stream refuses events for ever ({}): they are set aside in {}; mend the cause, then send them again by clickstream-relay replay",
                        first.code,
                        kept.display()
                    );
                    self.airport.voice().set_aside(&text, &first.message);
                }
            }
            Ok((mark, Err(error))) => {
                let text = format!(
                    "the spool's checkpoint, or what it passes, cannot be written: {error}"
                );
                self.airport.voice().trouble(self.marking, &text);
                self.mark = Some(mark);
                self.disk_failed = Some(Instant::now() + DISK_PAUSE);
            }
            Err(error) => {
                let text = format!("a checkpoint ended by a fault ({error}): restart the relay");
                self.airport.voice().trouble(self.marking, &text);
            }
        }
    }
}

async fn joined<T>(task: &mut Option<JoinHandle<T>>) -> Result<T, JoinError> {
    match task {
        Some(task) => task.await,
        None => std::future::pending().await,
    }
}

async fn sleep_until_some(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
