//! The server: a listener, the partitions behind it, and a task that delivers what is due.

mod counters;
mod definition;
mod delivery;
mod dice;
mod live;
mod recent;
mod saved;
mod shared;
mod stop;
mod view;

pub use counters::{Counters, Totals};
pub(crate) use definition::{Definition, Encryption};
pub(crate) use live::{Live, Status};
pub(crate) use shared::ACCOUNT;
pub use shared::Shared;

use crate::api::{self, AccessKey};
use crate::clock::Clock;
use crate::config::StreamConfig;
use crate::deliver::Buckets;
use crate::faults::Rates;
use crate::refusal::ConfigError;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::fmt;
use std::io;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// What a server is made of.
#[derive(Debug)]
pub struct Config {
    /// Streams that are there from the start, in every region. Calls make others; those are
    /// kept in the folder and are there again after a restart.
    pub streams: Vec<StreamConfig>,
    /// The folder that holds the log, what is being written, and the buckets unless they are in S3.
    pub dir: PathBuf,
    /// Whether the buckets are folders there, or in S3.
    pub buckets: Buckets,
    /// Bytes of all records that wait, of all streams together, that are kept in memory; more
    /// are kept in files in the folder.
    pub memory: usize,
    /// Every interval is divided by this: the one deviation from AWS that is asked for.
    pub accelerate: NonZeroU32,
    /// How long a stream is CREATING and DELETING, and its encryption ENABLING and DISABLING.
    pub transition: Duration,
    /// How many streams a region may have.
    pub streams_of_a_region: usize,
    /// Keys that calls must be signed with; none takes every call.
    pub access_keys: Vec<AccessKey>,
    /// How long a stop waits for calls that are under way, and then for buckets that take nothing.
    pub grace: Duration,
    /// What goes wrong on purpose.
    pub faults: Rates,
    /// Where ids and random strings come from.
    pub seed: [u8; 32],
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
}

impl Config {
    /// No stream, 5,000 to come as at AWS, nothing accelerated, nothing wrong on purpose; a second for each
    /// transition, 20 of grace.
    pub fn new(dir: impl Into<PathBuf>, seed: [u8; 32], clock: Arc<dyn Clock>) -> Self {
        Self {
            streams: Vec::new(),
            dir: dir.into(),
            buckets: Buckets::default(),
            memory: 256 << 20,
            accelerate: NonZeroU32::MIN,
            transition: Duration::from_secs(1),
            streams_of_a_region: 5000,
            access_keys: Vec::new(),
            grace: Duration::from_secs(20),
            faults: Rates::default(),
            seed,
            clock,
        }
    }
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The stream's configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The folder.
    #[error("the folder {} cannot be used: {cause}. Give --dir a folder that this user may write", dir.display())]
    Dir {
        /// Which.
        dir: PathBuf,
        /// Why. The message tells it, so it is no `source` that would tell it again.
        cause: io::Error,
    },
    /// The file of the streams that calls made.
    #[error("the streams that were made by calls cannot be read from {}: {cause}. Move the file away to begin without them", file.display())]
    State {
        /// Which.
        file: PathBuf,
        /// Why; told by the message.
        cause: io::Error,
    },
    /// A stream that was kept cannot be opened again.
    #[error("the stream {name} cannot be opened: {cause}")]
    Stream {
        /// Its name.
        name: String,
        /// Why; told by the message.
        cause: String,
    },
}

/// A server, not yet listening.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    grace: Duration,
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

/// Connections and headers that take longer are closed.
const SLOWEST_HEADER: Duration = Duration::from_secs(30);

impl Server {
    /// Checks the configuration and makes the folders.
    ///
    /// # Errors
    /// A stream that AWS would refuse, a folder that cannot be used, a file of streams that
    /// cannot be read.
    pub fn new(config: Config) -> Result<Self, StartError> {
        try_out(&config.dir).map_err(|cause| StartError::Dir {
            dir: config.dir.clone(),
            cause,
        })?;
        Ok(Self {
            grace: config.grace,
            shared: Arc::new(Shared::new(config)?),
        })
    }

    /// Answers a call that did not come over HTTP, whoever signed it: an operation's name, its region and
    /// its input become a status and an answer, both of JSON.
    pub fn answer(&self, operation: &str, region: &str, input: &[u8]) -> (u16, Vec<u8>) {
        match api::respond(&self.shared, operation, region, input) {
            Ok(answer) => (200, answer),
            Err(error) => (error.status.as_u16(), error.body()),
        }
    }

    /// What has been counted so far; stays valid after [`Self::serve`] has ended.
    pub fn counters(&self) -> Arc<Counters> {
        self.shared.counters()
    }

    /// Answers calls until `shutdown` completes, then delivers everything that was taken:
    /// nothing acknowledged is lost by a stop while the buckets take it.
    ///
    /// # Errors
    /// Buckets that took nothing for as long as [`Config::grace`] says.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), Undelivered> {
        let mut delivery = tokio::spawn(delivery::all(Arc::clone(&self.shared)));
        let mut connections = JoinSet::new();
        tokio::pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                () = &mut shutdown => break,
                accepted = listener.accept() => accepted,
                // Ended connections are forgotten as they end.
                Some(_) = connections.join_next() => continue,
            };
            match accepted {
                Ok((socket, _)) => {
                    let _ = socket.set_nodelay(true);
                    let shared = Arc::clone(&self.shared);
                    connections.spawn(serve_connection(shared, TokioIo::new(socket)));
                }
                Err(error) => {
                    // Out of file handles, mostly: others must end first.
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        drop(listener);
        self.shared.stop.begin();
        // Calls that are being answered end within a moment: they only touch memory. One whose body does
        // not come has no answer that could be kept.
        let ended = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(self.grace, ended).await.is_err() {
            connections.shutdown().await;
        }
        self.shared.finish();
        let ended = tokio::select! {
            ended = &mut delivery => ended,
            () = self.shared.stop.stalled(|| tokio::time::sleep(self.grace)) => {
                self.shared.give_up();
                delivery.await
            }
        };
        if let Err(error) = ended {
            tracing::error!(%error, "the delivery ended before its work was done");
        }
        match self.shared.undelivered() {
            None => Ok(()),
            Some(undelivered) => Err(undelivered),
        }
    }
}

/// Makes the folder and writes into it once.
fn try_out(dir: &Path) -> io::Result<()> {
    let staging = dir.join(".staging");
    fs_err::create_dir_all(&staging)?;
    let probe = staging.join("probe");
    fs_err::write(&probe, b"")?;
    fs_err::remove_file(&probe)
}

async fn serve_connection(shared: Arc<Shared>, io: TokioIo<tokio::net::TcpStream>) {
    let service = service_fn(|request| api::handle(Arc::clone(&shared), request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(SLOWEST_HEADER)
        .serve_connection(io, service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = shared.stop.begun() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
