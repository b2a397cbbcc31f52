//! A random history: what happens, in which order, by a seed.

use clickstream_relay::spool::files::SyncPoint;
use clickstream_relay::spool::files::simulated::Crash;
use firehose_local::PartitionBy;
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
    // Either clients try again, and no segment is needed twice; or segments are recycled
    // and a client that got no answer gives up, since the window of ids may be past it.
    let clients_retry = random.random_bool(0.6);
    if !clients_retry {
        world.config.size = 4 * world.config.segment_size;
        world.config.duplicate_ids = random.random_range(1..60);
    }
    let users = if random.random_bool(0.8) { 5 } else { 20 };
    let mut history = History {
        users,
        random,
        world,
        clients_retry,
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
    world: World,
    clients_retry: bool,
    users: u32,
    sum: Sum,
}

impl History {
    fn step(&mut self) -> Result<(), Counterexample> {
        match self.random.random_range(0..100) {
            0..34 => self.append()?,
            34..58 => self.deliver()?,
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
        Ok(())
    }

    /// Some clients send at once, some of them again; mostly the writer gets to it.
    fn append(&mut self) -> Result<(), Counterexample> {
        for _ in 0..self.random.random_range(1..4) {
            let mut numbers = Vec::new();
            for _ in 0..self.random.random_range(1..5) {
                let user = self.random.random_range(0..self.users);
                numbers.push(self.world.model.event((user > 0).then_some(user)).0);
            }
            if self.clients_retry && self.random.random_bool(0.7) {
                let again = self.random.random_range(0..=self.world.owed.len());
                numbers.extend(self.world.owed.iter().take(again));
            }
            self.world.send(numbers)?;
        }
        if self.random.random_bool(0.9) {
            if self.random.random_bool(0.3) {
                self.during_commit()?;
            }
            self.world.commit()?;
        }
        Ok(())
    }

    /// A client is impatient, or another one comes, while the disk syncs.
    fn during_commit(&mut self) -> Result<(), Counterexample> {
        let mut numbers = vec![self.world.model.event(Some(1)).0];
        if self.clients_retry {
            let again = self.random.random_range(0..=self.world.owed.len());
            numbers.extend(self.world.owed.iter().take(again));
            numbers.extend(self.world.unanswered().into_iter().take(2));
        }
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
        self.world.clock.set(1_767_322_985_006 + hours * 3_600_000);
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

    fn reconfigure(&mut self) {
        self.world.stop();
        self.world.partition_by = match self.random.random_bool(0.5) {
            true => PartitionBy::User,
            false => PartitionBy::Bucket,
        };
        if self.clients_retry {
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
        if self.clients_retry {
            for _ in 0..4 {
                let owed = world.owed.clone();
                for numbers in owed.chunks(8) {
                    world.send(numbers.to_vec())?;
                }
                world.commit()?;
            }
            if !world.owed.is_empty() {
                return Err(Counterexample::Stuck("events are not taken".to_owned()));
            }
        }
        world.deliver_all()?;
        world.crash(Crash::PowerCut);
        world.deliver_all()?;
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
