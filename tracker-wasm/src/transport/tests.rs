//! Every answer of the table, and the database's ways to fail.

mod histories;
mod turns;

use serde_json::Value;

use super::{keep::COPY_BYTES, *};

const AT: &str = "2026-01-02T03:04:05.006Z";
const LONG_AGO: &str = "";

fn envelope() -> Envelope {
    Envelope {
        write_key: "key".into(),
        storage: "granted",
        ..Envelope::default()
    }
}

/// One that has only memory.
fn memory() -> Transport {
    Transport::new(envelope(), false, true)
}

/// One with an open database.
fn durable() -> Transport {
    let mut transport = Transport::new(envelope(), true, true);
    transport.opened(true, -GATHER);
    assert_eq!(transport.next(), None, "nothing was there");
    transport
}

fn line(number: usize, size: usize) -> Line {
    Line {
        key: format!("{number:06}"),
        json: format!(r#"{{"messageId":"{number}","x":"{}"}}"#, "x".repeat(size)),
    }
}

/// The ids in a body, in order.
fn ids(body: &str) -> Vec<String> {
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["sentAt"], AT);
    assert_eq!(body["writeKey"], "key");
    assert_eq!(body["storage"], "granted");
    let lines = body["batch"].as_array().unwrap().iter();
    lines
        .map(|line| line["messageId"].as_str().unwrap().to_owned())
        .collect()
}

fn states(transport: &mut Transport) -> Vec<String> {
    let notes = transport.notes().into_iter();
    notes
        // An answer is about no one line.
        .filter(|note| note.line != NOTHING)
        .map(|note| {
            let line: Value = serde_json::from_str(&note.line).unwrap();
            format!("{} {}", line["messageId"].as_str().unwrap(), note.state)
        })
        .collect()
}

/// A turn without a database, if it is time.
fn turn(transport: &mut Transport, now: f64) -> Option<String> {
    transport.begin(now)?;
    let body = transport.choose(None, now, AT);
    if body.is_none() {
        transport.finished();
    }
    body
}

fn answered(transport: &mut Transport, answer: &Answer, now: f64) {
    transport.answered(answer, (now, LONG_AGO, 0.0));
    transport.finished();
}

#[test]
fn lines_gather_for_half_a_second_and_go_together() {
    let mut transport = memory();
    assert_eq!(transport.next(), None);
    transport.push(line(1, 9), 1000.0);
    transport.push(line(2, 9), 1400.0);
    assert_eq!(transport.next(), Some(1500.0));
    assert!(turn(&mut transport, 1499.0).is_none());
    let request = turn(&mut transport, 1500.0).unwrap();
    assert_eq!(ids(&request), ["1", "2"]);
    transport.push(line(3, 9), 1500.0);
    let stored = Answer::Stored(vec![(0, "depth".into())]);
    answered(&mut transport, &stored, 1600.0);
    assert_eq!(
        states(&mut transport),
        [
            "1 queued",
            "2 queued",
            "1 sent",
            "2 sent",
            "3 queued",
            "1 rejected",
            "2 acknowledged"
        ]
    );
    assert_eq!(ids(&turn(&mut transport, 2000.0).unwrap()), ["3"]);
}

#[test]
fn a_full_batch_does_not_wait() {
    let mut transport = memory();
    for number in 0..BATCH_LINES {
        transport.push(line(number, 1), 1000.0);
    }
    assert_eq!(transport.next(), Some(1000.0));
}

#[test]
fn a_refused_batch_is_halved_until_the_bad_line_is_alone() {
    let mut transport = memory();
    for number in 0..9 {
        transport.push(line(number, 9), 0.0);
    }
    let (mut stored, mut requests) = (Vec::new(), 0);
    while let Some(request) = turn(&mut transport, 9e9) {
        let ids = ids(&request);
        requests += 1;
        let answer = if ids.iter().any(|id| id == "5") {
            Answer::Refused
        } else {
            stored.extend(ids);
            Answer::Stored(Vec::new())
        };
        answered(&mut transport, &answer, 0.0);
    }
    assert_eq!(stored, ["0", "1", "2", "3", "4", "6", "7", "8"]);
    assert!(requests <= 9, "{requests}");
    assert!(states(&mut transport).contains(&"5 rejected".to_owned()));
    assert_eq!(transport.envelope.dropped, 1);
}

#[test]
fn an_unknown_key_stops_and_keeps() {
    let mut transport = memory();
    transport.push(line(1, 9), 0.0);
    turn(&mut transport, 1000.0).unwrap();
    answered(&mut transport, &Answer::UnknownKey, 1000.0);
    transport.flush();
    transport.online();
    transport.leave(AT, &mut |_| panic!("sent to who does not know us"));
    assert!(turn(&mut transport, 9e15).is_none());
    assert_eq!(transport.queue.held().len(), 1);
}

#[test]
fn a_wait_that_the_relay_names_is_kept() {
    let mut transport = memory();
    transport.push(line(1, 9), 0.0);
    turn(&mut transport, 1000.0).unwrap();
    answered(&mut transport, &Answer::Later(Some(7000.0)), 1000.0);
    transport.flush();
    assert_eq!(transport.next(), Some(8000.0));
    turn(&mut transport, 8000.0).unwrap();
    answered(&mut transport, &Answer::Failed, 8000.0);
    assert_eq!(transport.next(), Some(8000.0 + backoff::wait(2, 0.0)));
    transport.online();
    assert_eq!(transport.next(), Some(0.0));
    turn(&mut transport, 9000.0).unwrap();
    answered(&mut transport, &Answer::Stored(Vec::new()), 9000.0);
    assert_eq!((transport.failures, transport.next()), (0, None));
}

/// Where nothing outlives the page, a beacon is the end; what is on its way is not sent beside it.
#[test]
fn without_a_store_what_a_beacon_took_is_gone() {
    let mut transport = memory();
    transport.push(line(1, 9), 0.0);
    turn(&mut transport, 1000.0).unwrap();
    transport.push(line(2, 9), 1000.0);
    let mut taken = Vec::new();
    let mut beacon = |body: &str| {
        taken.extend(ids(body));
        true
    };
    transport.leave(AT, &mut beacon);
    transport.leave(AT, &mut |_| panic!("twice"));
    answered(&mut transport, &Answer::Failed, 1000.0);
    transport.restored();
    transport.leave(AT, &mut beacon);
    assert_eq!(
        (taken, transport.next()),
        (vec!["2".into(), "1".into()], None)
    );
}

/// What a page waits for when the browser puts it aside may never come.
#[test]
fn a_page_given_back_takes_a_new_turn() {
    let mut transport = durable();
    transport.push(line(1, 9), 0.0);
    let kept = transport.write(0.0);
    transport.written(true, 0.0);
    for at in [1000.0, 2000.0] {
        assert_eq!(transport.begin(at), Some(true));
        let body = transport.choose(Some(kept.clone()), at, AT).unwrap();
        assert_eq!((ids(&body), transport.next()), (vec!["1".into()], None));
        transport.restored();
    }
    transport.begin(3000.0);
    transport.choose(Some(kept), 3000.0, AT).unwrap();
    answered(&mut transport, &Answer::Stored(Vec::new()), 3000.0);
    assert_eq!(transport.next(), None);
}

/// Peers, shown: Segment sends a hidden tab's batch again. A request has an answer, a beacon none.
#[test]
fn a_hidden_page_does_not_gather_and_sends_by_request() {
    let mut transport = durable();
    transport.push(line(1, 9), 1000.0);
    transport.hide();
    let written = transport.write(1000.0);
    transport.written(true, 1000.0);
    assert_eq!(transport.begin(1000.0), Some(true));
    let request = transport.choose(Some(written), 1000.0, AT).unwrap();
    // While that is on its way there is no other, nor a beacon.
    transport.hide();
    assert_eq!(transport.begin(1000.0), None);
    transport.leave(AT, &mut |_| panic!("twice"));
    let keys = transport.answered(&Answer::Stored(Vec::new()), (0.0, AT, 0.0));
    assert_eq!((ids(&request), keys), (vec!["1".into()], vec![line(1, 9)]));
}

#[test]
fn a_refused_beacon_is_halved_and_then_kept() {
    let mut transport = memory();
    for number in 0..8 {
        transport.push(line(number, 1000), 0.0);
    }
    let mut taken = Vec::new();
    transport.leave(AT, &mut |body| {
        let fits = body.len() < 2500 && taken.len() < 4;
        if fits {
            taken.extend(ids(body));
        }
        fits
    });
    assert_eq!(taken, ["0", "1", "2", "3"]);
    assert_eq!(transport.queue.held().len(), 4);
}

#[test]
fn too_large_a_line_is_reported_and_harms_no_other() {
    let mut transport = memory();
    assert!(!transport.push(line(1, LINE_BYTES), 0.0));
    assert!(transport.push(line(2, 9), 0.0));
    assert_eq!(
        states(&mut transport),
        ["1 queued", "1 rejected", "2 queued"]
    );
    let request = turn(&mut transport, 1000.0).unwrap();
    assert_eq!(ids(&request), ["2"]);
    assert!(request.contains(r#""dropped":1"#));
}

#[test]
fn over_the_bound_the_newest_is_refused_and_counted() {
    for (mut transport, bound) in [(memory(), MEMORY_BYTES), (durable(), KEPT_BYTES)] {
        let mut taken = 0;
        while transport.push(line(taken, 30_000), 0.0) {
            taken += 1;
            transport.write(0.0);
            transport.written(true, 0.0);
        }
        assert_eq!(taken, bound / 30_030);
        assert_eq!(transport.envelope.dropped, 1);
    }
}

/// mixpanel-js#384: what earlier pages left counts from the first event on.
#[test]
fn complaint_05_the_bound_is_that_of_all_pages_together() {
    let mut transport = durable();
    transport.found(KEPT_BYTES - 40_000);
    assert!(transport.push(line(0, 30_000), 0.0));
    assert!(!transport.push(line(1, 30_000), 0.0));
    assert_eq!(transport.envelope.dropped, 1);
}

#[test]
fn a_token_goes_with_the_batch() {
    let mut transport = memory();
    transport.envelope.user_token = Some("a\"b".into());
    transport.push(line(1, 9), 0.0);
    let request = turn(&mut transport, 1000.0).unwrap();
    let body: Value = serde_json::from_str(&request).unwrap();
    assert_eq!(body["userToken"], "a\"b");
}

#[test]
fn lines_are_written_together_one_write_at_a_time() {
    let mut transport = durable();
    transport.push(line(1, 9), 1000.0);
    transport.push(line(2, 9), 1000.0);
    assert_eq!(transport.next(), Some(0.0));
    assert_eq!(transport.write(1000.0), [line(1, 9), line(2, 9)]);
    transport.push(line(3, 9), 1001.0);
    assert_eq!(transport.write(1001.0), []);
    transport.written(true, 1002.0);
    assert_eq!(transport.write(1002.0), [line(3, 9)]);
}

/// A quota that fails at one write costs the safety of those lines, not the lines.
#[test]
fn what_the_database_refused_is_sent_from_memory() {
    let mut transport = durable();
    transport.push(line(1, 9), 1000.0);
    transport.write(1000.0);
    transport.written(false, 1000.0);
    transport.push(line(2, 9), 1000.0);
    assert_eq!(transport.write(1000.0), [line(2, 9)]);
    transport.written(true, 1000.0);
    assert_eq!(transport.begin(2000.0), Some(true));
    let request = transport
        .choose(Some(vec![line(2, 9)]), 2000.0, AT)
        .unwrap();
    assert_eq!(ids(&request), ["2", "1"]);
}

#[test]
fn a_database_that_never_answers_is_done_without() {
    let mut transport = Transport::new(envelope(), true, true);
    transport.push(line(1, 9), 1000.0);
    assert_eq!(transport.next(), Some(1000.0 + PATIENCE));
    assert_eq!(transport.write(1000.0 + PATIENCE), []);
    assert!(!transport.keeps());
    let request = turn(&mut transport, 1000.0 + PATIENCE).unwrap();
    assert_eq!(ids(&request), ["1"]);
}

#[test]
fn what_no_database_has_is_left_to_the_next_page() {
    let mut transport = durable();
    transport.push(line(1, 9), 1000.0);
    transport.write(1000.0);
    transport.written(true, 1000.0);
    transport.push(line(2, 9), 1000.0);
    transport.leave(AT, &mut |_| true);
    let mut next = durable();
    next.adopt(&transport.copy(), 2000.0);
    // It is still where it was left.
    assert_eq!(next.copy(), "");
    assert_eq!(next.write(2000.0), [line(2, 9)]);
}

/// A burst in the moment before a page ends is more than a beacon has, and not all of a site's store.
#[test]
fn half_a_mebibyte_is_left_to_the_next_page() {
    let mut transport = durable();
    for number in 0..100 {
        assert!(transport.push(line(number, 9_000), 1000.0));
    }
    let copy = transport.copy();
    let room = COPY_BYTES - 9_100..COPY_BYTES + 9;
    assert!(room.contains(&copy.len()), "{}", copy.len());
}

#[test]
fn what_is_old_has_one_more_try() {
    let mut transport = durable();
    let old = line(1, 9);
    for (oldest, forgotten) in [("000001", 0), ("000002", 1)] {
        transport.pending = true;
        transport.begin(9e9).unwrap();
        let loaded = Some(vec![old.clone(), line(2, 9)]);
        transport.choose(loaded, 0.0, AT).unwrap();
        let keys = transport.answered(&Answer::Failed, (0.0, oldest, 0.0));
        assert_eq!(keys.len(), forgotten);
        transport.finished();
    }
}
