//! What the relay adds to an event: arrival, user, source, address, traffic. It ends as bytes.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use clickstream_event::id;
use clickstream_event::line::{Incoming, Stamp, Traffic};
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
}

impl Arrival<'_> {
    /// The arrival as the event's own kind of time.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        Timestamp::from_ms(i64::try_from(self.received_at_ms).unwrap_or(i64::MAX))
    }
}

/// The event's line of the lake, without a newline.
#[must_use]
pub fn line(
    event: &Incoming,
    message_id: &str,
    who: &Who,
    key: &WriteKey,
    arrival: Arrival<'_>,
) -> Vec<u8> {
    // A server's address says nothing about the visitor it speaks for.
    let ip = arrival.peer.filter(|_| key.kind != Kind::Server);
    let ip = ip.map(|ip| ip.to_canonical().to_string());
    let claimed = event.user_id.as_ref().filter(|_| who.claim_refused);
    event.line(&Stamp {
        message_id,
        user_id: who.user_id.as_ref(),
        received_at: arrival.time(),
        source: &key.source,
        traffic: traffic(event, arrival.user_agent),
        ip: ip.as_deref(),
        claimed_user_id: claimed.map(id::UserId::as_str),
    })
}

/// Who made the event, as far as it shows: nothing is dropped for it.
fn traffic(event: &Incoming, user_agent: Option<&str>) -> Traffic {
    let signs = event.automation;
    let user_agent = event.user_agent.as_deref().or(user_agent).unwrap_or("");
    if signs.synthetic {
        Traffic::Synthetic
    } else if signs.webdriver || signs.untrusted || user_agent.contains("HeadlessChrome") {
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

    fn event(members: &str) -> Incoming {
        let body = format!(r#"{{"batch":[{{"type":"track"{members}}}]}}"#);
        let batch = read::batch(body.as_bytes(), &Limits::default()).unwrap();
        batch.event(0).unwrap()
    }

    #[test]
    fn traffic_shows_by_its_signs() {
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
            assert_eq!(traffic(&event(members), agent), expected, "{members}");
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
        };
        let written = |kind: &str| {
            let key: WriteKey = format!("{kind}:shop:k").parse().unwrap();
            String::from_utf8(line(&event(""), "m-1", &who, &key, arrival)).unwrap()
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
