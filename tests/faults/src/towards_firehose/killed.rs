//! kill -9 while calls are on their way.

use clickstream_lab::lake::Lake;

use super::{Scrape, event, relay, stream, times};

/// Kills in `cargo xtask test`; `soak` sets more.
const KILLS: usize = 3;
const KILLS_VARIABLE: &str = "CLICKSTREAM_STREAM_KILLS";

const BATCHES: usize = 40;
const EVENTS: usize = 25;

#[test]
fn killed_nothing_is_lost_and_doubles_are_what_was_in_flight_or_unanswered() -> anyhow::Result<()> {
    let kills = kills();
    let folder = tempfile::tempdir()?;
    let buckets = folder.path().join("aws");
    let faults = "fail=0.05,throttle=0.05,lost=0.02,seed=3";
    let (_stream, address) = stream("127.0.0.1:0", &buckets, faults)?;
    let url = format!("http://{address}");
    let (mut events, mut doubles_at_most, mut in_flight) = (0, 0, 0);
    let mut post = |relay: &clickstream_lab::relay::Relay| -> anyhow::Result<()> {
        let batch: Vec<_> = (events..events + EVENTS)
            .map(|number| event(&format!("e{number}"), 200))
            .collect();
        events += EVENTS;
        let answer = relay.batch("server-key", &batch)?;
        anyhow::ensure!(answer.json()["accepted"] == EVENTS, "{answer:?}");
        Ok(())
    };
    for _ in 0..kills {
        let mut relay = relay(folder.path(), &url, &[])?;
        relay.wait_ready()?;
        for _ in 0..BATCHES {
            post(&relay)?;
        }
        // Nothing is posted between the last look and the kill: what is sent from then on was
        // waiting, and of an answer lost from then on the same is true.
        let seen = loop {
            post(&relay)?;
            let seen = Scrape::of(&relay)?;
            if seen.get("stream_in_flight_events") > 0 {
                break seen;
            }
        };
        relay.program.kill()?;
        in_flight += seen.get("stream_in_flight_events");
        let unanswered = seen.get("stream_doubles_at_most_total");
        doubles_at_most += unanswered + 2 * seen.get("events_waiting");
    }
    let relay = relay(folder.path(), &url, &[])?;
    relay.wait_ready()?;
    let seen = clickstream_lab::wait::until("an empty spool", || {
        let seen = Scrape::of(&relay).map_err(|error| error.to_string())?;
        match seen.get("events_waiting") {
            0 => Ok(seen),
            waiting => Err(format!("{waiting} events")),
        }
    })?;
    assert!(seen.balances(), "{seen:?}");
    assert_eq!(seen.get("events_taken_total"), events as u64);
    doubles_at_most += seen.get("stream_doubles_at_most_total");
    let lines = Lake::new(&buckets).wait_for("all events", |lines| times(lines).len() == events)?;
    let doubles = (lines.len() - events) as u64;
    println!(
        "{kills} kills, {events} acknowledged, 0 lost, {doubles} doubled; in flight at the kills \
         {in_flight}, at most {doubles_at_most}"
    );
    assert!(doubles <= doubles_at_most, "{doubles} > {doubles_at_most}");
    Ok(())
}

#[allow(
    clippy::disallowed_methods,
    reason = "`cargo xtask soak` sets the size"
)]
fn kills() -> usize {
    let kills = std::env::var(KILLS_VARIABLE).ok();
    kills.and_then(|kills| kills.parse().ok()).unwrap_or(KILLS)
}
