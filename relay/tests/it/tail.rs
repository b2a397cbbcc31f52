//! `clickstream-relay tail` towards a relay that stops and comes again, and a stop while it reads.

use std::io::{BufRead as _, BufReader, Lines, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// A program that is killed when the test fails.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program(arguments: &[&str], dir: &Path) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clickstream-relay"));
    command.current_dir(dir).env_clear().args(arguments);
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    Program(command.spawn().unwrap())
}

/// A relay on `port`, 0 for any, ready; and its port.
fn relay(dir: &Path, port: u16) -> (Program, u16) {
    let listen = format!("127.0.0.1:{port}");
    let mut relay = program(
        &[
            "--listen",
            &listen,
            "--write-key",
            "server:shop:key",
            "--metrics-token",
            "t-1",
            "--buffer-interval",
            "0.1",
            // Streams must end by themselves: nothing cuts them for so long.
            "--grace",
            "3600",
        ],
        dir,
    );
    let mut lines = BufReader::new(relay.0.stderr.take().unwrap()).lines();
    let mut found = port;
    loop {
        let line = lines.next().expect("the relay becomes ready").unwrap();
        let plain: String = line.split('\u{1b}').collect();
        if let Some((_, rest)) = plain.split_once("127.0.0.1:") {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            found = digits.parse().unwrap();
        }
        if plain.contains("ready: events are taken") {
            break;
        }
    }
    std::thread::spawn(move || lines.for_each(drop));
    (relay, found)
}

fn send(port: u16, event: &str) {
    let body = format!(r#"{{"writeKey":"key","event":"{event}","userId":"45"}}"#);
    let mut socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let length = body.len();
    write!(
        socket,
        "POST /v1/track HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

type Out = (Lines<BufReader<ChildStdout>>, Lines<BufReader<ChildStderr>>);

fn outputs(program: &mut Program) -> Out {
    let out = BufReader::new(program.0.stdout.take().unwrap()).lines();
    (
        out,
        BufReader::new(program.0.stderr.take().unwrap()).lines(),
    )
}

fn stop(mut relay: Program) {
    let pid = Pid::from_child(&relay.0);
    kill_process(pid, Signal::TERM).unwrap();
    assert!(relay.0.wait().unwrap().success());
}

#[test]
fn it_goes_on_where_it_was_when_the_relay_comes_again() {
    let dir = tempfile::tempdir().unwrap();
    let (first, port) = relay(dir.path(), 0);
    let url = format!("http://127.0.0.1:{port}/live?token=t-1");
    send(port, "A");
    let mut tail = program(
        &[
            "tail", "--url", &url, "--after", "0", "--limit", "3", "--json",
        ],
        dir.path(),
    );
    let (mut out, mut words) = outputs(&mut tail);
    let name = |line: String| serde_json::from_str::<Value>(&line).unwrap()["name"].clone();
    assert_eq!(name(out.next().unwrap().unwrap()), "A");
    // A stop ends the stream at once, and so the relay ends.
    stop(first);
    assert!(words.next().unwrap().unwrap().contains("trying again"));
    let (second, _) = relay(dir.path(), port);
    send(port, "B");
    assert_eq!(name(out.next().unwrap().unwrap()), "B");
    send(port, "C");
    assert_eq!(name(out.next().unwrap().unwrap()), "C");
    assert!(out.next().is_none());
    assert!(tail.0.wait().unwrap().success());
    stop(second);
}

#[test]
fn lines_are_for_people_and_a_closed_pipe_is_a_clean_end() {
    let dir = tempfile::tempdir().unwrap();
    let (relay, port) = relay(dir.path(), 0);
    let url = format!("http://127.0.0.1:{port}");
    send(port, "Order Completed");
    let arguments = ["tail", "--url", &url, "--token", "t-1", "--after", "0"];
    let mut tail = program(&arguments, dir.path());
    let (mut out, _words) = outputs(&mut tail);
    let line = out.next().unwrap().unwrap();
    assert!(line.contains("track     Order Completed  "), "{line}");
    // Not a terminal: no colours.
    assert!(!line.contains('\u{1b}'), "{line}");
    // As `| head -1` does.
    drop(out);
    send(port, "Second");
    assert!(tail.0.wait().unwrap().success());
    stop(relay);
}

#[test]
fn what_hinders_it_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let (relay, port) = relay(dir.path(), 0);
    let url = format!("http://127.0.0.1:{port}");
    let wrong = format!("{url}/live?token=t-2");
    for (arguments, word) in [
        (
            &["tail", "--url", &url][..],
            "asks for its token; give it with --token",
        ),
        (&["tail", "--url", &wrong], "asks for its token"),
        (
            &["tail", "--url", "http://127.0.0.1:1"],
            "is it running? say where with --url",
        ),
        (&["tail", "--url", "ftp://x"], "http://HOST:PORT"),
        (
            &["tail", "--url", &url, "--token", "t-1", "--type", "click"],
            "type=\"click\" cannot be read; there are identify, track",
        ),
    ] {
        let mut tail = program(arguments, dir.path());
        let mut text = String::new();
        tail.0
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert!(text.contains(word), "{arguments:?}: {text}");
        assert_eq!(tail.0.wait().unwrap().code(), Some(1));
    }
    stop(relay);
}
