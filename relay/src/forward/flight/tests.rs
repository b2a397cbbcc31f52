//! Calls against a stream that answers by a script, in time that only passes in waiting.

use std::time::Duration;

use super::*;
use crate::forward::acks::Sums;
use crate::forward::pack::Place;
use crate::forward::said::Said;

/// When each call came, and the first byte of each of its records.
type Calls = Vec<(Instant, Vec<u8>)>;

/// Answers as the script says, then takes all. Keeps what each call carried.
#[derive(Debug, Default)]
struct Scripted {
    answers: Mutex<VecDeque<Answer>>,
    calls: Arc<Mutex<Calls>>,
}

impl Sender for Scripted {
    fn limits(&self) -> Limits {
        Limits::FIREHOSE
    }

    async fn packing(&self) -> Result<Packing, Trouble> {
        match self.answers.lock().unwrap().pop_front() {
            Some(Answer::Not(trouble)) => Err(trouble),
            _ => Ok(Packing::Many),
        }
    }

    async fn send(&self, records: &[Record]) -> Answer {
        let names = records.iter().map(|record| record.data[0]).collect();
        self.calls.lock().unwrap().push((Instant::now(), names));
        let answer = self.answers.lock().unwrap().pop_front();
        answer.unwrap_or(Answer::Taken)
    }
}

fn not(kind: Kind, text: &str) -> Answer {
    Answer::Not(Trouble {
        kind,
        text: text.to_owned(),
    })
}

/// The records with these indices are throttled.
fn throttled(indices: &[usize]) -> Answer {
    let failed = indices.iter().map(|index| Failed {
        index: *index,
        said: None,
    });
    Answer::Partly(failed.collect())
}

fn call(names: &[u8]) -> Call {
    let place = Place {
        position: 9,
        received_at: 7,
    };
    let record = |name: &u8| Record {
        data: vec![*name; 10].into(),
        places: vec![place; 2],
        refusal: None,
    };
    Call {
        records: names.iter().map(record).collect(),
        last: 9,
        lines: 2 * names.len() as u64,
        too_long: Vec::new(),
        aside: 0,
        bytes: 100,
        sent_bytes: 90,
        billed_alone: 10_240 * names.len() as u64,
    }
}

/// What a call came to.
struct Ended {
    done: Done,
    totals: crate::forward::counters::Totals,
    heard: Vec<Option<String>>,
}

async fn fly_by(sender: impl Sender, call: Call) -> Ended {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hear = Arc::clone(&heard);
    let voice = Voice::new(move |text| hear.lock().unwrap().push(text));
    let counters = Arc::new(Counters::default());
    let patience = Patience::default();
    let airport = Airport::new(sender, 4, patience, 1, Arc::clone(&counters), voice);
    let Landed::Taken(done) = airport.fly(call).await else {
        panic!("gone");
    };
    drop(airport);
    Ended {
        done,
        totals: counters.totals(),
        heard: Arc::into_inner(heard).unwrap().into_inner().unwrap(),
    }
}

struct Flown {
    sums: Sums,
    calls: Calls,
    totals: crate::forward::counters::Totals,
    heard: Vec<Option<String>>,
}

async fn fly(answers: Vec<Answer>, names: &[u8]) -> Flown {
    let sender = Scripted {
        answers: Mutex::new(answers.into()),
        ..Scripted::default()
    };
    let calls = Arc::clone(&sender.calls);
    let Ended {
        done,
        totals,
        heard,
    } = fly_by(sender, call(names)).await;
    Flown {
        sums: done.sums,
        calls: Arc::into_inner(calls).unwrap().into_inner().unwrap(),
        totals,
        heard,
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_records_that_failed_are_sent_again() {
    let answers = vec![throttled(&[1, 3]), throttled(&[0])];
    let flown = fly(answers, b"abcd").await;
    let carried: Vec<&[u8]> = flown.calls.iter().map(|(_, names)| &names[..]).collect();
    assert_eq!(carried, [&b"abcd"[..], b"bd", b"b"]);
    assert_eq!(flown.totals.failed_records, 3);
    assert_eq!((flown.totals.records, flown.totals.events), (4, 8));
    assert_eq!((flown.sums.delivered, flown.sums.bytes), (8, 100));
    assert_eq!(flown.totals.billed_bytes, 4 * 5_120);
    assert_eq!(flown.totals.saved_bytes, 4 * 5_120);
    assert_eq!(flown.totals.event_bytes, 90);
    assert_eq!(flown.totals.doubles_at_most, 0);
    assert_eq!(flown.heard, []);
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_with_jitter_up_to_the_longest() {
    let flown = fly(vec![not(Kind::Throttled, "slow"); 14], b"a").await;
    let pauses: Vec<f64> = flown
        .calls
        .windows(2)
        .map(|pair| (pair[1].0 - pair[0].0).as_secs_f64())
        .collect();
    for (number, pause) in pauses.iter().enumerate() {
        let whole = (0.1 * f64::from(1 << number)).min(30.0);
        // The timer is exact to a millisecond.
        assert!(
            *pause >= whole / 2.0 && *pause <= whole + 0.002,
            "{pauses:?}"
        );
    }
    let whole = |n: usize| (pauses[n] / (0.1 * f64::from(1 << n)) * 100.0).round();
    assert!((1..6).any(|n| whole(n) != whole(0)), "{pauses:?}");
    assert_eq!(flown.totals.throttled_calls, 14);
    assert_eq!(flown.totals.doubles_at_most, 0);
    // Throttling that lasts is said, once, and its end.
    assert_eq!(flown.heard.len(), 2);
    assert!(flown.heard[0].as_ref().unwrap().contains("throttles"));
    assert_eq!(flown.heard[1], None);
}

/// Throttles for ten minutes, then takes all.
#[derive(Debug)]
struct Busy {
    until: Instant,
    attempts: Arc<Mutex<Vec<Instant>>>,
}

impl Sender for Busy {
    fn limits(&self) -> Limits {
        Limits::FIREHOSE
    }

    async fn packing(&self) -> Result<Packing, Trouble> {
        Ok(Packing::Many)
    }

    async fn send(&self, _: &[Record]) -> Answer {
        self.attempts.lock().unwrap().push(Instant::now());
        match Instant::now() < self.until {
            true => not(Kind::Throttled, "throttles"),
            false => Answer::Taken,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn fluent_bit_3917_throttled_for_ten_minutes_everything_is_delivered() {
    let attempts = Arc::new(Mutex::new(Vec::new()));
    let sender = Busy {
        until: Instant::now() + Duration::from_secs(600),
        attempts: Arc::clone(&attempts),
    };
    let counters = Arc::new(Counters::default());
    let voice = Voice::new(|_| {});
    let airport = Airport::new(
        sender,
        8,
        Patience::default(),
        1,
        Arc::clone(&counters),
        voice,
    );
    let flights = (0..8).map(|_| airport.fly(call(b"abc")));
    let sums = futures_util::future::join_all(flights).await;
    let taken = |landed: &Landed| matches!(landed, Landed::Taken(done) if done.sums.delivered == 6);
    assert!(sums.iter().all(taken));
    assert_eq!(counters.totals().events, 48);
    // Doubling from 0.1 s to 30 s, half of it by lot: 20 to 60 attempts a call, no storm.
    let count = attempts.lock().unwrap().len();
    assert!((8 * 20..8 * 60).contains(&count), "{count} attempts");
    let pauses: std::collections::BTreeSet<Duration> = {
        let times = attempts.lock().unwrap();
        times.windows(2).map(|pair| pair[1] - pair[0]).collect()
    };
    assert!(pauses.len() > count / 2, "they come apart by lot");
}

#[tokio::test(start_paused = true)]
async fn the_same_trouble_is_said_once_and_its_end_once() {
    let mut answers = vec![not(Kind::Refused, "no such stream"); 20];
    answers.extend(vec![not(Kind::Refused, "no right"); 20]);
    let flown = fly(answers, b"ab").await;
    let heard: Vec<Option<&str>> = flown.heard.iter().map(Option::as_deref).collect();
    assert_eq!(heard, [Some("no such stream"), Some("no right"), None]);
    assert_eq!(flown.totals.refused_calls, 40);
    assert_eq!(flown.totals.doubles_at_most, 0);
    assert_eq!(flown.sums.delivered, 4);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_gone_ends_the_call_and_its_trouble_stays() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hear = Arc::clone(&heard);
    let voice = Voice::new(move |text| hear.lock().unwrap().push(text));
    let answers = vec![throttled(&[1]), not(Kind::Gone, "no such stream")];
    let sender = Scripted {
        answers: Mutex::new(answers.into()),
        ..Scripted::default()
    };
    let counters = Arc::new(Counters::default());
    let told = Arc::clone(&counters);
    let airport = Airport::new(sender, 1, Patience::default(), 1, told, voice);
    let Landed::Gone(source) = airport.fly(call(b"ab")).await else {
        panic!("taken");
    };
    assert_eq!((counters.totals().calls, counters.totals().events), (2, 2));
    assert_eq!(*heard.lock().unwrap(), [Some("no such stream".to_owned())]);
    airport.voice().well(source);
    assert_eq!(heard.lock().unwrap().last(), Some(&None));
}

#[tokio::test(start_paused = true)]
async fn what_got_no_answer_may_be_double_and_is_counted() {
    let answers = vec![
        throttled(&[2]),
        not(Kind::NoAnswer, "cut"),
        not(Kind::NoAnswer, "cut"),
    ];
    let flown = fly(answers, b"abc").await;
    assert_eq!(flown.totals.unanswered_calls, 2);
    assert_eq!(flown.totals.doubles_at_most, 4);
    assert_eq!(flown.totals.events, 6);
    // The first after progress is no news, the second is.
    assert_eq!(flown.heard, [Some("cut".to_owned()), None]);
}

#[tokio::test(start_paused = true)]
async fn a_call_of_nothing_but_too_long_lines_is_passed_without_sending() {
    let flown = {
        let voice = Voice::new(|_| {});
        let counters = Arc::new(Counters::default());
        let patience = Patience::default();
        let sender = Scripted::default();
        let airport = Airport::new(sender, 1, patience, 1, Arc::clone(&counters), voice);
        let long = crate::spool::Record {
            position: 9,
            received_at: 7,
            line: "long".into(),
        };
        let mut call = call(b"");
        call.too_long = vec![long.clone(), long.clone(), long];
        (airport.fly(call).await, counters.totals())
    };
    let Landed::Taken(done) = flown.0 else {
        panic!("gone");
    };
    assert_eq!((done.sums.failed, done.sums.delivered), (3, 0));
    assert_eq!((flown.1.too_long, flown.1.calls), (3, 0));
    let refused = done.refused.iter();
    assert!(
        refused
            .clone()
            .all(|refused| &*refused.line == b"long" && refused.attempts == 0)
    );
    assert_eq!(refused.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn how_to_pack_is_asked_until_it_is_said() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hear = Arc::clone(&heard);
    let voice = Voice::new(move |text| hear.lock().unwrap().push(text));
    let answers = vec![not(Kind::Refused, "no such stream"); 3];
    let sender = Scripted {
        answers: Mutex::new(answers.into()),
        ..Scripted::default()
    };
    let counters = Arc::default();
    let airport = Airport::new(sender, 1, Patience::default(), 1, counters, voice);
    assert_eq!(airport.packing().await, Packing::Many);
    airport.fly(call(b"a")).await;
    assert_eq!(
        *heard.lock().unwrap(),
        [Some("no such stream".to_owned()), None]
    );
}

mod refused;
