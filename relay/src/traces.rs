//! Traces: a request's way through the relay as OpenTelemetry spans, for who asked for them.
//!
//! One span for the request and one for each of its steps: its body received, its events sorted, its
//! lines stored. They go by OTLP over HTTP, as JSON, to one address ([`export`]). A `traceparent`
//! (W3C Trace Context) that comes with the request is its parent, and one that was not sampled is not
//! followed here either.
//!
//! Without an address nothing of this is done. With one, no request waits for it: a place in a queue of
//! bounded length is taken when the request begins, and where there is none the request has no trace
//! and a counter says so.

use std::hash::Hasher as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use http::{HeaderMap, StatusCode, Uri};
use siphasher::sip128::{Hasher128 as _, SipHasher24};
use tokio::sync::mpsc::{self, OwnedPermit};

use crate::clock::Clock;
use crate::intake::answer::Taken;
use crate::tools::https::{HttpsError, Trust};

pub mod export;
mod otlp;
mod parent;

use parent::Parent;

/// Requests whose traces are under way or wait to be sent, at most; each takes some 400 bytes.
pub const MOST: usize = 2048;

/// What one sending may take; a collector that is slower is treated as one that is away.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Where traces go.
#[derive(Clone, Debug)]
pub struct Config {
    endpoint: Uri,
    agent: ureq::Agent,
    /// So long spans are gathered before they are sent together.
    pub gather: Duration,
}

impl Config {
    /// To this address, such as `http://127.0.0.1:4318/v1/traces`.
    ///
    /// # Errors
    /// When it is one of https and there is nobody to believe.
    pub fn new(endpoint: Uri) -> Result<Self, HttpsError> {
        let agent = Trust::default().agent(&endpoint, Some(TIMEOUT))?;
        let gather = Duration::from_secs(1);
        Ok(Self {
            endpoint,
            agent,
            gather,
        })
    }
}

/// What became of traces.
#[derive(Debug, Default)]
pub struct Counters {
    /// The collector has them.
    pub exported: AtomicU64,
    /// There was no place in the queue, or the collector did not take them.
    pub dropped: AtomicU64,
}

/// Makes traces, if somebody wants them.
#[derive(Debug, Default)]
pub struct Traces(Option<Tracer>);

#[derive(Debug)]
struct Tracer {
    queue: mpsc::Sender<Finished>,
    counters: Arc<Counters>,
    /// Random, drawn once a run: what ids are made from.
    hasher: SipHasher24,
    made: AtomicU64,
}

impl Traces {
    /// Traces that go there, in a queue of their own, and who sends what is in it. `nonce` is random, drawn once a
    /// run.
    #[must_use]
    pub fn to(config: Config, nonce: &[u8; 16]) -> (Self, export::Exporter) {
        let (queue, finished) = mpsc::channel(MOST);
        let counters = Arc::<Counters>::default();
        let exporter = export::Exporter::new(config, finished, Arc::clone(&counters));
        let tracer = Tracer {
            queue,
            counters,
            hasher: SipHasher24::new_with_key(nonce),
            made: AtomicU64::new(0),
        };
        (Self(Some(tracer)), exporter)
    }

    /// What became of them; none where nobody wants any.
    #[must_use]
    pub fn counters(&self) -> Option<&Counters> {
        self.0.as_ref().map(|tracer| &*tracer.counters)
    }

    /// The trace of a request that has just come.
    pub fn begin<'a>(&self, path: &str, headers: &HeaderMap, clock: &'a dyn Clock) -> Trace<'a> {
        let open = self.0.as_ref().and_then(|tracer| {
            let parent = Parent::of(headers);
            if parent.is_some_and(|parent| !parent.sampled) {
                return None;
            }
            let Ok(place) = tracer.queue.clone().try_reserve_owned() else {
                tracer.counters.dropped.fetch_add(1, Relaxed);
                return None;
            };
            let (trace_id, span_id) = tracer.ids();
            Some(Box::new(Open {
                place,
                clock,
                finished: Finished {
                    trace_id: parent.map_or(trace_id, |parent| parent.trace_id),
                    parent: parent.map(|parent| parent.span_id),
                    span_id,
                    path: path.to_owned(),
                    began_ms: clock.now_ms(),
                    began: clock.monotonic(),
                    steps: [None; Step::ALL.len()],
                    ended: Duration::ZERO,
                    status: 0,
                    events: Events::default(),
                },
            }))
        });
        Trace(open)
    }
}

impl Tracer {
    /// An id for a trace, and one for a span; that of each of its steps is made from the latter.
    fn ids(&self) -> (u128, u64) {
        let number = self.made.fetch_add(1, Relaxed);
        let hash = |part: u8| {
            let mut hasher = self.hasher;
            hasher.write_u64(number);
            hasher.write_u8(part);
            hasher.finish128()
        };
        // 0 is no id; the odds are what they are, and it costs nothing to rule it out.
        let trace_id = hash(0).as_u128().max(1);
        let span_id = (hash(1).h1 & !Step::MASK) | Step::ALL.len() as u64;
        (trace_id, span_id)
    }
}

/// A step on a request's way; each begins where the one before it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The body has come.
    Receive,
    /// Its events are read, named, and made lines.
    Sort,
    /// The lines are durable.
    Store,
}

impl Step {
    const ALL: [Self; 3] = [Self::Receive, Self::Sort, Self::Store];
    /// The bits of a span's id that say which step it is, or that it is the whole request.
    const MASK: u64 = 3;

    fn name(self) -> &'static str {
        match self {
            Self::Receive => "receive body",
            Self::Sort => "sort events",
            Self::Store => "store events",
        }
    }
}

/// How many events a request brought, by their end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Events {
    /// Kept, duplicates among them.
    pub accepted: usize,
    /// Of these, kept already before.
    pub duplicate: usize,
    /// Refused.
    pub rejected: usize,
}

impl Events {
    /// Those that an answer speaks of.
    #[must_use]
    pub fn of(taken: &Taken) -> Self {
        Self {
            accepted: taken.accepted,
            duplicate: taken.duplicate,
            rejected: taken.rejected.len(),
        }
    }
}

/// A request's trace while the request is under way; nothing where there is none.
#[derive(Debug)]
pub struct Trace<'a>(Option<Box<Open<'a>>>);

#[derive(Debug)]
struct Open<'a> {
    place: OwnedPermit<Finished>,
    clock: &'a dyn Clock,
    finished: Finished,
}

/// All that is known of a request in the end.
#[derive(Debug)]
struct Finished {
    trace_id: u128,
    parent: Option<u64>,
    span_id: u64,
    path: String,
    /// When it began, by the wall clock…
    began_ms: u64,
    /// …and by the one that only goes forward, as all that follows.
    began: Duration,
    /// When each step ended, as far as the request came.
    steps: [Option<Duration>; Step::ALL.len()],
    ended: Duration,
    status: u16,
    events: Events,
}

impl Trace<'_> {
    /// A step has ended.
    pub fn did(&mut self, step: Step) {
        if let Some(open) = &mut self.0 {
            open.finished.steps[step as usize] = Some(open.clock.monotonic());
        }
    }

    /// The request is answered. One that never is has no trace.
    pub fn answered(self, status: StatusCode, events: Events) {
        if let Some(open) = self.0 {
            let ended = open.clock.monotonic();
            open.place.send(Finished {
                ended,
                status: status.as_u16(),
                events,
                ..open.finished
            });
        }
    }
}
