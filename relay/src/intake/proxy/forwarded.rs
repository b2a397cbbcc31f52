//! The hops that `X-Forwarded-For` and `Forwarded` (RFC 7239) name, from left to right.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::HeaderMap;

/// The hops of `X-Forwarded-For`, as they are written.
pub fn x_forwarded_for(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all("x-forwarded-for").iter();
    lines
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .map(|hop| String::from_utf8_lossy(hop).trim().to_owned())
        .collect()
}

/// The hops of `Forwarded`: the value of each element's one `for`, empty where it has none or two.
pub fn forwarded(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all("forwarded").iter();
    lines
        .flat_map(|line| elements(&String::from_utf8_lossy(line.as_bytes())))
        .collect()
}

/// One line's elements. Commas in quotes end nothing, and quotes are paired from the right: one that
/// the visitor left open does not reach what our proxy has added. One behind a backslash is text: our
/// proxy may quote what the visitor calls the host.
fn elements(line: &str) -> Vec<String> {
    let mut hops = Vec::new();
    let (mut quoted, mut end) = (false, line.len());
    for (at, byte) in line.bytes().enumerate().rev() {
        match byte {
            b'"' => quoted ^= !is_escaped(line, at),
            b',' if !quoted => {
                hops.push(hop(line.get(at + 1..end).unwrap_or_default()));
                end = at;
            }
            _ => {}
        }
    }
    hops.push(hop(line.get(..end).unwrap_or_default()));
    hops.reverse();
    hops
}

/// Whether an odd number of backslashes stands before the byte at `at`.
fn is_escaped(line: &str, at: usize) -> bool {
    let before = line.as_bytes().iter().take(at).rev();
    before.take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// The one `for` of an element, without its quotes.
fn hop(element: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    let pairs = element.split(|character| {
        let ends = character == ';' && !quoted;
        quoted ^= character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
        ends
    });
    let mut said = pairs.filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value)
    });
    match (said.next(), said.next()) {
        (Some(value), None) => value.trim().trim_matches('"').replace('\\', ""),
        _ => String::new(),
    }
}

/// The address of a hop: `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`,
/// `[2001:db8::1]:4711`. None for what is obfuscated (`_hidden`), `unknown` or nothing.
pub fn address(hop: &str) -> Option<IpAddr> {
    if let Ok(address) = hop.parse::<IpAddr>() {
        return Some(address);
    }
    if let Ok(address) = hop.parse::<SocketAddr>() {
        return Some(address.ip());
    }
    // A port may be obfuscated, too.
    let is_port = |port: &str| !port.is_empty() && !port.contains(']');
    match hop.strip_prefix('[') {
        Some(rest) => {
            let (address, after) = rest.split_once(']')?;
            let address: Ipv6Addr = address.parse().ok()?;
            let port = after.strip_prefix(':');
            (after.is_empty() || port.is_some_and(is_port)).then_some(address.into())
        }
        None => {
            let (address, port) = hop.split_once(':')?;
            let address = address.parse::<std::net::Ipv4Addr>().ok()?;
            is_port(port).then_some(address.into())
        }
    }
}
