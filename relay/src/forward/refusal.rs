//! When a record is refused for ever, and which of its lines it is for.
//!
//! A stream that refuses everything has another trouble than its records: a wrong setting, a
//! right that was taken away. So a record is refused for ever only when the stream has refused it
//! over some time and has taken others since; until then it is tried again. A record of several
//! lines is then halved, and each half tried by itself, until a single line is left: that one is
//! set aside when it was refused several times, and the others are delivered. A throttle is never
//! a refusal.

use tokio::time::Instant;

use super::pack::Record;
use super::patience::Patience;
use super::said::{Refusal, Said};
use crate::spool::Refused;

/// What becomes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is sent again.
    Again,
    /// Its halves are sent by themselves.
    Halve,
    /// Its line is set aside.
    SetAside,
}

impl Record {
    /// The stream has refused it, and had taken so many others before; `alone` when it can be for
    /// no other record of the call.
    pub(super) fn refuse(&mut self, said: &Said, alone: bool, now: Instant, taken: u64) {
        let refusal = self.refusal.get_or_insert_with(|| {
            Box::new(Refusal {
                said: said.clone(),
                attempts: 0,
                times: 0,
                since: now,
                taken,
            })
        });
        refusal.said = said.clone();
        refusal.attempts += 1;
        refusal.times += u32::from(alone);
    }

    /// Whether others were taken since it was refused first: it is the record, and not the stream.
    pub(super) fn is_alone_refused(&self, taken: u64) -> bool {
        let refusal = self.refusal.as_ref();
        refusal.is_some_and(|refusal| taken > refusal.taken)
    }

    /// What becomes of it, when the stream has taken so many.
    pub(super) fn verdict(&self, patience: &Patience, now: Instant, taken: u64) -> Verdict {
        let times = self.refusal.as_deref();
        let times = times.filter(|refusal| now - refusal.since >= patience.refused_for);
        let times = times.filter(|_| self.is_alone_refused(taken));
        match (times.map_or(0, |refusal| refusal.times), self.lines()) {
            (1.., 2..) => Verdict::Halve,
            (times, 0 | 1) if times >= patience.refusals => Verdict::SetAside,
            _ => Verdict::Again,
        }
    }

    /// The first half of its lines, and the second.
    pub(super) fn halve(mut self) -> [Self; 2] {
        let half = self.places.len() / 2;
        if let Some(refusal) = &mut self.refusal {
            refusal.times = 0;
        }
        let ends = self.data.iter().enumerate();
        let mut ends = ends.filter(|(_, byte)| **byte == b'\n');
        let end = half.checked_sub(1).and_then(|last| ends.nth(last));
        let end = end.map_or(0, |(at, _)| at);
        let second = Self {
            data: self.data.slice((end + 1).min(self.data.len())..),
            places: self.places.split_off(half),
            refusal: self.refusal.clone(),
        };
        self.data.truncate(end);
        [self, second]
    }

    /// Its one line, to be set aside.
    pub(super) fn into_refused(self) -> Option<Refused> {
        let (place, refusal) = (self.places.first()?, self.refusal?);
        let mut line = self.data;
        if line.ends_with(b"\n") {
            line.truncate(line.len() - 1);
        }
        Some(Refused {
            position: place.position,
            received_at: place.received_at,
            line,
            attempts: refusal.attempts,
            code: refusal.said.code,
            message: refusal.said.message,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::forward::pack::Place;

    fn record(lines: &[&str]) -> Record {
        let place = |position| Place {
            position,
            received_at: 7,
        };
        Record {
            data: lines.join("\n").into(),
            places: (1..=lines.len() as u64).map(place).collect(),
            refusal: None,
        }
    }

    #[test]
    fn halves_have_every_line_once_down_to_single_ones() {
        for count in 2..20 {
            let lines: Vec<String> = (1..=count).map(|n| "x".repeat(n)).collect();
            let texts: Vec<&str> = lines.iter().map(String::as_str).collect();
            let (mut open, mut single) = (vec![record(&texts)], Vec::new());
            while let Some(record) = open.pop() {
                match record.lines() {
                    1 => single.push((record.places[0].position, record.data)),
                    _ => open.extend(record.halve()),
                }
            }
            single.sort();
            let wanted = (1..).zip(lines.into_iter().map(bytes::Bytes::from));
            assert_eq!(single, wanted.collect::<Vec<_>>());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn for_ever_is_often_and_long_and_while_others_are_taken() {
        let patience = Patience::default();
        let said = Said::new("InternalFailure", "no");
        let begun = Instant::now();
        let late = begun + patience.refused_for;
        let mut one = record(&["a"]);
        let verdict = |record: &Record, now, taken| record.verdict(&patience, now, taken);
        assert_eq!(verdict(&one, late, 9), Verdict::Again);
        for _ in 1..patience.refusals {
            one.refuse(&said, true, begun, 8);
        }
        assert_eq!(verdict(&one, late, 9), Verdict::Again);
        one.refuse(&said, true, late, 9);
        let early = late - Duration::from_millis(1);
        assert_eq!(verdict(&one, early, 9), Verdict::Again);
        assert_eq!(verdict(&one, late, 8), Verdict::Again);
        assert_eq!(verdict(&one, late, 9), Verdict::SetAside);
        let refused = one.into_refused().unwrap();
        assert_eq!((refused.attempts, &*refused.code), (3, "InternalFailure"));

        let mut two = record(&["a", "b"]);
        // Perhaps it was another record of its call.
        two.refuse(&said, false, begun, 8);
        assert_eq!(verdict(&two, late, 9), Verdict::Again);
        two.refuse(&said, true, late, 9);
        assert_eq!(verdict(&two, late, 9), Verdict::Halve);
        // A half has its own tries, and the time of the whole.
        let [_, mut half] = two.halve();
        assert_eq!(verdict(&half, late, 9), Verdict::Again);
        for _ in 0..patience.refusals {
            half.refuse(&said, true, late, 9);
        }
        assert_eq!(verdict(&half, late, 9), Verdict::SetAside);
        assert_eq!(half.into_refused().unwrap().position, 2);
    }
}
