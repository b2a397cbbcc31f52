//! What forwarding has done, and what the stream will make of it.

use std::fmt::Write as _;

use super::Page;
use crate::forward::{counters, partitions};

impl Page {
    /// What delivery to the lake has done; nothing towards another sink.
    pub fn lake(&mut self, totals: &counters::Totals) {
        self.counter(
            "partitions_total",
            "Partitions that deliveries to the lake wrote to since the start: the folders of each \
             delivery's objects, each once a delivery, error prefix aside. Towards Firehose, AWS \
             counts them.",
            totals.partitions,
        );
        self.gauge(
            "largest_epoch_bytes",
            "Bytes of the most lines that a delivery to the lake held in memory at once since the \
             start; a larger one is done in parts. Grows when delivery falls behind.",
            totals.largest_epoch,
        );
    }

    /// What forwarding to a stream has done; nothing towards another sink.
    pub fn stream(&mut self, totals: &counters::Totals) {
        for (name, help, value) in [
            (
                "calls",
                "Calls of the stream's API since the start.",
                totals.calls,
            ),
            (
                "throttled_calls",
                "Of these, throttled.",
                totals.throttled_calls,
            ),
            (
                "refused_calls",
                "Of these, refused, or not come through.",
                totals.refused_calls,
            ),
            (
                "unanswered_calls",
                "Of these, without an answer: perhaps taken.",
                totals.unanswered_calls,
            ),
            (
                "failed_records",
                "Records that failed in an answered call and were sent again.",
                totals.failed_records,
            ),
            ("records", "Records that the stream took.", totals.records),
            ("events", "Events in these.", totals.events),
            ("event_bytes", "Bytes of these.", totals.event_bytes),
            (
                "billed_bytes",
                "Bytes billed for these: Firehose bills each record in steps of 5 KiB.",
                totals.billed_bytes,
            ),
            (
                "saved_bytes",
                "Bytes that one event a record would have been billed more.",
                totals.saved_bytes,
            ),
            (
                "doubles_at_most",
                "Events that may lie in the stream twice, for want of an answer.",
                totals.doubles_at_most,
            ),
            (
                "set_aside",
                "Events that the stream refuses for ever: kept in refused-* in the spool's folder, and \
                 counted as failed. Should be 0.",
                totals.set_aside,
            ),
            (
                "too_long",
                "Of these, longer than a record may be.",
                totals.too_long,
            ),
        ] {
            self.counter(&format!("stream_{name}_total"), help, value);
        }
        let ratio = ratio(totals.billed_bytes, totals.event_bytes);
        let _ = writeln!(
            self.0,
            "# HELP clickstream_stream_billed_ratio Billed bytes over bytes of events, since the \
             start.\n# TYPE clickstream_stream_billed_ratio gauge\n\
             clickstream_stream_billed_ratio {ratio:.4}"
        );
        self.gauge(
            "stream_in_flight_calls",
            "Calls whose acknowledgement is not durable yet.",
            totals.in_flight,
        );
        self.gauge(
            "stream_in_flight_events",
            "Events in these: so many come twice after a kill.",
            totals.in_flight_events,
        );
    }

    /// What the stream will make of the events.
    pub fn foreseen(&mut self, seen: &partitions::Seen) {
        self.gauge(
            "stream_active_partitions",
            "Partitions that the stream has open now, as Firehose counts them: by evaluated prefix, so \
             that a user across a full hour counts twice.",
            seen.active,
        );
        self.gauge(
            "stream_active_partitions_limit",
            "How many it may have open; 0 when it does not partition or was not asked.",
            seen.limit,
        );
        self.counter(
            "stream_expected_objects_total",
            "Objects that the stream makes of the events so far, by its buffer interval.",
            seen.objects,
        );
        self.gauge(
            "stream_objects_per_million_events",
            "Objects that a million events become, at the rate so far.",
            seen.objects_per_million(),
        );
    }
}

/// A ratio; 0 while there is nothing to compare with.
#[allow(
    clippy::cast_precision_loss,
    reason = "four digits of it are shown, and a float has more"
)]
fn ratio(part: u64, whole: u64) -> f64 {
    match whole {
        0 => 0.0,
        whole => part as f64 / whole as f64,
    }
}
