//! A random history: what happens, in which order, by a seed.

use std::time::Duration;

use clickstream_relay::spool::files::SyncPoint;
use clickstream_relay::spool::files::simulated::Crash;
use firehose_local::{PartitionBy, StreamConfig};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::model::Counterexample;
use crate::world::{Delivery, World};

/// What a history came to.
#[derive(Debug, Default, Clone, Copy)]
pub struct Sum {
    pub acknowledged: usize,
    pub delivered: u64,
    pub crashes: u64,
    pub refused: usize,
    pub failures: u64,
}

/// Runs the history of this seed, with one sync left out; what happened, if it went wrong.
pub fn run(seed: u64, skip: Option<SyncPoint>) -> Result<Sum, (Counterexample, Vec<String>)> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut world = World::new(random.random());
    world.disk.set_syncs_file_systems(random.random_bool(0.5));
    if let Some(point) = skip {
        world.disk.skip(point);
    }
    // Either there are segments enough, or they are used again and again.
    let few_segments = random.random_bool(0.6);
    if few_segments {
        world.config.size = 4 * world.config.segment_size;
    }
    if random.random_bool(0.3) {
        // Ids get old within a history.
        world.config.duplicates.horizon = Duration::from_secs(14 * 3600);
    }
    if random.random_bool(0.1) {
        // Too little memory for the horizon.
        world.config.duplicates.memory = 4 << 10;
    }
    let users = if random.random_bool(0.8) { 5 } else { 20 };
    let mut history = History {
        users,
        random,
        prefixes: StdRng::seed_from_u64(!seed),
        world,
        few_segments,
        sum: Sum::default(),
    };
    let steps = history.random.random_range(4..30);
    let played = (0..steps)
        .try_for_each(|_| history.step())
        .and_then(|()| history.end());
    match played {
        Ok(()) => Ok(history.sum),
        Err(found) => Err((found, history.world.trace)),
    }
}

struct History {
    random: StdRng,
    /// For the stream's prefix alone: the other choices stay what they were.
    prefixes: StdRng,
    world: World,
    few_segments: bool,
    users: u32,
    sum: Sum,
}

impl History {
    fn step(&mut self) -> Result<(), Counterexample> {
        match self.random.random_range(0..100) {
            0..30 => self.append()?,
            30..52 => self.deliver()?,
            52..58 => self.world.tend_ids()?,
            58..64 => self.tick(),
            64..71 => self.crash(),
            71..80 => self.stop_soon(),
            80..86 => self.kill_then_cut()?,
            86..90 => {
                let count = self.random.random_range(0..8);
                self.world.trace.push(format!("a sync fails after {count}"));
                self.world.disk.fail_sync_after(Some(count));
            }
            90..92 => {
                let count = self.random.random_range(0..12);
                self.world
                    .trace
                    .push(format!("a write fails after {count}"));
                self.world.disk.fail_write_after(Some(count));
            }
            92..94 => {
                let room = self.random.random_range(0..30_000);
                self.world.trace.push(format!("room for {room} bytes"));
                self.world.disk.set_room(Some(room));
            }
            94..96 => self.world.disk.set_room(None),
            _ => self.reconfigure(),
        }
        self.world.ids_are_sound()
    }

    /// Some clients send at once, some of them again; mostly the writer gets to it.
    fn append(&mut self) -> Result<(), Counterexample> {
        for _ in 0..self.random.random_range(1..4) {
            let mut numbers = Vec::new();
            for _ in 0..self.random.random_range(1..5) {
                let user = self.random.random_range(0..self.users);
                numbers.push(self.world.model.event((user > 0).then_some(user)).0);
            }
            if self.random.random_bool(0.7) {
                let owed = self.world.owed_again()?;
                let again = self.random.random_range(0..=owed.len());
                numbers.extend(owed.into_iter().take(again));
            }
            if self.random.random_bool(0.3) {
                numbers.extend(self.answers_lost()?);
            }
            self.world.send(numbers)?;
        }
        if self.random.random_bool(0.9) {
            if self.random.random_bool(0.3) {
                self.during_commit()?;
            }
            self.world.commit()?;
            if self.random.random_bool(0.3) {
                self.world.tend_ids()?;
            }
        }
        Ok(())
    }

    /// Events that were answered, but the answer did not reach the client.
    fn answers_lost(&mut self) -> Result<Vec<u64>, Counterexample> {
        self.world.start()?;
        let from = self
            .random
            .random_range(0..=self.world.model.acknowledged());
        let taken = self.world.model.acknowledged_from(from).take(3);
        let taken = taken.filter(|number| self.world.is_remembered(*number));
        Ok(taken.collect())
    }

    /// A client is impatient, or another one comes, while the disk syncs.
    fn during_commit(&mut self) -> Result<(), Counterexample> {
        let mut numbers = vec![self.world.model.event(Some(1)).0];
        let owed = self.world.owed_again()?;
        let again = self.random.random_range(0..=owed.len());
        numbers.extend(owed.into_iter().take(again));
        numbers.extend(self.world.unanswered().into_iter().take(2));
        self.world.send_during_commit(numbers)
    }

    fn deliver(&mut self) -> Result<(), Counterexample> {
        if let Delivery::Failed(_) = self.world.deliver()? {
            self.sum.failures += 1;
        }
        Ok(())
    }

    /// Time goes on; sometimes somebody sets the clock back.
    fn tick(&mut self) {
        let hours = self.random.random_range(0..48);
        self.world.set_clock(hours);
    }

    fn kind(&mut self) -> Crash {
        match self.random.random_bool(0.5) {
            true => Crash::Kill,
            false => Crash::PowerCut,
        }
    }

    fn crash(&mut self) {
        let kind = self.kind();
        self.world.crash(kind);
        if self.random.random_bool(0.3) {
            self.change_stream();
        }
        self.sum.crashes += 1;
    }

    /// The machine will go down in the middle of something.
    fn stop_soon(&mut self) {
        self.world.next_crash = self.kind();
        let most = if self.random.random_bool(0.5) { 12 } else { 60 };
        let count = self.random.random_range(0..most);
        let kind = self.world.next_crash;
        self.world
            .trace
            .push(format!("{kind:?} after {count} operations"));
        self.world.disk.stop_after(count);
        if self.random.random_bool(0.3) {
            self.change_stream();
        }
        self.sum.crashes += 1;
    }

    /// The process dies between a write and its sync, the next one builds on what it
    /// finds, and then power is cut.
    fn kill_then_cut(&mut self) -> Result<(), Counterexample> {
        let most = if self.random.random_bool(0.5) { 3 } else { 12 };
        let count = self.random.random_range(0..most);
        self.world.trace.push(format!("Kill at sync {count}"));
        self.world.next_crash = Crash::Kill;
        self.world.disk.stop_at_sync(count);
        for _ in 0..self.random.random_range(1..4) {
            match self.random.random_bool(0.4) {
                true => self.append()?,
                false => self.deliver()?,
            }
        }
        self.world.next_crash = Crash::PowerCut;
        match self.random.random_range(0..4) {
            0 => self.world.crash(Crash::PowerCut),
            1 => {
                let count = self.random.random_range(0..100);
                self.world
                    .trace
                    .push(format!("PowerCut after {count} operations"));
                self.world.disk.stop_after(count);
                self.deliver()?;
            }
            _ => {
                let count = self.random.random_range(0..14);
                self.world.trace.push(format!("PowerCut at sync {count}"));
                self.world.disk.stop_at_sync(count);
                self.deliver()?;
            }
        }
        self.sum.crashes += 2;
        Ok(())
    }

    /// The stream's configuration is another one from the next start on, whatever is open
    /// then: partitions by user or by bucket, under one prefix or another.
    fn change_stream(&mut self) {
        self.world.stream = StreamConfig::clickstream(match self.random.random_bool(0.5) {
            true => PartitionBy::User,
            false => PartitionBy::Bucket,
        });
        if self.prefixes.random_bool(0.5) {
            let prefix = &mut self.world.stream.prefix;
            *prefix = prefix.replacen("clickstream/", "elsewhere/in/", 1);
        }
    }

    fn reconfigure(&mut self) {
        self.change_stream();
        self.world.stop();
        if !self.few_segments {
            let sizes = [6144, 8192, 12_288];
            self.world.config.segment_size = sizes[self.random.random_range(0..sizes.len())];
        }
    }

    /// All goes well from now on; then power is cut once more, and all must be there.
    fn end(&mut self) -> Result<(), Counterexample> {
        let world = &mut self.world;
        world.commit()?;
        world.mend();
        world.deliver_all()?;
        for _ in 0..6 {
            for numbers in world.owed_again()?.chunks(8) {
                world.send(numbers.to_vec())?;
                world.commit()?;
                world.tend_ids()?;
            }
            world.deliver_all()?;
        }
        if !world.owed_again()?.is_empty() {
            return Err(Counterexample::Stuck("events are not taken".to_owned()));
        }
        world.deliver_all()?;
        world.crash(Crash::PowerCut);
        world.deliver_all()?;
        world.ids_are_sound()?;
        let lines = world.model.check(&world.raw())?;
        let totals = world.totals()?;
        let sum = totals.delivered + totals.failed;
        if !totals.balance() || totals.waiting + totals.rotten > 0 || sum != lines {
            return Err(Counterexample::Books(format!("{totals:?}, {lines} lines")));
        }
        self.sum.acknowledged = world.model.acknowledged();
        self.sum.refused = world.owed.len();
        self.sum.delivered = lines;
        Ok(())
    }
}
