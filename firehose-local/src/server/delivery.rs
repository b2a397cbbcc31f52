//! The task that writes objects. What cannot be written stays and is tried again: data that was
//! acknowledged is dropped for no reason.

use super::shared::Shared;
use crate::deliver::Folder;
use std::sync::Arc;
use std::time::Duration;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A stop tries a broken disk so often before it gives up and says what is lost.
const TRIES_AT_STOP: u32 = 8;

pub(super) async fn run(shared: Arc<Shared>, folder: Folder) {
    let folder = Arc::new(folder);
    let mut failures = 0;
    loop {
        let Some(object) = shared.next_closed() else {
            if shared.is_finishing() {
                return;
            }
            shared.wait().await;
            continue;
        };
        let (worker, place) = (Arc::clone(&shared), Arc::clone(&folder));
        let written = tokio::task::spawn_blocking(move || {
            let (now_ms, random) = (worker.now_ms(), worker.random());
            let outcome = place.deliver(worker.stream(), &object, now_ms, random);
            (object, outcome)
        })
        .await;
        let Ok((object, outcome)) = written else {
            return;
        };
        match outcome {
            Ok(()) => {
                failures = 0;
                shared.delivered(&object);
            }
            Err(error) => {
                failures += 1;
                if failures == 1 {
                    tracing::error!(%error, "an object cannot be written; it is kept and tried again: make room, or make the folder writable");
                }
                shared.put_back(object);
                if shared.is_finishing() && failures >= TRIES_AT_STOP {
                    return;
                }
                let pause = FIRST_PAUSE * 2_u32.saturating_pow(failures.min(10) - 1);
                tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
            }
        }
    }
}
