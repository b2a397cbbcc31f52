//! A stream that is changed while a call puts records into it.

use super::*;
use crate::clock::SystemClock;
use crate::server::{Config, Shared};
use crate::{PartitionBy, StreamConfig};
use serde_json::{Value, json};
use std::cell::Cell;

#[test]
fn records_read_before_a_change_are_read_again_after_it() {
    let folder = tempfile::TempDir::new().unwrap();
    let config = Config {
        streams: vec![StreamConfig::clickstream(PartitionBy::User)],
        ..Config::new(folder.path(), [1; 32], Arc::new(SystemClock))
    };
    let shared = Shared::new(config).unwrap();
    let live = shared.list(None).remove(0);
    let Value::Object(update) = json!({
        "Prefix": "changed/team=!{partitionKeyFromQuery:team}/",
        "ProcessingConfiguration": {"Enabled": true, "Processors": [
            {"Type": "MetadataExtraction", "Parameters": [
                {"ParameterName": "MetadataExtractionQuery", "ParameterValue": "{team:.team}"},
                {"ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6"},
            ]},
        ]},
    }) else {
        unreachable!("it is an object")
    };
    // The clock is looked at before and after records are read: there somebody changes the stream.
    let looks = Cell::new(0);
    let clock = || {
        looks.set(looks.get() + 1);
        if looks.get() == 2 {
            let change = |definition: &mut Definition| {
                definition.destination = definition.destination.updated(true, &update)?;
                definition.version += 1;
                Ok(())
            };
            shared.change(&live, change).unwrap();
        }
        Duration::ZERO
    };
    let arrival = Arrival {
        at_ms: 0,
        now: Duration::ZERO,
    };
    let record = br#"{"userId":45,"team":"red"}"#.to_vec();
    assert!(live.put(&[record], arrival, &clock, &mut || [0; 16]));
    let filling = live.filling();
    assert_eq!(filling.len(), 1);
    assert_eq!(filling[0].prefix, "changed/team=red/");
    assert_eq!(looks.get(), 4, "read twice");
}
