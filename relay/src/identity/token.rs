//! User tokens: who is signed in, said by the site and signed (a JWT, HS256 and nothing else).
//!
//! Verification is our own because it is small: three base64 parts, one HMAC, four claims. Of the
//! header only `alg` (must be HS256) and `kid` (which of our keys) are looked at; keys, URLs and
//! algorithms that a token brings along are the classic holes, so nothing else is read.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use clickstream_event::id::UserId;
use hmac::{Hmac, Mac as _};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// Whom our tokens are made for: the claim `aud`.
pub const AUDIENCE: &str = "clickstream";

/// Longer texts are no tokens of ours and not worth a look.
const MAX_BYTES: usize = 4096;

/// Seconds since 1970 at the end of the year 9999.
const YEAR_9999: f64 = 253_402_300_799.0;

/// Fewest bytes of a secret: as many as HS256 gives (RFC 7518, section 3.2).
pub const MIN_SECRET_BYTES: usize = 32;

/// A key that signs user tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    kid: String,
    secret: Vec<u8>,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?}, …)", self.kid)
    }
}

/// Why bytes are no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// It has no name.
    #[error("give the key a name: KID:FILE")]
    NoName,
    /// It could be guessed.
    #[error("the secret must have at least {MIN_SECRET_BYTES} bytes")]
    TooShort,
}

impl Key {
    /// A key called `kid`, which stands in the header of the tokens that it signs.
    ///
    /// # Errors
    /// When the name is empty or the secret is shorter than 32 bytes.
    pub fn new(kid: &str, secret: &[u8]) -> Result<Self, InvalidKey> {
        if kid.is_empty() {
            Err(InvalidKey::NoName)
        } else if secret.len() < MIN_SECRET_BYTES {
            Err(InvalidKey::TooShort)
        } else {
            Ok(Self {
                kid: kid.to_owned(),
                secret: secret.to_vec(),
            })
        }
    }

    /// The key's name.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }
}

/// What a token says. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The user id.
    pub sub: String,
    /// When the user signed in; survives the token's renewal.
    pub auth_time: u64,
    /// From when on the token is worth nothing.
    pub exp: u64,
}

/// A token that was believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The user that it names.
    pub user_id: UserId,
    /// When that user signed in, milliseconds since 1970.
    pub auth_time_ms: i64,
}

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No JWT at all: a bearer of somebody else's making.
    NotOurs,
    /// Another algorithm than HS256, `none` among them.
    Algorithm,
    /// No key of ours has its `kid`.
    UnknownKey,
    /// The signature is not our key's.
    Forged,
    /// Signed by us, but made for somebody else.
    Audience,
    /// Signed by us, but `sub`, `auth_time` or `exp` is missing or of the wrong type.
    Claims,
    /// It was good until `exp`.
    Expired,
    /// Its subject is no user id, or claims to be a visitor.
    Subject,
}

#[derive(Serialize)]
struct HeaderOut<'a> {
    alg: &'static str,
    typ: &'static str,
    kid: &'a str,
}

#[derive(Serialize)]
struct ClaimsOut<'a> {
    sub: &'a str,
    aud: &'static str,
    auth_time: u64,
    exp: u64,
}

#[derive(Deserialize)]
struct HeaderIn {
    alg: String,
    kid: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum AudienceIn {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct AudienceClaim {
    aud: Option<AudienceIn>,
}

#[derive(Deserialize)]
struct ClaimsIn {
    sub: String,
    // RFC 7519, section 2: a NumericDate may have a fraction.
    auth_time: f64,
    exp: f64,
}

/// Signs `claims`: the site does this at sign-in and puts the token into its cookie.
#[must_use]
pub fn sign(key: &Key, claims: &Claims) -> String {
    let header = HeaderOut {
        alg: "HS256",
        typ: "JWT",
        kid: &key.kid,
    };
    let claims = ClaimsOut {
        sub: &claims.sub,
        aud: AUDIENCE,
        auth_time: claims.auth_time,
        exp: claims.exp,
    };
    let signed = format!("{}.{}", part(&header), part(&claims));
    let signature = mac(&key.secret, signed.as_bytes())
        .map(|mac| BASE64.encode(mac.finalize().into_bytes()))
        .unwrap_or_default();
    format!("{signed}.{signature}")
}

fn part(value: &impl Serialize) -> String {
    // Structs of texts and numbers cannot fail to serialize.
    BASE64.encode(serde_json::to_vec(value).unwrap_or_default())
}

/// `None` cannot happen: HMAC takes keys of any length. It is an option so as not to panic.
fn mac(secret: &[u8], signed: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    mac.update(signed);
    Some(mac)
}

/// Whether `signature` (base64url) signs `signed` with `secret`; in constant time.
fn is_signed(secret: &[u8], signed: &str, signature: &str) -> bool {
    let Ok(signature) = BASE64.decode(signature) else {
        return false;
    };
    mac(secret, signed.as_bytes()).is_some_and(|mac| mac.verify_slice(&signature).is_ok())
}

/// `T` out of JSON that any other reader takes as well.
///
/// serde_json skips the members that `T` does not name without looking closely: bytes that are no
/// UTF-8, half a surrogate pair and numbers beyond f64 pass there. Reading all of it first refuses
/// a token on which two readers would disagree.
fn read<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    serde_json::from_slice::<serde_json::Value>(json).ok()?;
    serde_json::from_slice(json).ok()
}

/// Says whom `token` names, at `now_s` seconds since 1970.
///
/// # Errors
/// The first reason not to believe it.
pub fn verify(token: &str, keys: &[Key], now_s: u64) -> Result<Verified, Refused> {
    if token.len() > MAX_BYTES {
        return Err(Refused::NotOurs);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(Refused::NotOurs)?;
    let (header, claims) = signed.split_once('.').ok_or(Refused::NotOurs)?;
    let header = BASE64.decode(header).map_err(|_| Refused::NotOurs)?;
    let header: HeaderIn = read(&header).ok_or(Refused::NotOurs)?;
    if header.alg != "HS256" {
        return Err(Refused::Algorithm);
    }
    let kid = header.kid.ok_or(Refused::UnknownKey)?;
    let key = keys.iter().find(|key| key.kid == kid);
    let key = key.ok_or(Refused::UnknownKey)?;
    if !is_signed(&key.secret, signed, signature) {
        return Err(Refused::Forged);
    }
    let claims = BASE64.decode(claims).map_err(|_| Refused::Claims)?;
    let audience: AudienceClaim = read(&claims).ok_or(Refused::Claims)?;
    let for_us = match audience.aud {
        Some(AudienceIn::One(one)) => one == AUDIENCE,
        Some(AudienceIn::Many(many)) => many.iter().any(|one| one == AUDIENCE),
        None => false,
    };
    if !for_us {
        return Err(Refused::Audience);
    }
    let claims: ClaimsIn = read(&claims).ok_or(Refused::Claims)?;
    // Seconds since 1970 are exact in an f64 for the next 285 million years.
    if now_s as f64 >= claims.exp {
        return Err(Refused::Expired);
    }
    if !(0.0..=YEAR_9999).contains(&claims.auth_time) {
        return Err(Refused::Claims);
    }
    let user_id = UserId::new(&claims.sub).map_err(|_| Refused::Subject)?;
    if user_id.is_visitor() {
        return Err(Refused::Subject);
    }
    Ok(Verified {
        user_id,
        // In range, as checked above.
        auth_time_ms: (claims.auth_time * 1000.0) as i64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_767_323_045;

    fn key(kid: &str) -> Key {
        Key::new(kid, &[kid.as_bytes()[0]; 32]).unwrap()
    }

    fn claims() -> Claims {
        Claims {
            sub: "45".to_owned(),
            auth_time: NOW - 60,
            exp: NOW + 60,
        }
    }

    fn raw(header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>, key: &Key) -> String {
        let signed = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
        let mac = mac(&key.secret, signed.as_bytes()).unwrap();
        let signature = BASE64.encode(mac.finalize().into_bytes());
        format!("{signed}.{signature}")
    }

    #[test]
    fn rfc_7515_appendix_a_1() {
        let secret = BASE64
            .decode(
                "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
            )
            .unwrap();
        let signed = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
            eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert!(is_signed(&secret, signed, signature));
        assert!(!is_signed(&secret, signed, &signature.replace('d', "e")));
        assert!(!is_signed(&secret[1..], signed, signature));
        assert!(!is_signed(&secret, signed, ""));
    }

    #[test]
    fn a_signed_token_names_its_user() {
        let token = sign(&key("a"), &claims());
        let verified = verify(&token, &[key("b"), key("a")], NOW).unwrap();
        assert_eq!(verified.user_id.as_str(), "45");
        assert_eq!(verified.auth_time_ms, (NOW as i64 - 60) * 1000);
    }

    #[test]
    fn an_audience_may_be_a_list() {
        let good = r#"{"sub":"45","aud":["x","clickstream"],"auth_time":1,"exp":99999999999}"#;
        let token = raw(r#"{"alg":"HS256","kid":"a"}"#, good, &key("a"));
        assert!(verify(&token, &[key("a")], NOW).is_ok());
    }

    #[test]
    fn times_may_have_fractions() {
        let good =
            r#"{"sub":"45","aud":"clickstream","auth_time":1767323045.25,"exp":1767323045.5}"#;
        let token = raw(r#"{"alg":"HS256","kid":"a"}"#, good, &key("a"));
        let verified = verify(&token, &[key("a")], NOW).unwrap();
        assert_eq!(verified.auth_time_ms, 1_767_323_045_250);
        assert_eq!(verify(&token, &[key("a")], NOW + 1), Err(Refused::Expired));
    }

    #[test]
    fn a_member_that_nobody_reads_must_be_json_too() {
        let header = r#"{"alg":"HS256","kid":"a"}"#.as_bytes();
        let claims = br#"{"sub":"45","aud":"clickstream","auth_time":1,"exp":99999999999,"x":"#;
        let with = |start: &[u8], value: &[u8]| [start, value, b"}"].concat();
        let said = |header: Vec<u8>, claims: Vec<u8>| {
            let token = raw(header, claims, &key("a"));
            verify(&token, &[key("a")], NOW).map(|verified| verified.user_id.to_string())
        };
        let head = [&header[..header.len() - 1], br#","x":"#].concat();
        for odd in [&b"\"\xff\""[..], br#""\ud800""#, b"1e999"] {
            let in_claims = said(header.to_vec(), with(claims, odd));
            assert_eq!(in_claims, Err(Refused::Claims));
            let in_header = said(with(&head, odd), with(claims, b"1"));
            assert_eq!(in_header, Err(Refused::NotOurs));
        }
        let good = said(with(&head, b"1"), with(claims, b"1"));
        assert_eq!(good, Ok("45".to_owned()));
    }

    #[test]
    fn every_other_token_is_refused_for_its_reason() {
        let header = r#"{"alg":"HS256","kid":"a"}"#;
        let with = |claims: &str| raw(header, claims, &key("a"));
        let headed = |header: &str| raw(header, r#"{"sub":"45","aud":"clickstream"}"#, &key("a"));
        let good = sign(&key("a"), &claims());
        let (signed, _) = good.rsplit_once('.').unwrap();
        let subject = |sub: &str| {
            let sub = sub.to_owned();
            sign(&key("a"), &Claims { sub, ..claims() })
        };
        let cases = [
            ("opaque bearer".to_owned(), Refused::NotOurs),
            ("a.b.c".to_owned(), Refused::NotOurs),
            ("x".repeat(5000), Refused::NotOurs),
            (headed(r#"{"alg":"none","kid":"a"}"#), Refused::Algorithm),
            (headed(r#"{"alg":"hs256","kid":"a"}"#), Refused::Algorithm),
            (headed(r#"{"alg":"HS512","kid":"a"}"#), Refused::Algorithm),
            (headed(r#"{"alg":"HS256"}"#), Refused::UnknownKey),
            (headed(r#"{"alg":"HS256","kid":"z"}"#), Refused::UnknownKey),
            // A header that is read twice differently by two readers: not read at all.
            (
                headed(r#"{"alg":"none","alg":"HS256","kid":"a"}"#),
                Refused::NotOurs,
            ),
            (format!("{signed}."), Refused::Forged),
            (format!("{signed}.AAAA"), Refused::Forged),
            (raw(header, "{}", &key("b")), Refused::Forged),
            (with("{}"), Refused::Audience),
            (
                with(r#"{"sub":"45","aud":"shop","auth_time":1,"exp":99999999999}"#),
                Refused::Audience,
            ),
            (with("[]"), Refused::Claims),
            (
                with(r#"{"sub":45,"aud":"clickstream","auth_time":1,"exp":99999999999}"#),
                Refused::Claims,
            ),
            (
                with(r#"{"sub":"45","aud":"clickstream","exp":99999999999}"#),
                Refused::Claims,
            ),
            (
                with(r#"{"sub":"45","aud":"clickstream","auth_time":-1,"exp":99999999999}"#),
                Refused::Claims,
            ),
            (
                with(r#"{"sub":"45","aud":"clickstream","auth_time":1}"#),
                Refused::Claims,
            ),
            (
                sign(
                    &key("a"),
                    &Claims {
                        exp: NOW,
                        ..claims()
                    },
                ),
                Refused::Expired,
            ),
            (subject(""), Refused::Subject),
            (subject("../a"), Refused::Subject),
            (subject("visitor-0123"), Refused::Subject),
        ];
        for (token, why) in cases {
            assert_eq!(verify(&token, &[key("a")], NOW), Err(why), "{token}");
        }
        // Two tokens' halves joined are neither.
        let other = subject("46");
        let (_, signature) = other.rsplit_once('.').unwrap();
        let swapped = format!("{signed}.{signature}");
        assert_eq!(verify(&swapped, &[key("a")], NOW), Err(Refused::Forged));
    }

    #[test]
    fn a_key_that_could_be_guessed_is_refused() {
        assert_eq!(Key::new("a", &[0; 31]), Err(InvalidKey::TooShort));
        assert_eq!(Key::new("", &[0; 32]), Err(InvalidKey::NoName));
        assert!(!format!("{:?}", key("s")).contains("115"));
    }
}
