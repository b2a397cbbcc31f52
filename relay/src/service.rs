//! The relay as a running thing: started, mounted, stopped. The binary and the bookstore use the
//! same one.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::access::Access;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::folder::{self, FolderError};
use crate::forward::{self, Forwarder, Left};
use crate::health::{Door, Readiness};
use crate::identity::Identity;
use crate::intake::Intake;
use crate::intake::origin::Origins;
use crate::keys::watch::Watch;
use crate::live::Live;
use crate::rejected::{Keeper, KeeperError};
use crate::router::hot::Hot;
use crate::router::{self, rooms::Rooms};
use crate::sink;
use crate::spool::{Files, OpenError, RealFiles, Spool, Totals};
use crate::traces::Traces;

/// What a relay takes from outside, so that a test can give its own.
#[derive(Clone, Debug)]
pub struct Edges {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The file system under spool and lake.
    pub files: Arc<dyn Files>,
}

impl Default for Edges {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock::default()),
            files: Arc::new(RealFiles),
        }
    }
}

/// A running relay. Dropping it leaves the spool to its own end; [`Relay::shutdown`] is the clean way.
#[derive(Debug)]
pub struct Relay {
    rooms: Arc<Rooms>,
    token: String,
    stop: watch::Sender<Option<Duration>>,
    started: watch::Receiver<Started>,
    life: JoinHandle<Left>,
    tracing: Option<JoinHandle<()>>,
}

#[derive(Clone, Debug, Default)]
enum Started {
    #[default]
    NotYet,
    Yes,
    Never(Arc<StartError>),
}

/// Why a relay does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A folder cannot be made or written.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The spool cannot be opened.
    #[error(transparent)]
    Spool(#[from] OpenError),
    /// The sink cannot be opened.
    #[error(transparent)]
    Sink(#[from] forward::OpenError),
    /// Refused events cannot be kept.
    #[error(transparent)]
    Rejected(#[from] KeeperError),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
    /// It was stopped before it was ready.
    #[error("the relay was stopped before its spool was read")]
    Stopped,
}

/// What a stop left behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What became of every event, ever.
    pub totals: Totals,
}

impl Report {
    /// Says it, as the last line of a program's log.
    pub fn tell(&self) {
        tracing::info!(
            taken = self.totals.taken,
            delivered = self.totals.delivered,
            waiting = self.totals.waiting,
            "stopped"
        );
    }
}

impl Relay {
    /// Starts: its router answers at once, with 503 until the spool is read; [`Relay::ready`] waits
    /// for that.
    ///
    /// # Errors
    /// When it can be seen at once that this relay will never take an event.
    pub fn start(config: Config) -> Result<Self, StartError> {
        Self::start_with(config, Edges::default())
    }

    /// As [`Relay::start`], with a clock and files of the caller's.
    ///
    /// # Errors
    /// As [`Relay::start`].
    pub fn start_with(config: Config, edges: Edges) -> Result<Self, StartError> {
        folder::try_all(&*edges.files, &config)?;
        let (nonce, token) = (random()?, random()?);
        let token = match &config.metrics_token {
            Some(token) => token.0.clone(),
            None => token.iter().map(|byte| format!("{byte:02x}")).collect(),
        };
        let origins = Origins::new(
            config.public_url.clone(),
            config.http.scheme(),
            config.listen,
            &config.allow_origin,
        );
        let access = Access::new(&token, origins.public(), config.listen, &config.allow_host);
        let identity = Identity::new(config.identity.clone(), origins.secure());
        let door = Arc::new(Door::default());
        let keeper = Arc::new(Keeper::start(&config.rejected)?);
        let live = Arc::new(Live::new(
            Arc::clone(&door),
            Arc::clone(&keeper),
            Arc::clone(&edges.clock),
            config.live_watchers,
        ));
        let intake = Intake::new(
            config.intake.clone(),
            origins,
            identity,
            Arc::clone(&door),
            Arc::clone(&keeper),
            Arc::clone(&edges.clock),
            nonce,
        );
        let asked = config.traces.clone();
        let (traces, exporter) = asked.map(|to| Traces::to(to, &nonce)).unzip();
        let rooms = Arc::new(Rooms {
            intake: intake.traced(traces.unwrap_or_default()),
            door,
            keeper,
            live,
            access,
            oldest_allowed_ms: oldest_allowed_ms(&config.sink),
            clock: Arc::clone(&edges.clock),
            #[cfg(feature = "tls")]
            tls: config.http.tls.clone(),
            stream: OnceLock::new(),
        });
        let (stop, stopping) = watch::channel(None);
        let (starting, started) = watch::channel(Started::NotYet);
        watch_keys(&config, &rooms, &stopping);
        let tracing = exporter.map(|exporter| tokio::spawn(exporter.run(stopping.clone())));
        #[cfg(feature = "tls")]
        if let Some(tls) = config.http.tls.clone() {
            let clock = Arc::clone(&edges.clock);
            drop(tokio::spawn(crate::http::tls::expiry::watch(
                tls,
                clock,
                stopping.clone(),
            )));
        }
        let life = tokio::spawn(life(config, edges, Arc::clone(&rooms), starting, stopping));
        Ok(Self {
            rooms,
            token,
            stop,
            started,
            life,
            tracing,
        })
    }

    /// The routes, to be served or to be merged into another router.
    pub fn router(&self) -> Router {
        router::router(Arc::clone(&self.rooms))
    }

    /// `router`, which holds [`Relay::router`] among others, with the routes that take events in front:
    /// to be served by [`crate::http::serve`].
    pub fn in_front_of(&self, router: Router) -> Hot {
        Hot::new(Arc::clone(&self.rooms), router)
    }

    /// The token of the operator's routes.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Waits until the spool is read and events are taken.
    ///
    /// # Errors
    /// Why that will never be; the caller should end.
    pub async fn ready(&self) -> Result<(), Arc<StartError>> {
        let mut started = self.started.clone();
        let settled = started
            .wait_for(|started| !matches!(started, Started::NotYet))
            .await;
        match settled.as_deref() {
            Ok(Started::Yes) => Ok(()),
            Ok(Started::Never(error)) => Err(Arc::clone(error)),
            Ok(Started::NotYet) | Err(_) => Err(Arc::new(StartError::Stopped)),
        }
    }

    /// Waits until the relay cannot go on. As long as all is well, that is for ever.
    pub async fn failed(&self) -> Arc<StartError> {
        let mut started = self.started.clone();
        let failed = started
            .wait_for(|started| matches!(started, Started::Never(_)))
            .await;
        if let Ok(Started::Never(error)) = failed.as_deref() {
            return Arc::clone(error);
        }
        std::future::pending().await
    }

    /// Waits until delivery ends without being asked to: nobody reads standard output any more.
    pub async fn ended(&self) {
        // The sender lives as long as delivery does.
        let mut started = self.started.clone();
        while started.changed().await.is_ok() {}
    }

    /// Ends the streams of who watches. A program calls it when it stops, before it lets answers
    /// finish: these would never.
    pub fn close_live(&self) {
        self.rooms.live.close();
    }

    /// Whether events are taken and delivered, and if not, what to do.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.rooms.readiness()
    }

    /// What became of every event, once the spool is read.
    #[must_use]
    pub fn totals(&self) -> Option<Totals> {
        self.rooms.door.opened().map(|spool| spool.totals())
    }

    /// Stops: takes no more events, delivers what waits for as long as `grace` lasts, leaves the rest
    /// in the spool and lets go of it.
    pub async fn shutdown(self, grace: Duration) -> Report {
        self.close_live();
        self.rooms.door.shut();
        // Nobody listens when the relay never started.
        let _told = self.stop.send(Some(grace));
        // The forwarder keeps to the grace by itself; cut in the middle of a delivery it would leave
        // more to do again. A panic there was said by the panic hook.
        let left = self.life.await.unwrap_or_default();
        if left.events > 0 {
            tracing::warn!(
                events = left.events,
                bytes = left.bytes,
                grace_seconds = grace.as_secs_f64(),
                "not everything could be delivered in time; the rest stays in the spool"
            );
        }
        if let Some(tracing) = self.tracing {
            // The last traces: no longer than one sending may take.
            let _sent = tracing.await;
        }
        let keeper = Arc::clone(&self.rooms.keeper);
        // A keeper's disk may be slow: not on a thread that serves others.
        let _closed = tokio::task::spawn_blocking(move || keeper.close()).await;
        let mut report = Report::default();
        if let Some(spool) = self.rooms.door.opened() {
            spool.close().await;
            report.totals = spool.totals();
        }
        self.rooms.door.release();
        report
    }
}

/// A backlog is too old after five minutes, or after three times what the sink waits by itself.
fn oldest_allowed_ms(sink: &sink::Config) -> u64 {
    let interval = match sink {
        sink::Config::Lake(lake) => lake.buffer_interval,
        // They hand on at once.
        _ => Duration::ZERO,
    };
    let ms = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
    ms.saturating_mul(3).max(300_000)
}

/// Looks at the files of keys for as long as the relay runs.
fn watch_keys(config: &Config, rooms: &Arc<Rooms>, stopping: &watch::Receiver<Option<Duration>>) {
    if config.keys.sources.may_change() {
        let rooms = Arc::clone(rooms);
        let watch = Watch::new(config.keys.clone());
        let take = move |keys| rooms.intake.exchange_keys(keys);
        // It ends with the stop, or when nobody holds the relay any more.
        drop(tokio::spawn(watch.run(stopping.clone(), take)));
    }
}

fn random() -> Result<[u8; 16], StartError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(StartError::Random)?;
    Ok(bytes)
}

/// From the spool's opening to the last delivery. Says what is left in the spool.
async fn life(
    config: Config,
    edges: Edges,
    rooms: Arc<Rooms>,
    starting: watch::Sender<Started>,
    stopping: watch::Receiver<Option<Duration>>,
) -> Left {
    // Both read the disk: not on a thread that serves others.
    let opened = tokio::task::spawn_blocking(move || open(config, edges)).await;
    let opened = opened.unwrap_or(Err(StartError::Stopped));
    match opened {
        Ok((spool, forwarder)) => {
            if let Some(counters) = forwarder.counters() {
                rooms.stream.get_or_init(|| counters);
            }
            rooms.door.open(spool);
            starting.send_replace(Started::Yes);
            forward::run(forwarder, stopping).await
        }
        Err(error) => {
            starting.send_replace(Started::Never(Arc::new(error)));
            Left::default()
        }
    }
}

fn open(config: Config, edges: Edges) -> Result<(Spool, Forwarder), StartError> {
    let spool = Spool::open(&config.spool, edges.files, Arc::clone(&edges.clock))?;
    let forwarder = Forwarder::open(&spool, config.sink, edges.clock)?;
    Ok((spool, forwarder))
}
