//! `/metrics`: the rooms' counters, composed as Prometheus text. It looks at the rooms; no room looks
//! at it.
//!
//! The first six names are the books, kept across restarts; they balance whenever nothing is in
//! flight: taken = delivered + waiting + rejected + duplicate + failed.

use std::fmt::Write as _;
use std::sync::atomic::Ordering::Relaxed;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, header};

use crate::intake::Intake;
use crate::rejected;
use crate::spool;
use crate::spool::books::SYNC_BOUNDS_US;
use crate::traces;

mod stream;

/// A page of metrics, written line by line.
#[derive(Debug, Default)]
pub struct Page(String);

/// Labels and a value.
type Sample<'a> = (&'a str, u64);

impl Page {
    /// Adds a metric with all its samples; `labels` are written as they are (`reason="too_deep"`).
    fn metric(&mut self, kind: &str, name: &str, help: &str, samples: &[Sample<'_>]) {
        // Writing to a String cannot fail.
        let _ = writeln!(
            self.0,
            "# HELP clickstream_{name} {help}\n# TYPE clickstream_{name} {kind}"
        );
        for (labels, value) in samples {
            let _ = match *labels {
                "" => writeln!(self.0, "clickstream_{name} {value}"),
                labels => writeln!(self.0, "clickstream_{name}{{{labels}}} {value}"),
            };
        }
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.metric("counter", name, help, &[("", value)]);
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.metric("gauge", name, help, &[("", value)]);
    }

    /// Counts by a stable name.
    fn by_name(
        &mut self,
        name: &str,
        label: &str,
        help: &str,
        counts: impl Iterator<Item = (&'static str, u64)>,
    ) {
        let counts: Vec<(String, u64)> = counts
            .map(|(value, count)| (format!("{label}=\"{value}\""), count))
            .collect();
        let samples: Vec<Sample<'_>> = counts.iter().map(|(l, count)| (&**l, *count)).collect();
        self.metric("counter", name, help, &samples);
    }

    /// What became of events, and how the disk does.
    pub fn spool(&mut self, counters: &spool::Counters, now_ms: u64) {
        let totals = &counters.totals;
        for (name, help, value) in [
            (
                "events_taken_total",
                "Events that the relay answered for, ever.",
                totals.taken,
            ),
            (
                "events_delivered_total",
                "Of these, delivered to the sink.",
                totals.delivered,
            ),
            (
                "events_rejected_total",
                "Of these, refused by the relay; the client was told.",
                totals.rejected,
            ),
            (
                "events_duplicate_total",
                "Of these, held already under the same id.",
                totals.duplicate,
            ),
            (
                "events_failed_total",
                "Of these, refused by the stream; kept under its error prefix, or in refused-*.",
                totals.failed,
            ),
            (
                "events_rotten_total",
                "Of these, lost to damage on the disk. Should be 0.",
                totals.rotten,
            ),
        ] {
            self.counter(name, help, value);
        }
        self.gauge(
            "events_waiting",
            "Of these, durable here and not yet delivered.",
            totals.waiting,
        );
        let oldest = counters.oldest_ms.filter(|_| totals.waiting > 0);
        self.gauge(
            "oldest_waiting_seconds",
            "Age of the oldest event that waits.",
            oldest.map_or(0, |oldest| now_ms.saturating_sub(oldest) / 1000),
        );
        self.gauge(
            "waiting_bytes",
            "Bytes of lines that wait.",
            counters.waiting_bytes,
        );
        self.gauge("spool_segments", "Segment files.", counters.segments);
        self.gauge(
            "spool_ready_bytes",
            "Bytes of segments that a burst finds ready: empty, or all delivered.",
            counters.ready_bytes,
        );
        self.gauge(
            "duplicate_window_ids",
            "Ids that a duplicate is compared with.",
            counters.ids,
        );
        for (name, help, value) in [
            (
                "duplicate_window_seconds",
                "Since so long no id is missing: the horizon that really holds.",
                counters.id_horizon_ms / 1000,
            ),
            (
                "duplicate_window_memory_bytes",
                "Memory that the ids take.",
                counters.id_memory,
            ),
            (
                "duplicate_window_files",
                "Files of ids beside the spool.",
                counters.id_files,
            ),
            (
                "duplicate_window_disk_bytes",
                "Bytes of these files.",
                counters.id_bytes,
            ),
        ] {
            self.gauge(name, help, value);
        }
        for (name, help, value) in [
            ("objects_total", "Objects ever published.", counters.objects),
            (
                "spool_full_total",
                "Appends refused for lack of room.",
                counters.full,
            ),
            (
                "spool_failed_commits_total",
                "Commits that the disk refused.",
                counters.failed_commits,
            ),
            (
                "spool_rot_total",
                "Damage found in the spool since the start: in events, files, or one of two copies.",
                counters.rot,
            ),
            (
                "duplicate_window_rot_total",
                "Files of ids in which damage was found since the start. Should be 0.",
                counters.id_rot,
            ),
            (
                "duplicate_window_shortened_total",
                "How often the oldest ids left before their time since the start, for lack of memory or disk.",
                counters.id_shortened,
            ),
            (
                "spool_torn_tails_total",
                "Unfinished commits cut off at starts.",
                counters.torn_tails,
            ),
        ] {
            self.counter(name, help, value);
        }
        self.syncs(counters);
    }

    /// The syncs' durations as a histogram.
    fn syncs(&mut self, counters: &spool::Counters) {
        let name = "clickstream_spool_sync_seconds";
        let _ = writeln!(
            self.0,
            "# HELP {name} How long a commit's sync took.\n# TYPE {name} histogram"
        );
        let mut sum = 0;
        let bounds = SYNC_BOUNDS_US.iter().map(|us| {
            let seconds = std::time::Duration::from_micros(*us).as_secs_f64();
            seconds.to_string()
        });
        let bounds = bounds.chain(["+Inf".to_owned()]);
        for (bound, count) in bounds.zip(counters.sync_buckets) {
            sum += count;
            let _ = writeln!(self.0, "{name}_bucket{{le=\"{bound}\"}} {sum}");
        }
        let seconds = counters.sync_sum.as_secs_f64();
        let _ = writeln!(self.0, "{name}_sum {seconds}\n{name}_count {sum}");
    }

    /// Requests, reasons, names.
    pub fn intake(&mut self, intake: &Intake) {
        let counters = intake.counters();
        let answered = [("ok", counters.answered.load(Relaxed))].into_iter();
        self.by_name(
            "requests_total",
            "answer",
            "Requests with events since the start, by their answer.",
            answered.chain(counters.refused()),
        );
        let outcomes = intake.outcomes();
        self.by_name(
            "rejected_by_reason_total",
            "reason",
            "Rejected events since the start, by reason.",
            outcomes.rejected(),
        );
        let identity = intake.identity().counters();
        let named = [
            ("token", &identity.by_token),
            ("claim", &identity.by_claim),
            ("visitor", &identity.by_visitor),
            ("nobody", &identity.nobody),
        ];
        self.by_name(
            "events_named_total",
            "by",
            "Events since the start, by what gave them their user id.",
            named
                .map(|(name, count)| (name, count.load(Relaxed)))
                .into_iter(),
        );
        let tokens = [
            ("believed", &identity.tokens_believed),
            ("expired", &identity.tokens_expired),
            ("refused", &identity.tokens_refused),
        ];
        self.by_name(
            "user_tokens_total",
            "result",
            "User tokens since the start.",
            tokens
                .map(|(name, count)| (name, count.load(Relaxed)))
                .into_iter(),
        );
        for (name, help, count) in [
            (
                "claims_refused_total",
                "Claimed user ids that were not believed.",
                &identity.claims_refused,
            ),
            (
                "cookies_ignored_total",
                "Requests with cookies from a foreign origin.",
                &identity.cookies_ignored,
            ),
            (
                "cookies_ambiguous_total",
                "Requests with two different user cookies.",
                &identity.cookies_ambiguous,
            ),
            (
                "visitors_restored_total",
                "Trackers that had lost their id and got it back from the visitor's cookie.",
                &identity.visitors_restored,
            ),
        ] {
            self.counter(name, help, count.load(Relaxed));
        }
    }

    /// What the keeper of refused events did.
    pub fn rejected(&mut self, counters: &rejected::Counters) {
        let counts = [("yes", &counters.kept), ("no", &counters.not_kept)];
        self.by_name(
            "rejected_kept_total",
            "kept",
            "Rejected events since the start that were written to rejected/, or could not be.",
            counts
                .map(|(name, count)| (name, count.load(Relaxed)))
                .into_iter(),
        );
    }

    /// What became of traces; all 0 where nobody wants any.
    pub fn traces(&mut self, counters: Option<&traces::Counters>) {
        let counts = [
            ("exported", counters.map(|counters| &counters.exported)),
            ("dropped", counters.map(|counters| &counters.dropped)),
        ];
        self.by_name(
            "traces_total",
            "result",
            "Traces of requests since the start, by whether the collector has them.",
            counts
                .map(|(name, count)| (name, count.map_or(0, |count| count.load(Relaxed))))
                .into_iter(),
        );
    }

    /// Until when the certificate is valid, in seconds since 1970.
    #[cfg(feature = "tls")]
    pub fn certificate(&mut self, expires_ms: u64) {
        self.gauge(
            "tls_certificate_expiration_timestamp_seconds",
            "When the certificate that is shown expires, seconds since 1970.",
            expires_ms / 1000,
        );
    }

    /// The answer.
    #[must_use]
    pub fn response(self) -> Response {
        let mut response = Response::new(Body::from(self.0));
        let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}
