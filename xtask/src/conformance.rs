//! `cargo xtask conformance`: what emulators of Firehose do with what AWS documents, run side by side by
//! boto3, into the table of firehose-local's README. What cannot be had as a package was read.

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use anyhow::Context as _;
use serde_json::Value;

use crate::{command, setup};

/// The probes, in the order of the table.
pub const PROBES: &str = "firehose-local/tests/conformance.py";

/// Where the table stands, between two marks.
pub const PAGE: &str = "firehose-local/README.md";
const BEGIN: &str = "<!-- conformance -->\n";
const END: &str = "<!-- /conformance -->";

/// Emulators that are run, as the probes call them and as the table does; versions are those of
/// `tests/requirements-emulators.txt`.
const RUN: [(&str, &str); 3] = [
    ("firehose-local", "firehose-local"),
    ("moto", "moto 5.2.5"),
    ("MiniStack", "MiniStack 1.5.33"),
];

/// What was read in the sources of LocalStack's community edition 2026.3.0 and of floci (August 2026),
/// by probe. `–`: nothing was read of it.
pub const READ: [(&str, &str, &str); 21] = [
    (
        "partition keys by a jq path",
        "no: kept as text",
        "no: kept as text",
    ),
    ("any jq 1.6 query (`if`, `ascii_downcase`)", "no", "no"),
    ("numbers as jq 1.6 prints them (`45.0` → `45`)", "no", "no"),
    ("several keys", "no", "no"),
    ("deaggregation of packed JSON", "no", "no"),
    (
        "501 objects in a record: none is split, all fail",
        "no",
        "no",
    ),
    (
        "a newline after each record",
        "no",
        "no: only where it is missing",
    ),
    ("`\"\"` as a key is an error", "no", "no"),
    ("errors below `metadata-extraction-failed/`", "no", "no"),
    (
        "the error object's fields, in AWS's order and words",
        "no",
        "no",
    ),
    ("the limit of 500 active partitions", "no", "no"),
    (
        "`!{timestamp:…}` by Java's letters, no date appended",
        "no: `/` and the date always",
        "yes",
    ),
    (
        "a prefix without expressions gets the date, no slash",
        "no: `/` and the date always",
        "yes",
    ),
    (
        "object names `STREAM-VERSION-TIME-UUID`",
        "no: no version",
        "–",
    ),
    (
        "buffering: several calls, one object",
        "no: an object a call",
        "yes",
    ),
    ("GZIP", "no", "yes"),
    (
        "501 records, 1,024,001 B, 5 MB and no record refused",
        "no",
        "no",
    ),
    (
        "refusal: expressions without an ErrorOutputPrefix",
        "no",
        "no",
    ),
    ("refusal: 5 MiB with dynamic partitioning", "no", "no"),
    (
        "refusal: a value that no enum has, with its path",
        "no",
        "some",
    ),
    ("UpdateDestination with an old version", "yes", "–"),
];

/// Installs the emulators, runs the probes on each, and writes the table.
///
/// # Errors
/// Where an emulator does not start, or firehose-local fails a probe.
pub fn run() -> anyhow::Result<()> {
    let python = setup::emulators()?.join("bin/python");
    command::run(command::cargo().args(["build", "--quiet", "--workspace"]))?;
    let output = Command::new(python)
        .arg(command::root().join(PROBES))
        .arg(command::target().join("debug/firehose-local"))
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start the probes")?;
    anyhow::ensure!(output.status.success(), "the probes failed");
    let answers: Value = serde_json::from_slice(&output.stdout)?;
    let path = command::root().join(PAGE);
    let page = fs_err::read_to_string(&path)?;
    fs_err::write(&path, with_table(&page, &table(&answers)?)?)?;
    let failed: Vec<&str> = READ
        .iter()
        .map(|(probe, _, _)| *probe)
        .filter(|probe| answers["firehose-local"][*probe] != "yes")
        .collect();
    anyhow::ensure!(
        failed.is_empty(),
        "firehose-local fails: {}",
        failed.join("; ")
    );
    Ok(())
}

fn table(answers: &Value) -> anyhow::Result<String> {
    let mut table = String::from("| what AWS does |");
    for (_, title) in RUN {
        write!(table, " {title} |")?;
    }
    table += " LocalStack community 2026.3.0 | floci, Aug 2026 |\n|---|---|---|---|---|---|\n";
    for (probe, localstack, floci) in READ {
        write!(table, "| {probe} |")?;
        for (name, _) in RUN {
            let answer = answers[name][probe].as_str();
            let answer = answer.with_context(|| format!("{name} did not answer: {probe}"))?;
            write!(table, " {} *run* |", answer.replace('|', "\\|"))?;
        }
        for cell in [localstack, floci] {
            let mark = if cell == "–" { "" } else { " *read*" };
            write!(table, " {cell}{mark} |")?;
        }
        table.push('\n');
    }
    Ok(table)
}

/// The page with another table between the marks.
fn with_table(page: &str, table: &str) -> anyhow::Result<String> {
    let parts = page
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = parts.with_context(|| format!("{PAGE} has no place for the table"))?;
    Ok(format!("{before}{BEGIN}{table}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_probed_is_what_the_table_has() {
        let script = fs_err::read_to_string(command::root().join(PROBES)).unwrap();
        let (_, probes) = script.split_once("PROBES = {\n").unwrap();
        let (probes, _) = probes.split_once("\n}\n").unwrap();
        let probes: Vec<String> = probes
            .lines()
            .map(|line| {
                let (name, _) = line.trim().rsplit_once("\": ").unwrap();
                name.trim_start_matches('"').replace("\\\"", "\"")
            })
            .collect();
        assert_eq!(probes, READ.map(|(probe, _, _)| probe));
    }

    #[test]
    fn the_readme_has_each_row_and_says_how_each_cell_is_known() {
        let page = fs_err::read_to_string(command::root().join(PAGE)).unwrap();
        let (_, rest) = page.split_once(BEGIN).unwrap();
        let (table, _) = rest.split_once(END).unwrap();
        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(rows.len(), READ.len());
        for (row, (probe, _, _)) in rows.iter().zip(READ) {
            let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
            assert_eq!(cells[0], probe);
            assert_eq!(cells.len(), 1 + RUN.len() + 2, "{row}");
            assert_eq!(cells[1], "yes *run*", "{row}");
            for cell in &cells[1..] {
                let known = cell.ends_with("*run*") || cell.ends_with("*read*") || *cell == "–";
                assert!(known, "{cell}");
            }
        }
    }

    #[test]
    fn only_the_table_is_replaced() {
        let page = format!("a\n{BEGIN}old\n{END}\nb\n");
        let page = with_table(&page, "new\n").unwrap();
        assert_eq!(page, format!("a\n{BEGIN}new\n{END}\nb\n"));
        assert!(with_table("a\n", "new\n").is_err());
    }
}
