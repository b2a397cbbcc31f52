//! What was delivered last: objects, and records that failed, with what was in them.

use crate::config::StreamConfig;
use crate::partition::Closed;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Objects, and failed records, that are remembered.
const MOST: usize = 50;

/// Failed records of one object that are remembered: one bad batch must not hide the rest.
const OF_AN_OBJECT: usize = 10;

/// Bytes of an object of failed records that are read for it: the largest record fits, in base64.
const MOST_READ: usize = 2 << 20;

/// Characters of a failed record that are shown.
const SHOWN: usize = 2000;

#[derive(Debug, Default)]
struct Lists {
    /// The number of the latest entry of either list.
    number: u64,
    objects: VecDeque<(u64, Value)>,
    errors: VecDeque<(u64, Value)>,
}

/// The latest objects and failed records.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    lists: Mutex<Lists>,
}

impl Recent {
    fn lists(&self) -> MutexGuard<'_, Lists> {
        // Whole entries or none: going on shows them.
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers an object that was written at this time.
    pub fn add(&self, config: &StreamConfig, key: &str, object: &Closed, now_ms: u64) {
        let records = first_records(object);
        let mut lists = self.lists();
        let entry = json!({
            "at_ms": now_ms,
            "stream": config.name,
            "bucket": config.bucket,
            "key": key,
            "records": object.records,
            "bytes": object.body.length(),
            "failed": object.error.is_some(),
        });
        lists.number += 1;
        let number = lists.number;
        push(&mut lists.objects, number, entry);
        for record in records {
            lists.number += 1;
            let number = lists.number;
            push(&mut lists.errors, number, failed(config, &record));
        }
    }

    /// The number of the latest entry, and the entries after a number, the latest first.
    pub fn after(&self, number: u64) -> (u64, Vec<Value>, Vec<Value>) {
        let lists = self.lists();
        let of = |list: &VecDeque<(u64, Value)>| {
            let newer = list.iter().filter(|(own, _)| *own > number);
            newer.rev().map(|(_, entry)| entry.clone()).collect()
        };
        (lists.number, of(&lists.objects), of(&lists.errors))
    }
}

/// The first lines of an object of failed records; none of any other.
fn first_records(object: &Closed) -> Vec<Value> {
    let mut first = First(Vec::new());
    if object.error.is_some() {
        // It ends early where that is enough.
        let _ = object.body.write_to(&mut first);
    }
    let lines = first.0.split(|byte| *byte == b'\n');
    let records = lines.filter_map(|line| serde_json::from_slice(line).ok());
    records.take(OF_AN_OBJECT).collect()
}

/// The beginning of what is written to it.
struct First(Vec<u8>);

impl Write for First {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = MOST_READ - self.0.len();
        if room == 0 {
            return Err(io::Error::other("enough"));
        }
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.0.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn push(list: &mut VecDeque<(u64, Value)>, number: u64, entry: Value) {
    if list.len() == MOST {
        list.pop_front();
    }
    list.push_back((number, entry));
}

/// A failed record out of its error line.
fn failed(config: &StreamConfig, line: &Value) -> Value {
    let raw = line["rawData"].as_str().unwrap_or_default();
    let data = STANDARD.decode(raw).unwrap_or_default();
    let text = String::from_utf8_lossy(&data);
    let mut letters = text.chars();
    let payload: String = letters.by_ref().take(SHOWN).collect();
    json!({
        "at_ms": line["arrivalTimestamp"],
        "stream": config.name,
        "code": line["errorCode"],
        "message": line["errorMessage"],
        "bytes": data.len(),
        "payload": payload,
        "cut": letters.next().is_some(),
    })
}
