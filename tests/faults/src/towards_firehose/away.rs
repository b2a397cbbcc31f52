//! The sink goes away under load and the spool fills: the memory does not, senders are told to
//! come back, and everything arrives when the sink is there again.

use clickstream_lab::lake::Lake;
use clickstream_lab::relay::Relay;
use clickstream_lab::{http, wait};

use super::{event, relay, stream, times};
use crate::scrape::{Scrape, memory};

const SPOOL_MIB: usize = 112;

/// Less than the spool holds: what waits is on the disk.
const MEMORY_MIB: u64 = 104;

const EVENTS: usize = 40;
const PADDING: usize = 30_000;

fn reasons(relay: &Relay) -> anyhow::Result<(u16, String)> {
    let answer = http::get(&format!("{}/readyz", relay.url), &[])?;
    Ok((answer.status, answer.json()["reasons"].to_string()))
}

#[test]
fn stream_collector_32_and_collector_contrib_35899_the_spool_fills_and_the_memory_does_not()
-> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let buckets = folder.path().join("aws");
    let (mut sink, address) = stream("127.0.0.1:0", &buckets, "")?;
    let size = format!("{SPOOL_MIB}MiB");
    let url = format!("http://{address}");
    let relay = relay(folder.path(), &url, &["--spool-size", &size])?;
    relay.wait_ready()?;

    let (mut acknowledged, mut most_memory) = (0, 0);
    let refused = loop {
        let ids = acknowledged..acknowledged + EVENTS;
        let batch: Vec<_> = ids.map(|id| event(&format!("e{id}"), PADDING)).collect();
        let answer = relay.batch("server-key", &batch)?;
        most_memory = memory(&relay)?.max(most_memory);
        if answer.status != 200 {
            break answer;
        }
        assert_eq!(answer.json()["accepted"], EVENTS, "{answer:?}");
        if acknowledged == 0 {
            // The first have gone through; from now on nobody is there.
            wait::until("a first delivery", || {
                let seen = Scrape::of(&relay).map_err(|error| error.to_string())?;
                match seen.get("events_waiting") {
                    0 => Ok(()),
                    waiting => Err(format!("{waiting} events")),
                }
            })?;
            sink.kill()?;
        }
        acknowledged += EVENTS;
    };
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    let waiting = acknowledged * PADDING / (1 << 20);
    assert!(
        waiting > SPOOL_MIB / 2,
        "refused with {waiting} MiB waiting"
    );
    println!("{waiting} MiB waited; memory at most {most_memory} MiB");
    assert!(most_memory < MEMORY_MIB, "{most_memory} MiB of memory");

    // It is said, and the books know every event.
    let (status, said) = reasons(&relay)?;
    assert_eq!(status, 503);
    assert!(
        said.contains("cannot be reached: check the network"),
        "{said}"
    );
    assert!(said.contains("full"), "{said}");
    let seen = Scrape::of(&relay)?;
    assert!(seen.balances(), "{seen:?}");
    // Of the refused batch some may be kept already: its client sends it again.
    let waiting = (acknowledged - EVENTS) as u64..acknowledged as u64;
    assert!(waiting.contains(&seen.get("events_waiting")), "{seen:?}");
    let lines = relay.program.error();
    let begun = lines
        .iter()
        .filter(|line| line.contains("cannot be reached"));
    assert_eq!(begun.count(), 1, "{lines:?}");

    let (_sink, _) = stream(&address, &buckets, "")?;
    wait::until("a ready relay", || match reasons(&relay) {
        Ok((200, _)) => Ok(()),
        other => Err(format!("{other:?}")),
    })?;
    wait::until("an empty spool", || {
        let seen = Scrape::of(&relay).map_err(|error| error.to_string())?;
        match seen.get("events_waiting") {
            0 => Ok(()),
            waiting => Err(format!("{waiting} events")),
        }
    })?;
    let lines = relay.program.error();
    let over = lines
        .iter()
        .filter(|line| line.contains("delivery goes on"));
    assert_eq!(over.count(), 1, "{lines:?}");
    // The oldest too: the bound refused the new, it dropped nothing. The stream's own first
    // buffer went with its kill: at most the batch before it.
    let lake = Lake::new(&buckets);
    let all = (EVENTS..acknowledged).map(|id| format!("e{id}"));
    let all: Vec<String> = all.collect();
    lake.wait_for("all that was acknowledged", |lines| {
        let times = times(lines);
        all.iter().all(|id| times.contains_key(id.as_str()))
    })?;
    Ok(())
}
