//! Any query on any record: reading it never panics nor takes long, what it gives are as many values as
//! it has names and none of them empty, and a path says the same through the scanner as through jq.

#![no_main]

use std::sync::LazyLock;

use firehose_local::extract::{Query, Values};
use libfuzzer_sys::fuzz_target;

/// All that a query says of a record.
fn told(query: &Query, record: &[u8]) -> Result<Vec<String>, String> {
    let mut values = Values::default();
    query
        .extract(record, &mut values)
        .map_err(|code| code.message().to_owned())?;
    let told: Vec<String> = (0..query.names().len())
        .map(|index| values.get(index).expect("a value for each name").to_owned())
        .collect();
    assert!(told.iter().all(|value| !value.is_empty()), "an empty key");
    assert_eq!(values.get(told.len()), None, "more values than names");
    Ok(told)
}

/// A path, and the same behind a pipe, which no scanner takes.
fn both_ways(path: &str) -> Option<[Query; 2]> {
    let plain = Query::compile(&format!("{{a:{path}}}")).ok()?;
    let piped = Query::compile(&format!("{{a:({path}|.)}}")).ok()?;
    Some([plain, piped])
}

fn agree([plain, piped]: &[Query; 2], record: &[u8]) {
    assert_eq!(told(plain, record), told(piped, record));
}

/// Compiled once: that is what takes the time.
static PATHS: LazyLock<Vec<[Query; 2]>> =
    LazyLock::new(|| [".a", ".a.b"].into_iter().filter_map(both_ways).collect());

fuzz_target!(|input: &[u8]| {
    // A query, a line's end, a record.
    let Some(end) = input.iter().position(|byte| *byte == b'\n') else {
        return;
    };
    let (query, record) = (&input[..end], &input[end + 1..]);
    let Ok(query) = std::str::from_utf8(query) else {
        return;
    };
    if let Ok(query) = Query::compile(query) {
        let first = told(&query, record);
        assert_eq!(first, told(&query, record), "not the same twice");
    }
    PATHS.iter().for_each(|queries| agree(queries, record));
    // `,`, `#` and brackets would end what is meant as one path, and begin something else.
    let is_path = query.starts_with('.') && !query.contains([',', '#', '{', '}', '(', ')', '|']);
    if is_path && let Some(queries) = both_ways(query) {
        agree(&queries, record);
    }
});
