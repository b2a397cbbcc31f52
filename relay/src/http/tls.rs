//! TLS by rustls: who we are is a certificate and its key, read again when their files change.
//!
//! A connection keeps what it began with; the next one gets the new pair. A pair that cannot be used
//! is refused with a log line, once, and the old one stays: a half-written file cuts nobody off.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, ServerConfig};
use rustls::sign::CertifiedKey;
use tokio::net::TcpStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

pub mod expiry;

/// How often the files are compared with what was read.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Why a certificate and its key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{flag}: {error}; check the path and who may read it")]
    Unreadable {
        /// The flag that names it.
        flag: &'static str,
        /// What happened, with the file.
        error: std::io::Error,
    },
    /// No certificate in the file.
    #[error("--tls-cert: {} holds no certificate; give the chain as PEM, the server's own first", .0.display())]
    NoCertificate(PathBuf),
    /// No key in the file.
    #[error("--tls-key: {} holds no private key; give it as PEM, not encrypted", .0.display())]
    NoKey(PathBuf),
    /// They do not belong together, or are of a kind that TLS does not know.
    #[error(
        "the certificate in {} and the key in {} cannot be used together: {error}; give the key that \
         the certificate was made for", cert.display(), key.display()
    )]
    Unfit {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What rustls says.
        error: rustls::Error,
    },
    /// The library does not start.
    #[error("TLS cannot be set up: {0}")]
    Setup(rustls::Error),
}

/// A certificate with its key, and the acceptor that shows it. Cheap to clone: all clones change
/// together.
#[derive(Clone)]
pub struct Tls {
    pair: Arc<Pair>,
    acceptor: TlsAcceptor,
}

/// The files, and what is shown of them.
struct Pair {
    cert: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    shown: RwLock<Arc<CertifiedKey>>,
    /// The bytes last looked at, good or bad, so that each change is answered once.
    seen: Mutex<Bytes>,
}

/// Both files' bytes.
type Bytes = (Vec<u8>, Vec<u8>);

impl Tls {
    /// Reads both files (PEM; the chain begins with the server's own certificate).
    ///
    /// # Errors
    /// When they cannot be read or used.
    pub fn open(cert: &Path, key: &Path) -> Result<Self, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let bytes = read(cert, key)?;
        let shown = parsed(cert, key, &bytes, &provider)?;
        let pair = Arc::new(Pair {
            cert: cert.to_path_buf(),
            key: key.to_path_buf(),
            provider: Arc::clone(&provider),
            shown: RwLock::new(Arc::new(shown)),
            seen: Mutex::new(bytes),
        });
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Setup)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&pair) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            pair,
            acceptor: TlsAcceptor::from(Arc::new(config)),
        })
    }

    /// Compares the files with what was last seen and shows the new pair if it can be used; says
    /// whether there is one.
    ///
    /// # Errors
    /// Why the files' new content is refused; the old pair stays. Said once for each content.
    pub fn look(&self) -> Result<bool, TlsError> {
        let pair = &self.pair;
        let bytes = read(&pair.cert, &pair.key)?;
        {
            let mut seen = pair.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if *seen == bytes {
                return Ok(false);
            }
            seen.clone_from(&bytes);
        }
        let new = parsed(&pair.cert, &pair.key, &bytes, &pair.provider)?;
        *pair.shown.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        Ok(true)
    }

    /// The certificate's file.
    #[must_use]
    pub fn certificate_file(&self) -> &Path {
        &self.pair.cert
    }

    /// The key's file.
    #[must_use]
    pub fn key_file(&self) -> &Path {
        &self.pair.key
    }

    /// When the certificate that is shown expires, milliseconds since 1970; none when that cannot
    /// be read.
    #[must_use]
    pub fn expires_ms(&self) -> Option<u64> {
        let shown = self.pair.shown.read();
        let shown = shown.unwrap_or_else(PoisonError::into_inner);
        shown.cert.first().and_then(expiry::expires_ms)
    }

    /// Looks at the files for ever: every few seconds, and at once on SIGHUP.
    pub async fn watch(self) {
        let mut asked = signal(SignalKind::hangup()).ok();
        // A file that is away is said once, too.
        let mut away = false;
        loop {
            let by_signal = match &mut asked {
                Some(asked) => {
                    tokio::select! {
                        heard = asked.recv() => heard.is_some(),
                        () = tokio::time::sleep(LOOK_EVERY) => false,
                    }
                }
                None => {
                    tokio::time::sleep(LOOK_EVERY).await;
                    false
                }
            };
            let tls = self.clone();
            let Ok(looked) = tokio::task::spawn_blocking(move || tls.look()).await else {
                continue;
            };
            let was_away = std::mem::replace(
                &mut away,
                matches!(looked, Err(TlsError::Unreadable { .. })),
            );
            match looked {
                Ok(true) => tracing::info!(file = %self.pair.cert.display(), "certificate renewed"),
                Ok(false) if by_signal => tracing::info!("certificate unchanged"),
                Ok(false) => {}
                Err(_) if away && was_away && !by_signal => {}
                Err(error) => {
                    tracing::error!(%error, "the new certificate is refused; the old one stays");
                }
            }
        }
    }

    /// The server's side of a handshake.
    pub(super) async fn accept(&self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        self.acceptor.accept(stream).await
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pair.fmt(f)
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("cert", &self.cert)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Pair {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = self.shown.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&shown))
    }
}

fn read(cert: &Path, key: &Path) -> Result<Bytes, TlsError> {
    let read =
        |flag, path| fs_err::read(path).map_err(|error| TlsError::Unreadable { flag, error });
    Ok((read("--tls-cert", cert)?, read("--tls-key", key)?))
}

fn parsed(
    cert: &Path,
    key: &Path,
    (chain, secret): &Bytes,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, TlsError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
    let chain = chain.unwrap_or_default();
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(cert.to_path_buf()));
    }
    let secret = PrivateKeyDer::from_pem_slice(secret);
    let secret = secret.map_err(|_| TlsError::NoKey(key.to_path_buf()))?;
    CertifiedKey::from_der(chain, secret, provider).map_err(|error| TlsError::Unfit {
        cert: cert.to_path_buf(),
        key: key.to_path_buf(),
        error,
    })
}
