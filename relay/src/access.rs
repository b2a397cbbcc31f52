//! Who may see the operator's routes: who knows the token, under a Host on the list.
//!
//! Loopback proves nothing: reverse proxies and DNS rebinding arrive there.

use std::net::SocketAddr;

use hmac::{Hmac, Mac as _};
use http::{HeaderMap, HeaderValue, Uri, header};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::identity::cookie;
use crate::intake::answer::Refusal;
use crate::intake::key::query_value;
use crate::intake::origin::Origin;

/// The token and the list.
#[derive(Clone, Debug)]
pub struct Access {
    hosts: Vec<String>,
    token: [u8; 32],
    /// What the live view's cookie holds: made of the token, which cannot be made of it.
    session: String,
    secure: bool,
}

/// The cookie of who opened the live view by its link.
const COOKIE: &str = "clickstream_live";

impl Access {
    /// The list: the public name, the address listened on, loopback's names, and `allowed`.
    #[must_use]
    pub fn new(token: &str, public: &Origin, listen: SocketAddr, allowed: &[String]) -> Self {
        let loopback = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned);
        let mut hosts = loopback.to_vec();
        hosts.extend([public.host().to_owned(), listen.to_string()]);
        hosts.extend(allowed.iter().map(|host| host.to_ascii_lowercase()));
        Self {
            hosts,
            token: Sha256::digest(token).into(),
            session: session(token),
            secure: public.scheme() == "https",
        }
    }

    /// Lets a request pass whose Host is on the list and who knows the token.
    ///
    /// # Errors
    /// What is missing.
    pub fn check(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Refusal> {
        if !self.knows_host(headers) {
            return Err(Refusal::ForeignHost);
        }
        let in_header = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        let in_query = query_value(uri, "token");
        let given = in_header.or(in_query.as_deref()).ok_or(Refusal::NoToken)?;
        let given: [u8; 32] = Sha256::digest(given.trim()).into();
        if bool::from(given.ct_eq(&self.token)) {
            Ok(())
        } else {
            Err(Refusal::NoToken)
        }
    }

    /// As [`Access::check`], and the cookie of the live view is as good as the token, where a browser
    /// sends it from the view itself: cookies do not know ports, so a page of another port is no proof.
    ///
    /// # Errors
    /// What is missing.
    pub fn check_view(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Refusal> {
        if !self.knows_host(headers) {
            return Err(Refusal::ForeignHost);
        }
        let from = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
        let own = matches!(from, None | Some(b"same-origin" | b"none"));
        if own && self.has_session(headers) {
            return Ok(());
        }
        self.check(headers, uri)
    }

    /// The cookie that [`Access::check_view`] takes, for who has shown the token.
    #[must_use]
    pub fn cookie(&self) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        let session = &self.session;
        format!("{COOKIE}={session}; Path=/live; HttpOnly; SameSite=Strict{secure}")
    }

    fn has_session(&self, headers: &HeaderMap) -> bool {
        cookie::pairs(headers)
            .filter(|(name, _)| name.trim_start() == COOKIE)
            .any(|(_, value)| {
                bool::from(value.trim_end().as_bytes().ct_eq(self.session.as_bytes()))
            })
    }

    /// A listed name without a port stands for all its ports.
    #[must_use]
    pub fn knows_host(&self, headers: &HeaderMap) -> bool {
        let Some(host) = headers
            .get(header::HOST)
            .and_then(|value| value.to_str().ok())
        else {
            return false;
        };
        let host = host.to_ascii_lowercase();
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => &host,
        };
        self.hosts
            .iter()
            .any(|known| *known == host || known == name)
    }
}

fn session(token: &str) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(token.as_bytes()) else {
        return String::new();
    };
    mac.update(b"clickstream live view");
    let bytes = mac.finalize().into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access() -> Access {
        let public = "https://shop.example".parse().unwrap();
        let allowed = ["Relay.Internal".to_owned(), "other:9000".to_owned()];
        Access::new("t-1", &public, "192.0.2.1:8081".parse().unwrap(), &allowed)
    }

    fn headers(host: &str, authorization: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
        if let Some(value) = authorization {
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn the_views_cookie_is_the_views_alone() {
        let cookie = access().cookie();
        assert!(!cookie.contains("t-1"), "{cookie}");
        assert!(cookie.ends_with("; Path=/live; HttpOnly; SameSite=Strict; Secure"));
        let pair = cookie.split(';').next().unwrap();
        let plain: Uri = "/live/events".parse().unwrap();
        let check = |host: &str, cookie: &str, site: Option<&str>| {
            let mut headers = headers(host, None);
            let cookie = HeaderValue::from_bytes(cookie.as_bytes()).unwrap();
            headers.insert(header::COOKIE, cookie);
            if let Some(site) = site {
                headers.insert("sec-fetch-site", site.parse().unwrap());
            }
            let checked = access().check_view(&headers, &plain);
            checked.map_err(|refusal| refusal.kind().1)
        };
        assert_eq!(check("localhost", pair, None), Ok(()));
        assert_eq!(
            check("localhost", &format!("a=b; {pair}"), Some("same-origin")),
            Ok(())
        );
        assert_eq!(
            check("localhost", &format!("town=Z\u{fc}rich; {pair}"), None),
            Ok(())
        );
        for site in ["same-site", "cross-site"] {
            assert_eq!(check("localhost", pair, Some(site)), Err("no_token"));
        }
        assert_eq!(check("evil.example", pair, None), Err("foreign_host"));
        for wrong in ["clickstream_live=", "clickstream_live=t-1", "other=1"] {
            assert_eq!(check("localhost", wrong, None), Err("no_token"));
        }
    }

    #[test]
    fn only_listed_hosts_pass() {
        for (host, known) in [
            ("localhost:8080", true),
            ("127.0.0.1", true),
            ("[::1]:8080", true),
            ("192.0.2.1:8081", true),
            ("shop.example", true),
            ("relay.internal:1", true),
            ("other:9000", true),
            ("other:9001", false),
            ("evil.example", false),
            ("localhost.evil.example", false),
        ] {
            assert_eq!(access().knows_host(&headers(host, None)), known, "{host}");
        }
        assert!(!access().knows_host(&HeaderMap::new()));
    }

    #[test]
    fn the_token_is_needed_in_the_header_or_the_query() {
        let plain: Uri = "/metrics".parse().unwrap();
        let check = |authorization, uri: &Uri| {
            let checked = access().check(&headers("localhost", authorization), uri);
            checked.map_err(|refusal| refusal.kind().1)
        };
        assert_eq!(check(None, &plain), Err("no_token"));
        assert_eq!(check(Some("Bearer t-2"), &plain), Err("no_token"));
        assert_eq!(check(Some("Bearer t-1"), &plain), Ok(()));
        let encoded: Uri = "/metrics?token=t%2D1".parse().unwrap();
        assert_eq!(check(None, &encoded), Ok(()));
        let query: Uri = "/metrics?a=b&token=t-1".parse().unwrap();
        assert_eq!(check(None, &query), Ok(()));
        let foreign = access().check(&headers("evil.example", Some("Bearer t-1")), &plain);
        assert_eq!(foreign.unwrap_err().kind().1, "foreign_host");
    }
}
