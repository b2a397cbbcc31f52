//! Turns that another page has, and what is sent when this one is no more.

use super::*;

/// Where a lease says so: nobody asks without a pause, also when the page is hidden.
#[test]
fn a_turn_that_another_page_has_is_asked_for_again_in_a_moment() {
    let mut transport = durable();
    transport.push(line(1, 9), 0.0);
    let kept = transport.write(0.0);
    transport.written(true, 0.0);
    assert_eq!(transport.begin(1000.0), Some(true));
    transport.postponed(1000.0);
    transport.hide();
    transport.flush();
    assert_eq!(transport.begin(1000.0), None);
    assert_eq!(transport.next(), Some(1000.0 + GATHER));
    assert_eq!(transport.begin(1000.0 + GATHER), Some(true));
    assert!(transport.choose(Some(kept), 1500.0, AT).is_some());
}

/// Who dies without a word has said before what to send: what has no other request.
#[test]
fn what_is_sent_later_is_what_waits_and_is_said_when_it_changes() {
    let mut transport = durable();
    assert_eq!(transport.later(AT), None);
    transport.push(line(1, 9), 0.0);
    assert_eq!(ids(&transport.later(AT).unwrap()), ["1"]);
    let mut kept = transport.write(0.0);
    transport.written(true, 0.0);
    assert_eq!(
        transport.later(AT),
        None,
        "it is there, and has not been sent"
    );
    transport.push(line(2, 9), 0.0);
    assert_eq!(ids(&transport.later(AT).unwrap()), ["1", "2"]);
    kept.append(&mut transport.write(0.0));
    transport.written(true, 0.0);
    transport.begin(1000.0);
    transport.choose(Some(kept), 1000.0, AT).unwrap();
    assert_eq!(transport.later(AT).as_deref(), Some(""), "under way");
    answered(&mut transport, &Answer::Failed, 1000.0);
    assert_eq!(ids(&transport.later(AT).unwrap()), ["1", "2"]);
    transport.leave(AT, &mut |_| true);
    assert_eq!(transport.later(AT).as_deref(), Some(""), "a beacon has it");
}
