//! The program as it is run: what it prints, how it ends.

#![allow(
    clippy::unwrap_used,
    reason = "a test program: what is not there fails it"
)]

use std::collections::HashSet;
use std::process::{Child, Command, Output, Stdio};

use clickstream_event::time::Timestamp;
use serde_json::Value;

fn bot(line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clickstream-bot"));
    command
        .args(line.split_whitespace())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(line: &str) -> Output {
    bot(line).output().unwrap()
}

fn spawn(line: &str) -> Child {
    bot(line).spawn().unwrap()
}

fn events(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn ten_events_are_ten_lines_of_nested_json() {
    let output = run("10 0.2 --to stdout");
    assert!(output.status.success(), "{}", said(&output));
    let events = events(&output);
    assert_eq!(events.len(), 10);
    for event in &events {
        let event = event.as_object().unwrap();
        assert!(event.values().any(Value::is_object), "nested");
    }
    assert!(said(&output).contains("10 events"));
}

#[test]
fn pauses_are_drawn_anew_up_to_the_one_that_is_given() {
    // From --start on, the events' clock goes by the pauses that are made.
    let output = run("40 0.02 --to stdout --seed 1 --start 2026-02-03T04:05:06Z");
    assert!(output.status.success(), "{}", said(&output));
    let times: Vec<i64> = events(&output)
        .iter()
        .map(|event| {
            let text = event["originalTimestamp"].as_str().unwrap();
            Timestamp::parse(text).unwrap().ms()
        })
        .collect();
    let pauses: HashSet<i64> = times.windows(2).map(|two| two[1] - two[0]).collect();
    assert!(pauses.iter().all(|pause| (1..=20).contains(pause)));
    assert!(pauses.len() > 5, "drawn anew: {pauses:?}");
}

#[test]
fn a_seed_repeats_the_trial_run_to_the_byte() {
    let of = |seed: u32| run(&format!("500 0 --to stdout --seed {seed}")).stdout;
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
    let later = run("1 0 --to stdout --seed 1 --start 2026-02-03T04:05:06Z");
    assert_eq!(
        events(&later)[0]["originalTimestamp"],
        "2026-02-03T04:05:06.000Z"
    );
}

#[test]
fn two_processes_started_together_share_no_id() {
    let children: Vec<_> = (0..2).map(|_| spawn("5000 0 --to stdout")).collect();
    let mut ids = HashSet::new();
    for child in children {
        for event in events(&child.wait_with_output().unwrap()) {
            assert!(ids.insert(event["messageId"].to_string()));
        }
    }
    assert_eq!(ids.len(), 10_000);
}

#[test]
fn as_many_as_asked_for_lack_both_ids() {
    let output = run("50 0 --to stdout --without-user-id 3");
    let without = events(&output)
        .iter()
        .filter(|event| event.get("userId").is_none() && event.get("anonymousId").is_none())
        .count();
    assert_eq!(without, 3);
    assert!(said(&output).contains("3 without any id"));
}

#[test]
fn it_goes_on_until_it_is_stopped_and_then_sums_up() {
    use std::io::{BufRead, BufReader};
    let mut child = spawn("--to stdout --rate 200");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..50 {
        serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let rest = lines.count();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let total: usize = said(&output).split(' ').next().unwrap().parse().unwrap();
    assert_eq!(total, rest + 50, "all that was made was printed");
}

#[test]
fn a_reader_that_has_had_enough_is_no_fault() {
    use std::io::{BufRead, BufReader};
    let mut child = spawn("--to stdout");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    drop(lines);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn what_cannot_be_done_ends_with_two_and_a_reason() {
    for (line, says) in [
        ("0 2", "COUNT is 0"),
        ("ten 2", "such as 10"),
        ("10 2 --url nonsense", "such as http://127.0.0.1:8080/"),
        ("10 2 --seed -1", "give a whole number from 0"),
        ("10 -2 --to stdout", "PAUSE_SECONDS is -2"),
        ("10 2 --users 0 --direct", "--users is 0"),
        ("10 2 --no-such-flag", "--no-such-flag"),
        ("10 2 --direct --url http://shop.example", "--write-key"),
    ] {
        let output = run(line);
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(said(&output).contains(says), "{line}: {}", said(&output));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn without_a_relay_it_says_what_to_start() {
    // A port that was free a moment ago: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let output = run(&format!("3 0 --direct --url http://127.0.0.1:{port}"));
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    assert!(
        said.contains("cargo xtask demo") && said.contains("3 events were not sent"),
        "{said}"
    );
}

#[test]
fn a_port_that_takes_the_call_and_never_answers_is_waited_for_with_patience() {
    // Nobody accepts: the system takes the connection, and nothing is ever answered.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let output = run(&format!("1 0 --quiet --patience 1 --to {url}"));
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    assert!(
        said.contains("error: 1 event was not sent: ")
            && said.contains("gave no answer within 1s")
            && said.contains("point --to at one"),
        "{said}"
    );
}

#[test]
fn without_a_browser_it_says_what_to_install() {
    let output = run("3 0 --chromedriver /no/such/chromedriver");
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    assert!(
        said.contains("apt-get install chromium chromium-driver")
            && said.contains("/no/such/chromedriver"),
        "{said}"
    );
}

/// A relay that takes everything, but for refusing what `refuses` says. Returns its address.
fn relay(refuses: &'static str) -> String {
    use std::io::{BufRead, BufReader, Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            loop {
                let mut length = 0;
                let mut line = String::new();
                while reader.read_line(&mut line).unwrap_or(0) > 2 {
                    if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    line.clear();
                }
                if length == 0 {
                    break;
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let body: Value = serde_json::from_slice(&body).unwrap();
                assert_eq!(body["writeKey"], "demo-server-key");
                let events = body["batch"].as_array().unwrap().len();
                let answer = if refuses.is_empty() {
                    format!(r#"{{"success":true,"accepted":{events},"duplicate":0,"rejected":[]}}"#)
                } else {
                    format!(
                        r#"{{"success":true,"accepted":0,"rejected":[{{"index":0,"reason":"{refuses}"}}]}}"#
                    )
                };
                write!(
                    stream,
                    "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{answer}",
                    answer.len()
                )
                .unwrap();
            }
        }
    });
    address
}

#[test]
fn in_the_origins_manner_each_event_is_followed_by_its_status() {
    let output = run(&format!(
        "5 0.01 --direct --print-status --url {}",
        relay("")
    ));
    assert!(output.status.success(), "{}", said(&output));
    let out = String::from_utf8(output.stdout.clone()).unwrap();
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 10);
    for pair in lines.chunks(2) {
        let event: Value = serde_json::from_str(pair[0]).unwrap();
        assert!(event["userId"].is_string());
        assert_eq!(pair[1], "200");
    }
    assert!(
        said(&output).contains("5 accepted (0 duplicate), 0 rejected, 5 sends"),
        "{}",
        said(&output)
    );
}

#[test]
fn without_a_pause_events_go_in_batches() {
    let output = run(&format!("250 0 --quiet --to {}", relay("")));
    assert!(output.status.success(), "{}", said(&output));
    assert!(output.stdout.is_empty());
    assert!(
        said(&output).contains("250 accepted (0 duplicate), 0 rejected, 3 sends"),
        "{}",
        said(&output)
    );
}

#[test]
fn an_event_that_is_refused_is_named_and_the_run_fails() {
    let output = run(&format!("1 0 --to {}", relay("duplicate_key: $.userId")));
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("rejected: duplicate_key: $.userId")
            && said(&output).contains("error: the relay refused 1 event: "),
        "{}",
        said(&output)
    );
}
