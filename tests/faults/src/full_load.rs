//! Full load for a while: as much as 64 connections can send, with ids that come again and events
//! that are refused among it. Meanwhile the books balance at every look, the memory stays within its
//! budget and does not grow; at the end every event is in the lake, once.

mod lake;
mod senders;

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clickstream_lab::relay::Relay;
use clickstream_lab::wait;

use self::lake::Collected;
use self::senders::{NEW, REJECTED, REPEATED, Senders};
use crate::scrape::{Scrape, TOKEN, memory};
use crate::towards_firehose;

/// Seconds of load in `cargo xtask test`; `soak` sets ten minutes.
const SECONDS: u64 = 5;
const SECONDS_VARIABLE: &str = "CLICKSTREAM_LOAD_SECONDS";

const CONNECTIONS: usize = 64;

/// What the relay promises in MiB: bodies under way, the window of duplicates, an epoch.
const BUDGETS: u64 = 64 + 64 + 64;
/// What is beside them in MiB: the program itself, its threads, connections, the live view's last
/// events, the spool's queue towards the disk (32), what the allocator keeps.
const BESIDE: u64 = 96;

/// So much more, in hundredths and in MiB, may the memory be at the end than at the beginning, what
/// the ids and the largest epoch take apart: those grow with their number, and with how far delivery
/// fell behind, up to budgets of their own.
const GROWTH_PERCENT: u64 = 15;
const GROWTH_MIB: u64 = 24;

/// Looks before the first that counts: threads, buffers and pools come into being.
const WARM_UP: usize = 5;

/// The memory of each look in MiB, without the ids and the largest epoch.
#[derive(Debug, Default)]
struct Watched {
    memory: Vec<u64>,
    most: u64,
}

impl Watched {
    fn look(&mut self, relay: &Relay) -> anyhow::Result<Scrape> {
        let all = memory(relay)?;
        let seen = Scrape::of(relay)?;
        anyhow::ensure!(seen.balances(), "the books do not balance: {seen:?}");
        // Only the lake has epochs.
        let epoch = seen.find("largest_epoch_bytes").unwrap_or_default();
        let budgeted = seen.get("duplicate_window_memory_bytes") + epoch;
        self.most = self.most.max(all);
        self.memory.push(all.saturating_sub(budgeted >> 20));
        Ok(seen)
    }

    /// Of the first third after the warm-up, and of the last: the middle one of each.
    fn thirds(&self) -> anyhow::Result<(u64, u64)> {
        let steady = self.memory.get(WARM_UP..).unwrap_or_default();
        let third = steady.len() / 3;
        let middle = |part: &[u64]| {
            let mut part = part.to_vec();
            part.sort_unstable();
            part.get(part.len() / 2).copied().context("too few looks")
        };
        Ok((
            middle(&steady[..third])?,
            middle(&steady[steady.len() - third..])?,
        ))
    }
}

/// Runs the load on a relay whose events end under this folder; says what was seen.
fn full_load(relay: &Relay, lake: &Path) -> anyhow::Result<String> {
    relay.wait_ready()?;
    let collected = Collected::start(lake);
    let senders = Senders::start(&relay.url, CONNECTIONS)?;
    let mut watched = Watched::default();
    let started = Instant::now();
    let load = Duration::from_secs(seconds());
    while started.elapsed() < load || watched.memory.len() < 4 * WARM_UP {
        watched.look(relay)?;
        // A look every fifth of a second: as often as it can would be a load of its own.
        thread::sleep(Duration::from_millis(200));
    }
    let sent = senders.stop()?;

    // As long as less waits than before it goes on.
    let mut left = u64::MAX;
    let seen = loop {
        let (seen, now) = wait::until("fewer events that wait", || {
            let seen = watched.look(relay).map_err(|error| format!("{error:#}"))?;
            match seen.get("events_waiting") {
                waiting if waiting < left => Ok((seen, waiting)),
                waiting => Err(format!("{waiting} events")),
            }
        })?;
        left = now;
        if left == 0 {
            break seen;
        }
    };
    let found = collected.until(sent.new)?;

    let requests = sent.new / NEW;
    let figures = format!(
        "{requests} requests, {} asked to come back; {} events in the lake; {} looks, memory at most {} MiB, its thirds {:?}",
        sent.refused,
        found.events,
        watched.memory.len(),
        watched.most,
        watched.thirds()?
    );
    assert_eq!(found.twice, 0, "in the lake twice");
    assert_eq!(found.events, sent.new, "in the lake");
    // What was asked to come back may have been durable in part, and is a duplicate then.
    let (taken, duplicate) = (
        seen.get("events_taken_total"),
        seen.get("events_duplicate_total"),
    );
    assert!(duplicate >= requests * REPEATED, "{seen:?}");
    assert!(
        seen.get("events_rejected_total") >= requests * REJECTED,
        "{seen:?}"
    );
    assert_eq!(seen.get("events_delivered_total"), sent.new, "{seen:?}");
    assert_eq!(seen.get("events_failed_total"), 0, "{seen:?}");
    assert!(taken >= requests * (NEW + REPEATED + REJECTED), "{seen:?}");

    let budget = BUDGETS + BESIDE;
    assert!(watched.most <= budget, "{} of {budget} MiB", watched.most);
    let (first, last) = watched.thirds()?;
    let bound = first + first * GROWTH_PERCENT / 100 + GROWTH_MIB;
    assert!(
        last <= bound,
        "from {first} to {last} MiB: {:?}",
        watched.memory
    );
    Ok(figures)
}

#[test]
fn memory_is_flat_and_the_books_balance_at_every_look() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let relay = Relay::start(folder.path(), &["--metrics-token", TOKEN])?;
    println!("{}", full_load(&relay, relay.lake.root())?);
    Ok(())
}

#[test]
fn getsentry_relay_3230_under_full_load_towards_a_stream_with_faults_nothing_is_left()
-> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let buckets = folder.path().join("aws");
    let faults = "throttle=0.05,fail=0.05,seed=1";
    let (_sink, address) = towards_firehose::stream("127.0.0.1:0", &buckets, faults)?;
    let relay = towards_firehose::relay(folder.path(), &format!("http://{address}"), &[])?;
    println!("{}", full_load(&relay, &buckets)?);
    Ok(())
}

#[allow(
    clippy::disallowed_methods,
    reason = "`cargo xtask soak` sets the size"
)]
fn seconds() -> u64 {
    std::env::var(SECONDS_VARIABLE)
        .ok()
        .and_then(|seconds| seconds.parse().ok())
        .unwrap_or(SECONDS)
}
