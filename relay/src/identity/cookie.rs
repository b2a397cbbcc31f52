//! The cookie that carries the user token, found without being fooled by a second one.

use http::{HeaderMap, header};

/// Set by the site's sign-in; over TLS under the name below it.
pub const PLAIN: &str = "clickstream_user";

/// Browsers take a cookie of this name only over TLS, from this very host, for the whole site: no
/// subdomain and no plain connection can plant one.
pub const HOST_ONLY: &str = "__Host-clickstream_user";

/// How cookies are read: by how browsers reach us and what the operator allows.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Browsers reach us by TLS.
    pub secure: bool,
    /// Under TLS, read the plain cookie where the other is absent.
    pub shared_cookie: bool,
}

/// What the cookies say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// No token.
    Nothing,
    /// One token.
    Token(String),
    /// Two different ones under one name: somebody planted one, and nobody can say which.
    Ambiguous,
}

/// The token in the request's cookies.
#[must_use]
pub fn token(headers: &HeaderMap, rules: Rules) -> Found {
    if !rules.secure {
        return named(headers, PLAIN);
    }
    match named(headers, HOST_ONLY) {
        Found::Nothing if rules.shared_cookie => named(headers, PLAIN),
        found => found,
    }
}

/// Names and values of all cookies, with the space around them. Read as bytes, a pair at a time: what
/// stands in another cookie, in whatever script, hides none.
pub fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(header::COOKIE).into_iter();
    let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs
        .filter_map(|pair| std::str::from_utf8(pair).ok())
        .filter_map(|pair| pair.split_once('='))
}

/// The one value of the cookies of that name.
pub(super) fn named(headers: &HeaderMap, name: &str) -> Found {
    let mut found = Found::Nothing;
    for (key, value) in pairs(headers) {
        let value = value.trim().trim_matches('"');
        if key.trim() != name || value.is_empty() {
            continue;
        }
        match &found {
            Found::Token(first) if first != value => return Found::Ambiguous,
            _ => found = Found::Token(value.to_owned()),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Rules = Rules {
        secure: false,
        shared_cookie: false,
    };
    const TLS: Rules = Rules {
        secure: true,
        shared_cookie: false,
    };
    const SHARED: Rules = Rules {
        secure: true,
        shared_cookie: true,
    };

    fn found(cookies: &[&str], rules: Rules) -> Found {
        let lines = cookies.iter().map(|line| line.parse().unwrap());
        let headers = HeaderMap::from_iter(lines.map(|line| (header::COOKIE, line)));
        token(&headers, rules)
    }

    fn one(text: &str) -> Found {
        Found::Token(text.to_owned())
    }

    #[test]
    fn without_tls_the_plain_cookie_counts() {
        assert_eq!(found(&["a=1; clickstream_user=t"], OPEN), one("t"));
        assert_eq!(found(&["clickstream_user=\"t\""], OPEN), one("t"));
        assert_eq!(found(&["__Host-clickstream_user=t"], OPEN), Found::Nothing);
        assert_eq!(
            found(&["xclickstream_user=t; clickstream_user="], OPEN),
            Found::Nothing
        );
    }

    #[test]
    fn another_cookie_hides_none() {
        for other in [&b"town=Z\xc3\xbcrich"[..], b"x=\xff"] {
            let line = [other, b"; clickstream_user=t"].concat();
            let line = http::HeaderValue::from_bytes(&line).unwrap();
            let headers = HeaderMap::from_iter([(header::COOKIE, line)]);
            assert_eq!(token(&headers, OPEN), one("t"));
        }
    }

    #[test]
    fn under_tls_the_host_cookie_counts_and_the_plain_one_only_if_shared() {
        let both = ["clickstream_user=p; __Host-clickstream_user=h"];
        assert_eq!(found(&both, TLS), one("h"));
        assert_eq!(found(&both, SHARED), one("h"));
        assert_eq!(found(&["clickstream_user=p"], TLS), Found::Nothing);
        assert_eq!(found(&["clickstream_user=p"], SHARED), one("p"));
    }

    #[test]
    fn two_different_ones_name_nobody() {
        let two = ["clickstream_user=a; clickstream_user=b"];
        assert_eq!(found(&two, OPEN), Found::Ambiguous);
        assert_eq!(found(&two, SHARED), Found::Ambiguous);
        assert_eq!(
            found(&["clickstream_user=a", "clickstream_user=b"], OPEN),
            Found::Ambiguous
        );
        assert_eq!(
            found(&["clickstream_user=a; clickstream_user=a"], OPEN),
            one("a")
        );
    }
}
