//! The program with `--sink stdout`: a line an event, and a clean end when nobody reads.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

fn start(dir: &std::path::Path) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_clickstream-relay"))
        .current_dir(dir)
        .env_clear()
        .args(["--listen", "127.0.0.1:0", "--sink", "stdout"])
        .args(["--write-key", "server:shop:key"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut address = String::new();
    for line in lines.by_ref() {
        let line = line.unwrap();
        let plain: String = line.split('\u{1b}').collect();
        if let Some((_, rest)) = plain.split_once("127.0.0.1:") {
            let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
            address = format!("127.0.0.1:{port}");
        }
        if plain.contains("ready: events are taken") {
            break;
        }
    }
    std::thread::spawn(move || lines.for_each(drop));
    (child, address)
}

fn send(address: &str, event: &str) {
    let body = format!(r#"{{"writeKey":"key","event":"{event}","userId":"45","anonymousId":"a"}}"#);
    let mut socket = TcpStream::connect(address).unwrap();
    write!(
        socket,
        "POST /v1/track HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn an_event_is_a_line_and_a_closed_pipe_a_clean_end() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, address) = start(dir.path());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    send(&address, "First");
    let line = lines.next().unwrap().unwrap();
    let event: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&event["event"], &event["userId"]),
        (&"First".into(), &"45".into())
    );
    // As `| head -1` does.
    drop(lines);
    send(&address, "Second");
    assert!(child.wait().unwrap().success());

    // What nobody read is still there.
    let (mut child, _) = start(dir.path());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("Second"));
    child.kill().unwrap();
    child.wait().unwrap();
}
