//! What a stream refuses for ever, in random histories: every acknowledged event is either taken or
//! set aside, never both and never neither, whatever goes down at any moment.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clickstream_relay::forward::flight::{Answer, Failed, Sender, Trouble};
use clickstream_relay::forward::pack::{Limits, Packing, Record};
use clickstream_relay::forward::patience::Patience;
use clickstream_relay::forward::said::Said;
use clickstream_relay::forward::stream::{self, Settings};
use clickstream_relay::spool::files::SyncPoint;
use clickstream_relay::spool::files::simulated::{Crash, SimulatedDisk};
use clickstream_relay::spool::queue::Submitted;
use clickstream_relay::spool::writer::Writer;
use clickstream_relay::spool::{Config, Entry, Spool};
use clickstream_relay::stop::Shutdown;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::watch;

use crate::hand_clock::HandClock;
use crate::model::Counterexample;
use crate::spool_promises::duplicates;

const HISTORIES: u64 = 1_500;
const SPOOL: &str = "/data/spool";

/// A stream that refuses some events until somebody mends it.
#[derive(Debug, Clone, Default)]
struct Stream(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    taken: BTreeSet<String>,
    mended: bool,
    refuses_calls: bool,
    /// What a durable checkpoint had passed when the process began that runs.
    passed: BTreeSet<String>,
    /// One of these that came once more.
    again: Option<String>,
}

impl Sender for Stream {
    fn limits(&self) -> Limits {
        Limits {
            record_lines: 3,
            record_bytes: 200,
            ..Limits::FIREHOSE
        }
    }

    async fn packing(&self) -> Result<Packing, Trouble> {
        Ok(Packing::Many)
    }

    async fn send(&self, records: &[Record]) -> Answer {
        let mut seen = self.0.lock().unwrap();
        let text = |record: &Record| String::from_utf8(record.data.to_vec()).unwrap();
        let refused = |record: &&Record| !seen.mended && text(record).contains("bad");
        let said = Said::new("InternalFailure", "no");
        if seen.refuses_calls && records.iter().any(|record| refused(&record)) {
            let text = "refuses the call".to_owned();
            return Answer::Refused { said, text };
        }
        let (bad, good): (Vec<_>, Vec<_>) =
            (0..records.len()).partition(|at| refused(&&records[*at]));
        for at in good {
            for line in text(&records[at]).lines() {
                if seen.passed.contains(line) {
                    seen.again = Some(line.to_owned());
                }
                seen.taken.insert(line.to_owned());
            }
        }
        let said = Some(said);
        match bad.is_empty() {
            true => Answer::Taken,
            false => Answer::Partly(
                bad.into_iter()
                    .map(|index| Failed {
                        index,
                        said: said.clone(),
                    })
                    .collect(),
            ),
        }
    }
}

struct History {
    random: StdRng,
    disk: SimulatedDisk,
    stream: Stream,
    process: Option<(Spool, Writer)>,
    /// Every event, and whether it was acknowledged.
    events: BTreeMap<String, bool>,
    crash: Crash,
    trace: Vec<String>,
}

/// Runs the history of this seed, with one sync left out.
pub fn run(seed: u64, skip: Option<SyncPoint>) -> Result<(), (Counterexample, Vec<String>)> {
    let mut random = StdRng::seed_from_u64(seed);
    let disk = SimulatedDisk::new(random.random());
    if let Some(point) = skip {
        disk.skip(point);
    }
    let stream = Stream::default();
    stream.0.lock().unwrap().refuses_calls = random.random_bool(0.3);
    let mut history = History {
        random,
        disk,
        stream,
        process: None,
        events: BTreeMap::new(),
        crash: Crash::PowerCut,
        trace: Vec::new(),
    };
    let steps = history.random.random_range(3..12);
    let played = (0..steps).try_for_each(|_| history.step());
    let ended = played.and_then(|()| history.end());
    ended.map_err(|found| (found, history.trace))
}

impl History {
    fn step(&mut self) -> Result<(), Counterexample> {
        match self.random.random_range(0..100) {
            0..30 => {
                let count = self.random.random_range(1..6);
                self.append(count)
            }
            30..60 => self.forward(),
            60..65 => {
                let crash = self.kind();
                self.go_down(crash);
                Ok(())
            }
            65..80 => {
                self.crash = self.kind();
                let count = self.random.random_range(0..14);
                self.trace
                    .push(format!("{:?} after {count} operations", self.crash));
                self.disk.stop_after(count);
                self.forward()
            }
            80..93 => {
                self.crash = self.kind();
                let count = self.random.random_range(0..4);
                self.trace.push(format!("{:?} at sync {count}", self.crash));
                self.disk.stop_at_sync(count);
                self.forward()
            }
            93..97 => {
                let count = self.random.random_range(0..5);
                self.trace.push(format!("a sync fails after {count}"));
                self.disk.fail_sync_after(Some(count));
                self.forward()
            }
            _ => {
                self.trace.push("the stream is mended".to_owned());
                self.stream.0.lock().unwrap().mended = true;
                Ok(())
            }
        }
    }

    fn kind(&mut self) -> Crash {
        match self.random.random_bool(0.5) {
            true => Crash::Kill,
            false => Crash::PowerCut,
        }
    }

    fn go_down(&mut self, crash: Crash) {
        self.trace.push(format!("{crash:?}"));
        self.process = None;
        self.disk.restart(crash);
    }

    fn process(&mut self) -> Result<&mut (Spool, Writer), Counterexample> {
        let mut why = String::new();
        for attempt in 0..4 {
            if self.process.is_some() {
                break;
            }
            let config = Config {
                size: 100 * 8192,
                segment_size: 8192,
                duplicates: duplicates(),
                ..Config::new(SPOOL)
            };
            let disk = Arc::new(self.disk.clone());
            let clock = Arc::new(HandClock::at(1_767_322_985_006));
            match Spool::open_without_thread(&config, disk, clock) {
                Ok((spool, writer)) => {
                    let aside = spool.set_aside_ahead();
                    self.trace.push(format!(
                        "open: {:?}, set aside and not passed {aside:?}",
                        spool.checkpoint()
                    ));
                    // A disk that stops meanwhile says nothing.
                    let passed = passed(&spool).unwrap_or_default();
                    self.stream.0.lock().unwrap().passed = passed;
                    self.process = Some((spool, writer));
                }
                Err(error) => {
                    why = error.to_string();
                    self.trace.push(format!("does not open: {why}"));
                    if self.disk.stopped() {
                        self.go_down(self.crash);
                    }
                    if attempt > 0 {
                        self.disk.fail_sync_after(None);
                    }
                }
            }
        }
        self.process.as_mut().ok_or(Counterexample::Stuck(why))
    }

    fn append(&mut self, count: u32) -> Result<(), Counterexample> {
        let mut lines = Vec::new();
        for _ in 0..count {
            let what = match self.random.random_range(0..10) {
                0..5 => "good".to_owned(),
                5..9 => "bad".to_owned(),
                // More than a record may hold.
                _ => "x".repeat(300),
            };
            lines.push(format!(
                "{{\"{what}\":{}}}",
                self.events.len() + lines.len()
            ));
        }
        let (spool, writer) = self.process()?;
        let entry = |line: &String| Entry {
            received_at: 1,
            key: spool.key("shop", 1, line),
            line: line.clone().into_bytes(),
        };
        let entries: Vec<Entry> = lines.iter().map(entry).collect();
        let well = match spool.submit(&entries) {
            Submitted::Done(answer) => answer.is_ok(),
            Submitted::Waiting(mut answer) => {
                writer.commit_waiting();
                answer.try_recv().is_ok_and(|answer| answer.is_ok())
            }
        };
        self.trace.push(format!("{lines:?}: {well}"));
        self.events
            .extend(lines.into_iter().map(|line| (line, well)));
        if self.disk.stopped() {
            self.go_down(self.crash);
        }
        Ok(())
    }

    /// Forwards for a while, in time that only passes in waiting; then the process ends, or not.
    fn forward(&mut self) -> Result<(), Counterexample> {
        let seconds = self.random.random_range(0..100);
        let sender = self.stream.clone();
        let spool = self.process()?.0.clone();
        let settings = Settings {
            in_flight: 3,
            patience: Patience {
                refused_for: Duration::from_secs(1),
                ..Patience::default()
            },
            ..Settings::default()
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let (_stop, asked) = watch::channel(Some(Duration::from_secs(seconds)));
            stream::run(
                spool,
                sender,
                settings,
                Arc::default(),
                Shutdown::new(asked),
            )
            .await;
        });
        drop(runtime);
        let checkpoint = self.process()?.0.checkpoint();
        self.trace
            .push(format!("forward {seconds} s: {checkpoint:?}"));
        if self.disk.stopped() {
            self.go_down(self.crash);
        }
        Ok(())
    }

    /// All goes well from now on; then power is cut once more.
    fn end(&mut self) -> Result<(), Counterexample> {
        self.disk.stop_after(u64::MAX);
        self.disk.stop_at_sync(u64::MAX);
        self.disk.fail_sync_after(None);
        for power_cut in [false, true] {
            if power_cut {
                self.go_down(Crash::PowerCut);
            }
            let mut rounds = 0;
            loop {
                // Something that is taken tells that it is not the stream.
                let line = format!("{{\"good\":{}}}", self.events.len());
                let (spool, writer) = self.process()?;
                let entry = Entry {
                    received_at: 1,
                    key: spool.key("shop", 1, &line),
                    line: line.clone().into_bytes(),
                };
                let _waiting = spool.submit(&[entry]);
                writer.commit_waiting();
                self.events.insert(line, true);
                self.forward()?;
                rounds += 1;
                let totals = self.process()?.0.totals();
                if totals.waiting == 0 {
                    break;
                }
                if rounds > 20 {
                    return Err(Counterexample::Stuck(format!("{totals:?}")));
                }
            }
        }
        self.check()
    }

    fn check(&mut self) -> Result<(), Counterexample> {
        let mut aside: BTreeMap<String, u64> = BTreeMap::new();
        for (path, bytes) in self.disk.contents(Path::new(SPOOL)) {
            if !path.to_string_lossy().contains("/refused-") {
                continue;
            }
            for line in String::from_utf8_lossy(&bytes).lines() {
                let line = kept(line).ok_or_else(|| Counterexample::Garbled(line.to_owned()))?;
                *aside.entry(line).or_default() += 1;
            }
        }
        let seen = self.stream.0.lock().unwrap();
        if let Some(again) = &seen.again {
            return Err(Counterexample::Doubled(again.clone()));
        }
        for (line, acknowledged) in &self.events {
            let taken = u64::from(seen.taken.contains(line));
            match taken + aside.get(line).copied().unwrap_or_default() {
                0 if *acknowledged => return Err(Counterexample::Lost(line.clone())),
                0 | 1 => {}
                _ => return Err(Counterexample::Doubled(line.clone())),
            }
        }
        drop(seen);
        let count: u64 = aside.values().sum();
        let totals = self.process()?.0.totals();
        match totals.balance() && totals.failed == count && totals.rotten == 0 {
            true => Ok(()),
            false => Err(Counterexample::Books(format!(
                "{totals:?}, {count} set aside"
            ))),
        }
    }
}

/// The lines that the checkpoint has passed.
fn passed(spool: &Spool) -> std::io::Result<BTreeSet<String>> {
    let checkpoint = spool.checkpoint();
    let records = spool.cursor(0).read(usize::MAX, u64::MAX)?;
    let passed = records.into_iter();
    let passed = passed.filter(|record| checkpoint.has_passed(record.position));
    Ok(passed
        .map(|record| String::from_utf8_lossy(&record.line).into_owned())
        .collect())
}

/// The event of a line of the files.
fn kept(line: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(line).ok()?;
    let bytes = STANDARD.decode(value.get("rawData")?.as_str()?).ok()?;
    String::from_utf8(bytes).ok()
}

#[test]
fn no_history_loses_or_doubles_what_a_stream_refuses() {
    for seed in 0..HISTORIES {
        if let Err((found, trace)) = run(seed, None) {
            panic!("{}\nhistory {seed}: {found:?}", trace.join("\n"));
        }
    }
}
