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

/// Runs `serve` in a folder of its own, with what should not work.
fn serve(dir: &str, arguments: &[&str]) -> (Option<i32>, String) {
    run(&[&["serve", "--dir", dir], arguments].concat())
}

#[test]
fn impossible_arguments_are_explained() {
    let dir = TempDir::new().unwrap();
    let dir = dir.path().to_str().unwrap();
    let most = u32::MAX.to_string();
    let names = "1 to 64 letters";
    for (flag, value, words) in [
        ("--faults", "slowly=1", "is no fault"),
        ("--faults", "cut=7", "from 0 to 1"),
        ("--faults", "throttle=0.6,cut=0.6", "add up to 1.2"),
        ("--accelerate", "0", most.as_str()),
        ("--accelerate", "-3", most.as_str()),
        ("--accelerate", "fast", most.as_str()),
        ("--active-partitions", "0", most.as_str()),
        ("--active-partitions", "-1", most.as_str()),
        ("--stream", "bad name!", names),
        ("--stream", "", names),
        ("--listen", "here", "invalid socket address"),
    ] {
        let (status, text) = serve(dir, &[flag, value]);
        assert_eq!(status, Some(64), "{flag} {value}: {text}");
        assert!(text.starts_with("error: "), "{flag} {value}: {text}");
        assert!(text.contains(&format!("'{flag} <")), "{flag}: {text}");
        assert!(text.contains(words), "{flag} {value}: {text}");
    }
    let (status, text) = run(&["serve"]);
    assert_eq!(status, Some(64));
    assert!(text.contains("--dir <DIR>"), "{text}");
    assert!(files(dir.as_ref()).is_empty(), "nothing was begun");
}

#[test]
fn what_the_machine_refuses_is_no_bad_configuration() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("file");
    fs_err::write(&file, "").unwrap();
    let (dir, file) = (dir.path().to_str().unwrap(), file.to_str().unwrap());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (dir, cause, advice) in [
        (dir, "Address already in use", "give --listen another one"),
        (file, "Not a directory", "Give --dir a folder"),
    ] {
        let (status, text) = serve(dir, &["--listen", &taken]);
        assert_eq!(status, Some(1), "{text}");
        assert!(
            text.starts_with("error: cannot listen on") || text.starts_with("error: the folder"),
            "{text}"
        );
        assert_eq!(text.matches(cause).count(), 1, "each cause once: {text}");
        assert_eq!(text.matches(advice).count(), 1, "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

/// The address of a program that has come up; the rest of what it says is read and dropped.
pub fn listening(child: &mut Child) -> String {
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
