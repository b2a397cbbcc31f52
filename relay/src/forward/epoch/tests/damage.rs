//! What rot, or another version, does between a plan and its redo.

use std::collections::BTreeSet;

use super::*;

/// A delivery of `a` and `b` under 45 and of `c` under 90, planned and published but not below
/// the checkpoint, by a process that has ended.
async fn published(place: &Place) -> Vec<(String, String)> {
    let spool = place.spool();
    for (id, user) in [("a", "45"), ("b", "45"), ("c", "90")] {
        append(&spool, id, Some(user)).await;
    }
    let mut epochs = place.epochs(&spool);
    let mut records = epochs.read_next().unwrap().unwrap();
    let plan = epochs.plan(&mut records).unwrap();
    epochs.carry_out(&plan, Some(records)).unwrap();
    drop(epochs);
    let dir = spool.dir().to_path_buf();
    spool.close().await;
    drop(spool);
    for name in ["checkpoint-a", "checkpoint-b"] {
        fs_err::remove_file(dir.join(name)).unwrap();
    }
    objects(&place.lake().join("raw"))
}

/// Damages the event with this id where it lies.
fn rot(place: &Place, id: &str) {
    let path = place.dir.path().join("spool/segment-00000");
    let mut bytes = fs_err::read(&path).unwrap();
    let wanted = format!("{{\"messageId\":\"{id}\"");
    let mut found = bytes.windows(wanted.len());
    let at = found.position(|at| at == wanted.as_bytes()).unwrap();
    bytes[at] ^= 1;
    fs_err::write(&path, bytes).unwrap();
}

#[tokio::test]
async fn an_object_that_rot_took_before_its_redo_is_rotten_in_the_books() {
    let place = Place::new();
    let before = published(&place).await;
    assert_eq!(before.len(), 2);
    // All of 90's object, and half of 45's.
    for (name, _) in &before {
        fs_err::remove_file(place.lake().join("raw").join(name)).unwrap();
    }
    rot(&place, "c");
    rot(&place, "b");
    let spool = place.spool();
    assert_eq!((spool.totals().rotten, spool.totals().waiting), (2, 1));
    let mut epochs = place.epochs(&spool);
    let step = epochs.step().unwrap().unwrap();
    assert_eq!((step.delivered, step.objects), (1, 1));
    let totals = spool.totals();
    assert_eq!((totals.taken, totals.delivered), (3, 1));
    assert_eq!((totals.rotten, totals.waiting), (2, 0));
    assert!(totals.balance());
    let after = objects(&place.lake().join("raw"));
    assert_eq!(after.len(), 1);
    assert!(after[0].1.contains("\"a\"") && !after[0].1.contains("\"b\""));
}

#[tokio::test]
async fn an_object_that_was_published_before_rot_took_its_events_is_delivered() {
    let place = Place::new();
    let before = published(&place).await;
    rot(&place, "c");
    let spool = place.spool();
    let mut epochs = place.epochs(&spool);
    assert_eq!(epochs.step().unwrap().unwrap().delivered, 3);
    assert_eq!(objects(&place.lake().join("raw")), before);
    let totals = spool.totals();
    assert_eq!((totals.delivered, totals.waiting), (3, 0));
}

#[tokio::test]
async fn rot_that_comes_while_it_runs_is_rotten_at_once_though_more_events_come() {
    let place = Place::new();
    let spool = place.spool();
    for id in ["a", "b", "c"] {
        append(&spool, id, Some("45")).await;
    }
    rot(&place, "b");
    let mut epochs = place.epochs(&spool);
    let mut records = epochs.read_next().unwrap().unwrap();
    append(&spool, "d", Some("45")).await;
    let plan = epochs.plan(&mut records).unwrap();
    epochs.carry_out(&plan, Some(records)).unwrap();
    let totals = spool.totals();
    assert_eq!((totals.delivered, totals.rotten, totals.waiting), (2, 1, 1));
    assert!(totals.balance());
    assert_eq!(spool.counters().rot, 1);
}

#[tokio::test]
async fn a_plan_that_says_other_bytes_stops_delivery_with_file_and_remedy() {
    let place = Place::new();
    let spool = place.spool();
    append(&spool, "a", Some("45")).await;
    let mut epochs = place.epochs(&spool);
    let records = epochs.read_next().unwrap().unwrap();
    let mut plan = epochs.decide(&records).unwrap();
    plan.objects[0].sha256[0] ^= 1;
    let stored = epochs.plans.write(plan.range.clone(), plan.payload());
    assert_eq!(stored.unwrap().number, 1);
    drop(epochs);

    let mut epochs = place.epochs(&spool);
    assert!(epochs.unfinished());
    for _ in 0..2 {
        let error = epochs.step().unwrap_err().to_string();
        assert!(error.contains("spool/plan-1"), "{error}");
        assert!(error.contains("move that plan out of the spool"), "{error}");
        assert_eq!(objects(&place.lake().join("raw")), []);
    }
    drop(epochs);
    fs_err::remove_file(place.dir.path().join("spool/plan-1")).unwrap();
    let mut epochs = place.epochs(&spool);
    assert_eq!(epochs.step().unwrap().unwrap().delivered, 1);
    assert_eq!(objects(&place.lake().join("raw")).len(), 1);
}

#[test]
fn two_relays_write_over_nothing_of_each_others_log() {
    let place = Place::new();
    let line = |relay: u8, number: usize| {
        let text = "x".repeat(2_000);
        format!("{{\"relay\":{relay},\"number\":{number},\"text\":\"{text}\"}}\n")
    };
    let lakes: Vec<(u8, Lake)> = (0..2)
        .map(|relay| {
            let files = Arc::new(RealFiles);
            let lake = Lake::open(files, &place.lake(), "raw", &[relay; 16]);
            (relay, lake.unwrap())
        })
        .collect();
    for (relay, lake) in &lakes {
        lake.log("log/x.jsonl", line(*relay, 0).as_bytes()).unwrap();
    }
    std::thread::scope(|scope| {
        for (relay, lake) in &lakes {
            scope.spawn(move || {
                for number in 1..300 {
                    let line = line(*relay, number);
                    lake.log("log/x.jsonl", line.as_bytes()).unwrap();
                }
            });
        }
    });
    let log = fs_err::read_to_string(place.lake().join("log/x.jsonl")).unwrap();
    let found: BTreeSet<_> = log.split_inclusive('\n').collect();
    assert_eq!(found.len(), 600);
    for relay in 0..2 {
        assert!((0..300).all(|number| found.contains(line(relay, number).as_str())));
    }
}
