//! The buffers, with time as an argument.

use super::*;
use crate::config::{PartitionBy, StreamConfig};
use proptest::prelude::*;

/// 2 January 2026, 03:59:59 UTC.
const BEFORE_FOUR: u64 = 1_767_326_399_000;

/// Partitions whose buffers spill at every turn.
struct Test {
    open: Partitions,
    buffers: Arc<Buffers>,
    _folder: tempfile::TempDir,
}

impl std::ops::Deref for Test {
    type Target = Partitions;
    fn deref(&self) -> &Partitions {
        &self.open
    }
}

impl std::ops::DerefMut for Test {
    fn deref_mut(&mut self) -> &mut Partitions {
        &mut self.open
    }
}

fn stream() -> Stream {
    Stream::new(StreamConfig::clickstream(PartitionBy::User)).unwrap()
}

fn partitions(limits: Limits) -> Test {
    let folder = tempfile::TempDir::new().unwrap();
    let buffers = Buffers::new(folder.path(), 500).unwrap();
    Test {
        open: Partitions::new(Arc::new(stream()), limits, Arc::clone(&buffers)),
        buffers,
        _folder: folder,
    }
}

fn limits() -> Limits {
    Limits {
        size: 1000,
        interval: Duration::from_secs(60),
        partitions: 500,
    }
}

fn put(partitions: &mut Partitions, data: &str, second: u64) -> Vec<Closed> {
    let arrival = Arrival {
        at_ms: BEFORE_FOUR + second * 1000,
        now: Duration::from_secs(second),
    };
    let mut pieces = Pieces::default();
    partitions.stream.read(data.as_bytes(), &mut pieces);
    partitions.put(data.as_bytes(), &pieces, arrival, &mut || [1; 16])
}

fn text(closed: &Closed) -> String {
    let mut bytes = Vec::new();
    closed.body.write_to(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_partition_is_due_an_interval_after_its_own_first_record() {
    let mut open = partitions(limits());
    put(&mut open, r#"{"userId":1}"#, 0);
    put(&mut open, r#"{"userId":1,"n":2}"#, 0);
    put(&mut open, r#"{"x":1}"#, 20);
    assert_eq!(open.next_due(), Some(Duration::from_secs(60)));
    assert!(open.due(Duration::from_secs(59)).is_empty());
    let due = open.due(Duration::from_secs(60));
    assert_eq!(due.len(), 1);
    assert_eq!(text(&due[0]), "{\"userId\":1}\n{\"userId\":1,\"n\":2}\n");
    assert_eq!(due[0].records, 2);
    assert_eq!(due[0].error, None);
    drop(due);
    assert_eq!(open.next_due(), Some(Duration::from_secs(80)));
    let due = open.due(Duration::from_secs(80));
    assert_eq!(due[0].error, Some(ErrorCode::KeyNullOrEmpty));
    drop(due);
    assert_eq!((open.active(), open.next_due()), (0, None));
    assert_eq!((open.buffers.memory(), open.counts().records), (0, 3));
}

#[test]
fn a_partition_is_full_at_its_size_and_begins_anew() {
    let mut open = partitions(limits());
    let record = format!(r#"{{"userId":1,"t":"{}"}}"#, "x".repeat(480));
    assert!(put(&mut open, &record, 1).is_empty());
    assert!(put(&mut open, r#"{"userId":2}"#, 1).is_empty());
    let full = put(&mut open, &record, 1);
    assert_eq!(full.len(), 1);
    assert_eq!(full[0].records, 2);
    assert_eq!(open.active(), 2, "what is not delivered stays active");
    drop(full);
    assert_eq!(open.active(), 1);
    put(&mut open, &record, 2);
    assert_eq!(open.due(Duration::from_secs(61)).len(), 1);
    assert_eq!(open.next_due(), Some(Duration::from_secs(62)));
}

#[test]
fn a_new_hour_opens_a_partition_of_its_own() {
    let mut open = partitions(limits());
    put(&mut open, r#"{"userId":1}"#, 0);
    put(&mut open, r#"{"userId":1}"#, 1);
    assert_eq!(open.active(), 2);
    let mut prefixes: Vec<String> = open.drain().into_iter().map(|c| c.prefix.key).collect();
    prefixes.sort();
    assert_eq!(
        prefixes,
        [
            "clickstream/userId=1/year=2026/month=01/day=02/hour=03/",
            "clickstream/userId=1/year=2026/month=01/day=02/hour=04/",
        ]
    );
}

#[test]
fn keys_are_remembered_as_long_as_their_partition_is_open_and_no_longer() {
    let mut open = partitions(limits());
    for user in 0..400 {
        put(&mut open, &format!(r#"{{"userId":{user}}}"#), 1);
    }
    put(&mut open, r#"{"userId":0}"#, 2);
    assert_eq!((open.known.len(), open.active()), (400, 400));
    drop(open.due(Duration::from_secs(61)));
    put(&mut open, r#"{"userId":0}"#, 62);
    assert_eq!((open.known.len(), open.active()), (1, 1));
    let hour_later = 3601;
    put(&mut open, r#"{"userId":0}"#, hour_later);
    assert_eq!((open.known.len(), open.active()), (1, 2));
}

#[test]
fn over_the_limit_records_go_to_the_error_prefix_until_one_closes() {
    let mut open = partitions(Limits {
        partitions: 2,
        ..limits()
    });
    for user in [1, 2, 3, 1, 4] {
        put(&mut open, &format!(r#"{{"userId":{user}}}"#), 1);
    }
    let closed = open.due(Duration::from_secs(61));
    let errors: Vec<_> = closed
        .iter()
        .filter(|c| c.error == Some(ErrorCode::ActivePartitions))
        .collect();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].records, 2);
    assert!(
        errors[0]
            .prefix
            .key
            .starts_with("clickstream-errors/activePartitionExceeded/")
    );
    assert!(text(errors[0]).contains("The number of active partitions has exceeded"));
    assert_eq!(open.counts().over_the_limit, 2);
    // Of the two that wait for their delivery one is gone: there is room for one.
    let mut closed: Vec<Closed> = closed.into_iter().filter(|c| c.error.is_none()).collect();
    closed.truncate(1);
    for user in [5, 6] {
        put(&mut open, &format!(r#"{{"userId":{user}}}"#), 62);
    }
    assert_eq!((open.active(), open.counts().over_the_limit), (2, 3));
    drop(closed);
    assert_eq!(open.active(), 1);
}

#[test]
fn a_partition_that_cannot_be_delivered_can_be_filled_again() {
    let mut open = partitions(Limits {
        partitions: 1,
        ..limits()
    });
    put(&mut open, r#"{"userId":1}"#, 1);
    let stuck = open.drain();
    put(&mut open, r#"{"userId":1,"n":2}"#, 1);
    put(&mut open, r#"{"userId":2}"#, 1);
    assert_eq!(open.active(), 1, "the same partition, not another one");
    let again = open.drain();
    assert_eq!(again[0].prefix, stuck[0].prefix);
    assert_eq!(again[1].error, Some(ErrorCode::ActivePartitions));
}

#[test]
fn a_partition_is_active_until_the_last_of_its_objects_is_gone_or_given_up() {
    let mut open = partitions(limits());
    put(&mut open, r#"{"userId":1}"#, 0);
    let first = open.drain().remove(0);
    put(&mut open, r#"{"userId":1,"n":2}"#, 0);
    let mut second = open.drain().remove(0);
    drop(first);
    assert_eq!(open.active(), 1, "the other one is not delivered");
    second.give_up(&stream(), &mut || [1; 16]);
    assert_eq!(open.active(), 0, "it goes to the error prefix now");
    assert_eq!(
        second.prefix.key,
        "clickstream-errors/delivery-failed/year=2026/month=01/day=02/hour=03/"
    );
    assert_eq!(second.error, Some(ErrorCode::Undelivered));
    assert_eq!(text(&second), "{\"userId\":1,\"n\":2}\n", "as it was");
}

#[test]
fn a_packed_record_lands_in_its_users_partitions() {
    let mut open = partitions(limits());
    put(
        &mut open,
        "{\"userId\":1}{\"userId\":\"2\"}\n{\"userId\":null}{\"userId\":1,\"n\":2}",
        0,
    );
    let mut closed = open.drain();
    closed.sort_by(|one, other| one.prefix.key.cmp(&other.prefix.key));
    let [errors, first, second] = &closed[..] else {
        panic!("an object for each user, and one for what has none: {closed:?}");
    };
    let hour = "year=2026/month=01/day=02/hour=03/";
    for (object, user, lines, records) in [
        (first, 1, "{\"userId\":1}\n{\"userId\":1,\"n\":2}\n", 2),
        (second, 2, "{\"userId\":\"2\"}\n", 1),
    ] {
        assert_eq!(
            object.prefix.key,
            format!("clickstream/userId={user}/{hour}")
        );
        assert_eq!(text(object), lines);
        assert_eq!((object.records, object.error), (records, None));
    }
    assert_eq!(
        errors.prefix.key,
        format!("clickstream-errors/metadata-extraction-failed/{hour}")
    );
    assert_eq!(errors.records, 1);
    assert_eq!(errors.error, Some(ErrorCode::KeyNullOrEmpty));
    let failed: serde_json::Value = serde_json::from_str(&text(errors)).unwrap();
    // Only the piece without a user: base64 of {"userId":null}.
    assert_eq!(failed["rawData"], "eyJ1c2VySWQiOm51bGx9");
}

#[test]
fn five_hundred_and_one_objects_in_a_record_are_one_failure() {
    let mut open = partitions(Limits {
        size: 1 << 20,
        ..limits()
    });
    put(&mut open, &"{\"userId\":1}\n".repeat(500), 0);
    let closed = open.drain();
    assert_eq!((closed.len(), closed[0].records), (1, 500));
    put(&mut open, &"{\"userId\":1}\n".repeat(501), 0);
    let closed = open.drain();
    assert_eq!((closed.len(), closed[0].records), (1, 1));
    assert_eq!(closed[0].error, Some(ErrorCode::NotJson));
}

#[test]
fn a_bad_record_costs_no_good_one_beside_it() {
    let mut open = partitions(limits());
    for data in [r#"{"userId":1}"#, "garbage", r#"{"userId":1}"#] {
        put(&mut open, data, 0);
    }
    let closed = open.drain();
    let good: Vec<_> = closed.iter().filter(|c| c.error.is_none()).collect();
    assert_eq!(good.len(), 1);
    assert_eq!(good[0].records, 2);
    let bad: Vec<_> = closed.iter().filter(|c| c.error.is_some()).collect();
    assert!(text(bad[0]).contains("Z2FyYmFnZQ=="));
}

proptest! {
    /// Whatever comes, every record is in exactly one object, memory stays bounded, and the
    /// counts of bytes and partitions are right.
    #[test]
    fn nothing_is_lost_or_doubled(
        users in prop::collection::vec((0_u32..6, 0_usize..300, 0_u64..90), 1..120),
        most in 1_usize..6,
    ) {
        let bounds = Limits { partitions: most, ..limits() };
        let mut open = partitions(bounds);
        let mut closed = Vec::new();
        let mut second = 0;
        for (number, (user, length, pause)) in users.iter().enumerate() {
            second += pause;
            closed.extend(open.due(Duration::from_secs(second)));
            let user = if *user == 0 { "null".into() } else { user.to_string() };
            let record = format!(r#"{{"userId":{user},"n":{number},"t":"{}"}}"#, "x".repeat(*length));
            closed.extend(put(&mut open, &record, second));
            prop_assert!(open.buffers.memory() <= 500);
            let (data, errors): (Vec<_>, Vec<_>) = open.open().partition(|(c, _)| c.error.is_none());
            prop_assert!(data.len() <= most && errors.len() <= 2);
        }
        closed.extend(open.drain());
        prop_assert_eq!(open.next_due(), None);
        prop_assert_eq!(closed.iter().map(|c| c.records).sum::<u64>(), users.len() as u64);
        let lines: usize = closed.iter().map(|c| text(c).lines().count()).sum();
        prop_assert_eq!(lines, users.len());
        drop(closed);
        prop_assert_eq!((open.buffers.memory(), open.active()), (0, 0));
    }
}
