//! Every query of `docs/lake.md` as it stands there, asked of a lake that the bot has filled
//! through the bookstore's relay; the answers are counted again without DuckDB.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context as _;
use clickstream_event::schema::LakeLine;
use clickstream_lab::lake::Line;
use clickstream_lab::shop::Shop;
use clickstream_lab::{bot, program, wait};
use serde_json::Value;

/// Asks each question in turn in one session; prints the answers as one JSON object.
const ASK: &str = r#"
import json, sys, duckdb
session = duckdb.connect()
# On a busy machine it would draw its progress between the answers.
session.execute("SET enable_progress_bar = false")
answers = {}
for name, sql in json.load(sys.stdin):
    answer = session.execute(sql)
    if answer.description:
        names = [column[0] for column in answer.description]
        answers[name] = [dict(zip(names, row)) for row in answer.fetchall()]
print(json.dumps(answers, default=str))
"#;

/// The queries of the document: name and text, the lake's folder put in.
fn queries(lake: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let document = fs_err::read_to_string(program::root().join("docs/lake.md"))?;
    let mut queries = Vec::new();
    for block in document.split("```sql\n").skip(1) {
        let sql = block
            .split("```")
            .next()
            .context("a block without an end")?;
        let name = sql
            .lines()
            .find_map(|line| line.strip_prefix("-- name: "))
            .context("a query without a name")?;
        let sql = sql.replace("data/lake", &lake.display().to_string());
        queries.push((name.to_owned(), sql));
    }
    Ok(queries)
}

fn ask(queries: &[(String, String)]) -> anyhow::Result<Value> {
    let mut child = Command::new(program::python()?)
        .args(["-c", ASK])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    serde_json::to_writer(child.stdin.take().context("no input")?, queries)?;
    let output = child.wait_with_output()?;
    anyhow::ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let answers = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&answers).with_context(|| answers.into_owned())
}

/// A row's text under a name.
fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap_or_default()
}

#[test]
fn every_question_of_the_document_is_answered() -> anyhow::Result<()> {
    let shop = Shop::start(&[])?;
    let run = |words: &[&str]| -> anyhow::Result<()> {
        let run = bot::run(words)?;
        anyhow::ensure!(run.status == 0, "{}", run.error);
        Ok(())
    };
    let url = shop.url.as_str();
    run(&["6", "0", "--seed", "5", "--url", url])?;
    let direct = [
        "1500", "0", "--direct", "--quiet", "--users", "20", "--seed", "5",
    ];
    run(&[&direct[..], &["--without-user-id", "4", "--url", url]].concat())?;
    // The lake is filled in the order of arrival: with the last of these, all is there.
    let events = shop.lake.wait_for("the bot's events", |lines| {
        let synthetic = lines.iter().filter(|line| is(line, "synthetic"));
        synthetic.count() == 1_496
    })?;
    wait::until("the four without a user", || match shop.lake.errors() {
        Ok(errors) if errors.len() == 4 => Ok(()),
        other => Err(format!("{other:?}")),
    })?;

    for line in &events {
        let typed: LakeLine = serde_json::from_value(line.json.clone())?;
        anyhow::ensure!(
            typed.more.is_empty(),
            "the schema does not name {:?}",
            typed.more
        );
        anyhow::ensure!(serde_json::to_value(typed)? == line.json, "{}", line.json);
    }

    let mut queries = queries(shop.lake.root())?;
    let names: Vec<&str> = queries.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "view",
            "by_user",
            "journey",
            "funnel",
            "without_user",
            "by_traffic",
            "doubles"
        ]
    );
    let journey = queries[2].1.clone();
    queries.push(("files".to_owned(), format!("EXPLAIN {journey}")));
    let answers = ask(&queries)?;

    check_users(&answers["by_user"], &events);
    check_journey(&answers["journey"], &events);
    check_files(&answers["files"], &events);
    check_funnel(&answers["funnel"], &events);
    check_without_user(&answers["without_user"])?;
    check_traffic(&answers["by_traffic"], &events);
    assert_eq!(answers["doubles"], serde_json::json!([]));
    Ok(())
}

fn is(line: &Line, traffic: &str) -> bool {
    line.json["relay"]["traffic"] == traffic
}

fn check_users(rows: &Value, events: &[Line]) {
    let mut counted = BTreeMap::<&str, u64>::new();
    for line in events {
        *counted.entry(text(&line.json, "userId")).or_default() += 1;
    }
    let told: BTreeMap<&str, u64> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (text(row, "userId"), row["events"].as_u64().unwrap()))
        .collect();
    assert_eq!(told, counted);
    assert!(told.len() > 20, "the readers, and a visitor in a browser");
}

fn check_journey(rows: &Value, events: &[Line]) {
    let mut lines: Vec<&Line> = events
        .iter()
        .filter(|line| line.folder() == Some("7"))
        .collect();
    lines.sort_by_key(|line| {
        let session = &line.json["context"]["session"];
        (session["index"].as_u64(), session["event"].as_u64())
    });
    let walked: Vec<(&str, &str)> = lines
        .iter()
        .map(|line| {
            let what = line.json["event"].as_str().or(line.json["type"].as_str());
            let page = line.json["context"]["page"]["path"].as_str();
            (what.unwrap(), page.unwrap())
        })
        .collect();
    let told: Vec<(&str, &str)> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (text(row, "what"), text(row, "page")))
        .collect();
    assert_eq!(told, walked);
    assert!(told.len() > 40);
}

/// One user's query opens that user's files only.
fn check_files(rows: &Value, events: &[Line]) {
    let plan = rows.to_string();
    let count = |keep: &dyn Fn(&&Line) -> bool| {
        let keys: std::collections::BTreeSet<&str> = events
            .iter()
            .filter(keep)
            .map(|line| line.key.as_str())
            .collect();
        keys.len()
    };
    let (own, all) = (count(&|line| line.folder() == Some("7")), count(&|_| true));
    assert!(own < all);
    let expected = format!("Scanning Files: {own}/{all}");
    assert!(plan.contains(&expected), "{expected} is not in {plan}");
}

fn check_funnel(rows: &Value, events: &[Line]) {
    let mut users = BTreeMap::<&str, Vec<&Line>>::new();
    for line in events {
        users
            .entry(text(&line.json, "userId"))
            .or_default()
            .push(line);
    }
    let steps = [
        "Product Viewed",
        "Product Added",
        "Checkout Started",
        "Order Completed",
    ];
    let mut reached = [0_u64; 4];
    for lines in users.values() {
        let mut since = "";
        for (step, name) in steps.iter().enumerate() {
            // Times of one form, so that text compares as time does.
            let next = lines
                .iter()
                .filter(|line| line.json["event"] == *name)
                .map(|line| text(&line.json, "timestamp"))
                .filter(|at| *at >= since)
                .min();
            let Some(at) = next else { break };
            since = at;
            reached[step] += 1;
        }
    }
    let told: Vec<u64> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["users"].as_u64().unwrap())
        .collect();
    assert_eq!(told, reached);
    assert!(reached[3] > 0, "somebody ordered: {reached:?}");
}

fn check_without_user(rows: &Value) -> anyhow::Result<()> {
    let rows = rows.as_array().context("no rows")?;
    assert_eq!(rows.len(), 4);
    for row in rows {
        assert_eq!(
            row["errorMessage"],
            "partitionKeys values must not be null or empty"
        );
        let event: Value =
            serde_json::from_str(text(row, "event")).with_context(|| row.to_string())?;
        assert!(event.get("userId").is_none());
        assert_eq!(event["relay"]["traffic"], "synthetic");
    }
    Ok(())
}

fn check_traffic(rows: &Value, events: &[Line]) {
    let told: BTreeMap<(&str, &str), u64> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                (text(row, "traffic"), text(row, "source")),
                row["events"].as_u64().unwrap(),
            )
        })
        .collect();
    let count = |traffic| events.iter().filter(|line| is(line, traffic)).count() as u64;
    let expected = BTreeMap::from([
        (("bot", "bookstore"), count("bot")),
        (("synthetic", "bookstore"), count("synthetic")),
    ]);
    assert_eq!(told, expected);
}
