//! The lake is read by what analysts have, without a word about its form: each user a partition, and
//! in each as many events as lie there. Spark takes half a gigabyte to show it, so that it is asked in
//! `soak` only.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use clickstream_lab::shop::Shop;
use clickstream_lab::{bot, program};

/// Counts events by user, by the folders' names, and checks that the lines say the same.
const DUCKDB: &str = r#"
import json, sys, duckdb
rows = duckdb.sql(f"""
    SELECT userId::VARCHAR, count(*) FROM read_json('{sys.argv[1]}/**/*',
        format = 'newline_delimited', hive_partitioning = true) GROUP BY ALL""").fetchall()
print(json.dumps(dict(rows)))
"#;

/// pandas knows no folders of partitions in JSON: the folder's name is put beside what is read.
const PANDAS: &str = r#"
import json, pathlib, sys, urllib.parse, pandas
frames = []
for path in pathlib.Path(sys.argv[1]).rglob("*"):
    if path.is_file():
        frame = pandas.read_json(path, lines=True, convert_dates=False, dtype={"userId": str})
        folder = next(part for part in path.parts if part.startswith("userId="))
        frames.append(frame.assign(folder=urllib.parse.unquote(folder[7:])))
frame = pandas.concat(frames)
assert (frame["folder"] == frame["userId"]).all(), frame
print(json.dumps(frame.groupby("folder").size().to_dict()))
"#;

const SPARK: &str = r#"
import json, sys
from pyspark.sql import SparkSession
builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
spark = builder.config("spark.driver.bindAddress", "127.0.0.1").getOrCreate()
frame = spark.read.option("recursiveFileLookup", "false").json(sys.argv[1])
assert {"userId", "year", "month", "day", "hour"} <= set(frame.columns), frame.columns
rows = frame.groupBy("userId").count().collect()
print(json.dumps({str(row["userId"]): row["count"] for row in rows}))
"#;

/// Events that Spark is given; without the variable it is not asked.
const SPARK_VARIABLE: &str = "CLICKSTREAM_SPARK_EVENTS";

/// A shop with so many events of seven users in its lake, and how many each has.
fn filled(events: usize) -> anyhow::Result<(Shop, BTreeMap<String, u64>)> {
    let shop = Shop::start(&[])?;
    let count = events.to_string();
    let words = [
        &count, "0", "--direct", "--quiet", "--users", "7", "--seed", "3", "--url", &shop.url,
    ];
    let run = bot::run(&words)?;
    assert_eq!(run.status, 0, "{}", run.error);
    let lines = shop
        .lake
        .wait_for("the bot's events", |lines| lines.len() == events)?;
    let mut counted = BTreeMap::new();
    for line in &lines {
        let user = line
            .folder()
            .context("an object outside of a user's folder")?;
        *counted.entry(user.to_owned()).or_default() += 1;
    }
    assert_eq!(counted.len(), 7, "each user has events: {counted:?}");
    Ok((shop, counted))
}

/// What a reader counts.
fn count(python: &Path, script: &str, shop: &Shop) -> anyhow::Result<BTreeMap<String, u64>> {
    let read = Command::new(python)
        .args(["-c", script])
        .arg(shop.lake.root().join("raw/clickstream"))
        .env("SPARK_LOCAL_IP", "127.0.0.1")
        .output()?;
    let said = String::from_utf8_lossy(&read.stderr);
    anyhow::ensure!(read.status.success(), "{said}");
    let text = String::from_utf8(read.stdout)?;
    serde_json::from_str(&text).with_context(|| format!("{text}\n{said}"))
}

#[test]
fn duckdb_and_pandas_count_the_same_events_by_the_users_folders() -> anyhow::Result<()> {
    let (shop, counted) = filled(210)?;
    assert_eq!(
        count(&program::python()?, DUCKDB, &shop)?,
        counted,
        "DuckDB"
    );
    assert_eq!(
        count(&program::python()?, PANDAS, &shop)?,
        counted,
        "pandas"
    );
    Ok(())
}

/// While the relay runs, and with its own word for what is delivered.
#[test]
fn complaint_52_many_small_objects_become_few_and_the_counts_stay() -> anyhow::Result<()> {
    let (shop, _) = filled(210)?;
    for round in 2..=4 {
        let seed = round.to_string();
        let words = [
            "210", "0", "--direct", "--quiet", "--users", "7", "--seed", &seed, "--url", &shop.url,
        ];
        assert_eq!(bot::run(&words)?.status, 0);
        let all = |lines: &[_]| lines.len() == round * 210;
        shop.lake.wait_for("the bot's events", all)?;
    }
    let before = count(&program::python()?, DUCKDB, &shop)?;
    let objects = || shop.lake.keys().map(|keys| keys.len());
    let many = objects()?;
    let compact = Command::new(program::path("clickstream-relay")?)
        .args(["lake", "compact", "--day", "today", "--lake-dir"])
        .arg(shop.lake.root())
        .output()?;
    let said = String::from_utf8_lossy(&compact.stdout);
    assert!(compact.status.success() && said.contains(" objects became "));
    assert!(objects()? < many, "{many} objects before: {said}");
    assert_eq!(count(&program::python()?, DUCKDB, &shop)?, before);
    Ok(())
}

/// The Python that has Spark, beside the other.
fn python_with_spark() -> anyhow::Result<PathBuf> {
    let python = program::target()?.join("spark/bin/python");
    anyhow::ensure!(
        python.exists(),
        "{} is missing: `cargo xtask soak` makes it",
        python.display()
    );
    Ok(python)
}

#[test]
fn spark_counts_the_same_events_where_it_is_asked() -> anyhow::Result<()> {
    #[allow(
        clippy::disallowed_methods,
        reason = "the size of a suite, as every suite of soak reads it"
    )]
    let asked = std::env::var(SPARK_VARIABLE);
    let Ok(events) = asked else {
        eprintln!("not asked: {SPARK_VARIABLE} is not set");
        return Ok(());
    };
    let (shop, counted) = filled(events.parse()?)?;
    assert_eq!(count(&python_with_spark()?, SPARK, &shop)?, counted);
    Ok(())
}
