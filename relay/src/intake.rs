//! From a request to durable lines: the order of the checks.
//!
//! Body under its bound, door open, write key, inflated, frame read; then each event for itself:
//! checked, named, stamped, made bytes; then all of them to the spool at once, and only when they are
//! durable the answer 200. Up to that moment nothing is counted as taken: whatever fails before, the
//! client still has it and sends it again.

pub mod address;
pub mod answer;
pub mod body;
pub mod counters;
pub mod dialect;
pub mod key;
pub mod memory;
pub mod origin;
pub mod proxy;
pub mod rate;
pub mod secrets;
pub mod sort;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use clickstream_event::limits::Limits;
use clickstream_event::read::Batch;
use http::request::Parts;
use http::{Request, StatusCode, header};

use self::address::KeptAddress;
use self::answer::{Done, Refusal, Taken};
use self::body::Arriving;
use self::counters::Counters;
use self::dialect::Form;
use self::key::{Keyring, Kind, WriteKey};
use self::memory::Memory;
use self::origin::{Origins, Sender};
use self::proxy::Proxies;
use self::rate::Rate;
use self::sort::Sorted;
use crate::clock::Clock;
use crate::health::Door;
use crate::identity::Identity;
use crate::identity::visit::{self, Visit};
use crate::keys::{Current, Keys};
use crate::outcome::Outcomes;
use crate::redact::Rules;
use crate::rejected::Keeper;
use crate::spool::{AppendError, Spool, Stored};
use crate::stamp::MessageIds;
use crate::traces::{Events, Step, Trace, Traces};

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
    /// Reverse proxies in front, whose word on the visitor's address is taken.
    pub proxies: Proxies,
    /// How much of the visitor's address is kept.
    pub address: KeptAddress,
    /// What is left out of events before they are stored.
    pub redact: Rules,
    /// Requests a second with one key; none is no limit.
    pub rate_per_key: Option<u32>,
    /// Requests a second from one address; none is no limit.
    pub rate_per_address: Option<u32>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            keys: Keyring::default(),
            limits: Limits::default(),
            browser_bytes: 500 << 10,
            server_bytes: 4 << 20,
            memory_bytes: 64 << 20,
            proxies: Proxies::default(),
            address: KeptAddress::default(),
            redact: Rules::default(),
            rate_per_key: None,
            rate_per_address: None,
        }
    }
}

/// The room: everything that decides before the fsync.
#[derive(Debug)]
pub struct Intake {
    config: Config,
    keys: Current<Keyring>,
    origins: Origins,
    identity: Identity,
    door: Arc<Door>,
    keeper: Arc<Keeper>,
    clock: Arc<dyn Clock>,
    ids: MessageIds,
    memory: Memory,
    by_key: Option<Rate>,
    by_address: Option<Rate>,
    outcomes: Outcomes,
    counters: Counters,
    traces: Traces,
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
        let rate = |limit: Option<u32>| limit.map(|limit| Rate::new(limit, nonce));
        let (by_key, by_address) = (rate(config.rate_per_key), rate(config.rate_per_address));
        let keys = Current::new(config.keys.clone());
        Self {
            config,
            keys,
            origins,
            identity,
            door,
            keeper,
            clock,
            ids: MessageIds::new(nonce),
            memory,
            by_key,
            by_address,
            outcomes: Outcomes::default(),
            counters: Counters::default(),
            traces: Traces::default(),
        }
    }

    /// The room, whose requests leave these traces.
    #[must_use]
    pub fn traced(self, traces: Traces) -> Self {
        Self { traces, ..self }
    }

    /// Takes the events of a request.
    pub async fn take<B: Arriving>(&self, form: Form, request: Request<B>) -> Response {
        let (path, headers) = (request.uri().path(), request.headers());
        let mut trace = self.traces.begin(path, headers, &*self.clock);
        let (events, response) = match self.try_take(form, request, &mut trace).await {
            Ok(taken) => {
                self.counters.answered.fetch_add(1, Relaxed);
                (Events::of(&taken), taken.response())
            }
            Err(refusal) => {
                self.counters.refuse(&refusal);
                (Events::default(), refusal.response())
            }
        };
        trace.answered(response.status(), events);
        response
    }

    /// Reads what a client says that is no event, and drops it.
    pub async fn ignore(&self, request: Request<Body>) -> Response {
        match body::drain(request.into_body()).await {
            Ok(()) => answer::json(StatusCode::OK, &Taken::default()),
            Err(refusal) => refusal.response(),
        }
    }

    /// Ends the visitor's cookie, for a tracker that was reset. Any other site's page gets the same
    /// answer without `Set-Cookie`: it must not part a visitor from our pages.
    pub async fn forget(&self, request: Request<Body>) -> Response {
        let (head, body) = request.into_parts();
        let limit = self.config.browser_bytes;
        if let Err(refusal) = body::read(body, limit, &mut self.memory.hold(false)).await {
            return refusal.response();
        }
        let mut response = answer::json(StatusCode::OK, &Done::default());
        if self.origins.of(&head.headers) != Sender::Stranger {
            let ended = visit::end(self.origins.secure());
            let ended = ended.map(|ended| (header::SET_COOKIE, ended));
            response.headers_mut().extend(ended);
        }
        response
    }

    async fn try_take<B: Arriving>(
        &self,
        form: Form,
        request: Request<B>,
        trace: &mut Trace<'_>,
    ) -> Result<Taken, Refusal> {
        let (head, body) = request.into_parts();
        // Looked up before the body is read, for its bound; answered after, so that the client has
        // sent everything and reads the answer.
        let keys = self.keys.get();
        let presented = key::in_headers(&head.headers);
        let known = presented.as_deref().map(|key| known(&keys, key));
        let limit = match &known {
            Some(Ok(key)) => self.bytes_for(key.kind),
            _ => self.most_bytes(&keys),
        };
        let mut held = self.memory.hold(matches!(known, Some(Ok(_))));
        let wire = body::read(body, limit, &mut held).await?;
        trace.did(Step::Receive);
        let spool = self.door.spool()?;
        if let (Some(rate), Some(address)) = (&self.by_address, self.visitor(&head)) {
            self.paced(rate, &rate::household(address))?;
        }
        let known = known.transpose()?;
        let bytes = body::inflate(wire, &head.headers, limit, &mut held)?;
        let batch = form.read(&bytes, &self.config.limits)?;
        let key = match known {
            Some(key) => Some(key),
            None => key_in_body(&keys, &batch, &head)?,
        };
        if key.is_some() {
            held.known();
        }
        if let (Some(rate), Some(key)) = (&self.by_key, key) {
            self.paced(rate, key.digest())?;
        }
        // Without a key of its own the batch may hold what a browser's may.
        let limit = self.bytes_for(key.map_or(Kind::Browser, |key| key.kind));
        if bytes.len() > limit {
            return Err(Refusal::TooLarge { limit });
        }
        let count = batch.len();
        let visit = self.visit(&batch, &head);
        let sizes = (&batch, bytes.len());
        let mut sorted = self.sort(sizes, &keys, key, &head, &spool, &mut held)?;
        drop(batch);
        drop(bytes);
        if let Some(rate) = &self.by_key {
            for own in &sorted.own_keys {
                self.paced(rate, own)?;
            }
        }
        let newest = sorted.anonymous_id.take();
        trace.did(Step::Sort);
        let mut taken = self.store(&spool, count, sorted).await?;
        trace.did(Step::Store);
        taken.remembered = self.identity.remember(visit, newest.as_deref());
        Ok(taken)
    }

    fn visit(&self, batch: &Batch<'_>, head: &Parts) -> Option<Visit> {
        Visit::of(
            &head.headers,
            self.origins.of(&head.headers),
            batch.storage(),
            self.clock.now_ms(),
            self.origins.secure(),
        )
    }

    fn paced(&self, rate: &Rate, who: &[u8]) -> Result<(), Refusal> {
        let taken = rate.take(who, self.clock.monotonic());
        taken.map_err(|seconds| Refusal::TooFast { seconds })
    }

    /// The address that a request really comes from.
    fn visitor(&self, head: &Parts) -> Option<IpAddr> {
        let peer = head.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|ConnectInfo(peer)| peer.ip());
        self.config.proxies.visitor(&head.headers, peer)
    }

    fn bytes_for(&self, kind: Kind) -> usize {
        match kind {
            Kind::Server => self.config.server_bytes,
            Kind::Browser | Kind::BrowserTrusted => self.config.browser_bytes,
        }
    }

    fn most_bytes(&self, keys: &Keyring) -> usize {
        if keys.has_server() {
            self.config.server_bytes.max(self.config.browser_bytes)
        } else {
            self.config.browser_bytes
        }
    }

    /// Hands the lines to the spool and, when they are durable, answers for all events.
    async fn store(&self, spool: &Spool, count: usize, sorted: Sorted) -> Result<Taken, Refusal> {
        let accepted = sorted.lines.len();
        let stored = if accepted == 0 {
            Vec::new()
        } else {
            spool.append_prepared(sorted.lines).await.map_err(refusal)?
        };
        let duplicate = stored
            .iter()
            .filter(|stored| matches!(stored, Stored::Duplicate))
            .count();
        self.outcomes.taken.fetch_add(count as u64, Relaxed);
        let new = (accepted - duplicate) as u64;
        self.outcomes.stored.fetch_add(new, Relaxed);
        self.outcomes.duplicate.fetch_add(duplicate as u64, Relaxed);
        // Mostly nothing: then nobody's lock is taken.
        if !sorted.rejected.is_empty() {
            for rejected in &sorted.rejected {
                self.outcomes.reject(rejected.code);
            }
            spool.count_rejected(sorted.rejected.len() as u64);
            self.keeper.keep(sorted.kept);
        }
        Ok(Taken::new(accepted, duplicate, sorted.rejected))
    }

    /// Whose pages send.
    #[must_use]
    pub fn origins(&self) -> &Origins {
        &self.origins
    }

    /// The keys that may send.
    #[must_use]
    pub fn keys(&self) -> Arc<Keyring> {
        self.keys.get()
    }

    /// From now on these keys count; requests under way end with those of before.
    pub fn exchange_keys(&self, keys: Keys) {
        self.keys.set(keys.write);
        self.identity.exchange_keys(keys.identity);
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

    /// What became of traces.
    #[must_use]
    pub fn traces(&self) -> &Traces {
        &self.traces
    }

    /// The room that names users.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }
}

fn known<'a>(keys: &'a Keyring, presented: &str) -> Result<&'a WriteKey, Refusal> {
    keys.find(presented).ok_or(Refusal::UnknownWriteKey)
}

/// The key in the body, then in the query. None means that the events must bring their own.
fn key_in_body<'a>(
    keys: &'a Keyring,
    batch: &Batch<'_>,
    head: &Parts,
) -> Result<Option<&'a WriteKey>, Refusal> {
    match batch.write_key() {
        Some(key) => known(keys, key).map(Some),
        None => key::in_query(&head.uri)
            .map(|key| known(keys, &key))
            .transpose(),
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
