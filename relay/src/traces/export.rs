//! Sends traces, many at once, to a collector. One that is away, slow or unwilling costs what it was
//! to be sent, counted, and nothing else: nothing is tried twice, nobody waits.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::otlp::Request;
use super::{Config, Counters, Finished};

/// Requests whose spans are sent together, at most: some 400 KB.
const TOGETHER: usize = 128;

/// Sends what is in the queue.
#[derive(Debug)]
pub struct Exporter {
    config: Config,
    finished: mpsc::Receiver<Finished>,
    counters: Arc<Counters>,
    /// The last sending failed, and the log says so.
    failing: bool,
}

impl Exporter {
    pub(super) fn new(
        config: Config,
        finished: mpsc::Receiver<Finished>,
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            config,
            finished,
            counters,
            failing: false,
        }
    }

    /// Until the relay stops; then what is there is sent once more.
    pub async fn run(mut self, mut stopping: watch::Receiver<Option<Duration>>) {
        let mut gathered = Vec::new();
        let mut stopped = false;
        while !stopped {
            tokio::select! {
                _ = stopping.changed() => stopped = true,
                first = self.finished.recv() => match first {
                    Some(first) => gathered.push(first),
                    None => break,
                },
            }
            if !stopped {
                tokio::select! {
                    _ = stopping.changed() => stopped = true,
                    () = tokio::time::sleep(self.config.gather) => {}
                }
            }
            loop {
                while gathered.len() < TOGETHER
                    && let Ok(next) = self.finished.try_recv()
                {
                    gathered.push(next);
                }
                if gathered.is_empty() {
                    break;
                }
                self.send(std::mem::take(&mut gathered)).await;
            }
        }
    }

    async fn send(&mut self, traces: Vec<Finished>) {
        let count = traces.len() as u64;
        let Config {
            endpoint, agent, ..
        } = self.config.clone();
        let sending = tokio::task::spawn_blocking(move || {
            let body =
                serde_json::to_vec(&Request::of(&traces)).map_err(|error| error.to_string())?;
            let request = agent.post(endpoint).content_type("application/json");
            let answer = request.send(&body).map_err(|error| error.to_string())?;
            match answer.status() {
                status if status.is_success() => Ok(()),
                status => Err(format!(
                    "it answers {status}; the path at its end is mostly /v1/traces"
                )),
            }
        });
        let sent = sending.await.unwrap_or_else(|error| Err(error.to_string()));
        let counter = match &sent {
            Ok(()) => &self.counters.exported,
            Err(_) => &self.counters.dropped,
        };
        counter.fetch_add(count, Relaxed);
        // Once for each time that it goes away, not for each sending.
        match &sent {
            Err(reason) if !self.failing => tracing::warn!(
                endpoint = %self.config.endpoint,
                %reason,
                "traces cannot be sent and are dropped; check --traces-endpoint and the collector"
            ),
            Ok(()) if self.failing => tracing::info!("traces are sent again"),
            _ => {}
        }
        self.failing = sent.is_err();
    }
}
