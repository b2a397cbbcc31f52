//! TLS: a certificate of our own authority, renewed under load, and what does not work said.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use clickstream_relay::http;
use clickstream_relay::http::tls::{Tls, TlsError};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustix::process::{Pid, Signal, kill_process};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::house::{House, event};

mod expiry;
mod tools;

/// An authority, and the files of the server whose certificate it signs.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
    cert: PathBuf,
    key: PathBuf,
}

impl Authority {
    fn new(dir: &Path) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().der().clone();
        let authority = Self {
            issuer: Issuer::new(params, key),
            root,
            cert: dir.join("cert.pem"),
            key: dir.join("key.pem"),
        };
        authority.renew();
        authority
    }

    /// Writes a new pair over the old one.
    fn renew(&self) {
        let (cert, key) = self.made();
        fs_err::write(&self.cert, cert).unwrap();
        fs_err::write(&self.key, key).unwrap();
    }

    fn made(&self) -> (String, String) {
        self.made_by(CertificateParams::new(["localhost".to_owned()]).unwrap())
    }

    fn made_by(&self, params: CertificateParams) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        (cert.pem(), key.serialize_pem())
    }

    fn open(&self) -> Tls {
        Tls::open(&self.cert, &self.key).unwrap()
    }

    async fn connect(&self, address: SocketAddr) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        connector.connect(name, stream).await.unwrap()
    }
}

/// Serves for as long as the test lasts.
async fn serve(house: &House, tls: &Tls, change: impl FnOnce(&mut http::Config)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut config = http::Config {
        tls: Some(tls.clone()),
        ..http::Config::default()
    };
    change(&mut config);
    let never = std::future::pending();
    tokio::spawn(http::serve(listener, house.relay.router(), config, never));
    address
}

/// Posts an event and reads the answer; the connection stays.
async fn post(stream: &mut TlsStream<TcpStream>, number: u64) -> String {
    let body = event(&format!(r#","anonymousId":"a","messageId":"m-{number}""#));
    let request = format!(
        "POST /v1/batch HTTP/1.1\r\nhost: x\r\nx-write-key: browser-key\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    while !(text.contains("\r\n\r\n") && text.ends_with('}')) {
        let mut part = [0; 4096];
        let length = stream.read(&mut part).await.unwrap();
        assert!(length > 0, "closed after {text:?}");
        text.push_str(std::str::from_utf8(&part[..length]).unwrap());
    }
    text
}

fn shown(stream: &TlsStream<TcpStream>) -> CertificateDer<'static> {
    let (_, connection) = stream.get_ref();
    connection.peer_certificates().unwrap()[0]
        .clone()
        .into_owned()
}

#[tokio::test]
async fn events_arrive_over_tls_by_http_1_1() {
    let (dir, house) = (tempfile::tempdir().unwrap(), House::new().await);
    let authority = Authority::new(dir.path());
    let address = serve(&house, &authority.open(), |_| {}).await;
    let mut stream = authority.connect(address).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    assert!(post(&mut stream, 1).await.starts_with("HTTP/1.1 200 OK"));
    drop(stream);
    let lines = house.lines().await;
    assert_eq!(lines[0]["relay"]["ip"], "127.0.0.0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_renewed_under_load_without_a_failed_request() {
    let (dir, house) = (tempfile::tempdir().unwrap(), House::new().await);
    let authority = Arc::new(Authority::new(dir.path()));
    let tls = authority.open();
    let address = serve(&house, &tls, |_| {}).await;
    let (done, answered) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let clients: Vec<_> = (0..4)
        .map(|client| {
            let (authority, done) = (Arc::clone(&authority), Arc::clone(&done));
            let answered = Arc::clone(&answered);
            tokio::spawn(async move {
                // One connection for all, and one for each request.
                let mut kept = authority.connect(address).await;
                let first = shown(&kept);
                for number in 0.. {
                    let mut own = authority.connect(address).await;
                    for (stream, half) in [(&mut kept, 0), (&mut own, 1)] {
                        let number = client * 1_000_000 + number * 2 + half;
                        let answer = post(stream, number).await;
                        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
                        answered.fetch_add(1, Relaxed);
                    }
                    if done.load(Relaxed) {
                        return (first, shown(&own));
                    }
                }
                unreachable!()
            })
        })
        .collect();
    for _ in 0..5 {
        let before = answered.load(Relaxed);
        crate::house::until("more requests", async || {
            answered.load(Relaxed) > before + 8
        })
        .await;
        authority.renew();
        assert!(tls.look().unwrap(), "the new pair is not seen");
        assert!(!tls.look().unwrap(), "seen twice");
    }
    done.store(true, Relaxed);
    for client in clients {
        let (first, last) = client.await.unwrap();
        assert_ne!(first, last, "the certificate did not change");
    }
}

#[tokio::test]
async fn a_broken_pair_is_refused_once_and_the_old_one_stays() {
    let (dir, house) = (tempfile::tempdir().unwrap(), House::new().await);
    let authority = Authority::new(dir.path());
    let tls = authority.open();
    let address = serve(&house, &tls, |_| {}).await;
    let before = shown(&authority.connect(address).await);
    // Half of a renewal: the new certificate with the old key.
    let (cert, key) = authority.made();
    fs_err::write(&authority.cert, &cert).unwrap();
    let error = tls.look().unwrap_err();
    assert!(matches!(error, TlsError::Unfit { .. }), "{error}");
    assert!(!tls.look().unwrap(), "said twice");
    fs_err::write(&authority.cert, "nothing").unwrap();
    assert!(matches!(
        tls.look().unwrap_err(),
        TlsError::NoCertificate(_)
    ));
    fs_err::remove_file(&authority.cert).unwrap();
    assert!(matches!(
        tls.look().unwrap_err(),
        TlsError::Unreadable { .. }
    ));
    let mut stream = authority.connect(address).await;
    assert_eq!(shown(&stream), before);
    assert!(post(&mut stream, 1).await.starts_with("HTTP/1.1 200 OK"));
    // The other half.
    fs_err::write(&authority.cert, &cert).unwrap();
    fs_err::write(&authority.key, &key).unwrap();
    assert!(tls.look().unwrap());
    assert_ne!(shown(&authority.connect(address).await), before);
}

#[tokio::test]
async fn a_handshake_that_stalls_is_cut_and_gives_its_place_back() {
    let (dir, house) = (tempfile::tempdir().unwrap(), House::new().await);
    let authority = Authority::new(dir.path());
    let address = serve(&house, &authority.open(), |config| {
        config.max_connections = 1;
        config.header_timeout = Duration::from_millis(100);
    })
    .await;
    // One says nothing, one speaks HTTP without TLS: each holds the only place, and loses it.
    let mut silent = TcpStream::connect(address).await.unwrap();
    let mut plain = TcpStream::connect(address).await.unwrap();
    plain
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut stream = authority.connect(address).await;
    assert!(post(&mut stream, 1).await.starts_with("HTTP/1.1 200 OK"));
    let mut rest = Vec::new();
    let _ = silent.read_to_end(&mut rest).await;
    assert_eq!(rest, b"", "who says nothing is told nothing");
    let _ = plain.read_to_end(&mut rest).await;
    assert!(!rest.starts_with(b"HTTP"), "answered without TLS");
}

#[test]
fn a_program_shows_the_new_pair_at_sighup_and_lives_on() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new(dir.path());
    let child = Command::new(env!("CARGO_BIN_EXE_clickstream-relay"))
        .args(["--listen", "127.0.0.1:0", "--write-key", "server:shop:k"])
        .args(["--tls-cert".as_ref(), authority.cert.as_os_str()])
        .args(["--tls-key".as_ref(), authority.key.as_os_str()])
        .current_dir(dir.path())
        .stderr(Stdio::piped())
        .spawn();
    let mut relay = Killed(child.unwrap());
    let mut lines = BufReader::new(relay.0.stderr.take().unwrap()).lines();
    let mut until = |words: &str| {
        let found = lines.find(|line| line.as_ref().unwrap().contains(words));
        found
            .unwrap_or_else(|| panic!("ended without: {words}"))
            .unwrap()
    };
    assert!(until("metrics: ").contains("metrics: https://127.0.0.1:"));
    until("ready");
    let pid = Pid::from_child(&relay.0);
    kill_process(pid, Signal::HUP).unwrap();
    until("certificate unchanged");
    fs_err::write(&authority.key, "nothing").unwrap();
    kill_process(pid, Signal::HUP).unwrap();
    until("the new certificate is refused; the old one stays");
    authority.renew();
    kill_process(pid, Signal::HUP).unwrap();
    until("certificate renewed");
    kill_process(pid, Signal::TERM).unwrap();
    assert_eq!(relay.0.wait().unwrap().code(), Some(0));
}

/// Killed when a test fails.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn what_cannot_be_used_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new(dir.path());
    let garbage = dir.path().join("garbage");
    fs_err::write(&garbage, "-----BEGIN NOTHING-----\n").unwrap();
    let other = dir.path().join("other.pem");
    fs_err::write(&other, authority.made().1).unwrap();
    let nowhere = dir.path().join("nowhere");
    for (cert, key, words) in [
        (
            &nowhere,
            &authority.key,
            "check the path and who may read it",
        ),
        (
            &authority.cert,
            &nowhere,
            "check the path and who may read it",
        ),
        (
            &garbage,
            &authority.key,
            "holds no certificate; give the chain as PEM",
        ),
        (
            &authority.cert,
            &garbage,
            "holds no private key; give it as PEM",
        ),
        (
            &authority.cert,
            &other,
            "give the key that the certificate was made for",
        ),
    ] {
        let error = Tls::open(cert, key).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}
