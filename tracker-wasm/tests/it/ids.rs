//! Ids of messages over tabs that run at once.

use std::collections::HashSet;

use clickstream_event::id::message_id;

/// mixpanel-js#345, mixpanel-react-native#443. Ten tabs of one visitor that record at the same
/// milliseconds: a page's nonce and its number tell their events apart.
#[test]
fn complaint_30_no_two_events_of_parallel_tabs_share_an_id() {
    const TABS: u64 = 10;
    const EVENTS: u64 = 20_000;
    let mut ids = HashSet::new();
    for tab in 0..TABS {
        let nonce = format!("{tab:032x}");
        for number in 1..=EVENTS {
            let time = 1_780_000_000_000 + number / 100;
            assert!(ids.insert(message_id(time, "visitor", &nonce, number)));
        }
    }
    assert_eq!(ids.len() as u64, TABS * EVENTS);
}
