//! Signature Version 4, checked where the server was given keys ("Authenticating Requests (AWS
//! Signature Version 4)"). Without keys any signature is taken, and none.

use super::error::ApiError;
use hmac::{Hmac, Mac};
use hyper::http::request::Parts;
use sha2::{Digest, Sha256};
use std::fmt::{self, Write};
use std::str::FromStr;

/// An access key that calls may be signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    id: String,
    secret: String,
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessKey({})", self.id)
    }
}

/// Why a text is no [`AccessKey`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an access key is ID:SECRET, such as local:secret; the id has no `/`")]
pub struct AccessKeyError;

impl FromStr for AccessKey {
    type Err = AccessKeyError;

    fn from_str(text: &str) -> Result<Self, AccessKeyError> {
        let (id, secret) = text.split_once(':').ok_or(AccessKeyError)?;
        match id.is_empty() || secret.is_empty() || id.contains(['/', ',', ' ']) {
            true => Err(AccessKeyError),
            false => Ok(Self {
                id: id.to_owned(),
                secret: secret.to_owned(),
            }),
        }
    }
}

/// How far a call's time may be from the server's, seconds.
const LEEWAY: i64 = 5 * 60;

/// Holds a call to the keys; none of them takes every call.
///
/// # Errors
/// By AWS's names: no signature, one that is incomplete, of a key that is not known, too old, or
/// wrong.
pub fn verify(keys: &[AccessKey], parts: &Parts, body: &[u8], now_ms: u64) -> Result<(), ApiError> {
    if keys.is_empty() {
        return Ok(());
    }
    let header = |name: &str| parts.headers.get(name)?.to_str().ok();
    let authorization = header("authorization").ok_or_else(|| {
        ApiError::unsigned(
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        )
    })?;
    let incomplete = || {
        ApiError::unsigned(
            "IncompleteSignatureException",
            "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters, and the call X-Amz-Date",
        )
    };
    let given = Given::read(authorization).ok_or_else(incomplete)?;
    let date = header("x-amz-date").ok_or_else(incomplete)?;
    let signed_at = seconds(date).ok_or_else(incomplete)?;
    let [id, day, region, service, "aws4_request"] = given.scope[..] else {
        return Err(incomplete());
    };
    if !date.starts_with(day) || !given.signs("host") || !given.signs("x-amz-date") {
        return Err(incomplete());
    }
    let key = keys.iter().find(|key| key.id == id).ok_or_else(|| {
        ApiError::unsigned(
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        )
    })?;
    let now = i64::try_from(now_ms / 1000).unwrap_or(i64::MAX);
    if now.abs_diff(signed_at) > LEEWAY.unsigned_abs() {
        return Err(ApiError::unsigned(
            "InvalidSignatureException",
            "Signature expired: the call's X-Amz-Date is more than 5 minutes from this server's clock",
        ));
    }
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let request = canonical(parts, given.signed_headers, body);
    let text = format!(
        "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
        hash(request.as_bytes())
    );
    let mut secret = format!("AWS4{}", key.secret).into_bytes();
    for step in [day, region, service, "aws4_request"] {
        secret = mac(&secret, step).finalize().into_bytes().to_vec();
    }
    // In constant time.
    mac(&secret, &text)
        .verify_slice(&given.signature)
        .map_err(|_| {
            ApiError::unsigned(
                "InvalidSignatureException",
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
            )
        })
}

/// What an `Authorization` header says.
struct Given<'a> {
    scope: Vec<&'a str>,
    signed_headers: &'a str,
    signature: Vec<u8>,
}

impl<'a> Given<'a> {
    fn read(authorization: &'a str) -> Option<Self> {
        let parameters = authorization.strip_prefix("AWS4-HMAC-SHA256 ")?;
        let find = |name: &str| {
            let mut parameters = parameters.split(',').map(str::trim);
            parameters.find_map(|one| one.strip_prefix(name)?.strip_prefix('='))
        };
        Some(Self {
            scope: find("Credential")?.split('/').collect(),
            signed_headers: find("SignedHeaders")?,
            signature: bytes(find("Signature")?)?,
        })
    }

    fn signs(&self, header: &str) -> bool {
        self.signed_headers.split(';').any(|name| name == header)
    }
}

/// The request in the form that is signed. Of the API's one path nothing has to be escaped.
fn canonical(parts: &Parts, signed_headers: &str, body: &[u8]) -> String {
    let mut query: Vec<&str> = parts.uri.query().unwrap_or_default().split('&').collect();
    query.sort_unstable();
    let mut out = format!(
        "{}\n{}\n{}\n",
        parts.method,
        parts.uri.path(),
        query.join("&")
    );
    for name in signed_headers.split(';') {
        let values = parts.headers.get_all(name).iter();
        let values: Vec<String> = values
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .map(|value| value.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        let _ = writeln!(out, "{name}:{}", values.join(","));
    }
    let _ = write!(out, "\n{signed_headers}\n{}", hash(body));
    out
}

/// `20260102T030405Z` as seconds since 1970.
fn seconds(date: &str) -> Option<i64> {
    let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", date).ok()?;
    let time = jiff::tz::TimeZone::UTC.to_timestamp(time).ok()?;
    Some(time.as_second())
}

/// An HMAC takes a key of any length.
fn mac(key: &[u8], text: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)
        .unwrap_or_else(|_| Hmac::new(&hmac::digest::Key::<Hmac<Sha256>>::default()));
    mac.update(text.as_bytes());
    mac
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
}

/// Bytes of their hexadecimal digits.
fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes();
    let pairs = digits.chunks(2).map(|pair| {
        let text = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(text, 16).ok()
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;

    /// AWS's own example: `post-vanilla` of the Signature Version 4 test suite.
    const SIGNATURE: &str = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b";

    /// 30 August 2015, 12:36 UTC.
    const THEN: u64 = 1_440_938_160_000;

    fn check(authorization: Option<&str>, secret: &str, now_ms: u64) -> Result<(), &'static str> {
        let mut request = Request::post("/")
            .header("host", "example.amazonaws.com")
            .header("x-amz-date", "20150830T123600Z");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let key = format!("AKIDEXAMPLE:{secret}").parse().unwrap();
        verify(&[key], &parts, b"", now_ms).map_err(|error| error.kind)
    }

    fn authorization(id: &str, signature: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential={id}/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature={signature}"
        )
    }

    #[test]
    fn awss_own_example_is_right_and_each_change_of_it_is_not() {
        const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let right = authorization("AKIDEXAMPLE", SIGNATURE);
        assert_eq!(check(Some(&right), SECRET, THEN), Ok(()));
        assert_eq!(check(Some(&right), SECRET, THEN + 299_000), Ok(()));
        for (given, secret, now, kind) in [
            (
                Some(right.clone()),
                "other",
                THEN,
                "InvalidSignatureException",
            ),
            (
                Some(right.clone()),
                SECRET,
                THEN + 301_000,
                "InvalidSignatureException",
            ),
            (
                Some(right.clone()),
                SECRET,
                THEN - 301_000,
                "InvalidSignatureException",
            ),
            (
                Some(right.replace("5da7", "5da8")),
                SECRET,
                THEN,
                "InvalidSignatureException",
            ),
            (
                Some(right.replace("us-east-1", "us-east-2")),
                SECRET,
                THEN,
                "InvalidSignatureException",
            ),
            (
                Some(right.replace(SIGNATURE, "")),
                SECRET,
                THEN,
                "InvalidSignatureException",
            ),
            (
                Some(authorization("OTHER", SIGNATURE)),
                SECRET,
                THEN,
                "UnrecognizedClientException",
            ),
            (
                Some(right.replace("host;", "")),
                SECRET,
                THEN,
                "IncompleteSignatureException",
            ),
            (
                Some(right.replace("20150830/", "20150831/")),
                SECRET,
                THEN,
                "IncompleteSignatureException",
            ),
            (
                Some(right.replace("5da7", "5dzz")),
                SECRET,
                THEN,
                "IncompleteSignatureException",
            ),
            (
                Some("Bearer x".to_owned()),
                SECRET,
                THEN,
                "IncompleteSignatureException",
            ),
            (None, SECRET, THEN, "MissingAuthenticationTokenException"),
        ] {
            assert_eq!(check(given.as_deref(), secret, now), Err(kind), "{given:?}");
        }
    }

    #[test]
    fn a_key_is_an_id_and_a_secret() {
        for wrong in ["", "id", ":secret", "id:", "a/b:secret"] {
            assert_eq!(wrong.parse::<AccessKey>(), Err(AccessKeyError), "{wrong}");
        }
        let key: AccessKey = "id:se:cret".parse().unwrap();
        assert_eq!(format!("{key:?}"), "AccessKey(id)", "no secret is shown");
    }
}
