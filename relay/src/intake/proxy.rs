//! Behind reverse proxies: whose address a request really comes from.
//!
//! A proxy adds whom it heard from to the right end of `X-Forwarded-For` or `Forwarded`. What a proxy
//! of ours wrote is believed, so the way is gone back from the right, proxy by proxy, to the first
//! address that is none of ours: the visitor. Whatever stands left of it the visitor may have
//! written, and it is not looked at. Only one of the two headers is: a proxy that writes the one
//! passes the other on as the visitor sent it.

mod forwarded;

use std::net::IpAddr;

use clap::ValueEnum;
use http::HeaderMap;
use serde::Deserialize;

/// The addresses of an IPv4 or IPv6 network: `10.0.0.0/8`, `2001:db8::/32`, or one address alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    bits: u8,
}

/// Why a text is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write it as ADDRESS or ADDRESS/BITS, such as 10.0.0.0/8 or 2001:db8::/32")]
pub struct InvalidNetwork;

impl std::str::FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text.trim(), None),
        };
        let first: IpAddr = address.parse().map_err(|_| InvalidNetwork)?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => most,
            Some(bits) => bits.parse().map_err(|_| InvalidNetwork)?,
        };
        if bits > most {
            return Err(InvalidNetwork);
        }
        Ok(Self { first, bits })
    }
}

impl Network {
    /// Whether `address` is one of its own; an IPv4 address written as IPv6 is IPv4.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let differing = first.to_bits() ^ address.to_bits();
                differing.leading_zeros() >= u32::from(self.bits)
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let differing = first.to_bits() ^ address.to_bits();
                differing.leading_zeros() >= u32::from(self.bits)
            }
            _ => false,
        }
    }
}

/// In which header our proxies say whom they heard from.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyHeader {
    /// `X-Forwarded-For: 192.0.2.1, 10.0.0.1`
    #[default]
    XForwardedFor,
    /// `Forwarded: for=192.0.2.1, for=10.0.0.1` (RFC 7239)
    Forwarded,
}

/// The proxies that are ours; without one, who connects is the visitor.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// Where they connect from.
    pub trusted: Vec<Network>,
    /// Where they say whom they heard from.
    pub header: ProxyHeader,
}

impl Proxies {
    fn trust(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.has(address))
    }

    /// The visitor's address, where `peer` has connected; none where a proxy of ours hides it.
    #[must_use]
    pub fn visitor(&self, headers: &HeaderMap, peer: Option<IpAddr>) -> Option<IpAddr> {
        let mut nearest = peer?;
        if !self.trust(nearest) {
            return peer;
        }
        let hops = match self.header {
            ProxyHeader::XForwardedFor => forwarded::x_forwarded_for(headers),
            ProxyHeader::Forwarded => forwarded::forwarded(headers),
        };
        for hop in hops.into_iter().rev() {
            // Obfuscated, "unknown" or broken: a proxy of ours wrote it, and says no address.
            nearest = forwarded::address(&hop)?;
            if !self.trust(nearest) {
                break;
            }
        }
        // All of them are ours: the farthest of us asked for itself.
        Some(nearest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(header: ProxyHeader) -> Proxies {
        let trusted = ["10.0.0.0/8", "2001:db8:ffff::/48", "192.0.2.9"];
        Proxies {
            trusted: trusted.map(|network| network.parse().unwrap()).to_vec(),
            header,
        }
    }

    fn found(proxies: &Proxies, peer: &str, lines: &[(&'static str, &str)]) -> Option<String> {
        let lines = lines.iter().map(|(name, line)| {
            let name = http::HeaderName::from_static(name);
            (name, line.parse().unwrap())
        });
        let mut headers = HeaderMap::new();
        for (name, line) in lines {
            headers.append(name, line);
        }
        let visitor = proxies.visitor(&headers, Some(peer.parse().unwrap()));
        visitor.map(|ip| ip.to_string())
    }

    fn by_x(peer: &str, lines: &[&'static str]) -> Option<String> {
        let lines: Vec<_> = lines
            .iter()
            .map(|line| ("x-forwarded-for", *line))
            .collect();
        found(&proxies(ProxyHeader::XForwardedFor), peer, &lines)
    }

    fn by_forwarded(line: &str) -> Option<String> {
        let lines = [("forwarded", line)];
        found(&proxies(ProxyHeader::Forwarded), "10.0.0.1", &lines)
    }

    #[test]
    fn a_network_is_an_address_and_its_bits() {
        for (network, address, inside) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.0.0.1", true),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.128/25", "192.0.2.127", false),
            ("2001:db8::/33", "2001:db8:7fff::1", true),
            ("2001:db8::/33", "2001:db8:8000::1", false),
            ("0.0.0.0/0", "203.0.113.1", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
        ] {
            let found: Network = network.parse().unwrap();
            assert_eq!(
                found.has(address.parse().unwrap()),
                inside,
                "{network} {address}"
            );
        }
        for text in [
            "",
            "10.0.0",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "a/8",
        ] {
            assert_eq!(text.parse::<Network>(), Err(InvalidNetwork), "{text}");
        }
    }

    #[test]
    fn forwarded_hops_count_only_from_trusted_proxies() {
        let forged = "198.51.100.7";
        // Nobody of ours in between: whatever is said, who connects is the visitor.
        assert_eq!(
            by_x("203.0.113.1", &[forged]).as_deref(),
            Some("203.0.113.1")
        );
        let none = Proxies::default();
        let said = [("x-forwarded-for", forged)];
        assert_eq!(found(&none, "10.0.0.1", &said).as_deref(), Some("10.0.0.1"));
        for lines in [
            vec!["203.0.113.1"],
            vec!["198.51.100.7, 203.0.113.1"],
            vec!["198.51.100.7", "203.0.113.1"],
            vec!["198.51.100.7, 203.0.113.1, 10.0.0.2,10.0.0.3"],
            // A visitor who calls itself one of our proxies stands left of what ours wrote.
            vec!["10.9.9.9, 203.0.113.1", "2001:db8:ffff::7"],
            vec!["unknown, _hidden, , ;, 203.0.113.1:4711"],
        ] {
            let visitor = by_x("10.0.0.1", &lines);
            assert_eq!(visitor.as_deref(), Some("203.0.113.1"), "{lines:?}");
        }
        let mapped = by_x("::ffff:10.0.0.1", &["203.0.113.1"]);
        assert_eq!(mapped.as_deref(), Some("203.0.113.1"));
        // Ours all the way, or with nothing to say: it asked for itself.
        assert_eq!(by_x("10.0.0.1", &["10.0.0.2"]).as_deref(), Some("10.0.0.2"));
        assert_eq!(by_x("10.0.0.1", &[]).as_deref(), Some("10.0.0.1"));
        // What our proxy hides is not guessed.
        for hidden in ["unknown", "203.0.113.1, _gazonk", "203.0.113.1, "] {
            assert_eq!(by_x("10.0.0.1", &[hidden]), None, "{hidden}");
        }
    }

    #[test]
    fn only_the_header_that_our_proxies_write_is_read() {
        let both = [
            ("forwarded", "for=198.51.100.7"),
            ("x-forwarded-for", "203.0.113.1"),
        ];
        for (header, visitor) in [
            (ProxyHeader::XForwardedFor, "203.0.113.1"),
            (ProxyHeader::Forwarded, "198.51.100.7"),
        ] {
            let found = found(&proxies(header), "10.0.0.1", &both);
            assert_eq!(found.as_deref(), Some(visitor));
        }
    }

    #[test]
    fn ports_brackets_and_quotes_are_read() {
        for (line, visitor) in [
            ("for=203.0.113.1", Some("203.0.113.1")),
            (
                "For=\"203.0.113.1:4711\";proto=https;by=10.0.0.1",
                Some("203.0.113.1"),
            ),
            ("for=\"[2001:db8:cafe::17]\"", Some("2001:db8:cafe::17")),
            (
                "proto=https;FOR=\"[2001:db8:cafe::17]:4711\"",
                Some("2001:db8:cafe::17"),
            ),
            ("for=\"203.0.\\113.1\"", Some("203.0.113.1")),
            (
                "for=198.51.100.7, for=203.0.113.1 , for=10.0.0.2",
                Some("203.0.113.1"),
            ),
            // A comma or a quote inside quotes ends nothing.
            (
                "for=\"a, for=10.0.0.9\", for=203.0.113.1",
                Some("203.0.113.1"),
            ),
            ("for=\"203.0.113.1:_port\"", Some("203.0.113.1")),
            ("for=_hidden", None),
            ("for=unknown", None),
            // A quote that the visitor left open does not swallow what our proxy added.
            ("for=\"_x, for=203.0.113.1", Some("203.0.113.1")),
            (
                "for=203.0.113.1;host=\"a\\\";for=198.51.100.7\"",
                Some("203.0.113.1"),
            ),
            // Nor does one that the visitor called the host, and that our proxy has quoted.
            (
                "for=203.0.113.1;host=\"a\\\", for=198.51.100.7;x=\\\"\"",
                Some("203.0.113.1"),
            ),
            ("proto=https", None),
            ("for=203.0.113.1;for=198.51.100.7", None),
            ("for=203.0.113.300", None),
            ("for=[2001:db8::1", None),
            ("for=\"[2001:db8::1]x\"", None),
        ] {
            assert_eq!(by_forwarded(line).as_deref(), visitor, "{line}");
        }
    }

    proptest::proptest! {
        /// Whatever the visitor sends along, the address that our proxy saw is its own.
        #[test]
        fn no_forgery_moves_the_visitor(
            forged in r#"([0-9a-z.:\[\]"\\;=_ ,]|for=|10\.0\.0\.1){0,40}"#,
            lines in 0..3_usize,
        ) {
            let mut x = Vec::new();
            let mut standard = Vec::new();
            for _ in 0..lines {
                x.push(("x-forwarded-for", &*forged));
                standard.push(("forwarded", &*forged));
            }
            // Our proxy adds a line of its own, or to the end of the visitor's.
            let joined = format!("{forged}, for=203.0.113.1");
            let said = [("forwarded", &*joined)];
            let visitor = found(&proxies(ProxyHeader::Forwarded), "10.0.0.1", &said);
            proptest::prop_assert_eq!(visitor.as_deref(), Some("203.0.113.1"));
            let theirs = [("x-forwarded-for", "203.0.113.1"), ("forwarded", "for=203.0.113.1")];
            for (mut said, ours, header) in [
                (x, theirs[0], ProxyHeader::XForwardedFor),
                (standard, theirs[1], ProxyHeader::Forwarded),
            ] {
                said.push(ours);
                let visitor = found(&proxies(header), "10.0.0.1", &said);
                proptest::prop_assert_eq!(visitor.as_deref(), Some("203.0.113.1"));
            }
        }
    }
}
