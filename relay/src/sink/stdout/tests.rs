//! Lines to an output, from a real spool in a folder of its own.

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::watch;

use super::*;
use crate::clock::SystemClock;
use crate::spool::files::simulated::SimulatedDisk;
use crate::spool::{Config, Entry, RealFiles};

/// An output that breaks after so many bytes, if it is told to.
#[derive(Debug, Default)]
struct Pipe {
    text: Vec<u8>,
    breaks_after: Option<usize>,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self
            .breaks_after
            .is_some_and(|most| self.text.len() >= most)
        {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn open(dir: &TempDir) -> Spool {
    let config = Config {
        segment_size: 1 << 20,
        ..Config::new(dir.path())
    };
    let clock = Arc::new(SystemClock::default());
    Spool::open(&config, Arc::new(RealFiles), clock).unwrap()
}

async fn append(spool: &Spool, names: std::ops::Range<u32>) {
    let entries = names.map(|name| Entry {
        received_at: 1,
        key: spool.key("test", 0, &name.to_string()),
        line: format!("{{\"n\":{name}}}").into_bytes(),
    });
    spool.append(entries.collect()).await.unwrap();
}

fn lines(names: std::ops::Range<u32>) -> String {
    names.map(|name| format!("{{\"n\":{name}}}\n")).collect()
}

#[tokio::test]
async fn every_event_is_a_line_and_a_stop_writes_what_is_durable() {
    let dir = TempDir::new().unwrap();
    let spool = open(&dir);
    append(&spool, 0..100).await;
    let (stop, asked) = watch::channel(None);
    stop.send_replace(Some(Duration::from_secs(20)));
    let pipe = Arc::new(Mutex::new(Pipe::default()));
    let ended = run(spool.clone(), pipe.clone(), Shutdown::new(asked)).await;
    assert!(matches!(ended, Ended::Stopped));
    let text = String::from_utf8(pipe.lock().unwrap().text.clone()).unwrap();
    assert_eq!(text, lines(0..100));
    let totals = spool.totals();
    assert_eq!((totals.delivered, totals.waiting), (100, 0));
    assert!(totals.balance());
}

#[tokio::test]
async fn a_reader_that_has_gone_is_a_clean_end_and_the_rest_stays() {
    let dir = TempDir::new().unwrap();
    let spool = open(&dir);
    append(&spool, 0..3).await;
    let (stop, asked) = watch::channel(None);
    let pipe = Arc::new(Mutex::new(Pipe {
        breaks_after: Some(1),
        ..Pipe::default()
    }));
    let running = tokio::spawn(run(spool.clone(), pipe.clone(), Shutdown::new(asked)));
    while pipe.lock().unwrap().text.is_empty() {
        tokio::task::yield_now().await;
    }
    append(&spool, 3..5).await;
    let ended = running.await.unwrap();
    assert!(matches!(ended, Ended::BrokenPipe), "{ended:?}");
    assert_eq!((spool.totals().delivered, spool.totals().waiting), (3, 2));
    drop(stop);

    // The next start goes on where the pipe broke.
    let (stop, asked) = watch::channel(None);
    stop.send_replace(Some(Duration::from_secs(20)));
    let pipe = Arc::new(Mutex::new(Pipe::default()));
    run(spool.clone(), pipe.clone(), Shutdown::new(asked)).await;
    let text = String::from_utf8(pipe.lock().unwrap().text.clone()).unwrap();
    assert_eq!(text, lines(3..5));
}

#[tokio::test(start_paused = true)]
async fn a_block_that_the_disk_refuses_ends_nothing_and_costs_what_is_in_it() {
    let disk = SimulatedDisk::new(1);
    let config = Config {
        segment_size: 1 << 20,
        ..Config::new("/spool")
    };
    let clock = Arc::new(SystemClock::default());
    let spool = Spool::open(&config, Arc::new(disk.clone()), clock).unwrap();
    // More than a block.
    append(&spool, 0..300).await;
    let segment = Path::new("/spool/segment-00000");
    disk.refuse_reads(segment, 8_192..8_193).unwrap();
    let pipe = Arc::new(Mutex::new(Pipe::default()));
    let (stop, stopped) = watch::channel(None);
    let task = tokio::spawn(run(spool.clone(), pipe.clone(), Shutdown::new(stopped)));
    let mut durable = spool.durable();
    let all = *durable.borrow_and_update();
    while spool.health().delivery.is_none() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    while spool.checkpoint().position < all {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    stop.send(Some(Duration::from_secs(1))).unwrap();
    assert!(matches!(task.await.unwrap(), Ended::Stopped));
    let text = String::from_utf8(pipe.lock().unwrap().text.clone()).unwrap();
    let count = text.lines().count() as u64;
    assert!(count > 150 && count < 300, "{count}");
    assert!(text.starts_with(&lines(0..3)) && text.ends_with(&lines(299..300)));
    let totals = spool.totals();
    assert_eq!((totals.delivered, totals.rotten), (count, 300 - count));
    assert_eq!(spool.health().delivery, None);
}
