//! The server: a listener, the partitions behind it, and a task that delivers what is due.

mod config;
mod counters;
pub(crate) mod definition;
mod delivery;
mod dice;
pub(crate) mod live;
mod recent;
mod saved;
pub(crate) mod shared;
mod stop;
mod view;

pub use config::{Config, StartError};
pub use counters::{Counters, Totals};
pub use shared::Shared;
pub use stop::Undelivered;

use crate::api;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// A server, not yet listening.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    grace: Duration,
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
