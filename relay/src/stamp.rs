//! What the relay adds to an event: arrival, user, source, address, traffic. It ends as bytes.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use clickstream_event::id;
use clickstream_event::line::{Arrived, Incoming, Owner, Stamp, Traffic};
use clickstream_event::time::Timestamp;

use crate::identity::Who;
use crate::intake::key::{Kind, WriteKey};

/// What all events of one request have in common.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// The relay's clock, milliseconds since 1970.
    pub received_at_ms: u64,
    /// Where the request came from.
    pub peer: Option<IpAddr>,
    /// The request's own `User-Agent`, for events that name none.
    pub user_agent: Option<&'a str>,
    /// When the batch was sent, by its client's clock.
    pub sent_at: Option<Timestamp>,
}

impl Arrival<'_> {
    /// The arrival as the event's own kind of time.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        Timestamp::from_ms(i64::try_from(self.received_at_ms).unwrap_or(i64::MAX))
    }

    /// As the lines of events say it that came with `key`.
    fn told(&self, key: &WriteKey) -> Arrived {
        // A server's address says nothing about the visitor it speaks for.
        let ip = self.peer.filter(|_| key.kind != Kind::Server);
        let ip = ip.map(|ip| ip.to_canonical().to_string());
        Arrived::new(self.time(), &key.source, ip.as_deref()).sent_at(self.sent_at)
    }
}

/// What the lines of one request's events have in common, each made once for all that are side by
/// side.
#[derive(Debug, Default)]
pub struct Common<'a> {
    arrived: Option<(&'a WriteKey, Arrived)>,
    owner: Option<Owner>,
    browser: Browser,
}

/// The last `User-Agent` that was looked at, and whether it names a browser without a screen.
#[derive(Debug, Default)]
struct Browser {
    user_agent: String,
    headless: bool,
}

impl Browser {
    fn is_headless(&mut self, user_agent: &str) -> bool {
        if self.user_agent != user_agent {
            user_agent.clone_into(&mut self.user_agent);
            self.headless = user_agent.contains("HeadlessChrome");
        }
        self.headless
    }
}

impl<'a> Common<'a> {
    /// What the relay adds to an event that came with `key` and belongs to `who`.
    pub fn stamp<'b>(
        &'b mut self,
        event: &'b Incoming<'_>,
        message_id: &'b str,
        who: Who<'_>,
        key: &'a WriteKey,
        arrival: Arrival<'_>,
    ) -> Stamp<'b> {
        if self.owner.as_ref().map(Owner::user_id) != who.user_id {
            self.owner = who.user_id.cloned().map(Owner::new);
        }
        let arrived = match self.arrived.take() {
            Some((before, arrived)) if std::ptr::eq(before, key) => arrived,
            _ => arrival.told(key),
        };
        let (_, arrived) = self.arrived.insert((key, arrived));
        let claimed = event.user_id.as_ref().filter(|_| who.claim_refused);
        Stamp {
            message_id,
            owner: self.owner.as_ref(),
            arrived,
            traffic: traffic(event, arrival.user_agent, &mut self.browser),
            claimed_user_id: claimed.map(id::UserId::as_str),
        }
    }
}

/// Who made the event, as far as it shows: nothing is dropped for it.
fn traffic(event: &Incoming<'_>, user_agent: Option<&str>, browser: &mut Browser) -> Traffic {
    let signs = event.automation;
    let user_agent = event.user_agent.as_deref().or(user_agent).unwrap_or("");
    if signs.synthetic {
        Traffic::Synthetic
    } else if signs.webdriver || signs.untrusted || browser.is_headless(user_agent) {
        Traffic::Bot
    } else {
        Traffic::Human
    }
}

/// Makes ids for events that come without one.
#[derive(Debug)]
pub struct MessageIds {
    nonce: String,
    made: AtomicU64,
}

impl MessageIds {
    /// `nonce` is random, drawn once a run.
    #[must_use]
    pub fn new(nonce: [u8; 16]) -> Self {
        let nonce = nonce.iter().map(|byte| format!("{byte:02x}")).collect();
        let made = AtomicU64::new(0);
        Self { nonce, made }
    }

    /// The next id, for an event of `anonymous_id` that arrived at `now_ms`.
    #[must_use]
    pub fn next(&self, now_ms: u64, anonymous_id: Option<&str>) -> String {
        let number = self.made.fetch_add(1, Relaxed);
        id::message_id(now_ms, anonymous_id.unwrap_or(""), &self.nonce, number)
    }
}

#[cfg(test)]
mod tests {
    use clickstream_event::limits::Limits;
    use clickstream_event::read;

    use super::*;

    fn event(members: &str) -> Incoming<'static> {
        let body = format!(r#"{{"batch":[{{"type":"track"{members}}}]}}"#).leak();
        let batch = read::batch(body.as_bytes(), &Limits::default()).unwrap();
        batch.event(0).unwrap()
    }

    #[test]
    fn traffic_shows_by_its_signs() {
        // Of one request, so that each is looked at behind another.
        let mut browser = Browser::default();
        for (members, agent, expected) in [
            ("", None, Traffic::Human),
            ("", Some("HeadlessChrome/156"), Traffic::Bot),
            (
                r#","context":{"userAgent":"x HeadlessChrome/1 y"}"#,
                None,
                Traffic::Bot,
            ),
            (
                r#","context":{"userAgent":"Mozilla"}"#,
                Some("HeadlessChrome"),
                Traffic::Human,
            ),
            (
                r#","context":{"automation":{"webdriver":true}}"#,
                None,
                Traffic::Bot,
            ),
            (
                r#","properties":{"input":{"trusted":false}}"#,
                None,
                Traffic::Bot,
            ),
            (
                r#","context":{"automation":{"synthetic":true,"webdriver":true}}"#,
                None,
                Traffic::Synthetic,
            ),
        ] {
            let traffic = traffic(&event(members), agent, &mut browser);
            assert_eq!(traffic, expected, "{members}");
        }
    }

    #[test]
    fn the_visitors_address_is_kept_a_servers_is_not() {
        let who = Who {
            user_id: None,
            claim_refused: false,
        };
        let arrival = Arrival {
            received_at_ms: 1_767_323_045_006,
            peer: Some("::ffff:192.0.2.7".parse().unwrap()),
            user_agent: None,
            sent_at: None,
        };
        let written = |kind: &str| {
            let key: WriteKey = format!("{kind}:shop:k").parse().unwrap();
            let (event, mut common) = (event(""), Common::default());
            let stamp = common.stamp(&event, "m-1", who, &key, arrival);
            String::from_utf8(event.line(&stamp)).unwrap()
        };
        assert!(written("browser").contains(r#""ip":"192.0.2.7""#));
        assert!(!written("server").contains("192.0.2.7"));
    }

    #[test]
    fn made_ids_differ() {
        let ids = MessageIds::new([1; 16]);
        assert_ne!(ids.next(1, None), ids.next(1, None));
        assert_ne!(
            MessageIds::new([2; 16]).next(1, None),
            MessageIds::new([3; 16]).next(1, None)
        );
    }
}
