//! The task that writes a stream's objects. What cannot be written is tried again and holds up
//! nothing else.

use super::live::{Live, Ready};
use super::shared::Shared;
use crate::deliver::Name;
use crate::outbox::Waiting;
use std::io;
use std::sync::Arc;
use tokio::task::JoinSet;

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
        if has_room && let Some(waiting) = live.next_closed(shared.now(), finishing) {
            let shared = Arc::clone(&shared);
            writing.spawn_blocking(move || write(&shared, waiting));
            continue;
        }
        if writing.is_empty() && (live.is_deleted() || finishing && live.is_done()) {
            return;
        }
        tokio::select! {
            Some(written) = writing.join_next() => match written {
                Ok((waiting, outcome)) => settle(&shared, &live, waiting, outcome),
                Err(error) => {
                    tracing::error!(%error, "a delivery ended before its work was done");
                    return;
                }
            },
            () = wait(&shared, &live), if has_room => {}
        }
    }
}

/// Writes an object, and says how that went.
fn write(shared: &Shared, mut waiting: Waiting<Ready>) -> (Waiting<Ready>, io::Result<String>) {
    let now_ms = shared.now_ms();
    let name = *waiting.item.name.get_or_insert_with(|| Name {
        at_ms: now_ms,
        random: shared.random(),
    });
    let ready = &waiting.item;
    let outcome = ready
        .bucket
        .deliver(&ready.stream, &ready.object, name, now_ms);
    match &outcome {
        Ok(key) => {
            let config = ready.stream.config();
            shared.recent.add(config, key, &ready.object, now_ms);
        }
        // At the first try alone: AWS samples, too, what it logs of many failures.
        Err(error) if waiting.tries == 0 => {
            ready.bucket.log_refusal(&ready.stream, error, now_ms);
        }
        Err(_) => {}
    }
    (waiting, outcome)
}

/// Counts an object that is written, or takes it back.
fn settle(shared: &Shared, live: &Live, waiting: Waiting<Ready>, outcome: io::Result<String>) {
    match outcome {
        Ok(_) => {
            let object = &waiting.item.object;
            live.delivered(object, shared.now_ms());
            shared.delivered(object.records, object.error.is_some());
        }
        Err(error) => {
            let finishing = shared.stop.is_finishing();
            let random = &mut || shared.random();
            let discarded = live.refused(waiting, shared.now(), finishing, &error, random);
            shared.discarded(discarded);
        }
    }
}
