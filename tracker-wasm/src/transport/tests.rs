//! Every answer of the table, and random histories.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

const AT: &str = "2026-01-02T03:04:05.006Z";

fn transport() -> Transport {
    Transport::new("key".into(), "granted", true)
}

fn line(number: usize, size: usize) -> Line {
    Line {
        id: number.to_string(),
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
        .map(|note| format!("{} {}", note.line.id, note.state))
        .collect()
}

#[test]
fn lines_gather_for_half_a_second_and_go_together() {
    let mut transport = transport();
    assert_eq!(transport.next(), None);
    transport.push(line(1, 9), 1000.0);
    transport.push(line(2, 9), 1400.0);
    assert_eq!(transport.next(), Some(1500.0));
    assert_eq!(transport.attempt(1499.0, AT), None);
    assert_eq!(ids(&transport.attempt(1500.0, AT).unwrap()), ["1", "2"]);
    // One at a time.
    transport.push(line(3, 9), 1500.0);
    assert_eq!(transport.next(), None);
    transport.answered(
        &Answer::Stored(vec![("1".into(), "depth".into())]),
        1600.0,
        0.5,
    );
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
    assert_eq!(ids(&transport.attempt(2000.0, AT).unwrap()), ["3"]);
}

#[test]
fn a_full_batch_does_not_wait() {
    let mut transport = transport();
    for number in 0..BATCH_LINES {
        transport.push(line(number, 1), 1000.0);
    }
    assert_eq!(transport.next(), Some(1000.0));
}

#[test]
fn a_refused_batch_is_halved_until_the_bad_line_is_alone() {
    let mut transport = transport();
    for number in 0..9 {
        transport.push(line(number, 9), 0.0);
    }
    let (mut stored, mut requests) = (Vec::new(), 0);
    while let Some(body) = transport.attempt(9e9, AT) {
        let ids = ids(&body);
        requests += 1;
        let answer = if ids.iter().any(|id| id == "5") {
            Answer::Refused
        } else {
            stored.extend(ids);
            Answer::Stored(Vec::new())
        };
        transport.answered(&answer, 0.0, 0.0);
    }
    assert_eq!(stored, ["0", "1", "2", "3", "4", "6", "7", "8"]);
    assert!(requests <= 9, "{requests}");
    assert!(states(&mut transport).contains(&"5 rejected".to_owned()));
}

#[test]
fn an_unknown_key_stops_and_keeps() {
    let mut transport = transport();
    transport.push(line(1, 9), 0.0);
    transport.attempt(1000.0, AT).unwrap();
    transport.answered(&Answer::UnknownKey, 1000.0, 0.0);
    transport.flush();
    transport.online();
    transport.leave(true, AT, |_| panic!("sent to who does not know us"));
    assert_eq!(transport.attempt(9e15, AT), None);
    assert_eq!(transport.queue.len(), 1);
}

#[test]
fn a_wait_that_the_relay_names_is_kept() {
    let mut transport = transport();
    transport.push(line(1, 9), 0.0);
    transport.attempt(1000.0, AT).unwrap();
    transport.answered(&Answer::Later(Some(7000.0)), 1000.0, 0.0);
    transport.flush();
    assert_eq!(transport.next(), Some(8000.0));
    transport.attempt(8000.0, AT).unwrap();
    transport.answered(&Answer::Failed, 8000.0, 0.0);
    assert_eq!(transport.next(), Some(8000.0 + backoff::wait(2, 0.0)));
    transport.online();
    assert_eq!(transport.next(), Some(0.0));
    transport.attempt(9000.0, AT).unwrap();
    transport.answered(&Answer::Stored(Vec::new()), 9000.0, 0.0);
    assert_eq!((transport.failures, transport.next()), (0, None));
}

#[test]
fn what_a_beacon_took_is_gone_and_what_is_on_its_way_is_not_sent_beside_it() {
    let mut transport = transport();
    transport.push(line(1, 9), 0.0);
    transport.attempt(1000.0, AT).unwrap();
    transport.push(line(2, 9), 1000.0);
    let mut taken = Vec::new();
    transport.leave(false, AT, |body| {
        taken.extend(ids(body));
        true
    });
    transport.leave(true, AT, |_| panic!("twice"));
    assert_eq!(taken, ["2"]);
    transport.answered(&Answer::Failed, 1000.0, 0.0);
    // While requests fail a page that may come back keeps its lines; one that ends does not.
    transport.leave(false, AT, |_| panic!("given away"));
    transport.leave(true, AT, |body| {
        taken.extend(ids(body));
        true
    });
    assert_eq!(
        (taken, transport.next()),
        (vec!["2".into(), "1".into()], None)
    );
}

#[test]
fn a_refused_beacon_is_halved_and_then_kept() {
    let mut transport = transport();
    for number in 0..8 {
        transport.push(line(number, 1000), 0.0);
    }
    let mut taken = Vec::new();
    transport.leave(true, AT, |body| {
        let fits = body.len() < 2500 && taken.len() < 4;
        if fits {
            taken.extend(ids(body));
        }
        fits
    });
    assert_eq!(taken, ["0", "1", "2", "3"]);
    assert_eq!(transport.queue.len(), 4);
}

#[test]
fn too_large_a_line_is_reported_and_harms_no_other() {
    let mut transport = transport();
    transport.push(line(1, LINE_BYTES), 0.0);
    transport.push(line(2, 9), 0.0);
    assert_eq!(
        states(&mut transport),
        ["1 queued", "1 rejected", "2 queued"]
    );
    assert_eq!(ids(&transport.attempt(1000.0, AT).unwrap()), ["2"]);
}

#[test]
fn a_token_goes_with_the_batch() {
    let mut transport = transport();
    transport.user_token = Some("a\"b".into());
    transport.push(line(1, 9), 0.0);
    let body = transport.attempt(1000.0, AT).unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["userToken"], "a\"b");
}

proptest! {
    /// A relay that stores, fails, refuses and delays at random, and a page that comes and
    /// goes: every line is stored once or was dropped alone as bad; never more than one
    /// request, and never more bytes on their way than a browser allows.
    #[test]
    fn every_line_is_stored_once(
        steps in proptest::collection::vec((0..7_u8, 1..20_000_usize), 1..120)
    ) {
        let mut transport = transport();
        let (mut now, mut pushed) = (0.0, 0);
        let mut stored: Vec<String> = Vec::new();
        let mut flying: Option<Vec<String>> = None;
        for (step, size) in steps.into_iter().chain((0..400).map(|_| (6, 1))) {
            now += 1e7;
            match (step, flying.take()) {
                (0..=2, on_its_way) => {
                    transport.push(line(pushed, size), now);
                    pushed += 1;
                    flying = on_its_way;
                }
                (3, on_its_way) => {
                    let before = transport.flight_bytes;
                    let mut bytes = before;
                    transport.leave(size % 2 == 0, AT, |body| {
                        let fits = bytes + body.len() <= 64 * 1024;
                        assert!(fits, "over the budget");
                        bytes += body.len();
                        stored.extend(ids(body));
                        true
                    });
                    flying = on_its_way;
                }
                (4, Some(_)) => transport.answered(&Answer::Failed, now, 0.5),
                (5, Some(ids)) if ids.len() > 1 => transport.answered(&Answer::Refused, now, 0.5),
                (_, Some(ids)) => {
                    stored.extend(ids);
                    transport.answered(&Answer::Stored(Vec::new()), now, 0.5);
                }
                (_, None) => {
                    if let Some(body) = transport.attempt(now, AT) {
                        assert!(body.len() <= FLIGHT_BYTES);
                        flying = Some(ids(&body));
                        assert_eq!(transport.attempt(now, AT), None);
                    }
                }
            }
        }
        let refused = transport.queue.refused() as usize;
        stored.sort_unstable();
        let distinct = stored.len();
        stored.dedup();
        prop_assert_eq!(stored.len(), distinct, "doubled");
        prop_assert_eq!(stored.len() + refused, pushed);
    }
}
