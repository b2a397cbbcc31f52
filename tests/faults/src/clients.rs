//! Clients that send until they are answered: what was not is sent again, as it was.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use clickstream_lab::http;
use clickstream_lab::lake::{self, Lake, Line};
use serde_json::json;

/// Events a request.
pub const BATCH: usize = 20;

/// What clients know of their batches, over all rounds.
#[derive(Clone, Debug)]
pub struct Clients {
    key: &'static str,
    state: Arc<Mutex<State>>,
    /// Events answered with 200.
    acknowledged: Arc<AtomicUsize>,
}

#[derive(Debug, Default)]
struct State {
    next: usize,
    unanswered: Vec<usize>,
    acknowledged: BTreeSet<String>,
    /// Batches that were sent more than once.
    again: usize,
}

/// Threads that send.
#[derive(Debug)]
pub struct Sending {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Sending {
    /// Ends them when each has its answer, or none.
    pub fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

fn ids(batch: usize) -> Vec<String> {
    (0..BATCH)
        .map(|event| format!("b{batch}-e{event}"))
        .collect()
}

impl Clients {
    /// With this key.
    pub fn new(key: &'static str) -> Self {
        Self {
            key,
            state: Arc::default(),
            acknowledged: Arc::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Events acknowledged so far.
    pub fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Batches that were sent again for want of an answer.
    pub fn again(&self) -> usize {
        self.state().again
    }

    /// Sends one batch, the oldest that is owed or a new one; its status, or none.
    pub fn send(&self, url: &str) -> Option<u16> {
        let batch = {
            let mut state = self.state();
            match state.unanswered.pop() {
                Some(batch) => {
                    state.again += 1;
                    batch
                }
                None => {
                    state.next += 1;
                    state.next
                }
            }
        };
        let events: Vec<_> = ids(batch)
            .iter()
            .enumerate()
            .map(|(n, id)| {
                json!({"type": "track", "event": "E", "messageId": id, "userId": format!("u{}", (batch + n) % 7)})
            })
            .collect();
        let body = json!({"batch": events, "writeKey": self.key}).to_string();
        let answer = http::post(&format!("{url}/v1/batch"), &[], body.as_bytes()).ok();
        let taken = answer
            .as_ref()
            .is_some_and(|answer| answer.status == 200 && answer.json()["accepted"] == BATCH);
        let mut state = self.state();
        match taken {
            true => {
                state.acknowledged.extend(ids(batch));
                let count = state.acknowledged.len();
                self.acknowledged.store(count, Ordering::Relaxed);
            }
            false => state.unanswered.push(batch),
        }
        answer.map(|answer| answer.status)
    }

    /// So many threads that send without a pause.
    pub fn start(&self, url: &str, threads: usize) -> Sending {
        let stop = Arc::new(AtomicBool::new(false));
        let threads = (0..threads).map(|_| {
            let (clients, stop, url) = (self.clone(), stop.clone(), url.to_owned());
            thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    if clients.send(&url).is_none() {
                        thread::yield_now();
                    }
                }
            })
        });
        Sending {
            threads: threads.collect(),
            stop,
        }
    }

    /// Sends what is owed until all is answered with 200.
    pub fn settle(&self, url: &str) -> anyhow::Result<()> {
        clickstream_lab::wait::until("an answer for all that is owed", || {
            while !self.state().unanswered.is_empty() {
                let status = self.send(url);
                if status != Some(200) {
                    return Err(format!("status {status:?}"));
                }
            }
            Ok(())
        })
    }

    /// Waits until all that was acknowledged is in the lake, and checks that it is there once.
    pub fn check(&self, lake: &Lake) -> anyhow::Result<Vec<Line>> {
        let acknowledged = self.state().acknowledged.clone();
        let events = lake.wait_for("all that was acknowledged", |events| {
            let there: BTreeSet<&str> = events.iter().map(Line::id).collect();
            acknowledged.iter().all(|id| there.contains(id.as_str()))
        })?;
        lake::check_books(&events)?;
        Ok(events)
    }
}
