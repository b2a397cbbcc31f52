//! Nobody's events lie under somebody else: every way in that was thought of.

use clickstream_event::id::visitor_id;
use clickstream_relay::identity::Anonymous;
use http::Request;
use serde_json::Value;

use crate::house::{House, basic, event, token};

const NOW: &str = "2026-01-02T03:04:06.000Z";

pub fn visitor() -> String {
    visitor_id("bookstore", "anon").as_str().to_owned()
}

/// An event of the visitor `anon` with these members, made and sent now.
pub fn now(members: &str) -> String {
    event(&format!(
        r#","anonymousId":"anon","timestamp":"{NOW}","sentAt":"{NOW}"{members}"#
    ))
}

/// The only line's user, and the claim that was not believed.
pub async fn only(house: House) -> (String, Option<String>) {
    let lines = house.lines().await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let user = text(&lines[0]["userId"]).unwrap_or_default();
    (user, text(&lines[0]["relay"]["claimed"]["userId"]))
}

/// Whose an event is that comes with this token in a cookie.
pub async fn with_cookie(token: &str, body: String) -> String {
    let house = House::new().await;
    let cookie = format!("clickstream_user={token}");
    house
        .takes("browser-key", &[("cookie", &cookie)], body)
        .await;
    only(house).await.0
}

#[tokio::test]
async fn a_right_token_names_its_user_in_cookie_batch_and_bearer() {
    let token = token("45", 60);
    assert_eq!(with_cookie(&token, now("")).await, "45");
    assert_eq!(with_cookie(&token, now(r#","userId":"45""#)).await, "45");

    let house = House::new().await;
    let body = now("").replacen('{', &format!(r#"{{"userToken":"{token}","#), 1);
    house.takes("browser-key", &[], body).await;
    assert_eq!(only(house).await.0, "45");

    let house = House::new().await;
    let body = now("").replacen('{', r#"{"writeKey":"browser-key","#, 1);
    let bearer = format!("Bearer {token}");
    let answer = house
        .post("/v1/batch", &[("authorization", &bearer)], body)
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(only(house).await.0, "45");
}

#[tokio::test]
async fn the_token_is_neither_stored_nor_told() {
    let house = House::new().await;
    let token = token("45", 60);
    let body = now(&format!(r#","userToken":"{token}""#));
    let body = body.replacen('{', &format!(r#"{{"userToken":"{token}","#), 1);
    house.takes("browser-key", &[], body).await;
    let lines = house.lines().await;
    assert!(!lines[0].to_string().contains(&token), "{}", lines[0]);
}

#[tokio::test]
async fn a_browser_key_claims_nobody() {
    for claim in [
        r#","userId":"45""#,
        r#","user\u0049d":"45""#,
        r#","userId":45"#,
    ] {
        let house = House::new().await;
        house.takes("browser-key", &[], now(claim)).await;
        assert_eq!(
            only(house).await,
            (visitor(), Some("45".to_owned())),
            "{claim}"
        );
    }
}

#[tokio::test]
async fn a_second_user_id_is_refused_however_it_is_written() {
    for twice in [
        r#","userId":"45","userId":"46""#,
        r#","userId":"45","user\u0049d":"46""#,
        r#","user\u0049d":"45","\u0075serId":"46""#,
    ] {
        let house = House::new().await;
        let headers = [("authorization", &*basic("server-key"))];
        let answer = house.post("/v1/batch", &headers, now(twice)).await;
        assert_eq!(answer.status, 200);
        let reason = answer.json()["rejected"][0]["reason"].clone();
        assert!(
            reason
                .as_str()
                .unwrap()
                .starts_with("duplicate_key: $.userId"),
            "{reason}"
        );
        assert_eq!(house.lines().await.len(), 0);
    }
}

#[tokio::test]
async fn server_owned_names_are_not_taken_from_a_client() {
    let house = House::new().await;
    let body =
        now(r#","userBucket":"000","receivedAt":"x","relay":{"source":"other","ip":"1.2.3.4"}"#);
    house.takes("browser-key", &[], body).await;
    let lines = house.lines().await;
    assert_eq!(lines[0]["receivedAt"], NOW);
    assert_eq!(
        lines[0]["relay"],
        serde_json::json!({"traffic":"human","source":"bookstore"})
    );
}

#[tokio::test]
async fn a_visitor_cannot_be_claimed_with_any_key() {
    let victim = visitor_id("bookstore", "victim");
    for key in ["browser-key", "trusted-key", "server-key"] {
        let house = House::new().await;
        house
            .takes(key, &[], now(&format!(r#","userId":"{victim}""#)))
            .await;
        let (user, claimed) = only(house).await;
        assert_ne!(user, victim.as_str(), "{key}");
        assert_eq!(claimed.as_deref(), Some(victim.as_str()), "{key}");
    }
}

#[tokio::test]
async fn what_a_queued_is_not_bs_after_b_signed_in() {
    // B signed in ten seconds ago; A's events wait in the same browser's queue.
    let b = token("b", 10);
    let cookie = format!("clickstream_user={b}");
    let made = |time: &str, sent: &str, members: &str| {
        event(&format!(
            r#","anonymousId":"anon","timestamp":"{time}","sentAt":"{sent}"{members}"#
        ))
    };
    for (what, body) in [
        (
            "claimed by A",
            made("2026-01-02T03:03:00.000Z", NOW, r#","userId":"a""#),
        ),
        (
            "of A's time, no claim",
            made("2026-01-02T03:03:00.000Z", NOW, ""),
        ),
        (
            "the clock set back a minute since",
            made("2026-01-02T03:03:00.000Z", "2026-01-02T03:02:30.000Z", ""),
        ),
        (
            "the clock set back an hour since, claimed",
            made(
                "2026-01-02T03:03:00.000Z",
                "2026-01-02T02:04:06.000Z",
                r#","userId":"a""#,
            ),
        ),
        (
            "the clock an hour ahead all the time",
            made("2026-01-02T04:03:00.000Z", "2026-01-02T04:04:06.000Z", ""),
        ),
        (
            "the clock ahead, and no word of when it was sent",
            event(r#","anonymousId":"anon","timestamp":"2026-01-02T04:03:00.000Z""#),
        ),
        (
            "the clock of 1970",
            made("1970-01-01T00:00:10.000Z", "1970-01-01T00:00:12.000Z", ""),
        ),
        ("a time that nobody can read", made("yesterday", NOW, "")),
    ] {
        let house = House::new().await;
        house
            .takes("browser-key", &[("cookie", &cookie)], body)
            .await;
        assert_eq!(only(house).await.0, visitor(), "{what}");
    }
}

#[tokio::test]
async fn cookies_of_a_foreign_page_are_ignored_and_counted() {
    let cookie = format!("clickstream_user={}", token("45", 60));
    for (origin, user) in [
        ("https://evil.example", visitor()),
        ("null", visitor()),
        ("https://blog.example", "45".to_owned()),
        ("https://shop.example", "45".to_owned()),
    ] {
        let house = House::with(|config| {
            config.public_url = Some("https://shop.example".parse().unwrap());
            config.allow_origin = vec!["https://blog.example".parse().unwrap()];
            config.identity.shared_cookie = true;
        })
        .await;
        let headers = [("cookie", &*cookie), ("origin", origin)];
        house.takes("browser-key", &headers, now("")).await;
        let request = Request::get("/metrics").header("host", "localhost");
        let bearer = format!("Bearer {}", house.relay.token());
        let request = request.header("authorization", bearer);
        let metrics = house
            .send(request.body(axum::body::Body::empty()).unwrap())
            .await;
        let ignored = format!(
            "clickstream_cookies_ignored_total {}",
            u8::from(user != "45")
        );
        assert!(metrics.text.contains(&ignored), "{origin}");
        assert_eq!(only(house).await.0, user, "{origin}");
    }
}

#[tokio::test]
async fn under_tls_only_the_host_cookie_counts() {
    let (mine, planted) = (token("45", 60), token("46", 60));
    for (cookies, user) in [
        (
            format!("__Host-clickstream_user={mine}; clickstream_user={planted}"),
            "45".to_owned(),
        ),
        (format!("clickstream_user={planted}"), visitor()),
    ] {
        let house = House::with(|config| {
            config.public_url = Some("https://shop.example".parse().unwrap());
        })
        .await;
        house
            .takes("browser-key", &[("cookie", &cookies)], now(""))
            .await;
        assert_eq!(only(house).await.0, user);
    }
}

#[tokio::test]
async fn two_different_plain_cookies_name_nobody() {
    let cookies = format!(
        "clickstream_user={}; clickstream_user={}",
        token("45", 60),
        token("46", 60)
    );
    for body in [now(""), now(r#","userId":"45""#)] {
        let house = House::new().await;
        house
            .takes("browser-key", &[("cookie", &cookies)], body)
            .await;
        assert_eq!(only(house).await.0, visitor());
    }
}

#[tokio::test]
async fn the_same_anonymous_id_from_another_source_is_another_visitor() {
    let house = House::new().await;
    house
        .takes("browser-key", &[], now(r#","messageId":"m-1""#))
        .await;
    house
        .takes("server-key", &[], now(r#","messageId":"m-1""#))
        .await;
    let lines = house.lines().await;
    assert_eq!(lines.len(), 2, "one messageId of two sources is two events");
    assert_ne!(lines[0]["userId"], lines[1]["userId"]);
}

#[tokio::test]
async fn a_public_key_cannot_shadow_a_secret_ones_events() {
    let house = House::with(|config| {
        let keys = ["browser:shop:b", "server:shop:s"].map(|key| key.parse().unwrap());
        config.intake.keys = clickstream_relay::intake::key::Keyring::new(keys.to_vec());
    })
    .await;
    house
        .takes("b", &[], now(r#","messageId":"order-1""#))
        .await;
    house
        .takes("s", &[], now(r#","messageId":"order-1","userId":"45""#))
        .await;
    let lines = house.lines().await;
    assert_eq!(lines.len(), 2);
}

#[tokio::test]
async fn omitted_anonymous_events_carry_no_user() {
    let house = House::with(|config| config.identity.anonymous = Anonymous::Omit).await;
    house.takes("browser-key", &[], now("")).await;
    let lines = house.lines().await;
    assert_eq!(lines[0].get("userId"), None);
    assert_eq!(lines[0].get("userBucket"), None);
}

#[tokio::test]
async fn an_event_with_neither_id_is_taken_and_named_nobody() {
    let house = House::new().await;
    house.takes("server-key", &[], event("")).await;
    let lines = house.lines().await;
    assert_eq!(lines[0].get("userId"), None);
    assert_eq!(lines[0]["messageId"].as_str().unwrap().len(), 32);
}
