//! The system on the simulated disk: appends by hand, delivery by hand, crashes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use clickstream_relay::clock::Clock;
use clickstream_relay::forward::epoch::Epochs;
use clickstream_relay::sink::lake;
use clickstream_relay::spool::files::SyncPoint;
use clickstream_relay::spool::files::simulated::{Crash, SimulatedDisk};
use clickstream_relay::spool::queue::Submitted;
use clickstream_relay::spool::writer::Writer;
use clickstream_relay::spool::{self, AppendError, Counters, Entry, Spool, Stored, Totals};
use firehose_local::{PartitionBy, StreamConfig};
use tokio::sync::oneshot::Receiver;

use crate::hand_clock::HandClock;
use crate::model::{Counterexample, Model};
use crate::spool_promises::duplicates;

mod ids;

type Sent = (Vec<u64>, Submitted);
type Answer = Receiver<Result<Vec<Stored>, AppendError>>;

/// The process that runs, if one does.
struct Process {
    spool: Spool,
    writer: Writer,
    epochs: Option<Epochs>,
}

/// When every history begins.
const START: u64 = 1_767_322_985_006;

/// Disk, process, and what the clients know.
pub struct World {
    pub disk: SimulatedDisk,
    pub clock: Arc<HandClock>,
    pub config: spool::Config,
    pub stream: StreamConfig,
    pub model: Model,
    /// Events that got no 200 yet.
    pub owed: Vec<u64>,
    /// The lowest clock reading at which each event may have become durable.
    taken_at: BTreeMap<u64, u64>,
    /// The highest clock reading yet.
    highest_clock: u64,
    /// Ids had to be forgotten before their time: nobody may count on them any more.
    pub forgets: bool,
    /// Id files in which damage was found, though no disk of these histories rots.
    damaged_ids: u64,
    process: Option<Process>,
    asleep: Vec<(Vec<u64>, Answer)>,
    /// Objects that were ever seen, with their bytes, and whether they must be there.
    seen: BTreeMap<PathBuf, (Vec<u8>, bool)>,
    /// Power was cut since: names that were not synced may be gone.
    forgot: bool,
    /// What was sent during a commit.
    during: Arc<Mutex<Option<Sent>>>,
    /// How the machine goes down when it stops by itself.
    pub next_crash: Crash,
    /// What happened.
    pub trace: Vec<String>,
}

impl World {
    pub fn new(seed: u64) -> Self {
        Self {
            disk: SimulatedDisk::new(seed),
            clock: Arc::new(HandClock::at(START)),
            config: spool::Config {
                size: 400 * 8192,
                segment_size: 8192,
                duplicates: duplicates(),
                ..spool::Config::new("/data/spool")
            },
            stream: StreamConfig::clickstream(PartitionBy::User),
            model: Model::default(),
            owed: Vec::new(),
            taken_at: BTreeMap::new(),
            highest_clock: START,
            forgets: false,
            damaged_ids: 0,
            process: None,
            asleep: Vec::new(),
            seen: BTreeMap::new(),
            forgot: false,
            during: Arc::default(),
            next_crash: Crash::PowerCut,
            trace: Vec::new(),
        }
    }

    /// Sends events, in one append; the answer comes with a commit.
    pub fn send(&mut self, numbers: Vec<u64>) -> Result<(), Counterexample> {
        self.trace.push(format!("send {numbers:?}"));
        self.note_sent(&numbers);
        let entries = self.entries(&numbers)?;
        match self.process()?.spool.submit(&entries) {
            Submitted::Done(answer) => self.answered(numbers, answer.is_ok()),
            Submitted::Waiting(answer) => self.asleep.push((numbers, answer)),
        }
        Ok(())
    }

    fn note_sent(&mut self, numbers: &[u64]) {
        let now = self.clock.now_ms();
        for number in numbers {
            let taken_at = self.taken_at.entry(*number).or_insert(now);
            // What was sent before may have been lost, and this time be stored by a clock that went
            // back: by that reading its id gets old.
            if !self.model.is_acknowledged(*number) {
                *taken_at = now.min(*taken_at);
            }
        }
    }

    /// The clock goes so many hours after the start, forwards or back.
    pub fn set_clock(&mut self, hours: u64) {
        self.trace.push(format!("hour {hours}"));
        let now = START + hours * 3_600_000;
        self.clock.set(now);
        self.highest_clock = self.highest_clock.max(now);
        // What waits may become durable by this reading.
        for number in self.unanswered() {
            let taken_at = self.taken_at.entry(number).or_insert(now);
            *taken_at = now.min(*taken_at);
        }
    }

    fn entries(&mut self, numbers: &[u64]) -> Result<Vec<Entry>, Counterexample> {
        let now = self.clock.now_ms();
        let lines: Vec<_> = numbers
            .iter()
            .map(|number| (*number, self.model.line(*number).to_owned()))
            .collect();
        let spool = &self.process()?.spool;
        Ok(lines
            .into_iter()
            .map(|(number, line)| Entry {
                received_at: now,
                key: spool.key("shop", 1, &number.to_string()),
                line: line.into_bytes(),
            })
            .collect())
    }

    /// Events whose appends wait for a commit.
    pub fn unanswered(&self) -> Vec<u64> {
        let numbers = self.asleep.iter().map(|(numbers, _)| numbers);
        numbers.flatten().copied().collect()
    }

    fn answered(&mut self, numbers: Vec<u64>, well: bool) {
        self.trace.push(format!("answer for {numbers:?}: {well}"));
        for number in numbers {
            match well {
                true => {
                    self.model.acknowledge(number);
                    self.owed.retain(|owed| *owed != number);
                }
                false if !self.owed.contains(&number) => self.owed.push(number),
                false => {}
            }
        }
    }

    /// Sends events while the next commit is being synced.
    pub fn send_during_commit(&mut self, numbers: Vec<u64>) -> Result<(), Counterexample> {
        self.trace
            .push(format!("during the next commit, {numbers:?}"));
        self.note_sent(&numbers);
        let entries = self.entries(&numbers)?;
        let spool = self.process()?.spool.clone();
        let during = Arc::clone(&self.during);
        self.disk.during_sync(SyncPoint::Commit, move || {
            *during.lock().unwrap() = Some((numbers, spool.submit(&entries)));
        });
        Ok(())
    }

    /// One group commit.
    pub fn commit(&mut self) -> Result<(), Counterexample> {
        self.process()?.writer.commit_waiting();
        self.trace.push("commit".to_owned());
        self.note_forgotten();
        self.disk.nothing_during_sync();
        let during = self.during.lock().unwrap().take();
        for (numbers, mut answer) in std::mem::take(&mut self.asleep) {
            match answer.try_recv() {
                Ok(result) => self.answered(numbers, result.is_ok()),
                Err(_) => self.asleep.push((numbers, answer)),
            }
        }
        match during {
            Some((numbers, Submitted::Done(answer))) => self.answered(numbers, answer.is_ok()),
            Some((numbers, Submitted::Waiting(answer))) => self.asleep.push((numbers, answer)),
            None => {}
        }
        self.come_back();
        Ok(())
    }

    /// One part of an epoch; says what happened.
    pub fn deliver(&mut self) -> Result<Delivery, Counterexample> {
        let (config, stream) = (lake::Config::new("/data/lake"), self.stream.clone());
        let clock: Arc<dyn Clock> = Arc::<HandClock>::clone(&self.clock);
        let process = self.process()?;
        if process.epochs.is_none() {
            match Epochs::open_stream(&process.spool, config, stream, clock) {
                Ok(epochs) => process.epochs = Some(epochs),
                Err(error) => {
                    self.trace.push(format!("the lake does not open: {error}"));
                    self.come_back();
                    self.look()?;
                    return Ok(Delivery::Failed(error.to_string()));
                }
            }
        }
        let Some(epochs) = &mut process.epochs else {
            return Ok(Delivery::Nothing);
        };
        let delivery = match epochs.step() {
            Ok(Some(_)) => Delivery::Some,
            Ok(None) => Delivery::Nothing,
            Err(error) => Delivery::Failed(error.to_string()),
        };
        let position = process.spool.checkpoint().position;
        self.trace
            .push(format!("deliver: {delivery:?}, checkpoint {position}"));
        self.come_back();
        self.look()?;
        Ok(delivery)
    }

    /// The machine goes down now and comes up again.
    pub fn crash(&mut self, crash: Crash) {
        self.trace.push(format!("{crash:?}"));
        self.note_forgotten();
        let asleep = std::mem::take(&mut self.asleep);
        self.process = None;
        self.disk.restart(crash);
        self.forgot |= crash == Crash::PowerCut;
        for (numbers, _) in asleep {
            self.answered(numbers, false);
        }
    }

    /// The process ends as it should.
    pub fn stop(&mut self) {
        self.trace.push("stop".to_owned());
        if let Some(process) = &mut self.process {
            process.writer.finish();
        }
        for (numbers, mut answer) in std::mem::take(&mut self.asleep) {
            let well = answer.try_recv().is_ok_and(|result| result.is_ok());
            self.answered(numbers, well);
        }
        self.process = None;
        self.come_back();
    }

    /// If the machine stopped by itself, it comes up again.
    fn come_back(&mut self) {
        if self.disk.stopped() {
            self.crash(self.next_crash);
        }
    }

    /// Nothing is wrong with the disk any more.
    pub fn mend(&mut self) {
        self.disk.set_room(None);
        self.disk.fail_sync_after(None);
        self.disk.fail_write_after(None);
        self.disk.stop_after(u64::MAX);
        self.disk.stop_at_sync(u64::MAX);
    }

    fn process(&mut self) -> Result<&mut Process, Counterexample> {
        let mut why = String::new();
        for attempt in 0..5 {
            if self.process.is_some() {
                break;
            }
            let clock: Arc<dyn Clock> = Arc::<HandClock>::clone(&self.clock);
            let disk = Arc::new(self.disk.clone());
            match Spool::open_without_thread(&self.config, disk, clock) {
                Ok((spool, writer)) => {
                    let (counters, position) = (spool.counters(), spool.checkpoint().position);
                    let files = self.id_files();
                    self.trace.push(format!(
                        "open: checkpoint {position}, durable {}, {} ids, {files:?}, {:?}",
                        counters.durable_position, counters.ids, counters.totals
                    ));
                    self.process = Some(Process {
                        spool,
                        writer,
                        epochs: None,
                    });
                    self.note_forgotten();
                }
                Err(error) => {
                    why = error.to_string();
                    self.trace.push(format!("does not open: {why}"));
                    self.come_back();
                    if attempt > 0 {
                        self.mend();
                    }
                }
            }
        }
        self.process.as_mut().ok_or(Counterexample::Stuck(why))
    }

    /// Opens the spool, if no process has it open.
    pub fn start(&mut self) -> Result<(), Counterexample> {
        self.process().map(drop)
    }

    /// The spool, opened if no process has it open.
    pub fn spool(&mut self) -> Result<&Spool, Counterexample> {
        Ok(&self.process()?.spool)
    }

    pub fn counters(&mut self) -> Result<Counters, Counterexample> {
        Ok(self.process()?.spool.counters())
    }

    pub fn totals(&mut self) -> Result<Totals, Counterexample> {
        Ok(self.process()?.spool.totals())
    }

    /// An object that was seen keeps its name and its bytes for ever, also when a delivery
    /// is done again; only a name that was not synced may be gone after a power cut.
    fn look(&mut self) -> Result<(), Counterexample> {
        let raw = self.raw();
        for (path, (bytes, there)) in &mut self.seen {
            match raw.get(path) {
                None if self.forgot || !*there => *there = false,
                Some(found) if found == bytes => *there = true,
                found => {
                    let now = found.map(Vec::len);
                    return Err(Counterexample::Changed(format!(
                        "{} had {} bytes and now has {now:?}",
                        path.display(),
                        bytes.len()
                    )));
                }
            }
        }
        self.forgot = false;
        for (path, bytes) in raw {
            self.seen.entry(path).or_insert((bytes, true));
        }
        Ok(())
    }

    /// Somebody moves an object out of the lake.
    pub fn remove(&mut self, path: &Path) {
        spool::Files::remove_file(&self.disk, path).unwrap();
        self.seen.remove(path);
    }

    pub fn raw(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut raw = self.disk.contents(Path::new("/data/lake/raw"));
        // What begins with a dot is nobody's data.
        raw.retain(|path, _| !path.to_string_lossy().contains("/."));
        raw
    }

    /// Delivers until nothing waits.
    pub fn deliver_all(&mut self) -> Result<(), Counterexample> {
        let mut failures = 0;
        loop {
            match self.deliver()? {
                Delivery::Some => {}
                Delivery::Nothing => return Ok(()),
                Delivery::Failed(_) if failures < 3 => failures += 1,
                Delivery::Failed(error) => return Err(Counterexample::Stuck(error)),
            }
        }
    }
}

/// How a part of an epoch went.
#[derive(Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Something was delivered.
    Some,
    /// Nothing waits.
    Nothing,
    /// Not this time.
    Failed(String),
}
