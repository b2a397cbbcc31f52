//! Any prefix with any user id: what a stream takes gives keys that stay in their folder, that a disk can
//! hold, and that are no other user's.

#![no_main]

use firehose_local::{PartitionBy, PlannedObject, Record, Stream, StreamConfig};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

/// The longest name that the usual disks take.
const LONGEST_NAME: usize = 255;

fn plan(stream: &Stream, user: &str) -> Vec<PlannedObject> {
    let line = json!({ "userId": user }).to_string();
    let record = Record {
        data: line.as_bytes(),
        arrival_ms: 1_767_322_985_006,
    };
    stream.plan(&[record], &mut || [7; 16], 1_767_322_990_000)
}

fn stays_inside(key: &str) {
    assert!(!key.contains(['\0', '\\', '\n']), "{key:?}");
    for name in key.split('/') {
        assert!(!name.is_empty() && name != "." && name != "..", "{key:?}");
    }
}

fuzz_target!(|input: &[u8]| {
    // A prefix, an error prefix, two users, a line each.
    let text = String::from_utf8_lossy(input);
    let mut lines = text.split('\n');
    let mut next = || lines.next().unwrap_or_default();
    let (prefix, error_prefix, one, other) = (next(), next(), next(), next());
    let mut config = StreamConfig::clickstream(PartitionBy::User);
    config.prefix = prefix.to_owned();
    config.error_output_prefix = error_prefix.to_owned();
    let Ok(stream) = Stream::new(config) else {
        return;
    };
    let keys = [one, other].map(|user| {
        let objects = plan(&stream, user);
        let [object] = objects.as_slice() else {
            panic!("one record, {} objects", objects.len());
        };
        stays_inside(&object.key);
        if object.error.is_none() {
            let longest = object.key.split('/').map(str::len).max();
            assert!(longest <= Some(LONGEST_NAME), "{}", object.key);
        }
        object.clone()
    });
    if one != other && keys.iter().all(|object| object.error.is_none()) {
        // Each key has the user in it, and names are mapped one to one.
        assert_ne!(keys[0].key, keys[1].key, "{one:?} and {other:?} meet");
    }
});
