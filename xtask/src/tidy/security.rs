//! Each attack in `docs/security.md` names a test, and the test is there.

use super::none;
use crate::command::root;

const PAGE: &str = "docs/security.md";

/// The rows of the table, each as its cells.
pub(super) fn rows(text: &str) -> Vec<Vec<&str>> {
    let rows = text.lines().filter(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

/// What is wrong with the test that a cell names.
pub(super) fn missing(cell: &str) -> Option<String> {
    let named = cell
        .strip_prefix('`')
        .and_then(|cell| cell.strip_suffix('`'));
    let Some((file, test)) = named.and_then(|named| named.split_once("::")) else {
        return Some(format!("names no test: {cell:?}"));
    };
    let Ok(text) = fs_err::read_to_string(root().join(file)) else {
        return Some(format!("no such file: {file}"));
    };
    let begins = format!("fn {test}(");
    let Some((before, _)) = text.split_once(&begins) else {
        return Some(format!("no such test in {file}: {test}"));
    };
    // What stands between the function before and this one says whether it is a test.
    let own = before.rsplit_once('}').map_or(before, |(_, own)| own);
    let in_macro = before
        .rsplit_once("proptest! {")
        .is_some_and(|(_, own)| own.contains("#[test]"));
    let is_test = own.contains("#[test]") || own.contains("#[tokio::test") || in_macro;
    (!is_test).then(|| format!("no test: {file}::{test}"))
}

#[test]
fn each_attack_has_its_test() {
    let text = fs_err::read_to_string(root().join(PAGE)).unwrap();
    let mut wrong = Vec::new();
    let mut attacks = 0;
    for row in rows(&text).iter().skip(2) {
        match row.as_slice() {
            // A heading within the table.
            [title, "", ""] if title.starts_with("**") => {}
            [attack, result, test] if !attack.is_empty() && !result.is_empty() => {
                attacks += 1;
                wrong.extend(missing(test).map(|what| format!("{attack}: {what}")));
            }
            _ => wrong.push(format!("no row of three: {row:?}")),
        }
    }
    assert!(attacks > 30, "{attacks} attacks");
    none("an attack without its test", &wrong);
}

#[test]
fn what_is_no_test_is_seen() {
    for cell in [
        "",
        "`relay/tests/it/forgery.rs`",
        "`relay/tests/it/nothing.rs::x`",
        "`relay/tests/it/forgery.rs::no_such_test`",
        // There, and no test.
        "`relay/tests/it/forgery.rs::visitor`",
    ] {
        assert!(missing(cell).is_some(), "{cell}");
    }
    let good = "`relay/tests/it/forgery.rs::a_browser_key_claims_nobody`";
    assert_eq!(missing(good), None);
}
