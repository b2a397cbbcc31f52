//! User tokens that name nobody, each wrong in one thing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clickstream_event::id::visitor_id;
use clickstream_relay::identity::token::{self, Claims, Key};
use hmac::{Hmac, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use crate::forgery::{now, only, visitor, with_cookie};
use crate::house::{House, NOW_MS, signing_key};

/// A token signed with our key under the name `kid`, with these claims as they stand.
fn signed(kid: &str, claims: &Value) -> String {
    let header = serde_json::json!({"alg": "HS256", "typ": "JWT", "kid": kid});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&header), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(&[7; 32]).unwrap();
    mac.update(text.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    format!("{text}.{signature}")
}

#[tokio::test]
async fn a_token_for_another_audience_or_under_another_keys_name_names_nobody() {
    let now_s = NOW_MS / 1000;
    let claims = |audience: Value| {
        let mut claims = serde_json::json!({
            "sub": "45", "auth_time": now_s - 60, "exp": now_s + 60, "aud": audience,
        });
        if audience.is_null() {
            claims.as_object_mut().unwrap().remove("aud");
        }
        claims
    };
    for (kid, audience, user) in [
        // Made the same way, right in everything: so each of the others fails for its own reason.
        ("2026-01", "clickstream".into(), "45".to_owned()),
        ("2026-01", "shop".into(), visitor()),
        ("2026-01", "Clickstream".into(), visitor()),
        ("2026-01", serde_json::json!(["shop", "mail"]), visitor()),
        ("2026-01", Value::Null, visitor()),
        ("2025-12", "clickstream".into(), visitor()),
        ("", "clickstream".into(), visitor()),
    ] {
        let what = format!("{kid:?} {audience}");
        let token = signed(kid, &claims(audience));
        assert_eq!(with_cookie(&token, now("")).await, user, "{what}, cookie");
        let bearer = format!("Bearer {token}");
        for (headers, member) in [
            (vec![], format!(r#""userToken":"{token}","#)),
            (vec![("authorization", &*bearer)], String::new()),
        ] {
            let house = House::new().await;
            let opening = format!(r#"{{"writeKey":"browser-key",{member}"#);
            let body = now("").replacen('{', &opening, 1);
            let answer = house.post("/v1/batch", &headers, body).await;
            assert_eq!(answer.json()["accepted"], 1, "{what}: {}", answer.text);
            assert_eq!(only(house).await.0, user, "{what}, {}", member.is_empty());
        }
    }
}

#[tokio::test]
async fn a_token_that_is_not_believed_names_nobody() {
    let claims = || Claims {
        sub: "45".to_owned(),
        auth_time: NOW_MS / 1000 - 60,
        exp: NOW_MS / 1000 + 60,
    };
    let good = token::sign(&signing_key(), &claims());
    let others = token::sign(
        &signing_key(),
        &Claims {
            sub: "46".to_owned(),
            ..claims()
        },
    );
    let parts = |token: &str| -> Vec<String> { token.split('.').map(str::to_owned).collect() };
    let (ours, theirs) = (parts(&good), parts(&others));
    let other_secret = Key::new("2026-01", &[8; 32]).unwrap();
    let other_name = Key::new("2025-01", &[7; 32]).unwrap();
    let none = "eyJhbGciOiJub25lIiwia2lkIjoiMjAyNi0wMSJ9"; // {"alg":"none","kid":"2026-01"}
    for (what, token) in [
        ("forged", token::sign(&other_secret, &claims())),
        ("of an unknown key", token::sign(&other_name, &claims())),
        (
            "expired",
            token::sign(
                &signing_key(),
                &Claims {
                    exp: NOW_MS / 1000,
                    ..claims()
                },
            ),
        ),
        (
            "swapped claims",
            format!("{}.{}.{}", ours[0], theirs[1], ours[2]),
        ),
        (
            "swapped signature",
            format!("{}.{}.{}", ours[0], ours[1], theirs[2]),
        ),
        ("unsigned", format!("{}.{}.", ours[0], ours[1])),
        ("alg none", format!("{none}.{}.", ours[1])),
        (
            "alg none, signed",
            format!("{none}.{}.{}", ours[1], ours[2]),
        ),
        ("no token", "45".to_owned()),
        (
            "a visitor's",
            token::sign(
                &signing_key(),
                &Claims {
                    sub: visitor_id("bookstore", "b").to_string(),
                    ..claims()
                },
            ),
        ),
    ] {
        for body in [now(""), now(r#","userId":"45""#)] {
            assert_eq!(with_cookie(&token, body.clone()).await, visitor(), "{what}");
            let house = House::new().await;
            let body = body.replacen('{', &format!(r#"{{"userToken":"{token}","#), 1);
            house.takes("browser-key", &[], body).await;
            assert_eq!(only(house).await.0, visitor(), "{what}, in the batch");
        }
    }
}
