//! Who visits: a user, a browser and where it stands. The same seed and number make the
//! same visitor.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// One user with one browser.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The number, and as text the user id.
    pub number: u32,
    /// The browser's own id.
    pub anonymous_id: String,
    /// The browser.
    pub device: &'static Device,
    /// Language and time zone.
    pub place: &'static Place,
}

/// A browser on a system.
#[derive(Debug, PartialEq, Eq)]
pub struct Device {
    /// The system, as the origin's generator called them: ios, android, web.
    pub system: &'static str,
    /// How the browser names itself.
    pub user_agent: &'static str,
    /// Screen in CSS pixels, and device pixels in one.
    pub screen: (i32, i32, i32),
    /// How things are pointed at.
    pub input: &'static str,
}

/// A language and a time zone that go together.
#[derive(Debug, PartialEq, Eq)]
pub struct Place {
    /// The language.
    pub locale: &'static str,
    /// The time zone.
    pub timezone: &'static str,
}

/// What people browse with.
pub const DEVICES: [Device; 5] = [
    Device {
        system: "ios",
        user_agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
        screen: (390, 844, 3),
        input: "touch",
    },
    Device {
        system: "android",
        user_agent: "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
        screen: (412, 915, 2),
        input: "touch",
    },
    Device {
        system: "web",
        user_agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
        screen: (1920, 1080, 1),
        input: "mouse",
    },
    Device {
        system: "web",
        user_agent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
        screen: (1440, 900, 2),
        input: "mouse",
    },
    Device {
        system: "web",
        user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        screen: (1280, 800, 1),
        input: "mouse",
    },
];

/// Where they are.
pub const PLACES: [Place; 5] = [
    Place {
        locale: "en-GB",
        timezone: "Europe/London",
    },
    Place {
        locale: "en-US",
        timezone: "America/New_York",
    },
    Place {
        locale: "de-DE",
        timezone: "Europe/Berlin",
    },
    Place {
        locale: "fr-FR",
        timezone: "Europe/Paris",
    },
    Place {
        locale: "en-IN",
        timezone: "Asia/Kolkata",
    },
];

impl Visitor {
    /// The visitor of a number, and the randomness of their journey.
    #[must_use]
    pub fn new(seed: u64, number: u32) -> (Self, ChaCha8Rng) {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        // Each number has a stream of its own, so that whom else one meets changes nothing.
        random.set_stream(u64::from(number) + 1);
        let visitor = Self {
            number,
            anonymous_id: uuid(&mut random),
            device: pick(&DEVICES, &mut random),
            place: pick(&PLACES, &mut random),
        };
        (visitor, random)
    }
}

/// One of several that are there when the program is built.
fn pick<T>(all: &'static [T; 5], random: &mut ChaCha8Rng) -> &'static T {
    let [first, ..] = all;
    all.get(random.random_range(0..all.len())).unwrap_or(first)
}

/// A random UUID (version 4), as the tracker makes its anonymous ids.
pub fn uuid(random: &mut ChaCha8Rng) -> String {
    let bits = (u128::from(random.next_u64()) << 64) | u128::from(random.next_u64());
    let bits = bits & !(0xf << 76) | (0x4 << 76);
    let bits = bits & !(0x3 << 62) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32),
    ]
    .join("-")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_same_seed_and_number_make_the_same_visitor() {
        let of = |seed, number| Visitor::new(seed, number).0.anonymous_id;
        assert_eq!(of(1, 45), of(1, 45));
        assert_ne!(of(1, 45), of(1, 46));
        assert_ne!(of(1, 45), of(2, 45));
    }

    #[test]
    fn visitors_differ_in_system_and_place() {
        let visitors: Vec<_> = (1..=100).map(|number| Visitor::new(1, number).0).collect();
        let systems: HashSet<_> = visitors
            .iter()
            .map(|visitor| visitor.device.system)
            .collect();
        let places: HashSet<_> = visitors
            .iter()
            .map(|visitor| visitor.place.locale)
            .collect();
        assert_eq!((systems.len(), places.len()), (3, 5));
        assert!(
            DEVICES
                .iter()
                .all(|device| !device.user_agent.contains("Headless"))
        );
    }

    #[test]
    fn anonymous_ids_are_version_4_uuids() {
        let id = Visitor::new(1, 1).0.anonymous_id;
        let bytes = id.as_bytes();
        assert_eq!(id.len(), 36);
        assert_eq!(bytes[14], b'4');
        assert!(b"89ab".contains(&bytes[19]));
        assert!([8, 13, 18, 23].iter().all(|at| bytes[*at] == b'-'));
    }
}
