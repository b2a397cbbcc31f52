//! The relay, durable, with identity and duplicates on, against a bare axum handler that
//! only reads the body: each a process of its own, in turns.

use std::fmt::Write as _;
use std::process::Command;
use std::time::Duration;

use axum::body::Bytes;
use clickstream_lab::http;
use clickstream_lab::program::Program;
use clickstream_lab::relay::Relay;
use clickstream_lab::wait;

use crate::load::{self, Answered, CONNECTIONS, QUICK_SYNC_US};
use crate::report::Report;
use crate::syncs::Syncs;
use crate::{machine, process, table};

/// The part of bare's requests a second that is promised, by events a request.
pub const GOALS: [(usize, f64); 3] = [(1, 0.70), (20, 0.50), (100, 0.35)];

/// Segments that are zero-filled before a round begins, as those of a relay that runs are.
const READY: &str = "4GiB";
const READY_BYTES: u64 = 4 << 30;

const TOKEN: &str = "bench-metrics-token";

/// One server's figures over all rounds.
#[derive(Debug, Default)]
pub struct Figures {
    a_second: Vec<f64>,
    cpu_us: Vec<f64>,
    percentiles_ms: [Vec<f64>; 3],
    peak_mb: Vec<f64>,
}

impl Figures {
    /// Adds a round.
    pub fn add(&mut self, answered: &Answered, cpu_seconds: f64, peak_mb: f64) {
        self.a_second.push(answered.requests / answered.seconds);
        self.cpu_us.push(cpu_seconds * 1e6 / answered.requests);
        for (all, one) in self.percentiles_ms.iter_mut().zip(answered.percentiles_ms) {
            all.push(one);
        }
        self.peak_mb.push(peak_mb);
    }

    /// Its line of a table: medians.
    pub fn row(&self, events: usize, who: &str, rest: &str) -> String {
        let [half, most, nearly_all] = self.percentiles_ms.each_ref().map(|all| table::median(all));
        let a_second = table::median(&self.a_second);
        format!(
            "| {events} | {who} | {a_second:.0} | {:.0} | {:.1} | {half:.2} / {most:.1} / {nearly_all:.1} | {} | {rest} |",
            a_second * events as f64,
            table::median(&self.cpu_us),
            peak(table::median(&self.peak_mb)),
        )
    }
}

/// Many processes share memory, so that no sum of theirs is one: then it is not known.
fn peak(mb: f64) -> String {
    if mb.is_nan() {
        "–".to_owned()
    } else {
        format!("{mb:.0}")
    }
}

/// Runs the comparison at 1, 20 and 100 events a request, and writes its table.
pub fn run(rounds: usize, time: Duration) -> anyhow::Result<()> {
    let mut report = Report::begin("relay", "Durable intake");
    let folder = machine::disk_folder()?;
    writeln!(
        report,
        "The relay with a synced spool, identity and duplicates on, beside a bare axum handler that \
         only reads the body. Its segments are zero-filled beforehand ({READY}), as those of a relay that \
         runs are: used before, or made in quiet times. Load: wrk, one thread, {CONNECTIONS} connections, {rounds} rounds of \
         {} s in turns, medians. *CPU* is the server's user and system time a request: the figure \
         that neighbours disturb least. Nothing is delivered meanwhile. *Ratio* is requests a second over bare's, then CPU a \
         request of bare over ours.\n\n{}\n",
        time.as_secs(),
        machine::words(&folder)?,
    )?;
    report.line("| events a request | server | requests/s | events/s | CPU µs a request | p50 / p99 / p99.9 ms | peak MB | ratio (by CPU), goal |");
    report.line("|---|---|---|---|---|---|---|---|");
    let mut syncs = Vec::new();
    for (events, goal) in GOALS {
        let (mut ours, mut bare) = (Figures::default(), Figures::default());
        let mut sync_us = Vec::new();
        for round in 0..rounds {
            // Whoever comes second meets a warmer machine: they change places.
            for place in 0..2 {
                if (round + place) % 2 == 0 {
                    let seen = durable(&folder, events, time, &mut ours)?;
                    sync_us.push(seen.quantile_us(0.5));
                    syncs.push(format!(
                        "{events}: {:.0} / {:.0} µs, {:.0} calls",
                        seen.quantile_us(0.5),
                        seen.quantile_us(0.99),
                        seen.calls()
                    ));
                } else {
                    unsynced(events, time, &mut bare)?;
                }
            }
        }
        report.line(&bare.row(events, "bare", "1"));
        let ceiling = table::median(&bare.a_second);
        // A slower disk than the goal means: then the disk's own ceiling, if that is lower.
        let sync_us = table::median(&sync_us);
        let slow = (sync_us > QUICK_SYNC_US).then(|| CONNECTIONS as f64 * 1e6 / (2.0 * sync_us));
        let judged = ceiling.min(slow.unwrap_or(f64::INFINITY));
        let ratio = table::median(&ours.a_second) / judged;
        let by_cpu = table::median(&bare.cpu_us) / table::median(&ours.cpu_us);
        let note = if judged < ceiling {
            " of the disk's ceiling"
        } else {
            ""
        };
        let rest = format!("**{ratio:.2}** ({by_cpu:.2}){note}, {goal:.2}");
        report.line(&ours.row(events, "relay", &rest));
    }
    report.line(&format!(
        "\nSyncs by round (p50 / p99, calls), by events a request: {}.",
        syncs.join("; ")
    ));
    report.line(&format!(
        "Load of the machine at the end: {}.",
        machine::load()
    ));
    report.write()
}

/// One round of the relay; says how its syncs went.
fn durable(
    folder: &std::path::Path,
    events: usize,
    time: Duration,
    figures: &mut Figures,
) -> anyhow::Result<Syncs> {
    let folder = tempfile::tempdir_in(folder)?;
    // Nothing is delivered while it is measured, and all of it has room: this is the intake's figure.
    let relay = Relay::start(
        folder.path(),
        &[
            "--buffer-interval",
            "600",
            "--buffer-size",
            "65536",
            "--spool-size",
            "32GiB",
            // What one round fills: a relay that runs has segments that were used before.
            "--spool-ready",
            READY,
            "--metrics-token",
            TOKEN,
        ],
    )?;
    relay.wait_ready()?;
    wait::until("segments made ready", || {
        let bytes = metrics(&relay).map_err(|error| format!("{error:#}"))?;
        let ready = bytes
            .lines()
            .find_map(|line| line.strip_prefix("clickstream_spool_ready_bytes "));
        match ready.and_then(|ready| ready.parse::<u64>().ok()) {
            Some(ready) if ready >= READY_BYTES => Ok(()),
            ready => Err(format!("{ready:?}")),
        }
    })?;
    let port = relay.url.rsplit(':').next().unwrap_or_default().parse()?;
    measure(relay.program.id(), port, events, time, figures)?;
    let page = metrics(&relay)?;
    anyhow::ensure!(
        page.contains("clickstream_events_duplicate_total 0"),
        "events were taken for duplicates: then nothing was measured"
    );
    Ok(Syncs::read(&page))
}

fn metrics(relay: &Relay) -> anyhow::Result<String> {
    let bearer = format!("Bearer {TOKEN}");
    let url = format!("{}/metrics", relay.url);
    Ok(http::get(&url, &[("authorization", &bearer)])?.body)
}

fn unsynced(events: usize, time: Duration, figures: &mut Figures) -> anyhow::Result<()> {
    let mut own = Command::new(std::env::current_exe()?);
    own.arg("bare");
    let mut bare = Program::spawn("bare", own)?;
    let port = bare.wait_for("its address", |line| line.parse::<u16>().ok())?;
    measure(bare.id(), port, events, time, figures)
}

/// Measures one round of load by wrk.
pub fn measure(
    id: u32,
    port: u16,
    events: usize,
    time: Duration,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let before = process::cpu_seconds(id)?;
    let answered = load::run(port, events, time)?;
    let used = process::cpu_seconds(id)? - before;
    figures.add(&answered, used, process::peak_mb(id)?);
    Ok(())
}

/// The peer: reads the body and answers.
pub fn bare() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        eprintln!("{}", listener.local_addr()?.port());
        let router = axum::Router::new()
            .route(
                "/v1/batch",
                axum::routing::post(|body: Bytes| async move {
                    if body.is_empty() {
                        "empty"
                    } else {
                        r#"{"success":true}"#
                    }
                }),
            )
            .layer(axum::extract::DefaultBodyLimit::disable());
        axum::serve(listener, router).await?;
        Ok(())
    })
}
