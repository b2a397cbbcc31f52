//! Everything that comes into the lake, counted and taken away: in ten minutes it would fill a disk.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Context as _;
use clickstream_lab::lake::Lake;
use clickstream_lab::wait;

use super::senders::ID;

/// What was found so far.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Events with different numbers.
    pub events: u64,
    /// Events whose number was there already.
    pub twice: u64,
    /// How often the lake was looked through.
    looks: u64,
    /// A bit for each number.
    bits: Vec<u64>,
    /// Why it goes no further.
    trouble: Option<String>,
}

/// The thread that collects.
#[derive(Debug)]
pub struct Collected {
    found: Arc<Mutex<Found>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Collected {
    /// Begins to collect what lies in the lake in this folder.
    pub fn start(folder: &Path) -> Self {
        let (found, stop) = (Arc::<Mutex<Found>>::default(), Arc::<AtomicBool>::default());
        let lake = Lake::new(folder);
        let (into, end) = (Arc::clone(&found), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                if let Err(error) = collect(&lake, &into) {
                    let mut found = into.lock().unwrap_or_else(PoisonError::into_inner);
                    found.trouble = Some(format!("{error:#}"));
                    break;
                }
                thread::sleep(Duration::from_millis(100));
            }
        });
        Self {
            found,
            stop,
            thread: Some(thread),
        }
    }

    /// Waits until so many different events were found, and until the lake was then looked through
    /// once more: what comes twice may come late.
    pub fn until(self, events: u64) -> anyhow::Result<Found> {
        let looks = self.all(events, 0)?.looks;
        self.all(events, looks + 2)
    }

    fn all(&self, events: u64, looks: u64) -> anyhow::Result<Found> {
        wait::until("all events in the lake", || {
            let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
            match &found.trouble {
                Some(trouble) => Ok(Err(anyhow::anyhow!("{trouble}"))),
                None if found.events >= events && found.looks >= looks => Ok(Ok(found.clone())),
                None => Err(format!("{} of {events} events", found.events)),
            }
        })?
    }
}

impl Drop for Collected {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn collect(lake: &Lake, into: &Mutex<Found>) -> anyhow::Result<()> {
    for key in lake.keys()? {
        let path = lake.root().join("raw").join(&key);
        anyhow::ensure!(key.starts_with("clickstream/"), "an error object: {key}");
        let text = fs_err::read_to_string(&path)?;
        anyhow::ensure!(text.ends_with('\n'), "{key} does not end in a newline");
        let mut found = into.lock().unwrap_or_else(PoisonError::into_inner);
        for line in text.lines() {
            let number = number(line).with_context(|| format!("{key}: {line}"))?;
            found.count(number);
        }
        drop(found);
        fs_err::remove_file(path)?;
    }
    into.lock().unwrap_or_else(PoisonError::into_inner).looks += 1;
    Ok(())
}

/// The number of an event of ours on a whole line.
fn number(line: &str) -> Option<u64> {
    let inner = line.strip_prefix('{')?.strip_suffix('}')?;
    let (_, behind) = inner.split_once(ID)?;
    behind.split_once('"')?.0.parse().ok()
}

impl Found {
    fn count(&mut self, number: u64) {
        let (word, bit) = ((number / 64) as usize, 1 << (number % 64));
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0);
        }
        match self.bits[word] & bit {
            0 => self.events += 1,
            _ => self.twice += 1,
        }
        self.bits[word] |= bit;
    }
}
