//! User tokens and the cookies that carry them: nothing that we did not sign names anybody, and
//! what we signed names whom it says, however oddly it says it.
//!
//! The first line of the input is a token, the second the header and the third the claims of one
//! that is signed honestly; all of them are lines of cookies as well.

#![no_main]

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use clickstream_relay::identity::cookie::{self, Found, Rules};
use clickstream_relay::identity::token::{AUDIENCE, Key, Verified, verify};
use hmac::{Hmac, Mac as _};
use http::{HeaderMap, HeaderValue, header};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use sha2::Sha256;

const SECRET: [u8; 32] = [7; 32];
const NOW_S: u64 = 1_767_323_045;

fn signed(header: &[u8], claims: &[u8]) -> String {
    let signed = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(&SECRET).expect("any length");
    mac.update(signed.as_bytes());
    format!("{signed}.{}", BASE64.encode(mac.finalize().into_bytes()))
}

/// What a believed token must say, read by another reader.
fn is_what_it_says(verified: &Verified, header: &[u8], claims: &[u8]) {
    let header: Value = serde_json::from_slice(header).expect("a header is JSON");
    let claims: Value = serde_json::from_slice(claims).expect("claims are JSON");
    assert_eq!(
        (&header["alg"], &header["kid"]),
        (&"HS256".into(), &"a".into())
    );
    let audience = match &claims["aud"] {
        Value::Array(all) => all.iter().any(|one| one == AUDIENCE),
        one => one == AUDIENCE,
    };
    assert!(audience, "{claims}");
    assert_eq!(claims["sub"], verified.user_id.as_str());
    assert!(!verified.user_id.is_visitor(), "{claims}");
    assert!(claims["exp"].as_f64() > Some(NOW_S as f64), "{claims}");
    let auth_time_ms = claims["auth_time"].as_f64().expect("a number") * 1000.0;
    assert!(
        (auth_time_ms - verified.auth_time_ms as f64).abs() < 1.0,
        "{claims}"
    );
}

/// The obvious way: all values of that name, and exactly one. Pairs that are no text are others'.
fn obvious(headers: &HeaderMap, name: &str) -> Found {
    let lines = headers.get_all(header::COOKIE).iter();
    let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    let values: BTreeSet<&str> = pairs
        .filter_map(|pair| std::str::from_utf8(pair).ok())
        .filter_map(|pair| pair.split_once('='))
        .filter(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim().trim_matches('"'))
        .filter(|value| !value.is_empty())
        .collect();
    match values.len() {
        0 => Found::Nothing,
        1 => Found::Token(values.into_iter().collect()),
        _ => Found::Ambiguous,
    }
}

fuzz_target!(|input: &[u8]| {
    let keys = [Key::new("a", &SECRET).expect("a key")];
    let mut lines = input.split(|byte| *byte == b'\n');
    let token = String::from_utf8_lossy(lines.next().unwrap_or_default());
    // Nobody here can sign: the secret is in no input.
    assert!(verify(&token, &keys, NOW_S).is_err(), "forged: {token}");

    let (head, claims) = (
        lines.next().unwrap_or_default(),
        lines.next().unwrap_or_default(),
    );
    if let Ok(verified) = verify(&signed(head, claims), &keys, NOW_S) {
        is_what_it_says(&verified, head, claims);
    }

    let cookies = input.split(|byte| *byte == b'\n');
    let cookies = cookies.filter_map(|line| HeaderValue::from_bytes(line).ok());
    let headers = HeaderMap::from_iter(cookies.map(|line| (header::COOKIE, line)));
    for (secure, shared_cookie) in [(false, false), (true, false), (true, true)] {
        let rules = Rules {
            secure,
            shared_cookie,
        };
        let wanted = match obvious(&headers, cookie::HOST_ONLY) {
            _ if !secure => obvious(&headers, cookie::PLAIN),
            Found::Nothing if shared_cookie => obvious(&headers, cookie::PLAIN),
            found => found,
        };
        assert_eq!(cookie::token(&headers, rules), wanted);
    }
});
