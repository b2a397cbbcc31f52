//! A query of many small objects, before and after `lake compact` made one of each folder's: what the
//! thousands that a lake of many short epochs has cost who reads it.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::Context as _;
use clickstream_lab::lake::Lake;
use clickstream_lab::program;
use clickstream_lab::relay::Relay;

use crate::report::Report;
use crate::{machine, table};

const EVENTS: usize = 60_000;
const USERS: usize = 50;
/// Events a second: spread over a dozen seconds.
const RATE: usize = 5_000;
/// Seconds of an epoch: each makes an object for each user who did something.
const EPOCH: &str = "0.2";

/// Counts each user's events `rounds` times; says how many there are, and the seconds of each time.
const QUERY: &str = r#"
import sys, time, duckdb
query = f"""
    SELECT userId::VARCHAR, count(*) FROM read_json('{sys.argv[1]}/**/*', {sys.argv[2]}
        format = 'newline_delimited', hive_partitioning = true) GROUP BY ALL"""
for _ in range(int(sys.argv[3])):
    started = time.perf_counter()
    rows = duckdb.sql(query).fetchall()
    print(sum(count for _, count in rows), len(rows), time.perf_counter() - started)
"#;

/// What a query says of the events: the columns it wants, or nothing. Then DuckDB guesses all of them from
/// the first 20,480 lines of each of 32 objects: long ones give it more to read, and not less.
const COLUMNS: [&str; 2] = [
    "columns = {userId: 'VARCHAR', type: 'VARCHAR', messageId: 'VARCHAR'},",
    "",
];

/// Runs the comparison, and writes its table.
///
/// # Errors
/// Where a program is missing, or the query counts other events than were sent.
pub fn run(rounds: usize) -> anyhow::Result<()> {
    let mut report = Report::begin("compact", "A query before and after `lake compact`");
    let folder = machine::disk_folder()?;
    let folder = tempfile::tempdir_in(folder)?;
    let lake = fill(folder.path())?;
    writeln!(
        report,
        "A lake of {EVENTS} events of {USERS} users, delivered by a relay in epochs of {EPOCH} s. DuckDB counts each \
         user's events: with three columns named, and with none, so that it guesses all of them from what \
         it reads first. Medians of {rounds} queries.\n\n{}\n",
        machine::words(folder.path())?,
    )?;
    report.line("| lake | objects | columns named, ms | ratio | guessed, ms | ratio |");
    report.line("|---|---|---|---|---|---|");
    let data = lake.root().join("raw");
    let (many, before) = (lake.keys()?.len(), queries(&data, rounds)?);
    report.line(&row("as delivered", many, before, before));
    let started = Instant::now();
    compact(lake.root())?;
    let took = started.elapsed();
    let (few, after) = (lake.keys()?.len(), queries(&data, rounds)?);
    anyhow::ensure!(few < many, "{many} objects, and {few} afterwards");
    report.line(&row("compacted", few, before, after));
    report.line(&format!(
        "\nThe command took {:.0} ms. Load of the machine at the end: {}.",
        took.as_secs_f64() * 1e3,
        machine::load()
    ));
    report.write()
}

/// Lets a relay fill a lake, and stops it when all is there.
fn fill(folder: &Path) -> anyhow::Result<Lake> {
    let relay = Relay::start(folder, &["--buffer-interval", EPOCH])?;
    relay.wait_ready()?;
    let status = Command::new(program::path("clickstream-bot")?)
        .args([&EVENTS.to_string(), "--direct", "--quiet", "--seed", "1"])
        .args(["--users", &USERS.to_string(), "--rate", &RATE.to_string()])
        .args(["--url", &relay.url, "--write-key", "server-key"])
        .stdout(Stdio::null())
        .status()
        .context("cannot start the bot")?;
    anyhow::ensure!(status.success(), "the bot failed ({status})");
    relay
        .lake
        .wait_for("the bot's events", |lines| lines.len() == EVENTS)?;
    Ok(relay.lake.clone())
}

/// Seconds of the query in either form, which finds all events.
fn queries(data: &Path, rounds: usize) -> anyhow::Result<[f64; 2]> {
    let [named, guessed] = COLUMNS.map(|columns| query(data, columns, rounds));
    Ok([named?, guessed?])
}

fn query(data: &Path, columns: &str, rounds: usize) -> anyhow::Result<f64> {
    let output = Command::new(program::python()?)
        .args(["-c", QUERY])
        .arg(data)
        .args([columns, &rounds.to_string()])
        .output()
        .context("cannot start DuckDB's Python")?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "the query failed: {said}");
    let text = String::from_utf8(output.stdout)?;
    let each = text.lines().map(|line| {
        let [events, users, seconds] = line.split(' ').collect::<Vec<_>>()[..] else {
            anyhow::bail!("the query printed {line:?}");
        };
        let found: (usize, usize) = (events.parse()?, users.parse()?);
        anyhow::ensure!(found == (EVENTS, USERS), "it found {found:?}");
        Ok(seconds.parse()?)
    });
    Ok(table::median(&each.collect::<anyhow::Result<Vec<f64>>>()?))
}

fn compact(lake: &Path) -> anyhow::Result<()> {
    let mut compact = Command::new(program::path("clickstream-relay")?);
    compact.args(["lake", "compact", "--day", "today", "--lake-dir"]);
    let output = compact.arg(lake).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "lake compact failed: {said}");
    Ok(())
}

fn row(what: &str, objects: usize, before: [f64; 2], now: [f64; 2]) -> String {
    let [named, guessed] = [0, 1].map(|form| {
        let (before, now): (f64, f64) = (before[form], now[form]);
        format!("{:.0} | {:.1}", now * 1e3, before / now)
    });
    format!("| {what} | {objects} | {named} | {guessed} |")
}
