//! Every line of the contract is what the schema says, and the printed schema is the types'.

#![cfg(feature = "schema")]
#![allow(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

use clickstream_event::schema::{LakeLine, json_schema};
use serde_json::Value;

#[test]
fn the_printed_schema_is_that_of_the_types() {
    let printed: Value = serde_json::from_str(include_str!("../../docs/lake.schema.json")).unwrap();
    assert!(
        printed == json_schema(),
        "docs/lake.schema.json is not what the types say; print it again: \
         cargo run -p clickstream-event --features schema --example schema > docs/lake.schema.json"
    );
}

/// What the types read is what they write again: so they name every member with its type,
/// and lose nothing. A `null` says no more than an absent member.
fn holds(line: &Value, name: &str) {
    let typed: LakeLine = serde_json::from_value(line.clone())
        .unwrap_or_else(|error| panic!("{name}: {error}: {line}"));
    let written = serde_json::to_value(typed).unwrap();
    assert_eq!(without_nulls(&written), without_nulls(line), "{name}");
}

fn without_nulls(line: &Value) -> Value {
    let mut line = line.clone();
    let drop_nulls = |object: &mut Value| {
        if let Some(object) = object.as_object_mut() {
            object.retain(|_, value| !value.is_null());
        }
    };
    drop_nulls(&mut line);
    line.get_mut("context").map(drop_nulls);
    line
}

#[test]
fn every_line_of_the_fixtures_is_a_line_of_the_schema() {
    let mut lines = 0;
    for file in [
        include_str!("../fixtures/frames.json"),
        include_str!("../fixtures/identity.json"),
        include_str!("../fixtures/rejected.json"),
        include_str!("../fixtures/sdks.json"),
        include_str!("../fixtures/shape.json"),
        include_str!("../fixtures/times.json"),
    ] {
        let cases: Vec<Value> = serde_json::from_str(file).unwrap();
        for case in cases {
            for line in case["lines"].as_array().into_iter().flatten() {
                holds(line, case["name"].as_str().unwrap());
                lines += 1;
            }
        }
    }
    assert!(lines > 30, "{lines}");
}
