//! Calls with lines that the stream refuses for ever.

use super::*;
use crate::forward::pack::Packer;
use crate::spool::Record as Line;

/// Whom it refuses, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// The record that holds such a line, in an answered call.
    Record,
    /// The call that holds such a record.
    Call,
}

/// Refuses lines with `bad` in them; keeps what it took, line by line.
#[derive(Debug)]
struct Picky {
    by: By,
    packing: Packing,
    taken: Arc<Mutex<Vec<String>>>,
}

fn said() -> Said {
    Said::new("InternalFailure", "cannot be taken")
}

impl Sender for Picky {
    fn limits(&self) -> Limits {
        Limits {
            record_lines: 50,
            ..Limits::FIREHOSE
        }
    }

    async fn packing(&self) -> Result<Packing, Trouble> {
        Ok(self.packing)
    }

    async fn send(&self, records: &[Record]) -> Answer {
        let text = |record: &Record| String::from_utf8(record.data.to_vec()).unwrap();
        let is_bad = |record: &Record| text(record).contains("bad");
        let bad: Vec<usize> = (0..records.len())
            .filter(|index| is_bad(&records[*index]))
            .collect();
        if self.by == By::Call && !bad.is_empty() {
            let text = "refuses the call".to_owned();
            return Answer::Refused { said: said(), text };
        }
        for record in records.iter().filter(|record| !is_bad(record)) {
            let text = text(record);
            assert_eq!(text.lines().count() as u64, record.lines());
            self.taken
                .lock()
                .unwrap()
                .extend(text.lines().map(str::to_owned));
        }
        let failed = bad.into_iter().map(|index| Failed {
            index,
            said: Some(said()),
        });
        match failed.len() {
            0 => Answer::Taken,
            _ => Answer::Partly(failed.collect()),
        }
    }
}

fn packed(sender: &Picky, lines: impl Iterator<Item = String>) -> Call {
    let mut packer = Packer::new(sender.packing, sender.limits());
    for (position, line) in (1..).zip(lines) {
        assert!(packer.push(&Line {
            position,
            received_at: 7,
            line: line.into(),
        }));
    }
    packer.take()
}

struct Sent {
    ended: Ended,
    taken: Vec<String>,
    took: Duration,
}

async fn send(by: By, packing: Packing, count: u64, bad: &[u64]) -> Sent {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let sender = Picky {
        by,
        packing,
        taken: Arc::clone(&taken),
    };
    let name = |number| match bad.contains(&number) {
        true => format!("bad-{number}"),
        false => format!("good-{number}"),
    };
    let call = packed(&sender, (1..=count).map(name));
    let begun = Instant::now();
    let ended = fly_by(sender, call).await;
    let taken = taken.lock().unwrap().clone();
    Sent {
        ended,
        taken,
        took: begun.elapsed(),
    }
}

#[tokio::test(start_paused = true)]
async fn complaint_44_rudder_server_4953_what_is_refused_for_ever_leaves_in_bounded_time() {
    for by in [By::Record, By::Call] {
        for packing in [Packing::Many, Packing::One { newline: true }] {
            let bad = [7, 120, 121];
            let sent = send(by, packing, 200, &bad).await;
            let (ended, mut taken, took) = (sent.ended, sent.taken, sent.took);
            let case = format!("{by:?} {packing:?} {took:?}");
            // Every other line once, however many shared its record or call.
            taken.sort();
            let good = (1..=200).filter(|number| !bad.contains(number));
            let mut wanted: Vec<String> = good.map(|number| format!("good-{number}")).collect();
            wanted.sort();
            assert_eq!(taken, wanted, "{case}");
            let refused: Vec<_> = ended
                .done
                .refused
                .iter()
                .map(|one| (one.position, &one.line[..]))
                .collect();
            let wanted = [(7, &b"bad-7"[..]), (120, b"bad-120"), (121, b"bad-121")];
            assert_eq!(refused, wanted, "{case}");
            assert_eq!(
                (ended.done.sums.delivered, ended.done.sums.failed),
                (197, 3),
                "{case}"
            );
            assert_eq!(ended.totals.events, 197);
            assert!(took >= Patience::default().refused_for, "{case}");
            assert!(took < Duration::from_secs(60), "{case}");
            assert_eq!(ended.heard.last().unwrap_or(&None), &None, "{case}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_refuses_everything_loses_nothing_and_is_named() {
    for by in [By::Record, By::Call] {
        let packing = Packing::One { newline: false };
        let all = send(by, packing, 3, &[1, 2, 3]);
        let hours = Duration::from_secs(24 * 3600);
        assert!(tokio::time::timeout(hours, all).await.is_err(), "{by:?}");
    }
}
