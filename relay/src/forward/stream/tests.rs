//! From a spool on a simulated disk to a stream that is made up, in time that only passes in
//! waiting.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::*;
use crate::clock::SystemClock;
use crate::forward::flight::{Answer, Failed, Trouble};
use crate::forward::pack::{Limits, Record as Packed};
use crate::forward::said::Said;
use crate::spool::files::simulated::{Crash, SimulatedDisk};
use crate::spool::writer::Writer;
use crate::spool::{Checkpoint, Config, Entry};

/// So long the stream takes to answer.
const ANSWER: Duration = Duration::from_millis(100);
/// So often a line comes: half of the places are taken by those before it.
const EVERY: Duration = Duration::from_millis(25);
/// More often than calls can take them: all places are taken.
const FASTER: Duration = Duration::from_millis(1);
/// This line the stream refuses for ever, if it is told to.
const BAD: u64 = 10;

/// A line a call. Keeps how often it took each, also where the answer is never heard.
#[derive(Debug, Clone, Default)]
struct Stream(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    taken: BTreeMap<u64, u64>,
    refuses: bool,
    /// So often it meets a fault at [`BAD`].
    faults: u32,
}

impl Stream {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn taken(&self) -> BTreeMap<u64, u64> {
        self.seen().taken.clone()
    }

    fn calls(&self) -> u64 {
        self.taken().values().sum()
    }
}

impl Sender for Stream {
    fn limits(&self) -> Limits {
        Limits {
            call_records: 1,
            ..Limits::KINESIS
        }
    }

    async fn packing(&self) -> Result<Packing, Trouble> {
        Ok(Packing::One { newline: false })
    }

    async fn send(&self, records: &[Packed]) -> Answer {
        let line: u64 = std::str::from_utf8(&records[0].data)
            .unwrap()
            .parse()
            .unwrap();
        let taken = {
            let mut seen = self.seen();
            let fault = line == BAD && seen.faults > 0;
            seen.faults -= u32::from(fault);
            assert!(!fault, "planted in the sender");
            let taken = !(seen.refuses && line == BAD);
            if taken {
                *seen.taken.entry(line).or_default() += 1;
            }
            taken
        };
        tokio::time::sleep(ANSWER).await;
        match taken {
            true => Answer::Taken,
            false => Answer::Partly(vec![Failed {
                index: 0,
                said: Some(Said::new("InternalFailure", "no")),
            }]),
        }
    }
}

fn open(disk: &SimulatedDisk) -> (Spool, Writer) {
    let config = Config {
        size: 100 * 16_384,
        segment_size: 16_384,
        ..Config::new("/spool")
    };
    let clock = Arc::new(SystemClock::default());
    Spool::open_without_thread(&config, Arc::new(disk.clone()), clock).unwrap()
}

fn append(spool: &Spool, writer: &mut Writer, line: u64) {
    let line = line.to_string();
    let entry = Entry {
        received_at: 1,
        key: spool.key("shop", 1, &line),
        line: line.into_bytes(),
    };
    let _waits = spool.submit(&[entry]);
    assert_eq!(writer.commit_waiting(), 1);
}

/// A process that forwards for so long, while these lines come. Then it is no more.
fn forward(disk: &SimulatedDisk, stream: &Stream, lines: Range<u64>, long: Duration) {
    forward_each(EVERY, disk, stream, lines, long);
}

fn forward_each(
    every: Duration,
    disk: &SimulatedDisk,
    stream: &Stream,
    lines: Range<u64>,
    long: Duration,
) {
    let (spool, mut writer) = open(disk);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let end = Instant::now() + long;
        let (_stop, asked) = watch::channel(None);
        let settings = Settings {
            linger: Duration::ZERO,
            ..Settings::default()
        };
        let shutdown = Shutdown::new(asked);
        let counters = Arc::default();
        let sender = stream.clone();
        tokio::spawn(run(spool.clone(), sender, settings, counters, shutdown));
        for line in lines {
            append(&spool, &mut writer, line);
            tokio::time::sleep(every).await;
        }
        sleep_until(end).await;
        assert_eq!(spool.health().delivery, None);
    });
}

#[test]
fn complaint_44_rudder_server_4953_a_record_that_is_refused_for_ever_holds_up_no_other() {
    // While it is tried, for ten seconds, as many lines come as half the places take, and more than
    // all of them can.
    for (every, lines, least) in [(EVERY, 400, 390), (FASTER, 2_000, 700)] {
        let calls = |refuses| {
            let (disk, stream) = (SimulatedDisk::new(1), Stream::default());
            stream.seen().refuses = refuses;
            forward_each(every, &disk, &stream, 0..lines, Duration::from_secs(10));
            let (spool, _writer) = open(&disk);
            let totals = spool.totals();
            assert!(totals.balance() && totals.rotten == 0, "{totals:?}");
            assert_eq!(spool.checkpoint().position <= BAD + 1, refuses);
            // What arrived is durable, but for what is under way.
            assert!(stream.calls() - totals.delivered <= 8, "{totals:?}");
            stream.calls()
        };
        let (without, with) = (calls(false), calls(true));
        assert!(without >= least, "{without}");
        assert!(100 * with >= 95 * without, "{with} of {without}");
    }
}

#[test]
fn a_kill_while_a_record_hangs_sends_nothing_again_that_was_durable() {
    for crash in [Crash::Kill, Crash::PowerCut] {
        let (disk, stream) = (SimulatedDisk::new(2), Stream::default());
        stream.seen().refuses = true;
        // At an odd moment: some calls are under way.
        let long = Duration::from_millis(200 * 25 + 60);
        forward(&disk, &stream, 0..200, long);
        disk.restart(crash);
        let checkpoint = open(&disk).0.checkpoint();
        assert!(checkpoint.ahead.len() == 1 && checkpoint.end() > 150);
        forward(&disk, &stream, 200..300, Duration::from_secs(60));

        let taken = stream.taken();
        for line in (0..300).filter(|line| *line != BAD) {
            let times = taken.get(&line).copied().unwrap_or_default();
            // Positions begin at one.
            let most = if checkpoint.has_passed(line + 1) {
                1
            } else {
                2
            };
            assert!((1..=most).contains(&times), "{crash:?} {line}: {times}");
        }
        let doubles = taken.values().filter(|times| **times > 1).count();
        assert!((1..=8).contains(&doubles), "{crash:?}: {doubles}");
        let (spool, _writer) = open(&disk);
        let totals = spool.totals();
        assert!(totals.balance() && totals.rotten == 0, "{totals:?}");
        let ended = (totals.delivered, totals.failed, totals.waiting);
        assert_eq!(ended, (299, 1, 0), "{crash:?}");
        assert_eq!(refused_files(&disk), 1, "{crash:?}");
        let end = Checkpoint {
            position: 301,
            ahead: Default::default(),
            ..spool.checkpoint()
        };
        assert_eq!(spool.checkpoint(), end);
    }
}

#[test]
fn a_call_that_ends_by_a_fault_is_sent_again_without_a_restart() {
    let (disk, stream) = (SimulatedDisk::new(4), Stream::default());
    stream.seen().faults = 2;
    forward(&disk, &stream, 0..200, Duration::from_secs(60));
    let taken = stream.taken();
    assert_eq!(taken.len(), 200, "{taken:?}");
    let doubles = taken.values().sum::<u64>() - 200;
    assert!(doubles <= 2 * 8, "{doubles}");
    let totals = open(&disk).0.totals();
    assert!(totals.balance(), "{totals:?}");
    assert_eq!((totals.delivered, totals.waiting), (200, 0));
}

/// Lines in the files of what was refused.
fn refused_files(disk: &SimulatedDisk) -> usize {
    let contents = disk.contents(Path::new("/spool")).into_iter();
    let files = contents.filter(|(path, _)| path.to_string_lossy().contains("/refused-"));
    files
        .map(|(_, bytes)| String::from_utf8_lossy(&bytes).lines().count())
        .sum()
}

#[test]
fn another_sink_is_given_what_is_in_the_gap_and_behind_and_nothing_between() {
    let (disk, stream) = (SimulatedDisk::new(3), Stream::default());
    stream.seen().refuses = true;
    forward(&disk, &stream, 0..200, Duration::from_millis(5_500));
    disk.restart(Crash::PowerCut);
    let (spool, mut writer) = open(&disk);
    assert_eq!(spool.checkpoint().ahead.len(), 1);
    append(&spool, &mut writer, 200);
    let output = Arc::new(Mutex::new(Vec::new()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (_stop, asked) = watch::channel(Some(Duration::from_secs(3600)));
        let shutdown = Shutdown::new(asked);
        crate::sink::stdout::run(spool.clone(), output.clone(), shutdown).await;
    });
    let output = String::from_utf8(output.lock().unwrap().clone()).unwrap();
    assert_eq!(output, format!("{BAD}\n200\n"));
    let totals = spool.totals();
    assert_eq!((totals.delivered, totals.waiting), (201, 0), "{totals:?}");
    assert!(totals.balance() && totals.rotten == 0, "{totals:?}");
}
