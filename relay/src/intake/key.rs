//! Write keys: which source sends, and whether it may say whose an event is.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Uri, header};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What the holder of a key is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Public, it stands in a page: may not claim a user id.
    Browser,
    /// Public, but claims are believed, for sites that migrate: anybody can forge them.
    BrowserTrusted,
    /// Secret: may claim a user id, and may send larger batches.
    Server,
}

impl Kind {
    /// Whether an event's own `userId` is believed.
    #[must_use]
    pub fn may_claim(self) -> bool {
        !matches!(self, Self::Browser)
    }

    /// Stable: part of the duplicate key, so that a public key cannot shadow a secret one's ids.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Browser => 0,
            Self::BrowserTrusted => 1,
            Self::Server => 2,
        }
    }

    /// The name that it is configured by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::BrowserTrusted => "browser-trusted",
            Self::Server => "server",
        }
    }

    fn named(name: &str) -> Option<Self> {
        let all = [Self::Browser, Self::BrowserTrusted, Self::Server];
        all.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One configured key. Only its digest is kept, so that it cannot be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct WriteKey {
    /// What its holder is believed.
    pub kind: Kind,
    /// The name under which its events are filed: `relay.source`.
    pub source: String,
    digest: [u8; 32],
}

impl fmt::Debug for WriteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WriteKey({:?}, {:?}, …)", self.kind, self.source)
    }
}

impl WriteKey {
    /// Stands for the key where only sameness matters.
    #[must_use]
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }
}

/// Why a `KIND:SOURCE:KEY` is none. Never repeats the text: it may hold a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWriteKey {
    /// Fewer than three parts.
    #[error("write it as KIND:SOURCE:KEY, such as browser:bookstore:my-key")]
    Form,
    /// The first part is no kind.
    #[error("its kind must be browser, browser-trusted or server")]
    Kind,
    /// The second part is no name.
    #[error("its source must be 1 to 64 letters, digits, '-', '_' or '.'")]
    Source,
    /// The third part is no key.
    #[error("its key must be 1 to 200 printable characters without spaces")]
    Key,
}

impl std::str::FromStr for WriteKey {
    type Err = InvalidWriteKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, ':');
        let (Some(kind), Some(source), Some(key)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(InvalidWriteKey::Form);
        };
        let kind = Kind::named(kind).ok_or(InvalidWriteKey::Kind)?;
        let named = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if !(1..=64).contains(&source.len()) || !source.chars().all(named) {
            return Err(InvalidWriteKey::Source);
        }
        if !(1..=200).contains(&key.len()) || !key.chars().all(|c| c.is_ascii_graphic()) {
            return Err(InvalidWriteKey::Key);
        }
        Ok(Self {
            kind,
            source: source.to_owned(),
            digest: Sha256::digest(key).into(),
        })
    }
}

/// All configured keys.
#[derive(Clone, Debug, Default)]
pub struct Keyring(Vec<WriteKey>);

impl Keyring {
    /// Keys to search. The same text twice is the configuration's error, found there.
    #[must_use]
    pub fn new(keys: Vec<WriteKey>) -> Self {
        Self(keys)
    }

    /// The key that `presented` is. Takes as long for a near miss as for a far one: digests are
    /// compared, in constant time, and all of them.
    #[must_use]
    pub fn find(&self, presented: &str) -> Option<&WriteKey> {
        let digest: [u8; 32] = Sha256::digest(presented).into();
        let mut found = None;
        for key in &self.0 {
            if bool::from(key.digest.ct_eq(&digest)) {
                found = Some(key);
            }
        }
        found
    }

    /// Whether two keys have the same text, which would make their source a matter of luck.
    #[must_use]
    pub fn has_twins(&self) -> bool {
        let mut digests: Vec<_> = self.0.iter().map(|key| key.digest).collect();
        digests.sort_unstable();
        digests.windows(2).any(|pair| pair.first() == pair.last())
    }

    /// All keys, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = &WriteKey> {
        self.0.iter()
    }

    /// Whether there is no key, so that nobody may send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any key is a server's.
    #[must_use]
    pub fn has_server(&self) -> bool {
        self.0.iter().any(|key| key.kind == Kind::Server)
    }
}

/// The key in the header: the user name of Basic authorization, else `X-Write-Key`. (Then the
/// body's counts, then the query's: `intake.rs` asks in that order.)
#[must_use]
pub fn in_headers(headers: &HeaderMap) -> Option<String> {
    basic_user(headers).or_else(|| {
        let key = headers.get("x-write-key")?.to_str().ok()?.trim();
        (!key.is_empty()).then(|| key.to_owned())
    })
}

/// The Basic user name: RudderStack and Segment send `key:`, some send `key`. A password is not
/// looked at.
fn basic_user(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let user = decoded.split_once(':').map_or(&*decoded, |(user, _)| user);
    (!user.is_empty()).then(|| user.to_owned())
}

/// The key in the query: `?writeKey=K`, as beacons carry it.
#[must_use]
pub fn in_query(uri: &Uri) -> Option<String> {
    query_value(uri, "writeKey")
}

/// A value of the query by its name, decoded; an empty one is none.
#[must_use]
pub fn query_value(uri: &Uri, name: &str) -> Option<String> {
    let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?;
    let found = query.0.into_iter().find(|(known, _)| known == name);
    found
        .map(|(_, value)| value)
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn a_key_is_written_kind_source_key() {
        let key: WriteKey = "server:shop:id:secret".parse().unwrap();
        assert_eq!((key.kind, &*key.source), (Kind::Server, "shop"));
        let ring = Keyring::new(vec![key]);
        assert!(ring.find("id:secret").is_some());
        assert!(ring.find("id:secre").is_none());
        assert!(!format!("{ring:?}").contains("secret"));
        for (text, why) in [
            ("", InvalidWriteKey::Form),
            ("browser:shop", InvalidWriteKey::Form),
            ("browsr:shop:k", InvalidWriteKey::Kind),
            ("browser::k", InvalidWriteKey::Source),
            ("browser:a/b:k", InvalidWriteKey::Source),
            ("browser:shop:", InvalidWriteKey::Key),
            ("browser:shop:a b", InvalidWriteKey::Key),
        ] {
            assert_eq!(text.parse::<WriteKey>().unwrap_err(), why, "{text}");
        }
    }

    #[test]
    fn twins_are_seen() {
        let key = |text: &str| text.parse::<WriteKey>().unwrap();
        let one = key("browser:a:k");
        assert!(Keyring::new(vec![one.clone(), key("server:b:k")]).has_twins());
        assert!(!Keyring::new(vec![one, key("server:b:l")]).has_twins());
    }

    #[test]
    fn the_header_gives_the_key_with_or_without_a_colon() {
        for text in ["k-1:", "k-1", "k-1:password"] {
            let value = format!("Basic {}", STANDARD.encode(text));
            let found = in_headers(&headers(header::AUTHORIZATION, &value));
            assert_eq!(found.as_deref(), Some("k-1"), "{text}");
        }
        let x = headers(header::HeaderName::from_static("x-write-key"), "id:k");
        assert_eq!(in_headers(&x).as_deref(), Some("id:k"));
        for other in ["Bearer abc", "Basic ?", "Basic", "Basic Og=="] {
            assert_eq!(in_headers(&headers(header::AUTHORIZATION, other)), None);
        }
    }

    #[test]
    fn the_query_gives_the_key_decoded() {
        let uri: Uri = "/v1/batch?a=1&writeKey=id%3Asecret".parse().unwrap();
        assert_eq!(in_query(&uri).as_deref(), Some("id:secret"));
        assert_eq!(in_query(&"/v1/batch?writeKey=".parse().unwrap()), None);
    }
}
