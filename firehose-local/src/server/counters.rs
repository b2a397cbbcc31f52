//! What a server has done, as numbers.

use std::sync::atomic::{AtomicU64, Ordering};

/// One number each.
#[derive(Debug, Default)]
pub struct Counters {
    calls: AtomicU64,
    records: AtomicU64,
    failed_records: AtomicU64,
    throttled_calls: AtomicU64,
    throttled_control_calls: AtomicU64,
    cut_calls: AtomicU64,
    lost_answers: AtomicU64,
    slow_calls: AtomicU64,
    objects: AtomicU64,
    error_objects: AtomicU64,
    delivered_records: AtomicU64,
    errored_records: AtomicU64,
    discarded_records: AtomicU64,
}

/// The numbers at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Totals {
    /// Put calls that were looked at, throttled and lost ones too.
    pub calls: u64,
    /// Put records taken.
    pub records: u64,
    /// Records of a batch that failed on purpose.
    pub failed_records: u64,
    /// Calls throttled on purpose.
    pub throttled_calls: u64,
    /// Control calls throttled on purpose.
    pub throttled_control_calls: u64,
    /// Connections cut before their call was looked at.
    pub cut_calls: u64,
    /// Calls taken whose answer was lost on purpose.
    pub lost_answers: u64,
    /// Calls looked at late on purpose.
    pub slow_calls: u64,
    /// Objects of data written.
    pub objects: u64,
    /// Objects of failed records written.
    pub error_objects: u64,
    /// Records in objects of data, after deaggregation.
    pub delivered_records: u64,
    /// Records in error objects.
    pub errored_records: u64,
    /// Records that were thrown away with their deleted stream.
    pub discarded_records: u64,
}

/// Which number.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Count {
    Calls,
    Records,
    FailedRecords,
    ThrottledCalls,
    ThrottledControlCalls,
    CutCalls,
    LostAnswers,
    SlowCalls,
    Objects,
    ErrorObjects,
    DeliveredRecords,
    ErroredRecords,
    DiscardedRecords,
}

impl Counters {
    pub(crate) fn add(&self, count: Count, more: u64) {
        let counter = match count {
            Count::Calls => &self.calls,
            Count::Records => &self.records,
            Count::FailedRecords => &self.failed_records,
            Count::ThrottledCalls => &self.throttled_calls,
            Count::ThrottledControlCalls => &self.throttled_control_calls,
            Count::CutCalls => &self.cut_calls,
            Count::LostAnswers => &self.lost_answers,
            Count::SlowCalls => &self.slow_calls,
            Count::Objects => &self.objects,
            Count::ErrorObjects => &self.error_objects,
            Count::DeliveredRecords => &self.delivered_records,
            Count::ErroredRecords => &self.errored_records,
            Count::DiscardedRecords => &self.discarded_records,
        };
        counter.fetch_add(more, Ordering::Relaxed);
    }

    /// The numbers now.
    pub fn totals(&self) -> Totals {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Totals {
            calls: read(&self.calls),
            records: read(&self.records),
            failed_records: read(&self.failed_records),
            throttled_calls: read(&self.throttled_calls),
            throttled_control_calls: read(&self.throttled_control_calls),
            cut_calls: read(&self.cut_calls),
            lost_answers: read(&self.lost_answers),
            slow_calls: read(&self.slow_calls),
            objects: read(&self.objects),
            error_objects: read(&self.error_objects),
            delivered_records: read(&self.delivered_records),
            errored_records: read(&self.errored_records),
            discarded_records: read(&self.discarded_records),
        }
    }
}
