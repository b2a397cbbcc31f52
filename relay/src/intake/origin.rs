//! Origins: whose pages send, and what a browser may be told about the answer (CORS).
//!
//! Any origin may send. What differs is whether its cookies count: only from our own origin, from a
//! listed one, or when there is no `Origin` at all (no browser, or a plain navigation). The headers
//! below therefore name every origin, with credentials: for a stranger no cookie is read, so the
//! answer tells it nothing that it did not send itself; without them JSON-typed beacons, which
//! always carry credentials, would vanish without a trace.

use std::fmt;
use std::net::SocketAddr;

use http::header::{self, HeaderMap, HeaderValue};

/// `scheme://host[:port]`, in lower case, default ports left out, as browsers write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

/// Why a text is no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write it as http(s)://HOST[:PORT], without a path, such as https://shop.example")]
pub struct InvalidOrigin;

impl std::str::FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim().to_ascii_lowercase();
        let (scheme, rest) = text.split_once("://").ok_or(InvalidOrigin)?;
        let default_port = match scheme {
            "http" => ":80",
            "https" => ":443",
            _ => return Err(InvalidOrigin),
        };
        let host = rest.strip_suffix('/').unwrap_or(rest);
        let host = host.strip_suffix(default_port).unwrap_or(host);
        let authority: http::uri::Authority = host.parse().map_err(|_| InvalidOrigin)?;
        if authority.host().is_empty() || host.contains('@') {
            return Err(InvalidOrigin);
        }
        Ok(Self(format!("{scheme}://{host}")))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Origin {
    fn at(scheme: &str, host: &str) -> Self {
        let default_port = if scheme == "https" { ":443" } else { ":80" };
        let host = host.strip_suffix(default_port).unwrap_or(host);
        Self(format!("{scheme}://{host}"))
    }

    /// `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.0.split_once("://").map_or("", |(scheme, _)| scheme)
    }

    /// `host[:port]`.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.split_once("://").map_or("", |(_, host)| host)
    }
}

/// From whose page a request comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// No `Origin`: not a browser's cross-origin request.
    Nowhere,
    /// Ours or a listed one: its cookies count.
    Friend,
    /// Any other: its events are taken, its cookies are not.
    Stranger,
}

/// The origins whose cookies count.
#[derive(Clone, Debug)]
pub struct Origins {
    public: Origin,
    friends: Vec<Origin>,
}

impl Origins {
    /// Ours is `public`, or else the scheme spoken (`http` or `https`) and the address listened on,
    /// which on loopback people also call localhost.
    #[must_use]
    pub fn new(
        public: Option<Origin>,
        scheme: &str,
        listen: SocketAddr,
        listed: &[Origin],
    ) -> Self {
        let mut friends = listed.to_vec();
        if public.is_none() && listen.ip().is_loopback() {
            let localhost = format!("localhost:{}", listen.port());
            friends.push(Origin::at(scheme, &localhost));
        }
        let public = public.unwrap_or_else(|| Origin::at(scheme, &listen.to_string()));
        friends.push(public.clone());
        Self { public, friends }
    }

    /// What browsers call this server.
    #[must_use]
    pub fn public(&self) -> &Origin {
        &self.public
    }

    /// Whether browsers reach us by TLS: decides which cookies are read.
    #[must_use]
    pub fn secure(&self) -> bool {
        self.public.scheme() == "https"
    }

    /// From whose page a request with these headers comes.
    #[must_use]
    pub fn of(&self, headers: &HeaderMap) -> Sender {
        match headers.get(header::ORIGIN) {
            None => Sender::Nowhere,
            Some(origin) if self.friends.iter().any(|friend| friend.0 == *origin) => Sender::Friend,
            Some(_) => Sender::Stranger,
        }
    }
}

/// What SDKs send beside the simple headers, first and on retries: without the retry headers every
/// retry fails its preflight (facts: Segment's and RudderStack's SDKs, measured).
const ALLOWED_HEADERS: &str = "authorization, content-type, content-encoding, x-retry-count, \
    x-write-key, anonymousid, sentat, rsa-retry-attempt, rsa-retry-reason, rsa-since-first-attempt, \
    rsa-since-last-attempt, rsa-recovered, x-ip-policy, x-enable-debug";

/// Adds to `answer` what lets a page of `origin` (the request's header) read it.
pub fn allow(origin: Option<&HeaderValue>, answer: &mut HeaderMap) {
    let (named, credentials) = match origin {
        // A sandboxed frame or a file calls itself "null", as anybody can: no credentials for it.
        Some(origin) if origin != "null" => (origin.clone(), true),
        _ => (HeaderValue::from_static("*"), false),
    };
    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, named);
    if credentials {
        let yes = HeaderValue::from_static("true");
        answer.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
    }
    let readable = HeaderValue::from_static("Retry-After");
    answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, readable);
    answer.insert(header::VARY, HeaderValue::from_static("Origin"));
}

/// Adds to `answer` what a preflight asks; Chromium keeps it for 7,200 seconds at most.
pub fn allow_preflight(answer: &mut HeaderMap) {
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS),
        (header::ACCESS_CONTROL_MAX_AGE, "7200"),
    ] {
        answer.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        text.parse().unwrap()
    }

    fn from(origins: &Origins, text: &'static str) -> Sender {
        let value = HeaderValue::from_static(text);
        origins.of(&HeaderMap::from_iter([(header::ORIGIN, value)]))
    }

    #[test]
    fn an_origin_is_normalised() {
        assert_eq!(
            origin("HTTPS://Shop.Example:443/").to_string(),
            "https://shop.example"
        );
        assert_eq!(
            origin("http://127.0.0.1:8080").to_string(),
            "http://127.0.0.1:8080"
        );
        assert_eq!(origin("http://[::1]:80").host(), "[::1]");
        for text in [
            "",
            "shop.example",
            "ftp://a",
            "https://a/path",
            "https://u@a",
            "null",
        ] {
            assert_eq!(text.parse::<Origin>(), Err(InvalidOrigin), "{text}");
        }
    }

    #[test]
    fn ours_is_the_public_url() {
        let listen = "127.0.0.1:8080".parse().unwrap();
        let listed = [origin("https://blog.example")];
        let origins = Origins::new(
            Some(origin("https://shop.example")),
            "http",
            listen,
            &listed,
        );
        assert!(origins.secure());
        assert_eq!(from(&origins, "https://shop.example"), Sender::Friend);
        assert_eq!(from(&origins, "https://blog.example"), Sender::Friend);
        for stranger in [
            "http://shop.example",
            "https://shop.example.evil.example",
            "null",
            "http://127.0.0.1:8080",
            "http://localhost:8080",
        ] {
            assert_eq!(from(&origins, stranger), Sender::Stranger, "{stranger}");
        }
        assert_eq!(origins.of(&HeaderMap::new()), Sender::Nowhere);
    }

    #[test]
    fn ours_is_the_listen_address_when_nothing_else_is_said() {
        let origins = Origins::new(None, "http", "127.0.0.1:8080".parse().unwrap(), &[]);
        assert!(!origins.secure());
        assert_eq!(from(&origins, "http://127.0.0.1:8080"), Sender::Friend);
        assert_eq!(from(&origins, "http://localhost:8080"), Sender::Friend);
        assert_eq!(from(&origins, "http://localhost:8081"), Sender::Stranger);
        let port_80 = Origins::new(None, "http", "127.0.0.1:80".parse().unwrap(), &[]);
        assert_eq!(from(&port_80, "http://127.0.0.1"), Sender::Friend);
        assert_eq!(from(&port_80, "http://localhost"), Sender::Friend);
    }
}
