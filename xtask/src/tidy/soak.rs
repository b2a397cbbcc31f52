//! `soak` sets every size that the tests can be asked for, and `docs/soak.md` names each.

use std::collections::BTreeSet;

use super::{none, sources};
use crate::command::root;
use crate::soak::FULL_SIZE;

const PAGE: &str = "docs/soak.md";

/// What repeats one failure, and is no size.
const NO_SIZE: [&str; 1] = ["CLICKSTREAM_HISTORY"];

/// Where tests are.
const TESTS: [&str; 5] = [
    "tests/",
    "relay/tests/",
    "event/",
    "firehose-local/tests/",
    "xtask/src/fuzz.rs",
];

/// The variables of this text that a test reads.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('"').skip(1).step_by(2);
    let ours = quoted.filter(|word| word.starts_with("CLICKSTREAM_"));
    ours.filter(|word| {
        word.bytes()
            .all(|byte| byte == b'_' || byte.is_ascii_uppercase())
    })
}

#[test]
fn soak_sets_every_size_that_a_test_reads() {
    let mut read = BTreeSet::new();
    for source in sources(&["rs"]) {
        let a_test = TESTS.iter().any(|folder| source.path.starts_with(folder));
        // Others hand settings to the programs that they start.
        let reads = ["env::var(", "_VARIABLE: &str"];
        if a_test && reads.iter().any(|read| source.text.contains(read)) {
            read.extend(variables(&source.text).map(str::to_owned));
        }
    }
    let set: BTreeSet<String> = FULL_SIZE.map(|(name, _)| name.to_owned()).into();
    let known = |name: &&String| set.contains(*name) || NO_SIZE.contains(&name.as_str());
    let wrong: Vec<String> = read.iter().filter(|name| !known(name)).cloned().collect();
    none("a size that `soak` does not set", &wrong);
    let wrong: Vec<String> = set.difference(&read).cloned().collect();
    none("`soak` sets what no test reads", &wrong);
}

#[test]
fn the_page_names_every_size_of_soak() {
    let text = fs_err::read_to_string(root().join(PAGE)).unwrap();
    let rows: Vec<String> = text
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(|row| row.replace(',', ""))
        .collect();
    let missing: Vec<String> = FULL_SIZE
        .iter()
        .filter(|(name, size)| {
            let has = |row: &&String| row.contains(&format!("`{name}`")) && row.contains(size);
            rows.iter().find(has).is_none()
        })
        .map(|(name, size)| format!("{name} at {size}"))
        .collect();
    none("a size that docs/soak.md does not have", &missing);
}
