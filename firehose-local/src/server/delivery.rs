//! The task that writes a stream's objects. What cannot be written is tried again and holds up
//! nothing else.

use super::live::{Live, Ready};
use super::shared::Shared;
use crate::deliver::{Name, Parcel};
use crate::outbox::Waiting;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Bytes from which on a batch grows no more: its objects get their names together.
const LARGE_BATCH: u64 = 64 << 20;

/// Runs a delivery for each stream until all have ended: a folder that refuses holds up its own
/// stream alone.
pub(super) async fn all(shared: Arc<Shared>) {
    let mut deliveries = JoinSet::new();
    loop {
        for live in shared.unserved() {
            deliveries.spawn(run(Arc::clone(&shared), live));
        }
        if shared.stop.is_finishing() {
            break;
        }
        tokio::select! {
            () = shared.made() => {}
            Some(_) = deliveries.join_next() => {}
        }
    }
    while let Some(ended) = deliveries.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a delivery ended before its work was done");
        }
    }
}

/// Waits until a partition of the stream is due, or a try, or something changes.
async fn wait(shared: &Shared, live: &Live) {
    let changed = live.changed.notified();
    match live.next_due() {
        Some(due) => {
            tokio::select! {
                () = tokio::time::sleep_until(shared.at(due)) => {}
                () = changed => {}
            }
        }
        None => changed.await,
    }
}

async fn run(shared: Arc<Shared>, live: Arc<Live>) {
    let mut writing = JoinSet::new();
    loop {
        let finishing = shared.stop.is_finishing();
        let has_room = writing.len() < live.at_once();
        let batch = match has_room {
            true => batch(&shared, &live),
            false => Vec::new(),
        };
        if !batch.is_empty() {
            let shared = Arc::clone(&shared);
            writing.spawn_blocking(move || write(&shared, batch));
            continue;
        }
        if writing.is_empty() && (live.is_deleted() || finishing && live.is_done()) {
            return;
        }
        tokio::select! {
            Some(written) = writing.join_next() => match written {
                Ok(written) => {
                    for (waiting, outcome) in written {
                        settle(&shared, &live, waiting, &outcome);
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "a delivery ended before its work was done");
                    return;
                }
            },
            () = wait(&shared, &live), if has_room => {}
        }
    }
}

/// What has become of an object.
#[derive(Debug)]
enum Outcome {
    /// It is in its bucket.
    Delivered,
    /// Not now.
    Refused(io::Error),
    /// It was put away beside its bucket.
    PutAway,
    /// Nor could it be put away.
    Lost(io::Error),
}

/// What is to be written now, as much as is worth one call.
fn batch(shared: &Shared, live: &Live) -> Vec<Waiting<Ready>> {
    // At the very end nothing waits for its next try.
    let now = match shared.stop.has_given_up() {
        true => Duration::MAX,
        false => shared.now(),
    };
    let finishing = shared.stop.is_finishing();
    let (mut batch, mut bytes, most) = (Vec::new(), 0, live.a_call());
    while batch.len() < most
        && bytes < LARGE_BATCH
        && let Some(waiting) = live.next_closed(now, finishing)
    {
        bytes += waiting.item.object.body.length();
        batch.push(waiting);
    }
    batch
}

/// Writes objects, and says how that went with each.
fn write(shared: &Shared, mut batch: Vec<Waiting<Ready>>) -> Vec<(Waiting<Ready>, Outcome)> {
    let now_ms = shared.now_ms();
    let new = || Name {
        at_ms: now_ms,
        random: shared.random(),
    };
    let names = batch.iter_mut();
    let names: Vec<Name> = names
        .map(|waiting| *waiting.item.name.get_or_insert_with(new))
        .collect();
    let mut outcomes = Vec::new();
    let mut names = names.into_iter();
    // A stream that was changed may have another bucket than it had.
    for run in batch.chunk_by(|one, next| Arc::ptr_eq(&one.item.bucket, &next.item.bucket)) {
        let named = run.iter().zip(names.by_ref());
        let parcels: Vec<Parcel<'_>> = named
            .map(|(waiting, name)| Parcel {
                stream: &waiting.item.stream,
                object: &waiting.item.object,
                name,
            })
            .collect();
        outcomes.extend(write_run(shared, run, &parcels, now_ms));
    }
    batch.into_iter().zip(outcomes).collect()
}

/// Writes objects of one bucket.
fn write_run(
    shared: &Shared,
    run: &[Waiting<Ready>],
    parcels: &[Parcel<'_>],
    now_ms: u64,
) -> Vec<Outcome> {
    let Some(bucket) = run.first().map(|waiting| &waiting.item.bucket) else {
        return Vec::new();
    };
    let is_last = shared.stop.has_given_up();
    if is_last {
        let put_away = parcels.iter().map(|parcel| bucket.put_away(parcel));
        if let Some(put_away) = put_away.collect::<Option<Vec<_>>>() {
            let outcomes = put_away.into_iter();
            return outcomes
                .map(|put_away| put_away.map_or_else(Outcome::Lost, |()| Outcome::PutAway))
                .collect();
        }
    }
    let delivered = bucket.deliver(parcels, now_ms);
    let outcomes = run.iter().zip(delivered);
    outcomes
        .map(|(waiting, outcome)| {
            let Ready { stream, object, .. } = &waiting.item;
            match outcome {
                Ok(key) => {
                    shared.recent.add(stream.config(), &key, object, now_ms);
                    Outcome::Delivered
                }
                Err(error) => {
                    // At the first try alone: AWS samples, too, what it logs of many failures.
                    if waiting.tries == 0 {
                        bucket.log_refusal(stream, &error, now_ms);
                    }
                    match is_last {
                        true => Outcome::Lost(error),
                        false => Outcome::Refused(error),
                    }
                }
            }
        })
        .collect()
}

/// Counts an object that is written, or takes it back.
fn settle(shared: &Shared, live: &Live, waiting: Waiting<Ready>, outcome: &Outcome) {
    let object = &waiting.item.object;
    match outcome {
        Outcome::Delivered => {
            live.delivered(object, shared.now_ms());
            shared.delivered(object.records, object.error.is_some());
        }
        Outcome::PutAway => live.put_away(object),
        Outcome::Lost(error) => live.lost(object, error),
        Outcome::Refused(error) => {
            let random = &mut || shared.random();
            let discarded = live.refused(waiting, shared.now(), error, random);
            shared.discarded(discarded);
        }
    }
}
