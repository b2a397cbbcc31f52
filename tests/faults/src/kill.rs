//! kill -9 of the whole demo at the moments that matter: while an epoch is planned, while it
//! is staged, when an object has just been published. Clients resend what was not answered.
//!
//! A kill leaves the page cache, so this shows the redo, not the syncs: those are shown on
//! the simulated disk (`relay/tests`), each by leaving it out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clickstream_lab::http;
use clickstream_lab::lake::{self, Line};
use clickstream_lab::shop::Shop;
use serde_json::json;

/// Rounds in `cargo xtask test`; `soak` sets more.
const ROUNDS: usize = 9;
const ROUNDS_VARIABLE: &str = "CLICKSTREAM_KILLS";

/// Events a request.
const BATCH: usize = 20;

/// When the kill comes.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Moment {
    Plan,
    Staged,
    Object,
}

const MOMENTS: [Moment; 3] = [Moment::Plan, Moment::Staged, Moment::Object];

/// What clients know of their batches.
#[derive(Debug, Default)]
struct Clients {
    next: usize,
    unanswered: Vec<usize>,
    acknowledged: BTreeSet<String>,
}

fn ids(batch: usize) -> Vec<String> {
    (0..BATCH)
        .map(|event| format!("b{batch}-e{event}"))
        .collect()
}

/// Sends a batch; whether it was answered with 200.
fn send(url: &str, batch: usize) -> bool {
    let events: Vec<_> = ids(batch)
        .iter()
        .enumerate()
        .map(|(n, id)| {
            json!({"type": "track", "event": "E", "messageId": id, "userId": format!("u{}", (batch + n) % 7)})
        })
        .collect();
    let body = json!({"batch": events, "writeKey": "demo-server-key"}).to_string();
    http::post(&format!("{url}/v1/batch"), &[], body.as_bytes())
        .is_ok_and(|answer| answer.status == 200 && answer.json()["accepted"] == BATCH)
}

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

/// Watches for the moment; gives up after a while, for the round then kills anyway.
fn seen(moment: Moment, data: &Path, objects_before: usize) -> bool {
    let started = Instant::now();
    let is_plan = |path: &Path| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("plan-"))
    };
    let (spool, staging): (PathBuf, PathBuf) = (data.join("spool"), data.join("lake/.staging"));
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
fn killed_while_delivering_everything_acknowledged_is_in_the_lake_once() -> anyhow::Result<()> {
    let rounds = rounds();
    let folder = tempfile::tempdir()?;
    let data = folder.path();
    let clients = Arc::new(Mutex::new(Clients::default()));
    let mut moments_seen = BTreeSet::new();

    for round in 0..rounds {
        let mut shop = Shop::start_in(data, &["--buffer-interval", "0.05"])?;
        let stop = Arc::new(AtomicBool::new(false));
        let sender = {
            let (clients, stop, url) = (clients.clone(), stop.clone(), shop.url.clone());
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let batch = {
                        let mut clients = clients.lock().unwrap();
                        clients.unanswered.pop().unwrap_or_else(|| {
                            clients.next += 1;
                            clients.next
                        })
                    };
                    let answered = send(&url, batch);
                    let mut clients = clients.lock().unwrap();
                    if answered {
                        clients.acknowledged.extend(ids(batch));
                    } else {
                        clients.unanswered.push(batch);
                    }
                }
            })
        };
        let moment = MOMENTS[round % MOMENTS.len()];
        if seen(moment, data, objects(data)) {
            moments_seen.insert(moment);
        }
        shop.program.kill()?;
        stop.store(true, Ordering::Relaxed);
        sender.join().unwrap();
    }
    assert_eq!(
        moments_seen.len(),
        MOMENTS.len(),
        "only saw {moments_seen:?}"
    );

    let shop = Shop::start_in(data, &["--buffer-interval", "0.05"])?;
    let mut clients = clients.lock().unwrap();
    for batch in std::mem::take(&mut clients.unanswered) {
        assert!(send(&shop.url, batch), "batch {batch} after the restart");
        clients.acknowledged.extend(ids(batch));
    }
    let acknowledged = &clients.acknowledged;
    assert!(
        acknowledged.len() >= rounds * BATCH,
        "{}",
        acknowledged.len()
    );
    let events = shop.lake.wait_for("all that was acknowledged", |events| {
        let there: BTreeSet<&str> = events.iter().map(Line::id).collect();
        acknowledged.iter().all(|id| there.contains(id.as_str()))
    })?;
    lake::check_books(&events)?;
    println!(
        "{rounds} kills, {} acknowledged, {} in the lake, 0 lost, 0 doubled",
        acknowledged.len(),
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
