//! kill -9 of the whole demo under load, at the moments that matter: while an epoch is planned,
//! while it is staged, when an object has just been published. In each round objects were
//! being written; clients resend what was not answered.
//!
//! A kill leaves the page cache, so this shows the redo, not the syncs: those are shown on
//! the simulated disk (`relay/tests`), each by leaving it out.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use clickstream_lab::lake;
use clickstream_lab::shop::Shop;
use clickstream_lab::wait;

use crate::clients::Clients;

/// Rounds in `cargo xtask test`; `soak` sets more.
const ROUNDS: usize = 9;
const ROUNDS_VARIABLE: &str = "CLICKSTREAM_KILLS";

/// Acknowledged in each round before its kill.
const EVENTS: usize = 120;
/// Clients that send at once.
const CLIENTS: usize = 3;

/// When the kill comes.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Moment {
    Plan,
    Staged,
    Object,
}

const MOMENTS: [Moment; 3] = [Moment::Plan, Moment::Staged, Moment::Object];

/// Whether anything lies below a folder that `wanted` names.
fn any_below(folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> bool {
    let Ok(entries) = fs_err::read_dir(folder) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            any_below(&path, wanted)
        } else {
            wanted(&path)
        }
    })
}

fn objects(data: &Path) -> usize {
    lake::Lake::new(data.join("lake"))
        .keys()
        .map_or(0, |keys| keys.len())
}

/// A plan that was written; the next one's file is there before and holds zeros.
fn is_plan(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("plan-")
        && fs_err::read(path).is_ok_and(|bytes| bytes.iter().take(8).any(|byte| *byte != 0))
}

/// Watches for the moment; gives up after a while, for the round then kills anyway.
fn seen(moment: Moment, data: &Path, objects_before: usize) -> bool {
    let started = Instant::now();
    let (spool, staging) = (data.join("spool"), data.join("lake/.staging"));
    while started.elapsed() < Duration::from_secs(10) {
        let now = match moment {
            Moment::Plan => any_below(&spool, &is_plan),
            Moment::Staged => any_below(&staging, &|_| true),
            Moment::Object => objects(data) > objects_before,
        };
        if now {
            return true;
        }
    }
    false
}

#[test]
fn killed_under_load_everything_acknowledged_is_in_the_lake_once() -> anyhow::Result<()> {
    let rounds = rounds();
    let folder = tempfile::tempdir()?;
    let data = folder.path();
    let clients = Clients::new("demo-server-key");
    let mut moments_seen = BTreeSet::new();

    for round in 0..rounds {
        let (acknowledged, written) = (clients.acknowledged(), objects(data));
        let mut shop = Shop::start_in(data, &["--buffer-interval", "0.05"])?;
        let sending = clients.start(&shop.url, CLIENTS);
        wait::until("events taken and objects written in this round", || {
            let (events, objects) = (
                clients.acknowledged() - acknowledged,
                objects(data) - written,
            );
            match events >= EVENTS && objects > 0 {
                true => Ok(()),
                false => Err(format!(
                    "{events} events, {objects} objects in round {round}"
                )),
            }
        })?;
        let moment = MOMENTS[round % MOMENTS.len()];
        if seen(moment, data, objects(data)) {
            moments_seen.insert(moment);
        }
        shop.program.kill()?;
        sending.stop();
    }
    assert_eq!(
        moments_seen.len(),
        MOMENTS.len(),
        "only saw {moments_seen:?}"
    );

    let shop = Shop::start_in(data, &["--buffer-interval", "0.05"])?;
    clients.settle(&shop.url)?;
    let acknowledged = clients.acknowledged();
    assert!(acknowledged >= rounds * EVENTS, "{acknowledged}");
    assert!(clients.again() > 0, "no kill cut a request off");
    let events = clients.check(&shop.lake)?;
    println!(
        "{rounds} kills, {acknowledged} acknowledged, {} batches sent again, {} in the lake, 0 lost, 0 doubled",
        clients.again(),
        events.len()
    );
    Ok(())
}

#[allow(
    clippy::disallowed_methods,
    reason = "`cargo xtask soak` sets the size"
)]
fn rounds() -> usize {
    std::env::var(ROUNDS_VARIABLE)
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(ROUNDS)
}
