//! From a request to durable lines: the order of the checks.
//!
//! Body under its bound, door open, write key, inflated, frame read; then each event for itself:
//! checked, named, stamped, made bytes; then all of them to the spool at once, and only when they are
//! durable the answer 200. Up to that moment nothing is counted as taken: whatever fails before, the
//! client still has it and sends it again.

pub mod answer;
pub mod body;
pub mod key;
pub mod memory;
pub mod origin;
pub mod segment;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use clickstream_event::limits::Limits;
use clickstream_event::read::Batch;
use http::request::Parts;
use http::{Request, StatusCode, header};

use self::answer::{Refusal, Rejected, Taken};
use self::key::{Keyring, Kind, WriteKey};
use self::memory::{Held, Memory};
use self::origin::Origins;
use self::segment::Form;
use crate::clock::Clock;
use crate::health::Door;
use crate::identity::{Identity, Signed};
use crate::outcome::Outcomes;
use crate::rejected::{Keeper, Refused};
use crate::spool::{AppendError, Entry, Spool, Stored};
use crate::stamp::{self, Arrival, MessageIds};

/// Most bytes that the lines of one batch may have together.
const LINES_BYTES: usize = 16 << 20;

/// Who may send, and how much.
#[derive(Clone, Debug)]
pub struct Config {
    /// Write keys; without one nobody may send.
    pub keys: Keyring,
    /// Bounds of an event and of a batch's count.
    pub limits: Limits,
    /// Largest body with a browser's key, before and after inflation.
    pub browser_bytes: usize,
    /// Largest body with a server's key.
    pub server_bytes: usize,
    /// What all bodies may hold in memory together.
    pub memory_bytes: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            keys: Keyring::default(),
            limits: Limits::default(),
            browser_bytes: 500 << 10,
            server_bytes: 4 << 20,
            memory_bytes: 64 << 20,
        }
    }
}

/// The room: everything that decides before the fsync.
#[derive(Debug)]
pub struct Intake {
    config: Config,
    origins: Origins,
    identity: Identity,
    door: Arc<Door>,
    keeper: Arc<Keeper>,
    clock: Arc<dyn Clock>,
    ids: MessageIds,
    memory: Memory,
    outcomes: Outcomes,
    counters: Counters,
}

/// How often a request met which end.
#[derive(Debug, Default)]
pub struct Counters {
    /// Requests answered with 200.
    pub answered: AtomicU64,
    refused: [AtomicU64; Refusal::CODES.len()],
}

impl Counters {
    /// Counts a request that was refused as a whole.
    pub fn refuse(&self, refusal: &Refusal) {
        let (_, code) = refusal.kind();
        let place = Refusal::CODES.iter().position(|known| *known == code);
        if let Some(counter) = place.and_then(|place| self.refused.get(place)) {
            counter.fetch_add(1, Relaxed);
        }
    }

    /// How many requests were refused, by code.
    pub fn refused(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let counts = self.refused.iter().map(|counter| counter.load(Relaxed));
        Refusal::CODES.into_iter().zip(counts)
    }
}

/// What became of a request's events before the spool has spoken.
#[derive(Debug, Default)]
struct Sorted {
    entries: Vec<Entry>,
    rejected: Vec<Rejected>,
    kept: Vec<Refused>,
    unknown_keys: usize,
}

impl Intake {
    /// Puts the room together. `nonce` is random, drawn once a run.
    pub fn new(
        config: Config,
        origins: Origins,
        identity: Identity,
        door: Arc<Door>,
        keeper: Arc<Keeper>,
        clock: Arc<dyn Clock>,
        nonce: [u8; 16],
    ) -> Self {
        let memory = Memory::new(config.memory_bytes);
        Self {
            config,
            origins,
            identity,
            door,
            keeper,
            clock,
            ids: MessageIds::new(nonce),
            memory,
            outcomes: Outcomes::default(),
            counters: Counters::default(),
        }
    }

    /// Takes the events of a request.
    pub async fn take(&self, form: Form, request: Request<Body>) -> Response {
        match self.try_take(form, request).await {
            Ok(taken) => {
                self.counters.answered.fetch_add(1, Relaxed);
                answer::json(StatusCode::OK, &taken)
            }
            Err(refusal) => {
                self.counters.refuse(&refusal);
                refusal.response()
            }
        }
    }

    /// Reads what a client says that is no event, and forgets it.
    pub async fn forget(&self, request: Request<Body>) -> Response {
        let limit = self.config.browser_bytes;
        match body::read(request.into_body(), limit, &self.memory).await {
            Ok(_forgotten) => answer::json(StatusCode::OK, &Taken::default()),
            Err(refusal) => refusal.response(),
        }
    }

    async fn try_take(&self, form: Form, request: Request<Body>) -> Result<Taken, Refusal> {
        let (head, body) = request.into_parts();
        // Looked up before the body is read, for its bound; answered after, so that the client has
        // sent everything and reads the answer.
        let presented = key::in_headers(&head.headers);
        let known = presented.as_deref().map(|key| self.known(key));
        let limit = match &known {
            Some(Ok(key)) => self.bytes_for(key.kind),
            _ => self.most_bytes(),
        };
        let (wire, mut held) = body::read(body, limit, &self.memory).await?;
        let spool = self.door.spool()?;
        let known = known.transpose()?;
        let bytes = body::inflate(wire, &head.headers, limit, &self.memory, &mut held)?;
        let batch = form.read(&bytes, &self.config.limits)?;
        let key = match known {
            Some(key) => Some(key),
            None => self.key_in_body(&batch, &head)?,
        };
        // Without a key of its own the batch may hold what a browser's may.
        let limit = self.bytes_for(key.map_or(Kind::Browser, |key| key.kind));
        if bytes.len() > limit {
            return Err(Refusal::TooLarge { limit });
        }
        let count = batch.len();
        let sorted = self.sort(&batch, key, &head, &spool, &mut held)?;
        drop(batch);
        drop(bytes);
        self.store(&spool, count, sorted).await
    }

    fn known(&self, presented: &str) -> Result<&WriteKey, Refusal> {
        let found = self.config.keys.find(presented);
        found.ok_or(Refusal::UnknownWriteKey)
    }

    /// The key in the body, then in the query. None means that the events must bring their own.
    fn key_in_body(&self, batch: &Batch<'_>, head: &Parts) -> Result<Option<&WriteKey>, Refusal> {
        match batch.write_key() {
            Some(key) => self.known(key).map(Some),
            None => key::in_query(&head.uri)
                .map(|key| self.known(&key))
                .transpose(),
        }
    }

    fn bytes_for(&self, kind: Kind) -> usize {
        match kind {
            Kind::Server => self.config.server_bytes,
            Kind::Browser | Kind::BrowserTrusted => self.config.browser_bytes,
        }
    }

    fn most_bytes(&self) -> usize {
        if self.config.keys.has_server() {
            self.config.server_bytes.max(self.config.browser_bytes)
        } else {
            self.config.browser_bytes
        }
    }

    /// Each event for itself: a line for the spool, or a reason for the client.
    fn sort(
        &self,
        batch: &Batch<'_>,
        batch_key: Option<&WriteKey>,
        head: &Parts,
        spool: &Spool,
        held: &mut Held,
    ) -> Result<Sorted, Refusal> {
        let arrival = Arrival {
            received_at_ms: self.clock.now_ms(),
            peer: head
                .extensions
                .get::<ConnectInfo<SocketAddr>>()
                .map(|ConnectInfo(peer)| peer.ip()),
            user_agent: head
                .headers
                .get(header::USER_AGENT)
                .and_then(|value| value.to_str().ok()),
        };
        let signed = self.identity.signed(
            &head.headers,
            self.origins.of(&head.headers),
            batch.user_token(),
            arrival.received_at_ms,
        );
        let mut sorted = Sorted::default();
        let mut lines = 0usize;
        for index in 0..batch.len() {
            self.sort_one(
                index,
                batch,
                batch_key,
                arrival,
                &signed,
                spool,
                &mut sorted,
            );
            // A batch's context goes into each of its events: a small body can become large lines.
            let line = sorted.entries.last().map_or(0, |entry| entry.line.len());
            lines = lines.saturating_add(line);
            held.add(&self.memory, line)?;
            if lines > LINES_BYTES {
                return Err(Refusal::TooLarge { limit: LINES_BYTES });
            }
        }
        if batch_key.is_none() && sorted.entries.is_empty() {
            // Nobody's key opened the door: neither stored nor kept as rejected.
            return Err(match sorted.unknown_keys {
                0 => Refusal::NoWriteKey,
                _ => Refusal::UnknownWriteKey,
            });
        }
        Ok(sorted)
    }

    /// Returns the bytes of the line that it made.
    #[allow(
        clippy::too_many_arguments,
        reason = "one event and everything that decides about it"
    )]
    fn sort_one(
        &self,
        index: usize,
        batch: &Batch<'_>,
        batch_key: Option<&WriteKey>,
        arrival: Arrival<'_>,
        signed: &Signed,
        spool: &Spool,
        sorted: &mut Sorted,
    ) -> usize {
        let event = match batch.event(index) {
            Ok(event) => event,
            Err(rejection) => {
                let rejected = Rejected::new(index, rejection);
                if let Some(key) = batch_key {
                    sorted.kept.push(Refused {
                        received_at_ms: arrival.received_at_ms,
                        source: key.source.clone(),
                        index,
                        message_id: rejected.message_id.clone(),
                        code: rejected.code,
                        reason: rejected.reason.clone(),
                        raw: batch.raw(index).to_vec(),
                    });
                }
                sorted.rejected.push(rejected);
                return 0;
            }
        };
        let own_key = || event.write_key.as_deref();
        let Some(key) = batch_key.or_else(|| self.config.keys.find(own_key()?)) else {
            sorted.unknown_keys += usize::from(own_key().is_some());
            sorted.rejected.push(Rejected {
                index,
                message_id: event.message_id,
                code: "invalid_write_key",
                reason: "invalid_write_key: $.writeKey: is not known here, and the batch has none"
                    .to_owned(),
            });
            return 0;
        };
        let times = event.times(arrival.time());
        let who = self.identity.who(&event, &times, key, signed);
        let made;
        let message_id = match &event.message_id {
            Some(id) => id,
            None => {
                made = self
                    .ids
                    .next(arrival.received_at_ms, event.anonymous_id.as_deref());
                &made
            }
        };
        let line = stamp::line(&event, message_id, &who, key, arrival);
        let bytes = line.len();
        sorted.entries.push(Entry {
            received_at: arrival.received_at_ms,
            key: spool.key(&key.source, key.kind.number(), message_id),
            line,
        });
        bytes
    }

    /// Hands the lines to the spool and, when they are durable, answers for all events.
    async fn store(&self, spool: &Spool, count: usize, sorted: Sorted) -> Result<Taken, Refusal> {
        let accepted = sorted.entries.len();
        let stored = if accepted == 0 {
            Vec::new()
        } else {
            spool.append(sorted.entries).await.map_err(refusal)?
        };
        let duplicate = stored
            .iter()
            .filter(|stored| matches!(stored, Stored::Duplicate))
            .count();
        self.outcomes.taken.fetch_add(count as u64, Relaxed);
        let new = (accepted - duplicate) as u64;
        self.outcomes.stored.fetch_add(new, Relaxed);
        self.outcomes.duplicate.fetch_add(duplicate as u64, Relaxed);
        for rejected in &sorted.rejected {
            self.outcomes.reject(rejected.code);
        }
        spool.count_rejected(sorted.rejected.len() as u64);
        self.keeper.keep(sorted.kept);
        Ok(Taken::new(accepted, duplicate, sorted.rejected))
    }

    /// Whose pages send.
    #[must_use]
    pub fn origins(&self) -> &Origins {
        &self.origins
    }

    /// The keys that may send.
    #[must_use]
    pub fn keys(&self) -> &Keyring {
        &self.config.keys
    }

    /// The events' ends so far.
    #[must_use]
    pub fn outcomes(&self) -> &Outcomes {
        &self.outcomes
    }

    /// The requests' ends so far.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The room that names users.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }
}

fn refusal(error: AppendError) -> Refusal {
    match error {
        AppendError::Full => Refusal::SpoolFull,
        AppendError::Closed => Refusal::Stopping,
        error => {
            tracing::error!(%error, "the spool cannot be written");
            Refusal::SpoolFailing
        }
    }
}
