//! The accept loop: connections in, requests to a router, with the bounds that a public port needs.
//!
//! Our own because `axum::serve` offers no time limit for headers. Every connection costs a permit,
//! so a crowd waits in the system's queue instead of in our memory; a header or a body that trickles
//! is cut, at once where its place is wanted (`http/crowd.rs`); a stop lets answers finish, for as long
//! as the grace lasts. With a certificate, connections speak TLS.

mod body;
mod crowd;
pub mod descriptors;
mod heard;
#[cfg(feature = "tls")]
pub mod tls;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::response::Response;
use http::{HeaderValue, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tower::Service as _;

use self::body::AnswerBody;
pub use self::body::{BodyTimeout, TimedBody};
use self::crowd::{Crowd, Sign};
use self::heard::Heard;

/// Bounds of the accept loop.
#[derive(Clone, Debug)]
pub struct Config {
    /// Connections served at once; more wait in the system's queue.
    pub max_connections: usize,
    /// Time for a request's header to arrive, and up to a sixteenth more; a kept connection may idle as
    /// long, and a TLS handshake may take as long.
    pub header_timeout: Duration,
    /// Time for a request's body to arrive.
    pub body_timeout: Duration,
    /// Time for answers to finish after a stop.
    pub grace: Duration,
    /// So long after it was made, a connection may still say its first byte when a stop begins: a
    /// request may be on its way to it.
    pub first_byte: Duration,
    /// The certificate that connections are met with; none for plain HTTP.
    #[cfg(feature = "tls")]
    pub tls: Option<tls::Tls>,
}

impl Config {
    /// What URLs to this server begin with.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        #[cfg(feature = "tls")]
        if self.tls.is_some() {
            return "https";
        }
        "http"
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_connections: 4096,
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(30),
            grace: Duration::from_secs(10),
            first_byte: Duration::from_secs(1),
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}

/// Most that a connection's header may take, and its share of memory while a body arrives.
const READ_BUFFER: usize = 64 << 10;

/// While somebody has no place, so often are those asked who have waited longest.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// Nothing is looked at more often than this.
const LEAST_PAUSE: Duration = Duration::from_millis(5);

/// So often within the time for a header is looked who has waited for longer.
const LOOKS: u32 = 16;

/// How long to wait after the system refused a connection (most often: no file descriptors left).
const PAUSE_AFTER_REFUSAL: Duration = Duration::from_millis(50);

/// Whatever answers requests.
pub trait Answers: Clone + Send + 'static {
    /// The answer to `request`.
    fn answer(
        &mut self,
        request: http::Request<TimedBody>,
    ) -> impl Future<Output = Response> + Send;
}

impl Answers for Router {
    async fn answer(&mut self, request: http::Request<TimedBody>) -> Response {
        match self.call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

/// Serves `router` until `shutdown` ends and all answers are given, or the grace is over. Requests
/// carry their peer's address as axum's `ConnectInfo<SocketAddr>`. Returns how many connections had
/// to be cut.
pub async fn serve(
    listener: TcpListener,
    router: impl Answers,
    config: Config,
    shutdown: impl Future<Output = ()>,
) -> usize {
    let permits = Arc::new(Semaphore::new(config.max_connections.max(1)));
    let crowd = Arc::new(Crowd::default());
    let mut sweeping = pin!(sweep(&crowd, config.header_timeout));
    let mut next = None;
    let (stop, stopping) = watch::channel(());
    let mut connections = JoinSet::new();
    #[cfg(feature = "tls")]
    let watching = config.tls.clone().map(|tls| tokio::spawn(tls.watch()));
    let serve_one = |(stream, peer): (TcpStream, SocketAddr),
                     permit: Option<OwnedSemaphorePermit>| {
        let (router, config, stopping) = (router.clone(), config.clone(), stopping.clone());
        let member = crowd.enter();
        async move {
            tokio::select! {
                () = connection(stream, peer, router, &config, stopping, member.sign()) => {}
                () = member.must_leave() => {
                    tracing::debug!(%peer, "connection ended for another that had no place");
                }
            }
            drop(permit);
        }
    };
    let mut shutdown = pin!(shutdown);
    loop {
        let permit = tokio::select! {
            () = &mut shutdown => break,
            Some(_ended) = connections.join_next() => continue,
            never = &mut sweeping => match never {},
            accepted = accept(&listener, &crowd), if next.is_none() => {
                next = accepted;
                if permits.available_permits() == 0 {
                    crowd.make_room();
                }
                continue;
            }
            permit = Arc::clone(&permits).acquire_owned(), if next.is_some() => permit,
            () = tokio::time::sleep(ASK_AGAIN), if next.is_some() => {
                crowd.make_room();
                continue;
            }
        };
        let (Some(accepted), Ok(permit)) = (next.take(), permit) else {
            continue;
        };
        connections.spawn(serve_one(accepted, Some(permit)));
    }
    // Accepted when the stop began, and perhaps with its request on its way: it has its answer, too.
    if let Some(accepted) = next.take() {
        connections.spawn(serve_one(accepted, None));
    }
    // A closed listener refuses: who comes now is told at once, and tries the next relay. One that
    // somebody else holds too (systemd) lets them wait for the relay that comes next.
    drop(listener);
    drop(stop);
    let drained = async {
        let all_ended = async { while connections.join_next().await.is_some() {} };
        tokio::select! {
            () = all_ended => {}
            never = &mut sweeping => match never {},
        }
    };
    if tokio::time::timeout(config.grace, drained).await.is_err() {
        connections.abort_all();
    }
    #[cfg(feature = "tls")]
    watching.inspect(tokio::task::JoinHandle::abort);
    connections.len()
}

/// Sees to it that nobody is waited for much longer than `limit` to bring a header.
async fn sweep(crowd: &Crowd, limit: Duration) -> Infallible {
    let mut look = tokio::time::interval((limit / LOOKS).max(LEAST_PAUSE));
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        look.tick().await;
        crowd.sweep(limit);
    }
}

async fn accept(listener: &TcpListener, crowd: &Crowd) -> Option<(TcpStream, SocketAddr)> {
    match listener.accept().await {
        Ok(accepted) => Some(accepted),
        Err(error) => {
            tracing::warn!(%error, "could not accept a connection");
            // For want of descriptors, most often: those who only wait hold most of them.
            crowd.make_room();
            tokio::time::sleep(PAUSE_AFTER_REFUSAL).await;
            None
        }
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: impl Answers,
    config: &Config,
    stopping: watch::Receiver<()>,
    sign: Sign,
) {
    // Answers are small and written once: waiting for more bytes only delays them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "could not set TCP_NODELAY");
    }
    #[cfg(feature = "tls")]
    if let Some(tls) = &config.tls {
        match tokio::time::timeout(config.header_timeout, tls.accept(stream)).await {
            Ok(Ok(stream)) => speak(stream, peer, router, config, stopping, sign).await,
            // A client's affair, or a scanner's.
            Ok(Err(error)) => tracing::debug!(%peer, %error, "no TLS"),
            Err(_) => tracing::debug!(%peer, "the TLS handshake took too long"),
        }
        return;
    }
    speak(stream, peer, router, config, stopping, sign).await;
}

/// HTTP on a stream that is ready for it.
async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    router: impl Answers,
    config: &Config,
    mut stopping: watch::Receiver<()>,
    sign: Sign,
) {
    let patience = tokio::time::sleep(config.first_byte);
    sign.waits_for_header();
    let (stream, first) = Heard::new(stream);
    let body_timeout = config.body_timeout;
    let service = service_fn(move |request: http::Request<Incoming>| {
        sign.works();
        let mut request = request.map(|body| TimedBody::new(body, body_timeout, sign.clone()));
        request.extensions_mut().insert(ConnectInfo(peer));
        let (mut router, sign) = (router.clone(), sign.clone());
        // Where a body in chunks ends may be read in two ways, and what one takes for its rest another
        // takes for a request: after such a body nothing more is read (RFC 9112, section 6.3).
        let chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
        async move {
            let mut response = router.answer(request).await;
            sign.waits();
            if chunked {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            Ok::<_, Infallible>(response.map(|body| AnswerBody::new(body, sign)))
        }
    });
    let serving = http1::Builder::new()
        // The crowd keeps that time, for all connections at once.
        .header_read_timeout(None)
        // Looking for a client's end while it is answered would cost each request a buffer. One that
        // only says that nothing more comes gets its answer, too.
        .half_close(true)
        .max_buf_size(READ_BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => Some(ended),
        // The sender is dropped when the stop begins; nothing is ever sent.
        _ = stopping.changed() => {
            // A connection on which nothing was read yet would be closed at once, perhaps with a
            // request on its way to it.
            tokio::select! {
                ended = serving.as_mut() => Some(ended),
                () = first.notified() => None,
                () = patience => None,
            }
        }
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        // A client's affair: it went away, or was too slow.
        tracing::debug!(%peer, %error, "connection ended early");
    }
}

/// Binds `listen`, or says what to do when that cannot be.
///
/// # Errors
/// When the address is taken, forbidden or not this machine's.
pub async fn bind(listen: SocketAddr) -> Result<TcpListener, BindError> {
    TcpListener::bind(listen)
        .await
        .map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => BindError::Taken(listen),
            io::ErrorKind::PermissionDenied => BindError::Forbidden(listen),
            _ => BindError::Other(listen, error),
        })
}

/// Why a port cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody else listens there.
    #[error("{0} is taken by another program; stop it, or choose another port with --listen")]
    Taken(SocketAddr),
    /// The system does not allow it.
    #[error("this user may not listen on {0}; choose a port above 1023 with --listen")]
    Forbidden(SocketAddr),
    /// Anything else.
    #[error("cannot listen on {0}: {1}; check the address given with --listen")]
    Other(SocketAddr, io::Error),
}
