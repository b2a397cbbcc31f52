//! Rate limits, by write key and by address: off until set.
//!
//! One number for each of a fixed count of slots (the generic cell rate algorithm), so that many
//! addresses cannot grow our memory. Two that share a slot share its rate; which ones do is drawn
//! anew at every start, so nobody can aim at a neighbour.

use std::hash::Hasher as _;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use siphasher::sip::SipHasher13;

/// Slots of one limit: half a megabyte.
const SLOTS: usize = 1 << 16;

/// So many seconds' worth of requests may come at once: SDKs send what they kept in a burst.
const BURST_SECONDS: u64 = 2;

const SECOND: u64 = 1_000_000_000;

/// A limit of requests a second for each of many.
#[derive(Debug)]
pub struct Rate {
    /// Nanoseconds that one request uses up.
    cost: u64,
    /// When each slot will have worked off what it took, in nanoseconds of the monotonic clock.
    busy_until: Vec<AtomicU64>,
    seed: [u8; 16],
}

impl Rate {
    /// At most `per_second` requests for each, on average.
    #[must_use]
    pub fn new(per_second: u32, seed: [u8; 16]) -> Self {
        let mut busy_until = Vec::new();
        busy_until.resize_with(SLOTS, AtomicU64::default);
        Self {
            cost: SECOND / u64::from(per_second.max(1)),
            busy_until,
            seed,
        }
    }

    /// Takes one request of `who` at `now` of the monotonic clock.
    ///
    /// # Errors
    /// After how many seconds it may come again.
    pub fn take(&self, who: &[u8], now: Duration) -> Result<(), u64> {
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let mut hasher = SipHasher13::new_with_key(&self.seed);
        hasher.write(who);
        // The remainder is below the count of slots, so there always is one.
        let place = usize::try_from(hasher.finish() % SLOTS as u64).unwrap_or(0);
        let Some(slot) = self.busy_until.get(place) else {
            return Ok(());
        };
        let allowed = now + BURST_SECONDS * SECOND;
        let taken = slot.fetch_update(Relaxed, Relaxed, |busy_until| {
            let next = busy_until.max(now) + self.cost;
            (next <= allowed).then_some(next)
        });
        match taken {
            Ok(_before) => Ok(()),
            Err(busy_until) => {
                let wait = (busy_until + self.cost).saturating_sub(allowed);
                Err(wait.div_ceil(SECOND).max(1))
            }
        }
    }
}

/// What a limit by address counts together: an IPv4 address, or the 64 bits of IPv6 that one
/// household or machine has to itself.
#[must_use]
pub fn household(address: IpAddr) -> Vec<u8> {
    match address.to_canonical() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().into_iter().take(8).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_burst_passes_then_the_rate_holds() {
        let rate = Rate::new(10, [1; 16]);
        for number in 0..20 {
            assert_eq!(rate.take(b"a", ms(0)), Ok(()), "{number}");
        }
        assert_eq!(rate.take(b"a", ms(0)), Err(1));
        assert_eq!(rate.take(b"a", ms(99)), Err(1));
        assert_eq!(rate.take(b"a", ms(100)), Ok(()));
        assert_eq!(rate.take(b"a", ms(100)), Err(1));
        // Others have a rate of their own; a long silence earns no more than the burst.
        assert_eq!(rate.take(b"b", ms(100)), Ok(()));
        let later = (0..1000).filter(|_| rate.take(b"a", ms(1_000_000)).is_ok());
        assert_eq!(later.count(), 20);
    }

    #[test]
    fn many_addresses_take_no_more_memory() {
        let rate = Rate::new(10, [1; 16]);
        let before = rate.busy_until.capacity();
        let passed = (0..1_000_000_u32).filter(|who| rate.take(&who.to_le_bytes(), ms(0)).is_ok());
        // Twenty requests a slot, however many come: what is full is refused, not made larger.
        assert!(passed.count() <= 20 * SLOTS);
        assert_eq!(
            (rate.busy_until.capacity(), rate.busy_until.len()),
            (before, SLOTS)
        );
        // What was full is worked off.
        assert_eq!(rate.take(b"later", ms(2_000)), Ok(()));
    }

    #[test]
    fn the_wait_is_long_enough() {
        let rate = Rate::new(1, [1; 16]);
        let mut now = ms(0);
        for _ in 0..50 {
            if let Err(seconds) = rate.take(b"a", now) {
                now += Duration::from_secs(seconds);
                assert_eq!(rate.take(b"a", now), Ok(()));
            }
        }
    }

    #[test]
    fn a_household_is_one_address_or_64_bits() {
        let of = |text: &str| household(text.parse().unwrap());
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
    }
}
