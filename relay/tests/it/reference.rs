//! The README's reference is what the program says of itself. Where it is not, the test fails and
//! writes it anew.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::house::House;

const MARK: &str = "<!-- reference -->\n";

fn readme() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"))
}

/// Every metric with its help, from `/metrics`. The settings have a page of their own.
async fn reference() -> String {
    let house = House::new().await;
    let mut text = String::from("\n### Metrics\n\n| name | kind | meaning |\n|---|---|---|\n");
    let path = format!("/metrics?token={}", house.relay.token());
    let page = house.get(&path).await.text;
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(named) = line.strip_prefix("# HELP ") else {
            continue;
        };
        let (name, meaning) = named.split_once(' ').unwrap();
        let kind = lines.next().unwrap().rsplit_once(' ').unwrap().1;
        writeln!(text, "| `{name}` | {kind} | {meaning} |").unwrap();
    }
    text
}

#[tokio::test]
async fn the_reference_is_what_the_program_says() {
    let text = fs_err::read_to_string(readme()).unwrap();
    let (before, written) = text.split_once(MARK).unwrap();
    let reference = reference().await;
    if written != reference {
        fs_err::write(readme(), format!("{before}{MARK}{reference}")).unwrap();
        panic!("relay/README.md was out of date and is written anew: look at it and commit it");
    }
}
