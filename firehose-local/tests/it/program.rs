//! The program: its help, what it says of impossible arguments, how it stops.

use crate::running::files;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_firehose-local"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = program(arguments).output().unwrap();
    let mut text = String::from_utf8(stdout).unwrap();
    text.push_str(&String::from_utf8(stderr).unwrap());
    (status.code(), text)
}

#[test]
fn the_help_teaches() {
    let (status, text) = run(&["serve", "--help"]);
    assert_eq!(status, Some(0));
    for words in [
        "--listen",
        "--dir",
        "--stream",
        "--accelerate",
        "--faults",
        "throttle=0.05,fail=0.05,cut=0.01,lost=0.02,seed=1",
        "AWS_ENDPOINT_URL_FIREHOSE",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn impossible_arguments_are_explained() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("file");
    fs_err::write(&file, "").unwrap();
    let (dir, file) = (dir.path().to_str().unwrap(), file.to_str().unwrap());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (arguments, words) in [
        (vec!["--dir", dir, "--faults", "slow=1"], "is no fault"),
        (vec!["--dir", dir, "--faults", "cut=7"], "from 0 to 1"),
        (vec!["--dir", dir, "--accelerate", "0"], "--accelerate"),
        (vec!["--dir", dir, "--stream", "a b"], "deliveryStreamName"),
        (vec!["--dir", dir, "--listen", "here"], "--listen"),
        (vec!["--dir", dir, "--listen", &taken], "cannot listen on"),
        (vec!["--dir", file], "Give --dir a folder"),
        (vec![], "--dir"),
    ] {
        let all: Vec<&str> = std::iter::once("serve").chain(arguments).collect();
        let (status, text) = run(&all);
        assert!(matches!(status, Some(2 | 64)), "{all:?} {status:?}");
        assert!(text.contains(words), "{all:?}: {text}");
    }
}

fn listening(child: &mut Child) -> String {
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    std::thread::spawn(move || lines.for_each(drop));
    line.split_once("http://").unwrap().1.trim().to_owned()
}

#[cfg(unix)]
#[test]
fn sigterm_delivers_what_was_taken() {
    let dir = TempDir::new().unwrap();
    let place = dir.path().join("made/when/missing");
    let mut child = program(&["serve", "--listen", "127.0.0.1:0", "--dir"])
        .arg(&place)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let address = listening(&mut child);
    let body = r#"{"DeliveryStreamName":"clickstream","Record":{"Data":"eyJ1c2VySWQiOjl9"}}"#;
    let mut socket = TcpStream::connect(address).unwrap();
    write!(
        socket,
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Amz-Target: Firehose_20150804.PutRecord\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(files(&place.join("raw")).is_empty());
    let stopped = Command::new("kill").arg(child.id().to_string()).status();
    assert!(stopped.unwrap().success());
    assert!(child.wait().unwrap().success());
    let objects = files(&place.join("raw"));
    assert_eq!(objects.values().collect::<Vec<_>>(), ["{\"userId\":9}\n"]);
}
