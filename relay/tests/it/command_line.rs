//! The program itself: help, errors with their statuses, a start and a clean stop.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::house::lake_lines;

pub fn relay(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clickstream-relay"));
    command.current_dir(dir).env_clear().env("COLUMNS", "100");
    command
}

fn run(dir: &Path, arguments: &[&str]) -> Output {
    relay(dir).args(arguments).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn help_teaches() {
    let dir = tempfile::tempdir().unwrap();
    for (name, arguments) in [
        ("help", vec!["--help"]),
        ("help_check", vec!["check", "-h"]),
        ("help_spool", vec!["spool", "--help"]),
        ("help_spool_verify", vec!["spool", "verify", "--help"]),
        ("help_spool_list", vec!["spool", "list", "--help"]),
        ("help_spool_export", vec!["spool", "export", "--help"]),
        ("help_lake", vec!["lake", "--help"]),
        ("help_lake_compact", vec!["lake", "compact", "--help"]),
        ("help_replay", vec!["replay", "--help"]),
        ("help_tail", vec!["tail", "--help"]),
    ] {
        let output = run(dir.path(), &arguments);
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn help_never_shows_a_secret_of_the_environment() {
    let dir = tempfile::tempdir().unwrap();
    for arguments in [["--help"], ["-h"]] {
        let mut command = relay(dir.path());
        command.env("CLICKSTREAM_WRITE_KEY", "server:shop:top-secret");
        command.env("CLICKSTREAM_METRICS_TOKEN", "top-secret");
        let output = command.args(arguments).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("CLICKSTREAM_WRITE_KEY") && !text.contains("top-secret"));
    }
}

#[test]
fn bad_settings_end_with_64_and_say_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs_err::write(dir.path().join(name), text).unwrap();
    write("unknown.toml", "[server]\nlisten_on = 1\n");
    write("wrong.toml", "[spool]\nsize = \"huge\"\n");
    write("negative.toml", "[sink]\nbuffer_interval = -1\n");
    write("short.key", "too short\n");
    write("empty.keys", "# none\n");
    write("bad.keys", "# one\ntop-secret\n");
    for (name, arguments) in [
        ("unknown_flag", &["--liste", "x"][..]),
        ("listen", &["--listen", "8080"]),
        ("spool_size", &["--spool-size", "1 lake"]),
        ("buffer_interval", &["--buffer-interval", "soon"]),
        ("sink", &["--sink", "kafka"]),
        ("write_key_kind", &["--write-key", "brwser:shop:top-secret"]),
        (
            "write_key_form",
            &["--write-key", "browser:shop:a", "--write-key", "top-secret"],
        ),
        (
            "write_key_twice",
            &["--write-key", "browser:a:k", "--write-key", "server:b:k"],
        ),
        ("public_url", &["--public-url", "shop.example"]),
        (
            "allow_origin",
            &["--allow-origin", "https://shop.example/path"],
        ),
        ("identity_key_form", &["--identity-key", "file"]),
        ("identity_key_missing", &["--identity-key", "a:nowhere.key"]),
        ("identity_key_short", &["--identity-key", "a:short.key"]),
        ("trusted_proxy", &["--trusted-proxy", "10.0.0.0/33"]),
        ("proxy_header", &["--proxy-header", "via"]),
        ("write_key_file_missing", &["--write-key-file", "nowhere"]),
        ("write_key_file_empty", &["--write-key-file", "empty.keys"]),
        ("write_key_file_line", &["--write-key-file", "bad.keys"]),
        ("identity_key_file", &["--identity-key-file", "bad.keys"]),
        ("ip", &["--ip", "half"]),
        ("redact_form", &["--redact", "a..b"]),
        ("redact_all", &["--redact", "*"]),
        ("redact_needed", &["--redact", "context.ip,userId"]),
        ("redact_address", &["--redact", "relay.ip"]),
        ("redact_query", &["--redact-query", "a=b"]),
        ("config_missing", &["--config", "nowhere.toml"]),
        ("config_unknown", &["--config", "unknown.toml"]),
        ("config_wrong", &["--config", "wrong.toml"]),
        ("max_connections", &["--max-connections", "0"]),
        ("spool_size_small", &["--spool-size", "1"]),
        ("spool_size_negative", &["--spool-size", "-1"]),
        ("buffer_interval_negative", &["--buffer-interval", "-1"]),
        ("buffer_interval_long", &["--buffer-interval", "1e9"]),
        ("buffer_size_negative", &["--buffer-size", "-1"]),
        ("header_timeout", &["--header-timeout", "0"]),
        ("tls_half", &["--tls-cert", "cert.pem"]),
        (
            "tls_missing",
            &["--tls-cert", "nowhere.pem", "--tls-key", "nowhere.key"],
        ),
        (
            "event_size",
            &["--event-size", "1MiB", "--write-key", "browser:shop:k"],
        ),
        (
            "event_size_server",
            &["--event-size", "5MiB", "--write-key", "server:shop:k"],
        ),
        ("config_negative", &["--config", "negative.toml"]),
        ("log_filter", &["--log-filter", "!!!"]),
        ("traces_endpoint", &["--traces-endpoint", "collector"]),
        ("no_write_key", &[]),
        ("no_write_key_check", &["check"]),
    ] {
        let output = run(dir.path(), arguments);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(64), "{name}: {text}");
        assert!(!text.contains("top-secret"), "{name}: {text}");
        insta::assert_snapshot!(format!("error_{name}"), text);
    }
}

#[test]
fn spool_and_lake_in_one_folder_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs_err::create_dir(dir.path().join("here")).unwrap();
    fs_err::os::unix::fs::symlink("here", dir.path().join("link")).unwrap();
    for (spool, lake) in [
        ("data", "data"),
        ("data", "./data/"),
        ("here/x", "link/x"),
        ("here", "here/../link"),
    ] {
        let output = run(
            dir.path(),
            &[
                "--write-key",
                "browser:shop:k",
                "--spool-dir",
                spool,
                "--lake-dir",
                lake,
            ],
        );
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(64), "{spool} {lake}: {text}");
        let said = "error: --spool-dir and --lake-dir are the same folder, ";
        assert!(text.starts_with(said), "{text}");
        assert!(text.contains("; give each its own, such as "), "{text}");
    }
    let names: Vec<_> = fs_err::read_dir(dir.path()).unwrap().collect();
    assert_eq!(names.len(), 2, "something was made: {names:?}");
}

#[test]
fn a_taken_port_and_an_unwritable_folder_are_said() {
    let dir = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let key = ["--write-key", "browser:shop:k"];
    let output = run(dir.path(), &[&["--listen", &address][..], &key].concat());
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output).replace(&address, "ADDRESS");
    insta::assert_snapshot!("error_taken_port", text);

    fs_err::write(dir.path().join("file"), "").unwrap();
    fs_err::create_dir(dir.path().join("spool")).unwrap();
    fs_err::write(dir.path().join("spool/rejected"), "").unwrap();
    fs_err::create_dir(dir.path().join("lake")).unwrap();
    fs_err::write(dir.path().join("lake/raw"), "").unwrap();
    for (name, flag, folder) in [
        ("spool_below_a_file", "--spool-dir", "file/below"),
        ("lake_below_a_file", "--lake-dir", "file/below/it"),
        ("lake_is_a_file", "--lake-dir", "file"),
        ("raw_is_a_file", "--lake-dir", "lake"),
        ("rejected_is_a_file", "--spool-dir", "spool"),
    ] {
        let folder = ["--listen", "127.0.0.1:0", flag, folder];
        let output = run(dir.path(), &[&folder[..], &key].concat());
        assert_eq!(output.status.code(), Some(1), "{name}");
        // All of it: nobody was told that the program listens.
        insta::assert_snapshot!(format!("error_{name}"), stderr(&output));
    }
}

#[test]
fn check_says_what_would_be_done_and_tries_it() {
    let dir = tempfile::tempdir().unwrap();
    fs_err::write(
        dir.path().join("identity.key"),
        "0123456789abcdef0123456789abcdef\n",
    )
    .unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let common = [
        "--write-key",
        "browser:shop:top-secret",
        "--identity-key",
        "2026-01:identity.key",
        "--public-url",
        "https://shop.example",
    ];
    let good = run(
        dir.path(),
        &[&["check", "--listen", "127.0.0.1:0"][..], &common].concat(),
    );
    let text = String::from_utf8(good.stdout).unwrap();
    assert_eq!(good.status.code(), Some(0), "{text}");
    insta::assert_snapshot!("check_good", without_warnings(&text));

    fs_err::write(dir.path().join("file"), "").unwrap();
    let wrong = ["check", "--listen", &address, "--spool-dir", "file/spool"];
    let bad = run(dir.path(), &[&wrong[..], &common].concat());
    assert_eq!(bad.status.code(), Some(1));
    let text = String::from_utf8(bad.stdout)
        .unwrap()
        .replace(&address, "ADDRESS");
    insta::assert_snapshot!("check_bad", without_warnings(&text));
}

/// Warnings apart, which are of the machine, too: of its disk.
fn without_warnings(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("WARNING"));
    let lines = lines.map(
        |line| match line.ends_with(" warning") || line.ends_with(" warnings") {
            true => line.rsplit_once(", ").unwrap().0,
            false => line,
        },
    );
    lines.collect::<Vec<_>>().join("\n")
}

/// A running program; killed when a test fails.
pub struct Running(pub std::process::Child, pub String);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the program and waits until it says where it listens and that it is ready.
fn start(dir: &Path, arguments: &[&str]) -> (Running, BufReader<std::process::ChildStderr>) {
    let mut command = relay(dir);
    command.args(arguments);
    started(command)
}

/// The same with a command of the caller's.
pub fn started(mut command: Command) -> (Running, BufReader<std::process::ChildStderr>) {
    command.args(["--listen", "127.0.0.1:0", "--log-format", "json"]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut running = Running(child, String::new());
    loop {
        let mut line = String::new();
        assert!(lines.read_line(&mut line).unwrap() > 0, "ended early");
        let Ok(json) = serde_json::from_str::<Value>(&line) else {
            continue;
        };
        if let Some(address) = json["address"].as_str() {
            running.1 = address.to_owned();
        }
        if json["message"].as_str().unwrap_or("").starts_with("ready") {
            return (running, lines);
        }
    }
}

#[test]
fn a_path_that_is_none_is_answered_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let (running, _lines) = start(dir.path(), &["--write-key", "server:shop:k"]);
    let mut stream = TcpStream::connect(&running.1).unwrap();
    write!(
        stream,
        "GET /nope HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    assert!(answer.contains(r#""code":"not_found""#), "{answer}");
}

pub fn post(address: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST /v1/batch HTTP/1.1\r\nhost: x\r\nx-write-key: k\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn settings_come_from_file_environment_and_flags_in_this_order() {
    let dir = tempfile::tempdir().unwrap();
    let text = "[intake]\nwrite_key = [\"server:from-file:k\"]\n[sink]\nlake_dir = \"from-file\"\nbuffer_interval = 0.05\n";
    fs_err::write(dir.path().join("relay.toml"), text).unwrap();
    for (environment, flag, lake) in [
        (None, None, "from-file"),
        (Some("from-environment"), None, "from-environment"),
        (Some("from-environment"), Some("from-flag"), "from-flag"),
    ] {
        let mut command = relay(dir.path());
        command.args(["check", "--config", "relay.toml", "--listen", "127.0.0.1:0"]);
        command.envs(environment.map(|lake| ("CLICKSTREAM_LAKE_DIR", lake)));
        command.args(flag.map(|lake| ["--lake-dir", lake]).into_iter().flatten());
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("from-file (server)"), "{text}");
        let line = text.lines().find(|line| line.starts_with("sink")).unwrap();
        assert!(line.contains(lake), "{line}");
    }
}

#[test]
fn sigterm_delivers_what_was_taken_and_ends_with_0() {
    let dir = tempfile::tempdir().unwrap();
    let arguments = [
        "--write-key",
        "server:shop:k",
        "--buffer-interval",
        "3600",
        "--grace",
        "20",
    ];
    let (mut running, mut lines) = start(dir.path(), &arguments);
    for number in 0..5 {
        let body = format!(r#"{{"batch":[{{"type":"track","event":"E","userId":"{number}"}}]}}"#);
        let answer = post(&running.1, &body);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let pid = rustix::process::Pid::from_child(&running.0);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(running.0.wait().unwrap().code(), Some(0));
    let mut said = String::new();
    lines.read_to_string(&mut said).unwrap();
    let last: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["message"], &last["delivered"]),
        (&"stopped".into(), &5.into()),
        "{said}"
    );
    assert_eq!(lake_lines(&dir.path().join("data/lake")).len(), 5);
}
