//! Exactly once into the lake: a contiguous range of positions is planned, staged,
//! published, and only then does the checkpoint move.
//!
//! 1. **Plan**: which record goes into which object, under which key, with which bytes;
//!    durable before anything is staged. A plan whose sync failed is void.
//! 2. **Stage** in a folder of the lake outside its partitions, and sync once.
//! 3. **Publish** by rename, never over something, and sync the folder of every key.
//! 4. **Checkpoint**; then the plan is deleted.
//!
//! A crash anywhere, or a failure, leads back to the plan that is open: it is carried out
//! again from step 2, with the same lines under the same keys. What is there already with
//! the planned bytes is done.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use firehose_local::{Stream, StreamConfig, log_line};

use self::decide::{members, step};
pub use self::error::{DeliveryError, OpenError};
use self::objects::Lines;
use self::plan::Plan;
use super::counters::Counters;
use crate::clock::Clock;
use crate::sink::lake::{self, Lake, LakeError};
use crate::spool::plans::Plans;
use crate::spool::reader::{Cursor, Record};
use crate::spool::{Checkpoint, Spool};

mod decide;
mod error;
mod objects;
pub mod plan;
pub mod timing;

#[cfg(test)]
mod tests;

/// Bytes of lines that are in memory at once: a larger epoch is done in parts.
pub const BUDGET: usize = 48 << 20;

/// What a step delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Step {
    /// Records in objects of good records.
    pub delivered: u64,
    /// Records under the error prefix.
    pub failed: u64,
    /// Objects.
    pub objects: u64,
    /// Distinct folders of the good ones.
    pub partitions: u64,
}

/// Delivery to one lake.
#[derive(Debug)]
pub struct Epochs {
    spool: Spool,
    lake: Lake,
    stream: Stream,
    clock: Arc<dyn Clock>,
    plans: Plans,
    open: Option<Plan>,
    cursor: Option<Cursor>,
    budget: usize,
    config: lake::Config,
    /// The plan whose log lines are written.
    logged: u64,
    counters: Arc<Counters>,
}

impl Epochs {
    /// Opens the lake and finds the plan that a former process left open. Blocks.
    ///
    /// # Errors
    /// When the lake cannot be used, or the open plan is for another one.
    pub fn open(
        spool: &Spool,
        config: lake::Config,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        Self::open_stream(spool, config.clone(), config.stream(), clock)
    }

    /// As [`Epochs::open`], to a stream of the caller's.
    ///
    /// # Errors
    /// As [`Epochs::open`].
    pub fn open_stream(
        spool: &Spool,
        config: lake::Config,
        stream: StreamConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let stream = Stream::new(stream)?;
        let checkpoint = spool.checkpoint();
        let files = Arc::clone(spool.files());
        let (mut plans, found) =
            Plans::open(files, spool.dir(), checkpoint.plan).map_err(OpenError::Plans)?;
        let left = found
            .into_iter()
            .rfind(|plan| plan.range.start == position(&checkpoint));
        let open = match &left {
            Some(stored) => {
                let number = stored.number;
                Some(Plan::read(stored).ok_or(OpenError::OtherSink { number })?)
            }
            None => None,
        };
        let files = Arc::clone(spool.files());
        let bucket = &stream.config().bucket;
        let lake = Lake::open(files, &config.dir, bucket, &spool.id())?;
        if let Some(plan) = &open {
            if plan.lake != lake.id() {
                let number = plan.number;
                return Err(OpenError::OtherLake { number });
            }
            tracing::info!(
                number = plan.number,
                "a delivery was left unfinished: doing it again"
            );
        }
        if let Some(stored) = &left {
            plans.settle(stored).map_err(OpenError::Plans)?;
        }
        plans.sweep(checkpoint.plan).map_err(OpenError::Plans)?;
        Ok(Self {
            spool: spool.clone(),
            lake,
            stream,
            clock,
            plans,
            open,
            cursor: None,
            budget: BUDGET,
            config,
            logged: 0,
            counters: Arc::default(),
        })
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &lake::Config {
        &self.config
    }

    /// What has been delivered since the start.
    #[must_use]
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// The spool that is delivered.
    #[must_use]
    pub fn spool(&self) -> &Spool {
        &self.spool
    }

    /// Whether a plan waits to be carried out.
    #[must_use]
    pub fn unfinished(&self) -> bool {
        self.open.is_some()
    }

    /// Delivers the open plan, or the next part of what is durable; none if there is
    /// nothing. Blocks.
    ///
    /// # Errors
    /// When it could not be finished: the next call does the same plan again.
    pub fn step(&mut self) -> Result<Option<Step>, DeliveryError> {
        let records = if self.open.is_some() {
            None
        } else {
            let Some(mut records) = self.read_next()? else {
                return Ok(None);
            };
            self.open = Some(self.plan(&mut records)?);
            Some(records)
        };
        let Some(plan) = self.open.take() else {
            return Ok(None);
        };
        let carried_out = self.carry_out(&plan, records);
        match carried_out {
            Ok(step) => {
                self.tidy(&plan);
                Ok(Some(step))
            }
            Err(error) => {
                // A full disk gets back what this plan put there.
                let _ = self.lake.clear_staging();
                self.cursor = None;
                self.open = Some(plan);
                Err(error)
            }
        }
    }

    fn read_next(&mut self) -> Result<Option<Vec<Record>>, DeliveryError> {
        let until = *self.spool.durable().borrow();
        let mut cursor = match self.cursor.take() {
            Some(cursor) => cursor,
            None => self.spool.undelivered_cursor(),
        };
        let records = cursor
            .read(self.budget, until)
            .map_err(DeliveryError::spool("read events"))?;
        if records.is_empty() {
            return Ok(None);
        }
        self.cursor = Some(cursor);
        Ok(Some(records))
    }

    /// Decides, and makes the decision durable. Where a full disk has no room for the plan,
    /// half of the records make a smaller one, down to a single one: its file was
    /// zero-filled beforehand.
    fn plan(&mut self, records: &mut Vec<Record>) -> Result<Plan, DeliveryError> {
        loop {
            let planned = self.decide(records).and_then(|mut plan| {
                let written = self.plans.write(plan.range.clone(), plan.payload());
                written.map(|stored| {
                    plan.number = stored.number;
                    plan
                })
            });
            let error = match planned {
                Ok(plan) => return Ok(plan),
                Err(error) => error,
            };
            // What is not planned now is read again.
            self.cursor = None;
            if error.kind() != std::io::ErrorKind::StorageFull || records.len() < 2 {
                return Err(DeliveryError::spool("write a plan")(error));
            }
            records.truncate(records.len() / 2);
        }
    }

    fn carry_out(
        &mut self,
        plan: &Plan,
        records: Option<Vec<Record>>,
    ) -> Result<Step, DeliveryError> {
        let records = match records {
            Some(records) => records,
            None => self.read_again(plan)?,
        };
        let bytes: u64 = records.iter().map(|record| record.line.len() as u64).sum();
        self.counters.largest_epoch.fetch_max(bytes, Relaxed);
        let members = members(plan, &records);
        let lines = |number: usize| {
            let members = members[number].iter().copied();
            Lines::new(&records, members, plan.objects[number].error, plan.now_ms)
        };
        let mut staging = self.lake.stage()?;
        let mut staged = Vec::new();
        // Of each object as many lines as are there in the end.
        let mut counts = vec![0; plan.objects.len()];
        for (number, object) in plan.objects.iter().enumerate() {
            let path = self.lake.object(&plan.bucket, &object.key);
            let left = members[number].len() as u64;
            if let Some(there) = self.published(&path, object, &lines(number))? {
                counts[number] = there;
                staging.prepare(&path)?;
                continue;
            }
            if left == 0 {
                // Rot took every record of it since it was planned.
                continue;
            }
            let file = staging.create(number, &path)?;
            let written = lines(number).write(&*file);
            let written = written.map_err(|error| LakeError::at(&path, error))?;
            if left == object.lines && !written.are(object) {
                return Err(DeliveryError::Changed {
                    plan: self.plans.file(plan.number),
                    object: path,
                });
            }
            counts[number] = left;
            staging.written(file)?;
            staged.push((number, path));
        }
        if self.logged != plan.number {
            self.lake
                .log(&self.stream.config().log_file(), &self.log(plan))?;
        }
        staging.sync()?;
        self.logged = plan.number;
        for (number, path) in &staged {
            if !staging.publish(*number, path)?
                && self
                    .published(path, &plan.objects[*number], &lines(*number))?
                    .is_none()
            {
                return Err(LakeError::KeyTaken(path.clone()).into());
            }
        }
        staging.sync_keys()?;
        let step = step(plan, &counts);
        let before = self.spool.checkpoint();
        self.spool
            .advance(Checkpoint {
                position: plan.range.end,
                plan: plan.number,
                delivered: before.delivered + step.delivered,
                failed: before.failed + step.failed,
                bytes: before.bytes + bytes,
                objects: before.objects + step.objects,
                ..before
            })
            .map_err(DeliveryError::spool("write the checkpoint"))?;
        Counters::add(&self.counters.partitions, step.partitions);
        Ok(step)
    }

    /// The plan's records from the spool: it begins at the checkpoint that held when it was made
    /// and still does, so the same are left out. One that rot took since is said and missing.
    fn read_again(&self, plan: &Plan) -> Result<Vec<Record>, DeliveryError> {
        let mut cursor = self.spool.undelivered_cursor();
        let records = cursor
            .read(usize::MAX, plan.range.end)
            .map_err(DeliveryError::spool("read events"))?;
        if records.len() < plan.records.len() {
            tracing::error!(
                planned = plan.records.len(),
                found = records.len(),
                "events of an unfinished delivery were damaged in the spool: the rest is delivered"
            );
        }
        Ok(records)
    }

    /// How many lines the object has that is there, with all that were planned or with those
    /// that rot left; none when there is no object.
    fn published(
        &self,
        path: &std::path::Path,
        object: &plan::Object,
        lines: &Lines<'_>,
    ) -> Result<Option<u64>, LakeError> {
        match self.lake.read(path)? {
            None => Ok(None),
            Some(bytes) if objects::same(&bytes, object) => Ok(Some(object.lines)),
            Some(bytes) if lines.are(&bytes) => Ok(Some(lines.count())),
            Some(_) => Err(LakeError::KeyTaken(path.to_path_buf())),
        }
    }

    /// The stream's log lines about the failed records.
    fn log(&self, plan: &Plan) -> Vec<u8> {
        let mut log = Vec::new();
        for object in &plan.objects {
            let Some(code) = object.error else { continue };
            let line = log_line(self.stream.config(), code, plan.now_ms);
            for _ in 0..object.lines {
                log.extend_from_slice(line.as_bytes());
                log.push(b'\n');
            }
        }
        log
    }

    /// What the checkpoint has left behind. Failing here harms nothing: the next start,
    /// or the next epoch, does it again.
    fn tidy(&mut self, plan: &Plan) {
        let swept = self.plans.sweep(plan.number);
        let marked = self.lake.mark_delivered(plan.range.end);
        let cleared = self.lake.clear_staging();
        if let Err(error) = swept {
            tracing::warn!(%error, "a finished plan could not be deleted");
        }
        for error in [marked, cleared].into_iter().filter_map(Result::err) {
            tracing::warn!(%error, "the lake could not be tidied");
        }
    }
}

/// Sees to it that no delivery to a lake was begun and not finished: another sink would
/// deliver its events once more.
///
/// # Errors
/// With the remedy, when there is one.
pub fn refuse_if_unfinished(spool: &Spool) -> Result<(), OpenError> {
    let checkpoint = spool.checkpoint();
    let files = Arc::clone(spool.files());
    let (_, found) = Plans::open(files, spool.dir(), checkpoint.plan).map_err(OpenError::Plans)?;
    let start = position(&checkpoint);
    match found.iter().rfind(|plan| plan.range.start == start) {
        Some(plan) => Err(OpenError::OtherSink {
            number: plan.number,
        }),
        None => Ok(()),
    }
}

/// Where the next plan starts: positions begin at one.
fn position(checkpoint: &Checkpoint) -> u64 {
    checkpoint.position.max(1)
}
