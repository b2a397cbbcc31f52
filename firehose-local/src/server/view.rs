//! What the page and `tail` show: streams, partitions being filled, what was delivered last.

use super::live::Live;
use super::shared::Shared;
use serde_json::{Value, json};
use std::time::Duration;

/// Partitions of a stream that are shown: those that are due first.
const MOST_PARTITIONS: usize = 100;

impl Shared {
    /// Everything as JSON; objects and failed records only after a number that an earlier view
    /// gave as `number`.
    pub(crate) fn view(&self, after: u64) -> Value {
        let now = self.now();
        let (number, objects, errors) = self.recent.after(after);
        let streams: Vec<Value> = self
            .list(None)
            .iter()
            .map(|live| stream(live, now))
            .collect();
        json!({
            "now_ms": self.now_ms(),
            "number": number,
            "faults": self.faults().to_string(),
            "totals": self.counters().totals(),
            "streams": streams,
            "objects": objects,
            "errors": errors,
        })
    }
}

fn stream(live: &Live, now: Duration) -> Value {
    let definition = live.definition();
    let destination = definition.destination.description();
    let mut view = json!({
        "name": definition.name,
        "region": live.region,
        "status": live.status(now).name(),
        "version": definition.version,
        "bucket": destination["S3DestinationDescription"]["BucketARN"],
        "prefix": destination["S3DestinationDescription"]["Prefix"],
    });
    let seconds = |time: Duration| (time.as_secs_f64() * 10.0).round() / 10.0;
    let filling = live.filling();
    view["waiting_bytes"] = json!(live.waiting_bytes());
    view["active"] = json!(filling.iter().filter(|one| !one.failed).count());
    let shown = filling.iter().take(MOST_PARTITIONS).map(|one| {
        json!({
            "prefix": one.prefix,
            "failed": one.failed,
            "bytes": one.bytes,
            "records": one.records,
            "age_s": seconds(now.saturating_sub(one.since)),
            "due_in_s": seconds(one.due.saturating_sub(now)),
        })
    });
    view["partitions"] = shown.collect();
    view
}
