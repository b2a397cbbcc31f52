//! The task that writes a stream's objects. What cannot be written stays and is tried again: data that was
//! acknowledged is dropped for no reason.

use super::live::Live;
use super::shared::Shared;
use std::sync::Arc;
use std::time::Duration;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A stop tries a broken disk so often before it gives up and says what is lost.
const TRIES_AT_STOP: u32 = 8;

pub(super) async fn run(shared: Arc<Shared>, live: Arc<Live>) {
    let mut failures = 0;
    loop {
        let finishing = shared.is_finishing();
        let Some(ready) = live.next_closed(shared.now(), finishing) else {
            if finishing || live.is_deleted() {
                return;
            }
            shared.wait(&live).await;
            continue;
        };
        let worker = Arc::clone(&shared);
        let written = tokio::task::spawn_blocking(move || {
            let (now_ms, random) = (worker.now_ms(), worker.random());
            let outcome = ready
                .folder
                .deliver(&ready.stream, &ready.object, now_ms, random);
            (ready, outcome)
        })
        .await;
        let Ok((ready, outcome)) = written else {
            return;
        };
        match outcome {
            Ok(()) => {
                failures = 0;
                live.delivered(&ready.object);
                shared.delivered(ready.object.records, ready.object.error.is_some());
            }
            Err(error) => {
                failures += 1;
                if failures == 1 {
                    let stream = &ready.stream.config().name;
                    tracing::error!(%error, stream, "an object cannot be written; it is kept and tried again: make room, or make the folder writable");
                }
                let records = ready.object.records;
                if !live.put_back(ready) {
                    shared.discarded(records);
                }
                if finishing && failures >= TRIES_AT_STOP {
                    return;
                }
                let pause = FIRST_PAUSE * 2_u32.saturating_pow(failures.min(10) - 1);
                tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
            }
        }
    }
}
