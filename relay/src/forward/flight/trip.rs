//! What a call's way has come to so far.

use tokio::time::Instant;

use crate::forward::acks::{Done, Sums};
use crate::forward::pack::{Call, Limits, Record};
use crate::forward::patience::Patience;
use crate::forward::refusal::Verdict;
use crate::spool::{Record as Line, Refused};

/// The code of a line that fits into no record: ours, since it was never sent.
const TOO_LONG: &str = "Relay.RecordTooLong";

/// So far.
#[derive(Debug)]
pub(super) struct Trip {
    pub(super) done: Done,
    pub(super) limits: Limits,
    /// Bytes billed for what was taken.
    pub(super) billed: u64,
    /// Bytes of the lines that were set aside, and what they would have been billed one by one.
    pub(super) bytes_aside: u64,
    pub(super) billed_aside: u64,
}

impl Trip {
    /// At its beginning, with what is to be sent: all of it is thought to be taken.
    pub(super) fn new(call: Call, limits: Limits) -> (Self, Vec<Record>) {
        let sums = Sums {
            delivered: call.lines,
            failed: call.too_long.len() as u64 + call.aside,
            bytes: call.bytes,
        };
        let refused = call.too_long.into_iter();
        let refused = refused.map(|line| too_long(line, &limits)).collect();
        let trip = Self {
            done: Done { sums, refused },
            limits,
            billed: 0,
            bytes_aside: 0,
            billed_aside: 0,
        };
        (trip, call.records)
    }

    /// Which records of a part are sent again, and how; what is refused for ever is set aside.
    pub(super) fn judge(
        &mut self,
        part: Vec<Record>,
        patience: &Patience,
        now: Instant,
        taken: u64,
    ) -> Vec<Record> {
        let mut again = Vec::with_capacity(part.len());
        for record in part {
            match record.verdict(patience, now, taken) {
                Verdict::Again => again.push(record),
                Verdict::Halve => again.extend(record.halve()),
                Verdict::SetAside => {
                    let Some(refused) = record.into_refused() else {
                        continue;
                    };
                    self.bytes_aside += refused.line.len() as u64;
                    self.billed_aside += self.limits.billed(refused.line.len());
                    self.done.sums.delivered -= 1;
                    self.done.sums.failed += 1;
                    self.done.refused.push(refused);
                }
            }
        }
        again
    }
}

fn too_long(line: Line, limits: &Limits) -> Refused {
    Refused {
        position: line.position,
        received_at: line.received_at,
        attempts: 0,
        code: TOO_LONG.into(),
        message: format!(
            "{} bytes, and a record of the stream holds {}",
            line.line.len(),
            limits.record_bytes
        )
        .into(),
        line: line.line,
    }
}
