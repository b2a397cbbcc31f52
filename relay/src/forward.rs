//! From the spool to the sink: when, how often, and what stays.
//!
//! The lake is reached by epochs ([`epoch`]), exactly once; a stream by calls that are
//! acknowledged out of order ([`stream`]), at least once. Both work on finished lines and
//! positions; nothing here reads an event.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::Clock;
use crate::sink;
use crate::spool::Spool;
use crate::stop::Shutdown;

pub mod epoch;

// Towards a stream.
pub mod stream;

pub mod pack;

pub mod flight;

pub mod hanging;

pub mod patience;

pub mod refusal;

pub mod said;

pub mod voice;

pub mod window;

pub mod acks;

pub mod partitions;

pub mod counters;

/// Why forwarding cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// To the lake.
    #[error(transparent)]
    Lake(#[from] epoch::OpenError),
    /// To a stream, or to standard output.
    #[error(transparent)]
    Stream(#[from] stream::OpenError),
}

/// What a stop left in the spool; the next start delivers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Left {
    /// Events.
    pub events: u64,
    /// Bytes of their lines.
    pub bytes: u64,
}

/// The way to a sink, opened.
pub enum Forwarder {
    /// By epochs.
    Lake(Box<epoch::Epochs>),
    /// Line by line.
    Stdout(Spool, sink::stdout::Output),
    /// By calls.
    #[cfg(feature = "aws")]
    Stream(Box<Stream>),
}

/// The way to a stream.
#[cfg(feature = "aws")]
#[derive(Debug)]
pub struct Stream {
    spool: Spool,
    to: To,
    settings: stream::Settings,
    counters: Arc<counters::Counters>,
    clock: Arc<dyn Clock>,
}

/// Which stream.
#[cfg(feature = "aws")]
#[derive(Debug)]
enum To {
    #[cfg(feature = "firehose")]
    Firehose(sink::firehose::Config),
    #[cfg(feature = "kinesis")]
    Kinesis(sink::kinesis::Config),
}

impl std::fmt::Debug for Forwarder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Lake(_) => "Forwarder::Lake",
            Self::Stdout(..) => "Forwarder::Stdout",
            #[cfg(feature = "aws")]
            Self::Stream(_) => "Forwarder::Stream",
        })
    }
}

impl Forwarder {
    /// What forwarding to a lake or a stream has done; none towards standard output.
    #[must_use]
    pub fn counters(&self) -> Option<Arc<counters::Counters>> {
        match self {
            #[cfg(feature = "aws")]
            Self::Stream(stream) => Some(Arc::clone(&stream.counters)),
            Self::Lake(epochs) => Some(Arc::clone(epochs.counters())),
            Self::Stdout(..) => None,
        }
    }

    /// Opens the sink for this spool. Blocks.
    ///
    /// # Errors
    /// When the sink cannot be used, or a delivery to another one is unfinished.
    pub fn open(
        spool: &Spool,
        config: sink::Config,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        match config {
            sink::Config::Lake(config) => {
                let epochs = epoch::Epochs::open(spool, config, clock)?;
                Ok(Self::Lake(Box::new(epochs)))
            }
            sink::Config::Stdout => {
                stream::check_spool(spool)?;
                let output = Arc::new(Mutex::new(std::io::stdout()));
                Ok(Self::Stdout(spool.clone(), output))
            }
            #[cfg(feature = "firehose")]
            sink::Config::Firehose(config) => {
                let linger = config.linger;
                Stream::open(spool, To::Firehose(config), linger, clock)
            }
            #[cfg(feature = "kinesis")]
            sink::Config::Kinesis(config) => {
                let linger = config.linger;
                Stream::open(spool, To::Kinesis(config), linger, clock)
            }
        }
    }
}

#[cfg(feature = "aws")]
impl Stream {
    fn open(
        spool: &Spool,
        to: To,
        linger: Duration,
        clock: Arc<dyn Clock>,
    ) -> Result<Forwarder, OpenError> {
        stream::check_spool(spool)?;
        let [low, ..] = spool.id();
        let settings = stream::Settings {
            // Different from relay to relay and from start to start: enough for a lot.
            seed: clock.now_ms() ^ u64::from(low) << 56,
            linger,
            ..stream::Settings::default()
        };
        Ok(Forwarder::Stream(Box::new(Self {
            spool: spool.clone(),
            to,
            settings,
            counters: Arc::default(),
            clock,
        })))
    }
}

/// Delivers until the shutdown, then what waits within its grace. Why it stands still, if
/// it does, is in [`Spool::health`].
///
/// `shutdown` holds none while the relay runs; a grace asks for a stop. A dropped sender
/// is a stop without grace.
pub async fn run(forwarder: Forwarder, shutdown: watch::Receiver<Option<Duration>>) -> Left {
    let shutdown = Shutdown::new(shutdown);
    match forwarder {
        Forwarder::Lake(epochs) => epoch::timing::run(*epochs, shutdown).await,
        Forwarder::Stdout(spool, output) => {
            match sink::stdout::run(spool.clone(), output, shutdown).await {
                sink::stdout::Ended::Stopped => {}
                sink::stdout::Ended::BrokenPipe => {
                    tracing::info!("nobody reads standard output any more");
                }
                sink::stdout::Ended::Failed(error) => {
                    tracing::error!(%error, "standard output cannot be written: events stay in the spool");
                }
            }
            left(&spool)
        }
        #[cfg(feature = "aws")]
        Forwarder::Stream(stream) => {
            let Stream {
                spool,
                to,
                settings,
                counters,
                clock,
            } = *stream;
            match to {
                #[cfg(feature = "firehose")]
                To::Firehose(config) => {
                    let told = Arc::clone(&counters);
                    let sender = sink::firehose::Firehose::connect(&config, clock, told).await;
                    stream::run(spool.clone(), sender, settings, counters, shutdown).await;
                }
                #[cfg(feature = "kinesis")]
                To::Kinesis(config) => {
                    drop(clock);
                    let sender = sink::kinesis::Kinesis::connect(&config).await;
                    stream::run(spool.clone(), sender, settings, counters, shutdown).await;
                }
            }
            left(&spool)
        }
    }
}

/// What the spool still holds.
#[must_use]
pub fn left(spool: &Spool) -> Left {
    let counters = spool.counters();
    Left {
        events: counters.totals.waiting,
        bytes: counters.waiting_bytes,
    }
}
