//! PostgreSQL with one insert a batch: durable, and known to everybody.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use clickstream_lab::program::Program;
use clickstream_lab::wait;

use crate::load::{Answered, CONNECTIONS};
use crate::process;
use crate::relay::Figures;

/// PostgreSQL does not run as root; Debian's `nobody` owns nothing else.
const NOBODY: u32 = 65_534;

const TABLE: &str = "CREATE TABLE batches (id bigserial PRIMARY KEY, body text); \
     ALTER TABLE batches ALTER COLUMN body SET STORAGE EXTERNAL;";

/// One event of the relay's own load, with an id in place of `%s`.
const SCRIPT: &str = include_str!("../load.lua");

/// Its name and version.
pub fn version() -> anyhow::Result<String> {
    let output = Command::new(program("postgres")?)
        .arg("--version")
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let version = said.split_whitespace().nth(2).unwrap_or_default();
    Ok(version.to_owned())
}

/// One round: so many seconds of inserts into a new cluster.
pub fn round(
    folder: &Path,
    events: usize,
    time: Duration,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let folder = tempfile::tempdir_in(folder)?;
    // A socket's path has at most 107 bytes, so it lies where temporary files do.
    let socket = tempfile::tempdir()?;
    for own in [folder.path(), socket.path()] {
        if rustix::process::geteuid().is_root() {
            chown(own, Some(NOBODY), Some(NOBODY))?;
        }
    }
    let data = folder.path().join("data");
    finish(
        as_nobody("initdb")?
            .args(["--username=bench", "--auth=trust", "--no-sync", "--pgdata"])
            .arg(&data),
    )?;
    let mut server = as_nobody("postgres")?;
    server.arg("-D").arg(&data).arg("-k").arg(socket.path());
    server.args(["-c", "listen_addresses="]);
    server.args(["-c", "synchronous_commit=on", "-c", "max_connections=200"]);
    let server = Program::spawn("postgres", server)?;
    let client = |name: &str| -> anyhow::Result<Command> {
        let mut client = as_nobody(name)?;
        client.current_dir(folder.path());
        client.arg("--host").arg(socket.path());
        client
            .args(["--username=bench"])
            .env("PGDATABASE", "postgres");
        Ok(client)
    };
    wait::until("PostgreSQL to answer", || {
        finish(client("psql")?.args(["--command", "SELECT 1"]))
    })?;
    finish(client("psql")?.args(["--command", TABLE]))?;

    let insert = folder.path().join("insert.sql");
    fs_err::write(&insert, "INSERT INTO batches (body) VALUES (:body);\n")?;
    let before = process::family_cpu_seconds(server.id())?;
    finish(
        client("pgbench")?
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=1"])
            .args([&format!("--client={CONNECTIONS}"), "--log"])
            .arg(format!("--time={}", time.as_secs().max(1)))
            .arg(format!("--define=body={}", body(events)?))
            .arg("--file")
            .arg(&insert),
    )?;
    // A backend's time is its parent's once it has ended.
    wait::until("the clients' backends to end", || {
        let mut words = process::children(server.id())?
            .into_iter()
            .filter_map(process::words);
        match words.find(|words| words.contains("bench")) {
            Some(words) => Err(anyhow::anyhow!(words)),
            None => Ok(()),
        }
    })?;
    let used = process::family_cpu_seconds(server.id())? - before;
    figures.add(&answered(folder.path())?, used, f64::NAN);
    Ok(())
}

/// What pgbench's log of transactions says: the third word is a latency in microseconds, the last
/// two are when it ended.
fn answered(folder: &Path) -> anyhow::Result<Answered> {
    let mut latencies = Vec::new();
    let (mut first, mut last) = (f64::INFINITY, 0.0_f64);
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        if !entry
            .file_name()
            .to_string_lossy()
            .starts_with("pgbench_log")
        {
            continue;
        }
        for line in fs_err::read_to_string(entry.path())?.lines() {
            let words: Vec<f64> = line
                .split(' ')
                .filter_map(|word| word.parse().ok())
                .collect();
            let [_, _, latency_us, _, seconds, micros, ..] = words.as_slice() else {
                anyhow::bail!("pgbench logged something else: {line}");
            };
            let ended = seconds + micros / 1e6;
            first = first.min(ended - latency_us / 1e6);
            last = last.max(ended);
            latencies.push(latency_us / 1e3);
        }
    }
    anyhow::ensure!(!latencies.is_empty(), "pgbench logged no transaction");
    latencies.sort_by(f64::total_cmp);
    let quantile = |part: f64| {
        let place = (latencies.len() as f64 * part) as usize;
        latencies
            .get(place)
            .or(latencies.last())
            .copied()
            .unwrap_or(f64::NAN)
    };
    Ok(Answered {
        requests: latencies.len() as f64,
        seconds: last - first,
        percentiles_ms: [quantile(0.5), quantile(0.99), quantile(0.999)],
    })
}

/// A body as the relay gets it, of so many events.
fn body(events: usize) -> anyhow::Result<String> {
    let event = SCRIPT
        .split_once("[[")
        .and_then(|(_, rest)| rest.split_once("]]"))
        .map(|(event, _)| {
            event
                .replace("%s", "000000000000000000000001")
                .replace("%d", "1")
        })
        .context("the load has no event")?;
    let batch = vec![event; events].join(",");
    Ok(format!(r#"{{"batch":[{batch}]}}"#))
}

/// One of PostgreSQL's programs; Debian has several versions beside each other, off the PATH.
fn program(name: &str) -> anyhow::Result<PathBuf> {
    let versions = fs_err::read_dir("/usr/lib/postgresql");
    let newest = versions
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin").join(name)))
        .filter(|program| program.exists())
        .max();
    newest.with_context(|| format!("there is no {name}; on Debian: apt-get install postgresql"))
}

fn as_nobody(name: &str) -> anyhow::Result<Command> {
    let mut command = Command::new(program(name)?);
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY).current_dir("/");
    }
    Ok(command)
}

fn finish(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output()?;
    anyhow::ensure!(
        output.status.success(),
        "{command:?} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
