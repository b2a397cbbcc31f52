//! What is counted of one stream, for its metrics.

use super::Live;
use crate::metrics::{Held, Metric, Puts};
use std::time::Duration;

impl Live {
    /// Counts a call of PutRecord, or of PutRecordBatch, that was answered 200.
    pub fn count_put(&self, batch: bool, records: &[Vec<u8>], latency: Duration) {
        let bytes = records.iter().map(Vec::len).sum();
        let mut state = self.state();
        let puts: &mut Puts = match batch {
            true => &mut state.tally.put_record_batch,
            false => &mut state.tally.put_record,
        };
        puts.add(records.len(), bytes, latency);
    }

    /// Counts records of a call that was throttled.
    pub fn count_throttled(&self, records: usize) {
        let records = u64::try_from(records).unwrap_or(u64::MAX);
        self.state().tally.throttled_records += records;
    }

    /// Its figures under CloudWatch's names.
    pub fn metrics(&self, now_ms: u64) -> Vec<Metric> {
        let state = self.state();
        let mut tally = state.tally;
        tally.counts += state.partitions.counts();
        let open = state.partitions.open().map(|(object, _)| object.oldest_ms);
        let waiting = state.closed.items().map(|ready| ready.object.oldest_ms);
        let in_flight = state.in_flight.iter().map(|object| object.oldest_ms);
        let oldest = open.chain(waiting).chain(in_flight).min().unwrap_or(now_ms);
        tally.metrics(&Held {
            partitions: u64::try_from(state.partitions.active()).unwrap_or(u64::MAX),
            partitions_limit: self.active_partitions.into(),
            oldest: Duration::from_millis(now_ms.saturating_sub(oldest)),
        })
    }
}
