//! The bot in a browser: it clicks on what is there, each click becomes one event, and every
//! event is known as a bot's.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use clickstream_lab::lake::{self, Line};
use clickstream_lab::program;
use clickstream_lab::shop::Shop;

/// What a run did, by its own words.
struct Browsed {
    /// A line an action, such as `3: link “Kitchen” to /departments/kitchen`.
    did: Vec<String>,
    said: String,
    status: i32,
    /// What was left in the folder for temporary files.
    left: Vec<PathBuf>,
}

fn browse(words: &[&str]) -> anyhow::Result<Browsed> {
    let temporary = tempfile::tempdir()?;
    let output = Command::new(program::path("clickstream-bot")?)
        .args(words)
        .env("TMPDIR", temporary.path())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let numbered = |line: &&str| {
        line.split(": ")
            .next()
            .is_some_and(|n| n.parse::<u32>().is_ok())
    };
    Ok(Browsed {
        did: said.lines().filter(numbered).map(str::to_owned).collect(),
        status: output.status.code().unwrap_or(-1),
        left: fs_err::read_dir(temporary.path())?
            .map(|entry| Ok(entry?.path()))
            .collect::<std::io::Result<_>>()?,
        said,
    })
}

/// A fence: what the relay takes after the browsing lies in the lake after it.
fn all_events(shop: &Shop) -> anyhow::Result<Vec<Line>> {
    let fence = clickstream_lab::bot::run(&["1", "0", "--direct", "--quiet", "--url", &shop.url])?;
    anyhow::ensure!(fence.status == 0, "{}", fence.error);
    let synthetic = |line: &Line| line.json["relay"]["traffic"] == "synthetic";
    let mut lines = shop
        .lake
        .wait_for("the fence", |lines| lines.iter().any(synthetic))?;
    lines.retain(|line| !synthetic(line));
    Ok(lines)
}

#[test]
fn ten_actions_are_ten_things_that_were_there() -> anyhow::Result<()> {
    let shop = Shop::start(&[])?;
    let browsed = browse(&["10", "0", "--seed", "1", "--url", &shop.url])?;
    assert_eq!(browsed.status, 0, "{}", browsed.said);
    assert_eq!(browsed.did.len(), 10, "{}", browsed.said);
    assert!(browsed.left.is_empty(), "{:?}", browsed.left);

    let events = all_events(&shop)?;
    lake::check_books(&events)?;
    assert!(
        events
            .iter()
            .all(|line| line.json["relay"]["traffic"] == "bot")
    );
    let count = |name: &str| events.iter().filter(|line| line.name() == name).count();
    // A form may need a choice of one of several first, which is a click of its own; lists
    // are chosen from by keyboard.
    let clicks = browsed.did.iter().filter(|did| {
        ["link", "button", "form", "choice"]
            .iter()
            .any(|kind| did.contains(&format!(": {kind} ")))
    });
    assert!(
        count("track Element Clicked") >= clicks.count() && count("page") >= 1,
        "{}\n{:?}",
        browsed.said,
        events.iter().map(Line::name).collect::<Vec<_>>()
    );
    Ok(())
}

#[test]
fn the_same_seed_chooses_the_same() -> anyhow::Result<()> {
    let did = |seed| -> anyhow::Result<Vec<String>> {
        let shop = Shop::start(&[])?;
        let browsed = browse(&["6", "0", "--seed", seed, "--url", &shop.url])?;
        // Ports differ from shop to shop, paths do not.
        Ok(browsed
            .did
            .iter()
            .map(|did| did.replace(&shop.url, ""))
            .collect())
    };
    let first = did("7")?;
    assert_eq!(first.len(), 6);
    assert_eq!(first, did("7")?);
    Ok(())
}

#[test]
fn visitors_side_by_side_are_different_people() -> anyhow::Result<()> {
    let shop = Shop::start(&[])?;
    let browsed = browse(&[
        "9",
        "0",
        "--visitors",
        "3",
        "--seed",
        "1",
        "--url",
        &shop.url,
    ])?;
    assert_eq!(browsed.status, 0, "{}", browsed.said);
    assert_eq!(browsed.did.len(), 9, "{}", browsed.said);
    let events = all_events(&shop)?;
    let browsers: BTreeSet<_> = events
        .iter()
        .filter_map(|line| line.json["anonymousId"].as_str())
        .collect();
    // Who signs out becomes somebody else: at least three, then.
    assert!(browsers.len() >= 3, "{browsers:?}");
    assert!(
        events
            .iter()
            .all(|line| line.json["relay"]["traffic"] == "bot")
    );
    Ok(())
}

#[test]
fn a_site_that_is_not_there_is_named() -> anyhow::Result<()> {
    let port = std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port();
    let browsed = browse(&["1", "0", "--url", &format!("http://127.0.0.1:{port}/")])?;
    assert_eq!(browsed.status, 1);
    assert!(
        browsed.said.contains("cargo xtask demo"),
        "{}",
        browsed.said
    );
    assert!(browsed.left.is_empty(), "{:?}", browsed.left);
    Ok(())
}
