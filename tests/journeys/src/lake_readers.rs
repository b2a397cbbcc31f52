//! An object of the lake is read by what analysts have, without a word about its form.
//! (Spark reads it too; it takes half a gigabyte to show, so it is not in these checks.)

use std::process::Command;

use clickstream_lab::bot;
use clickstream_lab::shop::Shop;

use crate::lake_questions::python;

const READ: &str = r#"
import sys, duckdb, pandas
path, lines, user = sys.argv[1], int(sys.argv[2]), sys.argv[3]
rows = duckdb.sql(f"SELECT userId, type FROM read_json('{path}')").fetchall()
assert len(rows) == lines and {str(row[0]) for row in rows} == {user}, rows
frame = pandas.read_json(path, lines=True, convert_dates=False)
assert len(frame) == lines and set(frame["userId"].astype(str)) == {user}, frame
"#;

#[test]
fn duckdb_and_pandas_read_an_object_as_it_is() -> anyhow::Result<()> {
    let shop = Shop::start(&[])?;
    let run = bot::run(&[
        "60", "0", "--direct", "--quiet", "--users", "3", "--seed", "3", "--url", &shop.url,
    ])?;
    assert_eq!(run.status, 0, "{}", run.error);
    let events = shop
        .lake
        .wait_for("the bot's events", |events| events.len() == 60)?;
    let first = events.first().unwrap();
    let lines = events.iter().filter(|line| line.key == first.key).count();
    let read = Command::new(python()?)
        .args(["-c", READ])
        .arg(shop.lake.root().join("raw").join(&first.key))
        .arg(lines.to_string())
        .arg(first.folder().unwrap())
        .output()?;
    assert!(
        read.status.success(),
        "{}",
        String::from_utf8_lossy(&read.stderr)
    );
    Ok(())
}
