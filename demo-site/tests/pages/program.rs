//! The program: what it says when it cannot start, and how it starts and stops.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn program(data: &Path, tracker: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clickstream-demo-site"));
    command.args(["--listen", "127.0.0.1:0"]);
    command
        .arg("--data")
        .arg(data)
        .arg("--tracker-dir")
        .arg(tracker);
    command
}

fn tracker() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "clickstream.js",
        "clickstream.wasm",
        "clickstream-full.js",
        "clickstream-full.wasm",
        "clickstream-debug.js",
        "clickstream.d.ts",
    ] {
        fs_err::write(folder.path().join(name), name).unwrap();
    }
    folder
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn it_says_ready_and_stops_cleanly_when_asked() {
    let (data, tracker) = (tempfile::tempdir().unwrap(), tracker());
    let mut shop = program(data.path(), tracker.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(shop.stdout.take().unwrap()).lines();
    let said: Vec<String> = lines
        .map(Result::unwrap)
        .take_while(|line| line != "ready")
        .collect();
    assert!(
        said.iter()
            .any(|line| line.starts_with("bookstore  http://127.0.0.1:")),
        "{said:?}"
    );
    assert!(said.iter().any(|line| line.contains("lake")), "{said:?}");
    assert!(data.path().join("shop.sqlite").is_file());
    let stop = Command::new("kill").arg(shop.id().to_string()).status();
    assert!(stop.unwrap().success());
    assert!(
        shop.wait().unwrap().success(),
        "a stop that was asked for is no failure"
    );
}

#[test]
fn a_taken_port_is_told() {
    let (data, tracker) = (tempfile::tempdir().unwrap(), tracker());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_clickstream-demo-site"));
    command.args(["--listen", &address]);
    command
        .arg("--data")
        .arg(data.path())
        .arg("--tracker-dir")
        .arg(tracker.path());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(told(&output).contains("is taken") && told(&output).contains("--listen"));
}

#[test]
fn a_missing_tracker_is_told() {
    let data = tempfile::tempdir().unwrap();
    let output = program(data.path(), Path::new("/nowhere"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        told(&output).contains("cargo xtask build"),
        "{}",
        told(&output)
    );
}

#[test]
fn a_folder_that_cannot_be_used_is_told() {
    let (file, tracker) = (tempfile::NamedTempFile::new().unwrap(), tracker());
    let output = program(file.path(), tracker.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(told(&output).contains("--data"), "{}", told(&output));
}

#[test]
fn a_database_that_is_none_is_told() {
    let (data, tracker) = (tempfile::tempdir().unwrap(), tracker());
    fs_err::write(data.path().join("shop.sqlite"), "x".repeat(4096)).unwrap();
    let output = program(data.path(), tracker.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(told(&output).contains("shop.sqlite"), "{}", told(&output));
}

#[test]
fn impossible_settings_end_with_64() {
    let (data, tracker) = (tempfile::tempdir().unwrap(), tracker());
    for wrong in [
        ["--listen", "nowhere"],
        ["--write-key", "browser"],
        ["--sink", "sea"],
        ["--nonsense", "1"],
    ] {
        let output = program(data.path(), tracker.path())
            .args(wrong)
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(64),
            "{wrong:?}: {}",
            told(&output)
        );
    }
}

#[test]
fn help_teaches() {
    let output = Command::new(env!("CARGO_BIN_EXE_clickstream-demo-site"))
        .arg("--help")
        .output()
        .unwrap();
    assert!(output.status.success());
    let help = String::from_utf8_lossy(&output.stdout).into_owned();
    for word in [
        "cargo xtask build",
        "--data",
        "--tracker-dir",
        "--listen",
        "--lake-dir",
        "ready",
    ] {
        assert!(help.contains(word), "{word}");
    }
}
