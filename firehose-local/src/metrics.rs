//! A stream's figures under the names of CloudWatch's namespace `AWS/Firehose` ("Monitoring with
//! CloudWatch Metrics" in the developer guide).
//!
//! CloudWatch has sums, averages and samples of a period; here are sums since the stream was
//! made, with the number of samples beside them, and for what has a value at a moment the value.

use crate::partition::{Closed, Counts};
use std::fmt::Write as _;
use std::time::Duration;

/// What is counted of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Of its records.
    pub counts: Counts,
    /// Calls of PutRecord.
    pub put_record: Puts,
    /// Calls of PutRecordBatch.
    pub put_record_batch: Puts,
    /// Records of calls that were throttled.
    pub throttled_records: u64,
    /// Tries to write an object.
    pub tries: u64,
    /// Objects written, those of failed records too.
    pub objects: u64,
    /// Bytes in them, before compression.
    pub bytes: u64,
    /// Records in them.
    pub records: u64,
    /// Of these, records in objects of the error prefix.
    pub failed_records: u64,
    /// From the oldest record's arrival to the delivery, over all objects.
    pub open_for: Duration,
}

/// What is counted of one kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Puts {
    /// Calls that were answered 200.
    pub requests: u64,
    /// Their records.
    pub records: u64,
    /// Their records' bytes.
    pub bytes: u64,
    /// Spent on them.
    pub latency: Duration,
}

/// What a stream holds at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Held {
    /// Partitions that count as active.
    pub partitions: u64,
    /// The most there may be.
    pub partitions_limit: u64,
    /// Age of the oldest record that is not delivered; zero when there is none.
    pub oldest: Duration,
}

/// One figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// CloudWatch's name.
    pub name: &'static str,
    /// CloudWatch's unit.
    pub unit: &'static str,
    /// The sum, or the value at this moment.
    pub value: f64,
}

impl Puts {
    /// Adds a call.
    pub fn add(&mut self, records: usize, bytes: usize, latency: Duration) {
        self.requests += 1;
        self.records += u64::try_from(records).unwrap_or(u64::MAX);
        self.bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
        self.latency += latency;
    }
}

impl Tally {
    /// Adds an object that was written at `now_ms`.
    pub fn delivered(&mut self, object: &Closed, now_ms: u64) {
        self.tries += 1;
        self.objects += 1;
        self.bytes += object.body.length();
        self.records += object.records;
        if object.error.is_some() {
            self.failed_records += object.records;
        }
        self.open_for += Duration::from_millis(now_ms.saturating_sub(object.oldest_ms));
    }

    /// Adds a try that failed.
    pub fn refused(&mut self) {
        self.tries += 1;
    }

    /// Everything, in CloudWatch's words.
    pub fn metrics(&self, held: &Held) -> Vec<Metric> {
        let counts = &self.counts;
        let requests = self.put_record.requests + self.put_record_batch.requests;
        vec![
            bytes("IncomingBytes", counts.bytes),
            count("IncomingRecords", counts.records),
            count("IncomingPutRequests", requests),
            count("ThrottledRecords", self.throttled_records),
            bytes("PutRecord.Bytes", self.put_record.bytes),
            milliseconds("PutRecord.Latency", self.put_record.latency),
            count("PutRecord.Requests", self.put_record.requests),
            bytes("PutRecordBatch.Bytes", self.put_record_batch.bytes),
            milliseconds("PutRecordBatch.Latency", self.put_record_batch.latency),
            count("PutRecordBatch.Records", self.put_record_batch.records),
            count("PutRecordBatch.Requests", self.put_record_batch.requests),
            bytes("DeliveryToS3.Bytes", self.bytes),
            count("DeliveryToS3.Records", self.records),
            count("DeliveryToS3.ObjectCount", self.objects),
            metric("DeliveryToS3.Success", "None", self.success()),
            metric(
                "DeliveryToS3.DataFreshness",
                "Seconds",
                held.oldest.as_secs_f64(),
            ),
            count("PartitionCount", held.partitions),
            count(
                "PartitionCountExceeded",
                u64::from(counts.over_the_limit > 0),
            ),
            count("ActivePartitionsLimit", held.partitions_limit),
            milliseconds("JQProcessing.Duration", counts.extraction),
            metric("PerPartitionThroughput", "Bytes/Second", self.throughput()),
        ]
    }

    /// Objects written, of all tries; 1 before the first.
    fn success(&self) -> f64 {
        match self.tries {
            0 => 1.0,
            tries => self.objects as f64 / tries as f64,
        }
    }

    /// Bytes a second of one partition, while it was open.
    fn throughput(&self) -> f64 {
        match self.open_for {
            Duration::ZERO => 0.0,
            open_for => self.bytes as f64 / open_for.as_secs_f64(),
        }
    }
}

fn metric(name: &'static str, unit: &'static str, value: f64) -> Metric {
    Metric { name, unit, value }
}

fn count(name: &'static str, value: u64) -> Metric {
    metric(name, "Count", value as f64)
}

fn bytes(name: &'static str, value: u64) -> Metric {
    metric(name, "Bytes", value as f64)
}

fn milliseconds(name: &'static str, time: Duration) -> Metric {
    metric(name, "Milliseconds", time.as_secs_f64() * 1000.0)
}

/// Streams' figures as Prometheus reads them (text format 0.0.4): one family, CloudWatch's names
/// as its label `metric`. Each stream with its name and region, which have nothing to escape.
pub fn prometheus<'a>(
    streams: impl IntoIterator<Item = (&'a str, &'a str, Vec<Metric>)>,
) -> String {
    let mut out = String::from(
        "# HELP aws_firehose What CloudWatch shows in AWS/Firehose, as sums since the stream was made\n\
         # TYPE aws_firehose gauge\n",
    );
    for (stream, region, metrics) in streams {
        for Metric { name, unit, value } in metrics {
            let _ = writeln!(
                out,
                r#"aws_firehose{{stream="{stream}",region="{region}",metric="{name}",unit="{unit}"}} {value}"#
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffers::Buffers;
    use crate::partition::{Arrival, Limits, Partitions};
    use crate::stream::Pieces;
    use crate::{PartitionBy, Stream, StreamConfig};
    use std::sync::Arc;

    #[test]
    fn figures_come_under_awss_names() {
        let folder = tempfile::TempDir::new().unwrap();
        let stream = Stream::new(StreamConfig::clickstream(PartitionBy::User)).unwrap();
        let limits = Limits {
            size: 1 << 20,
            interval: Duration::from_secs(60),
            partitions: 1,
        };
        let buffers = Buffers::new(folder.path(), 1 << 20).unwrap();
        let stream = Arc::new(stream);
        let mut open = Partitions::new(Arc::clone(&stream), limits, buffers);
        let arrival = Arrival {
            at_ms: 1000,
            now: Duration::ZERO,
        };
        for user in [1, 2] {
            let record = format!(r#"{{"userId":{user}}}"#);
            let mut pieces = Pieces::default();
            stream.read(record.as_bytes(), &mut pieces);
            open.put(record.as_bytes(), &pieces, arrival, &mut || [0; 16]);
        }
        open.count_extraction(Duration::from_micros(1500));
        let mut tally = Tally::default();
        tally.put_record_batch.add(2, 24, Duration::from_millis(3));
        tally.refused();
        let closed = open.drain();
        for object in closed.iter().filter(|object| object.error.is_none()) {
            tally.delivered(object, 3000);
        }
        tally.counts = open.counts();
        let held = Held {
            partitions: open.active() as u64,
            partitions_limit: 1,
            oldest: Duration::from_secs(2),
        };
        let metrics = tally.metrics(&held);
        let value = |name| {
            metrics
                .iter()
                .find(|metric| metric.name == name)
                .unwrap()
                .value
        };
        for (name, wanted) in [
            ("IncomingBytes", 24.0),
            ("IncomingRecords", 2.0),
            ("IncomingPutRequests", 1.0),
            ("PutRecordBatch.Records", 2.0),
            ("PutRecordBatch.Latency", 3.0),
            ("PutRecord.Requests", 0.0),
            ("DeliveryToS3.Bytes", 13.0),
            ("DeliveryToS3.Records", 1.0),
            ("DeliveryToS3.ObjectCount", 1.0),
            ("DeliveryToS3.Success", 0.5),
            ("DeliveryToS3.DataFreshness", 2.0),
            ("PartitionCount", 1.0),
            ("PartitionCountExceeded", 1.0),
            ("ActivePartitionsLimit", 1.0),
            ("JQProcessing.Duration", 1.5),
            ("PerPartitionThroughput", 6.5),
        ] {
            assert!(
                (value(name) - wanted).abs() < 1e-9,
                "{name}: {}",
                value(name)
            );
        }
        let page = prometheus([("clickstream", "us-east-1", metrics)]);
        let line = r#"aws_firehose{stream="clickstream",region="us-east-1",metric="DeliveryToS3.Success",unit="None"} 0.5"#;
        assert!(page.lines().any(|found| found == line), "{page}");
    }
}
