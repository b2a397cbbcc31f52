//! The task that writes a stream's objects. What cannot be written is tried again and holds up
//! nothing else.

use super::live::{Live, Ready};
use super::shared::Shared;
use crate::deliver::Name;
use crate::outbox::Waiting;
use std::io;
use std::sync::Arc;
use std::time::Duration;
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
        // At the very end nothing waits for its next try.
        let now = match shared.stop.has_given_up() {
            true => Duration::MAX,
            false => shared.now(),
        };
        if has_room && let Some(waiting) = live.next_closed(now, finishing) {
            let shared = Arc::clone(&shared);
            writing.spawn_blocking(move || write(&shared, waiting));
            continue;
        }
        if writing.is_empty() && (live.is_deleted() || finishing && live.is_done()) {
            return;
        }
        tokio::select! {
            Some(written) = writing.join_next() => match written {
                Ok((waiting, outcome)) => settle(&shared, &live, waiting, &outcome),
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

/// Writes an object, and says how that went.
fn write(shared: &Shared, mut waiting: Waiting<Ready>) -> (Waiting<Ready>, Outcome) {
    let now_ms = shared.now_ms();
    let name = *waiting.item.name.get_or_insert_with(|| Name {
        at_ms: now_ms,
        random: shared.random(),
    });
    let Ready {
        stream,
        bucket,
        object,
        ..
    } = &waiting.item;
    let is_last = shared.stop.has_given_up();
    if is_last && let Some(put_away) = bucket.put_away(stream, object, name) {
        let outcome = match put_away {
            Ok(()) => Outcome::PutAway,
            Err(error) => Outcome::Lost(error),
        };
        return (waiting, outcome);
    }
    let outcome = match bucket.deliver(stream, object, name, now_ms) {
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
    };
    (waiting, outcome)
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
