//! Records to a plan, and a plan back to records.

use std::collections::{HashMap, HashSet};

use firehose_local::ErrorCode;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::objects::Lines;
use super::plan::Plan;
use super::{Epochs, Step, position};
use crate::spool::reader::Record;

impl Epochs {
    /// Asks the stream which record goes where. Not yet durable, not yet numbered.
    pub(super) fn decide(&self, records: &[Record]) -> std::io::Result<Plan> {
        let files = self.spool.files();
        let mut seed = [0; 32];
        seed[..16].copy_from_slice(&files.entropy()?);
        seed[16..].copy_from_slice(&files.entropy()?);
        let mut random = StdRng::from_seed(seed);
        let now_ms = self.clock.now_ms();
        let inputs: Vec<_> = records
            .iter()
            .map(|record| firehose_local::Record {
                data: &record.line,
                arrival_ms: record.received_at,
            })
            .collect();
        let mut bytes = || {
            let mut bytes = [0; 16];
            random.fill_bytes(&mut bytes);
            bytes
        };
        let planned = self.stream.plan(&inputs, &mut bytes, now_ms);
        let mut plan = Plan {
            number: 0,
            range: position(&self.spool.checkpoint())
                ..records.last().map_or(0, |record| record.position + 1),
            spool: self.spool.id(),
            lake: self.lake.id(),
            bucket: self.stream.config().bucket.clone(),
            now_ms,
            objects: Vec::with_capacity(planned.len()),
            records: records.iter().map(|record| (record.position, 0)).collect(),
        };
        for (number, object) in (0..).zip(planned) {
            for index in &object.records {
                if let Some(record) = plan.records.get_mut(*index as usize) {
                    record.1 = number;
                }
            }
            let members = object.records.iter().map(|index| *index as usize);
            let lines = Lines::new(records, members, object.error, now_ms);
            plan.objects.push(lines.object(object.key));
        }
        Ok(plan)
    }
}

/// For each object the indices of its records among those that were read.
pub fn members(plan: &Plan, records: &[Record]) -> Vec<Vec<usize>> {
    let objects: HashMap<u64, u32> = plan.records.iter().copied().collect();
    let mut members = vec![Vec::new(); plan.objects.len()];
    for (index, record) in records.iter().enumerate() {
        if let Some(object) = objects.get(&record.position)
            && let Some(members) = members.get_mut(*object as usize)
        {
            members.push(index);
        }
    }
    members
}

/// What the plan delivered, with so many lines of each object: less than planned where rot
/// took some in between.
pub fn step(plan: &Plan, counts: &[u64]) -> Step {
    let lines = |error: fn(Option<ErrorCode>) -> bool| {
        let objects = plan.objects.iter().zip(counts);
        let matching = objects.filter(|(object, _)| error(object.error));
        matching.map(|(_, count)| count).sum()
    };
    Step {
        delivered: lines(|error| error.is_none()),
        failed: lines(|error| error.is_some()),
        objects: counts.iter().filter(|count| **count > 0).count() as u64,
        partitions: partitions(plan).len() as u64,
    }
}

/// The folders of good objects, each once: what the stream's prefix came to. A partition that is
/// delivered to again by a later plan is that plan's, too.
fn partitions(plan: &Plan) -> HashSet<&str> {
    let good = plan.objects.iter().filter(|object| object.error.is_none());
    good.map(|object| object.key.rsplit_once('/').map_or("", |(folder, _)| folder))
        .collect()
}
