//! Any calls of the API, one after another: each has an answer of the model or one of its errors, and what
//! they have made is there again, and is described, after a restart.

#![no_main]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use firehose_local::clock::Clock;
use firehose_local::server::{Config, Server};
use firehose_local::{PartitionBy, StreamConfig};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

/// Calls of one input.
const MOST_CALLS: usize = 8;

#[derive(Debug)]
struct Standing;

impl Clock for Standing {
    fn now_ms(&self) -> u64 {
        1_767_322_985_006
    }
}

fn start(folder: &Path) -> Server {
    let config = Config {
        streams: vec![StreamConfig::clickstream(PartitionBy::User)],
        transition: Duration::ZERO,
        ..Config::new(folder, [1; 32], Arc::new(Standing))
    };
    Server::new(config).expect("whatever calls have made can be opened")
}

/// The answer to a call, held to what the protocol says of any.
fn answer(server: &Server, operation: &str, body: &[u8]) -> Option<Value> {
    let (status, body) = server.answer(operation, "eu-west-1", body);
    let value: Value = serde_json::from_slice(&body).expect("JSON, always");
    match status {
        200 => Some(value),
        400 => {
            let kind = value["__type"].as_str().expect("an error has a name");
            assert!(kind.ends_with("Exception"), "{kind}");
            assert!(value["message"].as_str() != Some(""), "{kind} says nothing");
            None
        }
        other => panic!("{operation} ends in {other}: {value}"),
    }
}

/// Every stream there is, described.
fn streams(server: &Server) -> Vec<Value> {
    let list = answer(server, "ListDeliveryStreams", br#"{"Limit":10000}"#);
    let list = list.expect("streams can be listed");
    let names = list["DeliveryStreamNames"].as_array().expect("names");
    let of = |name: &Value| {
        let call = json!({ "DeliveryStreamName": name }).to_string();
        answer(server, "DescribeDeliveryStream", call.as_bytes())
    };
    names.iter().map(|name| of(name).expect("it is listed")).collect()
}

/// Those that calls made: what they changed of the command line's is over at a stop.
fn made(mut streams: Vec<Value>) -> Vec<Value> {
    streams.retain(|stream| {
        stream["DeliveryStreamDescription"]["DeliveryStreamName"] != "clickstream"
    });
    streams
}

/// In memory where that can be: what is made is synced, and a disk would be asked more than the API.
fn place() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    match memory.is_dir() {
        true => memory,
        false => std::env::temp_dir(),
    }
}

fuzz_target!(|input: &[u8]| {
    let folder = tempfile::tempdir_in(place()).expect("a folder");
    let server = start(folder.path());
    // A line each: an operation, a space, its input.
    for call in input.split(|byte| *byte == b'\n').take(MOST_CALLS) {
        let end = call.iter().position(|byte| *byte == b' ');
        let (operation, body) = call.split_at(end.unwrap_or(call.len()));
        let operation = String::from_utf8_lossy(operation);
        answer(&server, &operation, body);
    }
    let before = made(streams(&server));
    drop(server);
    assert_eq!(before, made(streams(&start(folder.path()))));
});
