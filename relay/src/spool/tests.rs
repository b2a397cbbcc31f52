//! The spool on real files: what it promises to who appends, reads and restarts.

use std::sync::Arc;

use super::*;
use crate::clock::SystemClock;

fn small(dir: &Path) -> Config {
    Config {
        size: 8 * 64 * 1024,
        segment_size: 64 * 1024,
        ..Config::new(dir)
    }
}

fn open(config: &Config) -> Spool {
    Spool::open(
        config,
        Arc::new(RealFiles),
        Arc::new(SystemClock::default()),
    )
    .unwrap()
}

fn entry(spool: &Spool, id: &str) -> Entry {
    Entry {
        received_at: 1_000,
        key: spool.key("shop", 1, id),
        line: format!("{{\"messageId\":\"{id}\"}}").into_bytes(),
    }
}

async fn lines(spool: &Spool, from: u64, count: usize) -> Vec<Record> {
    let mut reader = spool.reader(from);
    let mut all = Vec::new();
    while all.len() < count {
        all.extend(reader.next(1_000).await.unwrap());
    }
    all
}

#[tokio::test]
async fn what_is_appended_is_read_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let spool = open(&small(dir.path()));
    for id in 0..300 {
        let stored = spool.append(vec![entry(&spool, &format!("m-{id}"))]).await;
        assert_eq!(stored, Ok(vec![Stored::New]));
    }
    let before = lines(&spool, 0, 300).await;
    assert!(before.is_sorted_by_key(|record| record.position));
    assert!(spool.totals().balance());
    spool.close().await;
    drop(spool);

    let spool = open(&small(dir.path()));
    assert_eq!(lines(&spool, 0, 300).await, before);
    assert_eq!(spool.totals().waiting, 300);
    assert_eq!(spool.totals().taken, 300);
    assert_eq!(spool.counters().rot, 0);
    assert_eq!(spool.counters().torn_tails, 0);
}

#[tokio::test]
async fn an_event_is_new_once_also_in_one_append_and_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let spool = open(&small(dir.path()));
    let (a, b) = (entry(&spool, "a"), entry(&spool, "b"));
    let stored = spool.append(vec![a.clone(), b.clone(), a.clone()]).await;
    assert_eq!(
        stored,
        Ok(vec![Stored::New, Stored::New, Stored::Duplicate])
    );
    spool.close().await;
    drop(spool);
    let spool = open(&small(dir.path()));
    assert_eq!(
        spool.append(vec![b, a]).await,
        Ok(vec![Stored::Duplicate; 2])
    );
    let totals = spool.totals();
    assert_eq!((totals.taken, totals.duplicate, totals.waiting), (5, 3, 2));
    assert!(totals.balance());
}

#[tokio::test]
async fn a_second_process_is_refused_until_the_first_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let spool = open(&small(dir.path()));
    let again = Spool::open(
        &small(dir.path()),
        Arc::new(RealFiles),
        Arc::new(SystemClock::default()),
    );
    assert!(matches!(again, Err(OpenError::Locked(_))));
    spool.close().await;
    drop(spool);
    open(&small(dir.path()));
}

#[tokio::test]
async fn a_full_spool_refuses_and_takes_again_when_delivery_caught_up() {
    let dir = tempfile::tempdir().unwrap();
    let config = small(dir.path());
    let spool = open(&config);
    let large = |id: usize| Entry {
        line: vec![b'x'; 10_000],
        ..entry(&spool, &format!("m-{id}"))
    };
    let mut taken = 0;
    let refused = loop {
        match spool.append(vec![large(taken)]).await {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(refused, AppendError::Full);
    assert!(
        spool
            .health()
            .intake
            .is_some_and(|text| text.contains("--spool-size"))
    );
    assert!(taken >= 8 * 5, "{taken}");
    let on_disk: u64 = fs_err::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert!(on_disk < config.size + 64 * 1024, "{on_disk}");

    let last = lines(&spool, 0, taken).await.pop().unwrap();
    spool
        .advance(Checkpoint {
            position: last.position + 1,
            delivered: taken as u64,
            bytes: 10_000 * taken as u64,
            ..spool.checkpoint()
        })
        .unwrap();
    // Ready again, though nobody appends.
    while spool.health().intake.is_some() {
        tokio::task::yield_now().await;
    }
    // Refused, so its id is free: it is new, not a duplicate.
    assert_eq!(
        spool.append(vec![large(taken)]).await,
        Ok(vec![Stored::New])
    );
    assert_eq!(spool.health().intake, None);
    assert_eq!(spool.counters().waiting_bytes, 10_000);
    assert!(spool.totals().balance());
    // Frames of the recycled segment's former life are not read.
    let rest = lines(&spool, last.position + 1, 1).await;
    assert_eq!(rest.len(), 1);
    assert_eq!(&rest[0].line[..], vec![b'x'; 10_000]);
}

#[tokio::test]
async fn a_closed_spool_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let spool = open(&small(dir.path()));
    let one = entry(&spool, "a");
    spool.close().await;
    assert_eq!(spool.append(vec![one]).await, Err(AppendError::Closed));
}

#[tokio::test]
async fn many_at_once_share_commits() {
    let dir = tempfile::tempdir().unwrap();
    let spool = open(&Config::new(dir.path()));
    let appends: Vec<_> = (0..500)
        .map(|id| {
            let spool = spool.clone();
            tokio::spawn(async move {
                let one = entry(&spool, &format!("m-{}", id / 2));
                spool.append(vec![one]).await.unwrap()[0]
            })
        })
        .collect();
    let mut new = 0;
    for append in appends {
        new += usize::from(append.await.unwrap() == Stored::New);
    }
    assert_eq!(new, 250);
    let counters = spool.counters();
    assert!(counters.commits < 250, "{}", counters.commits);
    assert_eq!(counters.totals.duplicate, 250);
    assert!(counters.totals.balance());
}
