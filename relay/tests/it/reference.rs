//! The README's reference is what the program says of itself. Where it is not, the test fails and
//! writes it anew.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use crate::house::House;

const MARK: &str = "<!-- reference -->\n";

fn readme() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"))
}

/// Every flag with its variable, from `--help`; every metric with its help, from `/metrics`.
async fn reference() -> String {
    let help = Command::new(env!("CARGO_BIN_EXE_clickstream-relay"))
        .arg("--help")
        .env_clear()
        .env("COLUMNS", "100")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let options = help[help.find("\nOptions:").unwrap() + 1..].lines();
    let options: Vec<&str> = options.map(str::trim_end).collect();
    let options = options.join("\n");
    let mut text = format!("\n### Settings\n\n```text\n{}\n```\n", options.trim_end());
    let house = House::new().await;
    let path = format!("/metrics?token={}", house.relay.token());
    let page = house.get(&path).await.text;
    text.push_str("\n### Metrics\n\n| name | kind | meaning |\n|---|---|---|\n");
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
