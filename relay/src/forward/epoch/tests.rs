//! Epochs on real files: what comes to lie where, and every row of what may happen that
//! needs no special disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::*;
use crate::clock::SystemClock;
use crate::forward::{self, Forwarder};
use crate::sink;
use crate::spool::{self, Entry, RealFiles};

mod damage;

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn lake(&self) -> PathBuf {
        self.dir.path().join("lake")
    }

    fn spool(&self) -> Spool {
        let config = spool::Config {
            size: 16 << 20,
            segment_size: 1 << 20,
            ..spool::Config::new(self.dir.path().join("spool"))
        };
        Spool::open(&config, Arc::new(RealFiles), clock()).unwrap()
    }

    fn epochs(&self, spool: &Spool) -> Epochs {
        Epochs::open(spool, lake::Config::new(self.lake()), clock()).unwrap()
    }
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock::default())
}

async fn append(spool: &Spool, id: &str, user: Option<&str>) {
    let user = user.map_or(String::new(), |user| format!(",\"userId\":\"{user}\""));
    let entry = Entry {
        received_at: 1_767_322_985_006,
        key: spool.key("shop", 1, id),
        line: format!("{{\"messageId\":\"{id}\"{user}}}").into_bytes(),
    };
    spool.append(vec![entry]).await.unwrap();
}

/// Files under a folder with their contents, names beginning with a dot left out.
fn objects(dir: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs_err::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(dir).unwrap().display().to_string();
                found.push((name, fs_err::read_to_string(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn events_lie_under_their_users_and_failures_under_the_error_prefix_and_in_the_log() {
    let place = Place::new();
    let spool = place.spool();
    append(&spool, "a", Some("45")).await;
    append(&spool, "b", None).await;
    append(&spool, "c", Some("45")).await;
    append(&spool, "d", Some("90")).await;
    let mut epochs = place.epochs(&spool);
    let step = epochs.step().unwrap();
    let wanted = Step {
        delivered: 3,
        failed: 1,
        objects: 3,
        partitions: 2,
    };
    assert_eq!(step, Some(wanted));
    assert_eq!(epochs.counters().totals().partitions, 2);
    assert_eq!(epochs.step().unwrap(), None);

    let objects = objects(&place.lake().join("raw"));
    let hour = "year=2026/month=01/day=02/hour=03/";
    assert_eq!(objects.len(), 3);
    let [error, first, second] = [&objects[0], &objects[1], &objects[2]];
    assert!(
        error
            .0
            .starts_with("clickstream-errors/metadata-extraction-failed/")
    );
    assert!(
        error
            .1
            .contains("partitionKeys values must not be null or empty")
    );
    assert!(
        first
            .0
            .starts_with(&format!("clickstream/userId=45/{hour}")),
        "{}",
        first.0
    );
    let (a, c) = (
        r#"{"messageId":"a","userId":"45"}"#,
        r#"{"messageId":"c","userId":"45"}"#,
    );
    assert_eq!(first.1, format!("{a}\n{c}\n"));
    assert!(
        second
            .0
            .starts_with(&format!("clickstream/userId=90/{hour}"))
    );
    let log = place
        .lake()
        .join("log/aws/kinesisfirehose/clickstream/ClickStreamLogStream.jsonl");
    let log = fs_err::read_to_string(log).unwrap();
    assert!(log.contains("Partition key's value should not be null or empty"));
    assert_eq!(log.lines().count(), 1);

    let totals = spool.totals();
    assert_eq!((totals.delivered, totals.failed, totals.waiting), (3, 1, 0));
    assert!(totals.balance());
    assert_eq!(spool.counters().objects, 3);
    let beside: Vec<_> = fs_err::read_dir(place.lake())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.'))
        .collect();
    assert!(
        beside.iter().all(|name| name == "raw" || name == "log"),
        "{beside:?}"
    );
    let marked = place
        .lake()
        .join(".delivered")
        .join(spool::identity::hex(&spool.id()));
    assert_eq!(fs_err::read_to_string(marked).unwrap(), "5\n");
}

#[tokio::test]
async fn a_taken_key_stops_delivery_by_name_until_it_is_moved_away() {
    let place = Place::new();
    let spool = place.spool();
    append(&spool, "a", Some("45")).await;
    let mut epochs = place.epochs(&spool);
    // Planned, and cut off before anything was staged: the folder's place is taken.
    let mut records = epochs.read_next().unwrap().unwrap();
    let plan = epochs.plan(&mut records).unwrap();
    let path = epochs.lake.object("raw", &plan.objects[0].key);
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(&path, "somebody else's\n").unwrap();
    epochs.open = Some(plan);

    let error = epochs.step().unwrap_err().to_string();
    assert!(error.contains(&path.display().to_string()), "{error}");
    assert!(error.contains("move it out of the lake"), "{error}");
    append(&spool, "b", Some("45")).await;
    assert!(epochs.step().is_err());
    assert_eq!(fs_err::read_to_string(&path).unwrap(), "somebody else's\n");

    fs_err::remove_file(&path).unwrap();
    assert_eq!(epochs.step().unwrap().unwrap().delivered, 1);
    assert_eq!(epochs.step().unwrap().unwrap().delivered, 1);
    assert_eq!(objects(&place.lake().join("raw")).len(), 2);
}

#[tokio::test]
async fn an_unfinished_plan_is_done_again_by_the_next_process_to_the_same_bytes() {
    let place = Place::new();
    let spool = place.spool();
    for id in 0..50 {
        append(&spool, &format!("m-{id}"), Some(&format!("{}", id % 7))).await;
    }
    let mut epochs = place.epochs(&spool);
    let mut records = epochs.read_next().unwrap().unwrap();
    let plan = epochs.plan(&mut records).unwrap();
    epochs.carry_out(&plan, Some(records)).unwrap();
    let before = objects(&place.lake().join("raw"));
    drop(epochs);
    // As if the checkpoint had not been written: three objects are gone with it.
    for (name, _) in before.iter().take(3) {
        fs_err::remove_file(place.lake().join("raw").join(name)).unwrap();
    }
    let dir = spool.dir().to_path_buf();
    spool.close().await;
    drop(spool);
    for name in ["checkpoint-a", "checkpoint-b"] {
        fs_err::remove_file(dir.join(name)).unwrap();
    }

    let spool = place.spool();
    let bucket = lake::Config {
        partition_by: firehose_local::PartitionBy::Bucket,
        ..lake::Config::new(place.lake())
    };
    // Another configuration: it applies to the next epoch only.
    let mut epochs = Epochs::open(&spool, bucket, clock()).unwrap();
    assert!(epochs.unfinished());
    assert_eq!(epochs.step().unwrap().unwrap().delivered, 50);
    assert_eq!(objects(&place.lake().join("raw")), before);
    assert_eq!(epochs.step().unwrap(), None);
}

#[tokio::test]
async fn another_lake_or_sink_is_refused_while_a_plan_is_open() {
    let place = Place::new();
    let spool = place.spool();
    append(&spool, "a", Some("45")).await;
    let mut epochs = place.epochs(&spool);
    assert!(refuse_if_unfinished(&spool).is_ok());
    let mut records = epochs.read_next().unwrap().unwrap();
    epochs.plan(&mut records).unwrap();
    drop(epochs);

    let other = lake::Config::new(place.dir.path().join("another"));
    let refused = Epochs::open(&spool, other.clone(), clock()).unwrap_err();
    assert!(refused.to_string().contains("--lake-dir"), "{refused}");
    assert!(matches!(refused, OpenError::OtherLake { number: 1 }));
    assert!(refuse_if_unfinished(&spool).is_err());

    // The remedy: once more with the old one, then the other is welcome.
    place.epochs(&spool).step().unwrap().unwrap();
    assert!(refuse_if_unfinished(&spool).is_ok());
    assert_eq!(
        Epochs::open(&spool, other, clock())
            .unwrap()
            .step()
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn an_epoch_ends_by_size_by_time_and_at_a_stop() {
    let place = Place::new();
    let spool = place.spool();
    let delivered = |interval, size| {
        let config = lake::Config {
            buffer_interval: interval,
            buffer_size: size,
            ..lake::Config::new(place.lake())
        };
        let forwarder = Forwarder::open(&spool, sink::Config::Lake(config), clock()).unwrap();
        let (stop, stopped) = watch::channel(None);
        (tokio::spawn(forward::run(forwarder, stopped)), stop)
    };
    let long = Duration::from_secs(3600);

    let (task, stop) = delivered(long, 200);
    for id in 0..10 {
        append(&spool, &format!("size-{id}"), Some("45")).await;
    }
    until(&spool, 5).await;
    stop.send(Some(long)).unwrap();
    assert_eq!(task.await.unwrap(), forward::Left::default());
    assert_eq!(spool.totals().delivered, 10);

    let (task, stop) = delivered(Duration::from_millis(5), 1 << 30);
    append(&spool, "time", Some("45")).await;
    until(&spool, 11).await;
    drop(stop);
    assert_eq!(task.await.unwrap(), forward::Left::default());
}

async fn until(spool: &Spool, delivered: u64) {
    while spool.totals().delivered < delivered {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn delivery_that_stands_still_is_said_and_what_stays_is_counted() {
    let place = Place::new();
    let spool = place.spool();
    append(&spool, "a", Some("45")).await;
    let config = lake::Config {
        buffer_interval: Duration::ZERO,
        ..lake::Config::new(place.lake())
    };
    let forwarder = Forwarder::open(&spool, sink::Config::Lake(config), clock()).unwrap();
    // A file where the folder of staging should be.
    fs_err::remove_dir_all(place.lake().join(".staging")).unwrap();
    fs_err::write(place.lake().join(".staging"), "").unwrap();
    let (stop, stopped) = watch::channel(None);
    let task = tokio::spawn(forward::run(forwarder, stopped));
    while spool.health().delivery.is_none() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    append(&spool, "b", Some("45")).await;
    stop.send(Some(Duration::from_millis(20))).unwrap();
    assert_eq!(task.await.unwrap().events, 2);
}

#[tokio::test]
async fn an_epoch_larger_than_the_budget_is_done_in_parts_and_in_order() {
    let place = Place::new();
    let spool = place.spool();
    for id in 0..40 {
        append(&spool, &format!("m-{id:02}"), Some("45")).await;
    }
    let mut epochs = place.epochs(&spool);
    let mut parts = Vec::new();
    epochs.budget = 300;
    while let Some(step) = epochs.step().unwrap() {
        parts.push(step.delivered);
    }
    assert!(parts.len() >= 4, "{parts:?}");
    assert_eq!(parts.iter().sum::<u64>(), 40);
    let objects = objects(&place.lake().join("raw"));
    assert_eq!(objects.len(), parts.len());
    for (_, lines) in objects {
        assert!(lines.lines().is_sorted());
    }
}

#[tokio::test]
async fn two_relays_share_a_lake() {
    let (place, other) = (Place::new(), Place::new());
    let (spool, second) = (place.spool(), other.spool());
    append(&spool, "a", Some("45")).await;
    append(&second, "b", Some("45")).await;
    let mut first = place.epochs(&spool);
    let mut second = Epochs::open(&second, lake::Config::new(place.lake()), clock()).unwrap();
    assert_eq!(first.lake.id(), second.lake.id());
    first.step().unwrap().unwrap();
    second.step().unwrap().unwrap();
    assert_eq!(objects(&place.lake().join("raw")).len(), 2);
}

#[tokio::test]
async fn a_restored_copy_of_a_spool_delivers_again() {
    let place = Place::new();
    let spool = place.spool();
    append(&spool, "a", Some("45")).await;
    spool.close().await;
    drop(spool);
    let copy = Place::new();
    let (from, to) = (
        place.dir.path().join("spool"),
        copy.dir.path().join("spool"),
    );
    fs_err::create_dir(&to).unwrap();
    for entry in fs_err::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs_err::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
    for spool in [place.spool(), copy.spool()] {
        let config = lake::Config::new(place.lake());
        let mut epochs = Epochs::open(&spool, config, clock()).unwrap();
        assert_eq!(epochs.step().unwrap().unwrap().delivered, 1);
    }
    assert_eq!(objects(&place.lake().join("raw")).len(), 2);
}

#[tokio::test]
async fn half_a_log_line_that_a_crash_left_does_not_swallow_the_next() {
    let place = Place::new();
    let spool = place.spool();
    let epochs = place.epochs(&spool);
    fs_err::create_dir(place.lake().join("log")).unwrap();
    fs_err::write(place.lake().join("log/x.jsonl"), "{\"half\":").unwrap();
    epochs.lake.log("log/x.jsonl", b"{\"whole\":1}\n").unwrap();
    epochs.lake.log("log/x.jsonl", b"{\"whole\":2}\n").unwrap();
    let log = fs_err::read_to_string(place.lake().join("log/x.jsonl")).unwrap();
    assert_eq!(log, "{\"half\":\n{\"whole\":1}\n{\"whole\":2}\n");
}
