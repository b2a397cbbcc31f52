//! SIGTERM while the sink is away: the relay ends within its grace, says what it leaves, and the
//! next start delivers it.

use std::time::Instant;

use clickstream_lab::lake::Lake;
use clickstream_lab::{http, wait};
use serde_json::json;

use super::{Scrape, event, relay, stream, times};

#[test]
fn snowplow_1535_and_vector_21031_a_stop_loses_no_buffer_and_a_failing_sink_is_seen()
-> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let buckets = folder.path().join("aws");
    let (mut sink, address) = stream("127.0.0.1:0", &buckets, "")?;
    sink.kill()?;
    let url = format!("http://{address}");
    let mut away = relay(folder.path(), &url, &["--grace", "0.2"])?;
    // A good one twice, and one without a type.
    let mut batch: Vec<_> = (0..200).map(|id| event(&format!("e{id}"), 100)).collect();
    batch.extend([event("e7", 100), json!({"event": "no type"})]);
    wait::until("an answer", || match away.batch("server-key", &batch) {
        Ok(answer) if answer.status == 200 => Ok(()),
        other => Err(format!("{other:?}")),
    })?;
    wait::until("a relay that says so", || {
        let answer = http::get(&format!("{}/readyz", away.url), &[]);
        let answer = answer.map_err(|error| error.to_string())?;
        let said = answer.json()["reasons"].to_string();
        match answer.status == 503 && said.contains("cannot be reached") {
            true => Ok(()),
            false => Err(said),
        }
    })?;
    let seen = Scrape::of(&away)?;
    assert!(seen.balances(), "{seen:?}");
    assert_eq!(seen.get("events_waiting"), 200);
    assert_eq!(seen.get("events_duplicate_total"), 1);
    assert_eq!(seen.get("events_rejected_total"), 1);
    let begun = Instant::now();
    let status = away.program.stop()?;
    println!("stopped after {:?}", begun.elapsed());
    assert!(status.success(), "{status}");
    let said = away.program.error();
    let left = said.iter().any(|line| line.contains("events=200"));
    assert!(left, "what is left is said: {said:?}");

    let (_sink, _) = stream(&address, &buckets, "")?;
    let back = relay(folder.path(), &url, &[])?;
    back.wait_ready()?;
    let lines = Lake::new(&buckets).wait_for("all events", |lines| times(lines).len() == 200)?;
    assert_eq!(lines.len(), 200, "each once");
    let seen = wait::until("balanced books", || {
        let seen = Scrape::of(&back).map_err(|error| error.to_string())?;
        match seen.get("events_waiting") {
            0 => Ok(seen),
            waiting => Err(format!("{waiting} wait")),
        }
    })?;
    assert!(seen.balances(), "{seen:?}");
    assert_eq!(seen.get("events_delivered_total"), 200);
    Ok(())
}
