//! A restart by whoever holds the socket (systemd does): no connection is refused, every request is
//! answered, nothing is lost.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::house::lake_lines;

/// A parent that holds the socket, as systemd does.
struct Parent {
    socket: TcpListener,
    dir: tempfile::TempDir,
    manager: UnixDatagram,
}

impl Parent {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let manager = UnixDatagram::bind(dir.path().join("notify")).unwrap();
        manager
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        Self {
            socket: TcpListener::bind("127.0.0.1:0").unwrap(),
            dir,
            manager,
        }
    }

    fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// Starts a relay that finds the socket as its descriptor 3, by the protocol of
    /// sd_listen_fds(3): the shell only moves it there and names its own id, which exec keeps.
    fn start(&self) -> Relay {
        let socket: OwnedFd = self.socket.try_clone().unwrap().into();
        let child = Command::new("sh")
            .args([
                "-c",
                r#"LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@" 3<&0 0</dev/null"#,
            ])
            .arg(env!("CARGO_BIN_EXE_clickstream-relay"))
            // The socket's address counts, not this one.
            .args(["--listen", "127.0.0.1:1"])
            .args(["--write-key", "server:shop:k", "--buffer-interval", "0.05"])
            .current_dir(self.dir.path())
            .env("NOTIFY_SOCKET", self.dir.path().join("notify"))
            .stdin(Stdio::from(socket))
            .stderr(Stdio::null())
            .spawn();
        Relay(child.unwrap())
    }

    /// What the relay tells next.
    fn told(&self) -> String {
        let mut state = [0; 500];
        let length = self.manager.recv(&mut state).unwrap();
        String::from_utf8(state[..length].to_vec()).unwrap()
    }
}

/// Killed when a test fails.
struct Relay(Child);

impl Relay {
    fn stop(mut self) {
        kill_process(Pid::from_child(&self.0), Signal::TERM).unwrap();
        assert_eq!(self.0.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One request on a connection of its own; a connection that is refused, or closed without an answer,
/// fails the test.
fn post(address: SocketAddr, id: &str) -> String {
    let body =
        format!(r#"{{"batch":[{{"type":"track","event":"E","userId":"1","messageId":"{id}"}}]}}"#);
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let request = format!(
        "POST /v1/batch HTTP/1.1\r\nhost: x\r\nx-write-key: k\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 "), "no answer: {answer:?}");
    answer
}

/// Sends an event until it is acknowledged, as clients do.
fn deliver(address: SocketAddr, id: &str) {
    loop {
        let answer = post(address, id);
        if answer.starts_with("HTTP/1.1 200 ") {
            return;
        }
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        assert!(answer.contains("\r\nretry-after: "), "{answer}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_restart_under_load_refuses_no_connection_and_loses_nothing() {
    let parent = Parent::new();
    let address = parent.address();
    let mut relay = parent.start();
    let (done, sent) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let clients: Vec<_> = (0..4)
        .map(|client| {
            let (done, sent) = (Arc::clone(&done), Arc::clone(&sent));
            thread::spawn(move || {
                let mut ids = Vec::new();
                while !done.load(Relaxed) {
                    let id = format!("c{client}-{}", ids.len());
                    deliver(address, &id);
                    ids.push(id);
                    sent.fetch_add(1, Relaxed);
                }
                ids
            })
        })
        .collect();
    for _ in 0..3 {
        assert!(parent.told().starts_with("READY=1\n"));
        let before = sent.load(Relaxed);
        while sent.load(Relaxed) < before + 20 {
            assert!(
                !clients.iter().all(thread::JoinHandle::is_finished),
                "all clients gave up"
            );
            thread::sleep(Duration::from_millis(2));
        }
        relay.stop();
        assert!(parent.told().starts_with("STOPPING=1\n"));
        relay = parent.start();
    }
    assert!(parent.told().starts_with("READY=1\n"));
    done.store(true, Relaxed);
    let ids = clients.into_iter().map(|client| client.join().unwrap());
    let ids: Vec<_> = ids.flatten().collect();
    relay.stop();
    let mut times: HashMap<String, u32> = HashMap::new();
    for line in lake_lines(&parent.dir.path().join("data/lake")) {
        *times
            .entry(line["messageId"].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    for id in &ids {
        assert_eq!(times.get(id), Some(&1), "{id} of {}", ids.len());
    }
    assert_eq!(times.len(), ids.len());
}

#[test]
fn a_socket_that_is_meant_for_another_process_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut check = Command::new(env!("CARGO_BIN_EXE_clickstream-relay"));
    check
        .args(["--listen", "203.0.113.1:1", "--write-key", "server:shop:k"])
        .current_dir(dir.path())
        .env("LISTEN_FDS", "1")
        .env("LISTEN_PID", "1")
        .stdin(Stdio::from(OwnedFd::from(socket)));
    // Not ours, so the address of --listen is tried: no machine has it.
    let output = check.output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("cannot listen on 203.0.113.1:1"), "{text}");
}

#[test]
fn a_socket_that_accepts_nothing_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let datagrams = UnixDatagram::bind(dir.path().join("datagrams")).unwrap();
    let output = handed_over(dir.path(), Stdio::from(OwnedFd::from(datagrams)));
    assert!(output.contains("is no TCP socket"), "{output}");
    assert!(output.contains("ListenStream="), "{output}");
}

fn handed_over(dir: &Path, stdin: Stdio) -> String {
    let output = Command::new("sh")
        .args([
            "-c",
            r#"LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@" 3<&0 0</dev/null"#,
        ])
        .arg(env!("CARGO_BIN_EXE_clickstream-relay"))
        .args(["--write-key", "server:shop:k"])
        .current_dir(dir)
        .stdin(stdin)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}
