//! Visits: which one it is, and the number of each event in it. No browser in here.
//!
//! A visit ends after half an hour without an event, and where a page is reached by another
//! campaign. All tabs of a browser share one through the store: each event reads where the visit
//! stands and writes where it stands then. The visit's id is a hash of the browser's id and the
//! visit's number, so that two tabs that begin the same visit at once agree about it.

use clickstream_event::{
    id::message_id,
    text::{number, split},
    write,
};

use crate::store::{Store, names};

/// Seconds without an event after which a visit is over.
const IDLE: u32 = 30 * 60;

/// What led to a page, as JSON of the context's members; empty where nothing did.
#[derive(Clone, Debug, Default)]
pub struct Arrival {
    /// `{"source":…}`.
    pub campaign: String,
    /// The address of another site's page.
    pub referrer: String,
}

/// An event's place in its visit.
#[derive(Debug, Eq, PartialEq)]
pub struct Numbered {
    /// The visit's id.
    pub id: String,
    /// Which visit of this browser, from 1.
    pub index: u32,
    /// Which event of the visit, from 1.
    pub event: u32,
    /// What led to the visit: members of a context as a JSON object.
    pub led: String,
}

/// Numbers an event of the browser `anonymous` at `now` (milliseconds since 1970). `arrival` is
/// what led to the page, at its first event.
pub fn next(store: &dyn Store, anonymous: &str, arrival: Option<Arrival>, now: f64) -> Numbered {
    let now = (now / 1000.0) as u32;
    let known = store.get(names::SESSION).unwrap_or_default();
    let (index, rest) = split(&known, b'\n');
    let (event, rest) = split(rest, b'\n');
    let (last, rest) = split(rest, b'\n');
    let (campaign, referrer) = split(rest, b'\n');
    let stood = |text: &str| number(text).unwrap_or_default();
    let (mut index, mut event, last) = (stood(index), stood(event), stood(last));
    let (mut campaign, mut referrer) = (campaign, referrer);
    // A clock that was set back by more than that is no less a break.
    let over = index == 0 || now.abs_diff(last) > IDLE;
    let arrival = arrival.unwrap_or_default();
    if over || (!arrival.campaign.is_empty() && arrival.campaign != campaign) {
        (index, event) = (index.saturating_add(1), 0);
        (campaign, referrer) = (&arrival.campaign, &arrival.referrer);
    }
    event = event.saturating_add(1);
    let text = |number: u32| write::object(&number).unwrap_or_default();
    let (index_text, event_text) = (text(index), text(event));
    let last_text = text(if over { now } else { now.max(last) });
    let mut kept = String::new();
    for part in [&index_text, &event_text, &last_text, campaign] {
        kept.push_str(part);
        kept.push('\n');
    }
    kept.push_str(referrer);
    store.set(names::SESSION, &kept);
    Numbered {
        id: message_id(u64::from(index), anonymous, "session", 0),
        index,
        event,
        led: led(campaign, referrer),
    }
}

/// The context's members `campaign` and `referrer`.
fn led(campaign: &str, referrer: &str) -> String {
    let mut led = String::from("{");
    if !campaign.is_empty() {
        write::member(&mut led, "campaign", campaign);
    }
    if !referrer.is_empty() {
        let mut url = String::from("{");
        write::member(
            &mut url,
            "url",
            &write::string(referrer).unwrap_or_default(),
        );
        url.push('}');
        write::member(&mut led, "referrer", &url);
    }
    led.push('}');
    led
}

/// What led to the browser's first visit of all, kept for good: `{"firstTouch":{…}}`, or `{}`
/// where that is not known. `url` and `time` are those of the page that is seen now.
pub fn first_touch(store: &dyn Store, led: &str, url: &str, time: &str) -> String {
    let known = store.get(names::FIRST);
    known.unwrap_or_else(|| {
        let mut touch = String::from("{");
        for (name, said) in [("url", url), ("timestamp", time)] {
            write::member(&mut touch, name, &write::string(said).unwrap_or_default());
        }
        touch.push('}');
        let mut first = String::from("{");
        write::member(&mut first, "firstTouch", &write::joined(&touch, led));
        first.push('}');
        store.set(names::FIRST, &first);
        first
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::memory::MemoryStore;

    const START: f64 = 1_780_000_000_000.0;

    fn campaign(text: &str) -> Option<Arrival> {
        Some(Arrival {
            campaign: text.to_owned(),
            referrer: String::new(),
        })
    }

    fn numbers(numbered: &Numbered) -> (u32, u32) {
        (numbered.index, numbered.event)
    }

    #[test]
    fn a_visit_ends_after_half_an_hour_and_with_another_campaign() {
        let store = MemoryStore::default();
        let at =
            |seconds: f64, arrival| numbers(&next(&store, "a", arrival, START + seconds * 1000.0));
        assert_eq!(at(0.0, None), (1, 1));
        assert_eq!(at(1800.0, None), (1, 2));
        assert_eq!(at(3601.0, None), (2, 1));
        assert_eq!(at(3602.0, campaign("{\"source\":\"x\"}")), (3, 1));
        // Loaded again, and a page within the site.
        assert_eq!(at(3603.0, campaign("{\"source\":\"x\"}")), (3, 2));
        assert_eq!(at(3604.0, campaign("")), (3, 3));
        assert_eq!(at(3605.0, campaign("{\"source\":\"y\"}")), (4, 1));
        // What happened earlier and is told later is of this visit.
        assert_eq!(at(3000.0, None), (4, 2));
        assert_eq!(at(3605.0 + 1800.0, None), (4, 3));
        assert_eq!(at(-99999.0, None), (5, 1));
    }

    #[test]
    fn what_led_to_a_visit_is_on_all_its_events() {
        let store = MemoryStore::default();
        let arrival = Arrival {
            campaign: "{\"source\":\"x\"}".to_owned(),
            referrer: "https://search.example/?q=\"".to_owned(),
        };
        let led = next(&store, "a", Some(arrival), START).led;
        assert_eq!(
            led,
            r#"{"campaign":{"source":"x"},"referrer":{"url":"https://search.example/?q=\""}}"#
        );
        assert_eq!(next(&store, "a", campaign(""), START).led, led);
        assert_eq!(next(&store, "a", None, START + 1e9).led, "{}");
        let first = r#"{"firstTouch":{"url":"u","timestamp":"t","campaign":{"source":"x"},"referrer":{"url":"https://search.example/?q=\""}}}"#;
        assert_eq!(first_touch(&store, &led, "u", "t"), first);
        assert_eq!(first_touch(&store, "{}", "other", "later"), first);
    }

    #[test]
    fn two_tabs_that_begin_a_visit_at_once_agree_about_it() {
        let (one, other) = (MemoryStore::default(), MemoryStore::default());
        let id = next(&one, "a", None, START).id;
        assert_eq!(next(&other, "a", None, START).id, id);
        assert_ne!(next(&other, "b", None, START).id, id);
        assert_ne!(next(&other, "a", None, START + 1e9).id, id);
    }

    #[test]
    fn what_is_no_visit_in_the_store_begins_one() {
        for nonsense in [
            "",
            "\n\n\n",
            "x\ny\nz\n\n",
            "1",
            "4294967295\n4294967295\n0\n\n",
        ] {
            let store = MemoryStore::default();
            store.set(names::SESSION, nonsense);
            let numbered = next(&store, "a", None, START);
            assert!(numbered.index > 0 && numbered.event == 1, "{numbered:?}");
        }
    }

    proptest! {
        /// posthog-js#5036: five tabs that idle as they like. One id for as long as anybody does
        /// anything, never none, no number twice and none left out.
        #[test]
        fn complaint_26_five_tabs_share_one_visit(
            steps in proptest::collection::vec((0..5_usize, 0..4000_u32), 1..80)
        ) {
            let store = MemoryStore::default();
            let mut now = START;
            let mut before: Option<(Numbered, usize)> = None;
            for (tab, wait) in steps {
                now += f64::from(wait) * 1000.0;
                let numbered = next(&store, "a", None, now);
                prop_assert!(!numbered.id.is_empty());
                if let Some((last, _)) = &before {
                    if wait > IDLE {
                        prop_assert_eq!(numbers(&numbered), (last.index + 1, 1));
                        prop_assert_ne!(&numbered.id, &last.id);
                    } else {
                        prop_assert_eq!(numbers(&numbered), (last.index, last.event + 1));
                        prop_assert_eq!(&numbered.id, &last.id);
                    }
                }
                before = Some((numbered, tab));
            }
        }
    }
}
