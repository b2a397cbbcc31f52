//! Each fact in firehose-local's table of conformance names a test, and the test is there.

use super::none;
use super::security::{missing, rows};
use crate::command::root;

const PAGE: &str = "firehose-local/CONFORMANCE.md";

#[test]
fn each_fact_has_its_test() {
    let text = fs_err::read_to_string(root().join(PAGE)).unwrap();
    let (text, _) = text.split_once("## Facts without a test here").unwrap();
    let mut wrong = Vec::new();
    let mut facts = 0;
    for row in rows(text).iter().skip(2) {
        match row.as_slice() {
            // A heading within the table.
            [title, ""] if title.starts_with("**") => {}
            [fact, test] if !fact.is_empty() => {
                facts += 1;
                wrong.extend(missing(test).map(|what| format!("{fact}: {what}")));
            }
            _ => wrong.push(format!("no row of two: {row:?}")),
        }
    }
    assert!(facts > 60, "{facts} facts");
    none("a fact without its test", &wrong);
}
