//! What comes while a commit is being synced.

use std::sync::{Arc, Mutex};

use clickstream_relay::spool::files::SyncPoint;
use clickstream_relay::spool::files::simulated::SimulatedDisk;
use clickstream_relay::spool::queue::Submitted;
use clickstream_relay::spool::{AppendError, Checkpoint, Entry, Spool, Stored};

use crate::spool_promises::{append, entry, open};

type Answers = Arc<Mutex<Vec<Submitted>>>;

/// While the next commit is synced, the event is sent once more.
fn send_during_sync(disk: &SimulatedDisk, spool: &Spool, id: &str, answers: &Answers) {
    let (spool, entry, answers) = (spool.clone(), entry(spool, id), Arc::clone(answers));
    disk.during_sync(SyncPoint::Commit, move || {
        answers.lock().unwrap().push(spool.submit(&[entry]));
    });
}

fn answer(submitted: &mut Submitted) -> Option<Result<Vec<Stored>, AppendError>> {
    match submitted {
        Submitted::Done(answer) => Some(answer.clone()),
        Submitted::Waiting(answer) => answer.try_recv().ok(),
    }
}

/// An event, a duplicate of it that comes while the event's commit is synced, which
/// fails, and a third try. The duplicate must not be told that the third is durable
/// before it is.
#[test]
fn a_duplicate_does_not_take_an_original_on_its_way_for_a_durable_one() {
    for third_comes_during_the_second_commit in [true, false] {
        let disk = SimulatedDisk::new(15);
        let (spool, mut writer) = open(&disk);
        append(&spool, &mut writer, "before").unwrap();
        let answers = Answers::default();
        let mut first = spool.submit(&[entry(&spool, "one")]);
        send_during_sync(&disk, &spool, "one", &answers);
        disk.fail_sync_after(Some(0));
        writer.commit_waiting();
        assert!(answer(&mut first).unwrap().is_err());

        if third_comes_during_the_second_commit {
            let _other = spool.submit(&[entry(&spool, "other")]);
            send_during_sync(&disk, &spool, "one", &answers);
            writer.commit_waiting();
            let mut answers = answers.lock().unwrap();
            assert!(answer(&mut answers[0]).unwrap().is_err());
            assert_eq!(answer(&mut answers[1]), None);
            writer.commit_waiting();
            assert_eq!(answer(&mut answers[1]), Some(Ok(vec![Stored::New])));
        } else {
            let mut third = spool.submit(&[entry(&spool, "one")]);
            disk.fail_sync_after(Some(1));
            writer.commit_waiting();
            assert!(answer(&mut third).unwrap().is_err());
            assert!(answer(&mut answers.lock().unwrap()[0]).unwrap().is_err());
        }
    }
}

/// The commit needs two segments; while it syncs the second, what is in the first is
/// delivered.
#[test]
fn what_is_delivered_before_its_commit_has_ended_is_in_the_books() {
    let disk = SimulatedDisk::new(17);
    let (spool, mut writer) = open(&disk);
    let entries: Vec<Entry> = (0..90)
        .map(|id| entry(&spool, &format!("{id} {}", "x".repeat(30))))
        .collect();
    let _waiting = spool.submit(&entries);
    let deliver = spool.clone();
    let again = disk.clone();
    disk.during_sync(SyncPoint::Commit, move || {
        let later = deliver.clone();
        again.during_sync(SyncPoint::Commit, move || {
            let position = *later.durable().borrow();
            let next = Checkpoint {
                position,
                delivered: position - 1,
                ..later.checkpoint()
            };
            assert!(next.delivered > 0 && next.delivered < 90);
            later.advance(next).unwrap();
        });
    });
    writer.commit_waiting();
    assert_eq!(disk.syncs()[&SyncPoint::Commit], 2);
    let totals = spool.totals();
    assert!(totals.delivered > 0);
    assert_eq!((totals.taken, totals.rotten), (90, 0));
    assert_eq!(totals.waiting, 90 - totals.delivered);
    assert!(totals.balance());
}
