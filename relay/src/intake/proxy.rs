//! Behind reverse proxies: whose address a request really comes from.

use std::net::IpAddr;

use http::HeaderMap;

/// The visitor's address. Each of our `proxies` appends whom it heard from to `X-Forwarded-For`;
/// what stands left of those entries was written by the client and proves nothing.
#[must_use]
pub fn visitor(headers: &HeaderMap, peer: Option<IpAddr>, proxies: usize) -> Option<IpAddr> {
    if proxies == 0 {
        return peer;
    }
    let lines = headers.get_all("x-forwarded-for").iter();
    let named: Vec<&str> = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .collect();
    let place = named.len().checked_sub(proxies)?;
    named.get(place)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(lines: &[&'static str], proxies: usize) -> Option<String> {
        let lines = lines
            .iter()
            .map(|line| http::HeaderValue::from_static(line));
        let name = http::HeaderName::from_static("x-forwarded-for");
        let headers = lines.map(|line| (name.clone(), line)).collect();
        let peer = Some("192.0.2.9".parse().unwrap());
        visitor(&headers, peer, proxies).map(|ip| ip.to_string())
    }

    #[test]
    fn only_what_our_own_proxies_wrote_counts() {
        let forged = "203.0.113.1, 198.51.100.7";
        assert_eq!(found(&[forged], 0).as_deref(), Some("192.0.2.9"));
        assert_eq!(found(&[forged], 1).as_deref(), Some("198.51.100.7"));
        assert_eq!(
            found(&["203.0.113.1", "2001:db8::1"], 1).as_deref(),
            Some("2001:db8::1")
        );
        assert_eq!(
            found(&[forged, "10.0.0.1"], 2).as_deref(),
            Some("198.51.100.7")
        );
        // Fewer entries than proxies: somebody came past them. Not a guess, then.
        assert_eq!(found(&[], 1), None);
        assert_eq!(found(&["unknown"], 1), None);
    }
}
