//! How much of a visitor's address is kept: what a public number says about a person is theirs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use clap::ValueEnum;
use serde::Deserialize;

/// What is written as `relay.ip`.
///
/// The middle is the default: a country, a town or a network's name can be told from it as well as
/// from the whole, and a person cannot be told from 255 others. Whoever needs the whole says so.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum KeptAddress {
    /// Nothing
    Off,
    /// Its network: the first 24 bits of IPv4, the first 48 of IPv6
    #[default]
    Truncated,
    /// All of it
    Full,
}

impl KeptAddress {
    /// What is kept of `address`. An IPv4 address written as IPv6 is IPv4.
    #[must_use]
    pub fn of(self, address: IpAddr) -> Option<IpAddr> {
        match (self, address.to_canonical()) {
            (Self::Off, _) => None,
            (Self::Full, address) => Some(address),
            (Self::Truncated, IpAddr::V4(address)) => {
                let network = address.to_bits() & !0xff;
                Some(Ipv4Addr::from_bits(network).into())
            }
            (Self::Truncated, IpAddr::V6(address)) => {
                let network = address.to_bits() & (u128::MAX << 80);
                Some(Ipv6Addr::from_bits(network).into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_whole_in_part_or_not() {
        for (address, truncated, full) in [
            ("192.0.2.77", "192.0.2.0", "192.0.2.77"),
            ("::ffff:192.0.2.77", "192.0.2.0", "192.0.2.77"),
            ("2001:db8:1:2::77", "2001:db8:1::", "2001:db8:1:2::77"),
        ] {
            let address: IpAddr = address.parse().unwrap();
            let kept = |how: KeptAddress| how.of(address).map(|kept| kept.to_string());
            assert_eq!(kept(KeptAddress::Off), None);
            assert_eq!(kept(KeptAddress::Truncated).as_deref(), Some(truncated));
            assert_eq!(kept(KeptAddress::Full).as_deref(), Some(full));
        }
    }
}
