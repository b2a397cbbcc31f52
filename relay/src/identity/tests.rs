//! Identity without HTTP: every row of the order, and everything that must not name anybody.

use clickstream_event::limits::Limits;
use clickstream_event::read;
use clickstream_event::time::Timestamp;

use super::*;

const NOW_MS: u64 = 1_767_323_045_000;

fn key(name: &str) -> Key {
    Key::new(name, &[7; 32]).unwrap()
}

fn identity() -> Identity {
    let config = Config {
        keys: vec![key("a")],
        ..Config::default()
    };
    Identity::new(config, false)
}

/// A token of `user`, who signed in `ago_s` seconds before now.
fn token(user: &str, ago_s: u64) -> String {
    let claims = token::Claims {
        sub: user.to_owned(),
        auth_time: NOW_MS / 1000 - ago_s,
        exp: NOW_MS / 1000 + 3600,
    };
    token::sign(&key("a"), &claims)
}

fn signed(identity: &Identity, tokens: &[&str]) -> Signed {
    let mut signed = Signed::default();
    for token in tokens {
        identity.look_at(token, NOW_MS, true, &mut signed);
    }
    signed
}

/// An event made `ago_s` seconds before now, with more members.
fn event(ago_s: i64, members: &str) -> Incoming<'static> {
    let now = i64::try_from(NOW_MS).unwrap();
    let made = Timestamp::from_ms(now - ago_s * 1000);
    let sent = Timestamp::from_ms(now);
    let body = format!(
        r#"{{"batch":[{{"type":"track","event":"x","anonymousId":"anon","timestamp":"{made}","sentAt":"{sent}"{members}}}]}}"#
    )
    .leak();
    let batch = read::batch(body.as_bytes(), &Limits::default()).unwrap();
    batch.event(0).unwrap()
}

/// What [`Who`] says, kept beyond its event.
struct Named {
    user_id: Option<UserId>,
    claim_refused: bool,
}

fn who(identity: &Identity, event: &Incoming<'_>, kind: &str, signed: &Signed) -> Named {
    let key: WriteKey = format!("{kind}:shop:k").parse().unwrap();
    let now = Timestamp::from_ms(i64::try_from(NOW_MS).unwrap());
    let mut last = LastVisitor::default();
    let who = identity.who(event, &event.times(now), &key, signed, &mut last);
    Named {
        user_id: who.user_id.cloned(),
        claim_refused: who.claim_refused,
    }
}

fn name(who: &Named) -> &str {
    who.user_id.as_ref().map_or("nobody", UserId::as_str)
}

#[test]
fn each_visitor_is_named_by_its_own_ids_whoever_came_before() {
    let mut last = LastVisitor::default();
    for (source, anonymous_id) in [("a", "x"), ("a", "x"), ("a", "y"), ("b", "y"), ("", "")] {
        let named = last.name(source, anonymous_id);
        assert_eq!(*named, visitor_id(source, anonymous_id));
    }
}

fn visitor() -> String {
    visitor_id("shop", "anon").as_str().to_owned()
}

#[test]
fn a_token_names_what_happened_after_the_login() {
    let id = identity();
    let tokens = signed(&id, &[&token("45", 60)]);
    for (ago_s, named) in [(0, true), (59, true), (65, true), (66, false), (600, false)] {
        let who = who(&id, &event(ago_s, ""), "browser", &tokens);
        let expected = if named { "45".to_owned() } else { visitor() };
        assert_eq!(name(&who), expected, "{ago_s} s ago");
    }
}

#[test]
fn a_token_names_a_claim_only_if_it_is_its_own() {
    let id = identity();
    let tokens = signed(&id, &[&token("45", 60)]);
    let own = who(&id, &event(600, r#","userId":"45""#), "browser", &tokens);
    assert_eq!((name(&own), own.claim_refused), ("45", false));
    let other = who(&id, &event(0, r#","userId":"46""#), "browser", &tokens);
    assert_eq!((name(&other), other.claim_refused), (&*visitor(), true));
}

#[test]
fn a_suspect_clock_goes_to_the_visitor() {
    let id = identity();
    let tokens = signed(&id, &[&token("45", 60)]);
    // Sent "before" it was made: the clock was set back in between.
    let who = who(&id, &event(-60, ""), "browser", &tokens);
    assert_eq!(name(&who), visitor());
}

#[test]
fn keys_that_may_claim_are_believed_but_not_about_visitors() {
    let id = identity();
    let none = Signed::default();
    for kind in ["server", "browser-trusted"] {
        let claimed = who(&id, &event(0, r#","userId":"45""#), kind, &none);
        assert_eq!((name(&claimed), claimed.claim_refused), ("45", false));
        let visitors = format!(r#","userId":"{}""#, visitor_id("shop", "other"));
        let refused = who(&id, &event(0, &visitors), kind, &none);
        assert_eq!((name(&refused), refused.claim_refused), (&*visitor(), true));
    }
    let browser = who(&id, &event(0, r#","userId":"45""#), "browser", &none);
    assert_eq!((name(&browser), browser.claim_refused), (&*visitor(), true));
}

#[test]
fn two_tokens_of_two_users_name_only_what_claims_one_of_them() {
    let id = identity();
    let tokens = signed(&id, &[&token("45", 60), &token("46", 60)]);
    assert_eq!(
        name(&who(&id, &event(0, ""), "browser", &tokens)),
        visitor()
    );
    let claimed = event(0, r#","userId":"46""#);
    assert_eq!(name(&who(&id, &claimed, "browser", &tokens)), "46");
}

#[test]
fn anonymous_omit_writes_no_user_id() {
    let mut id = identity();
    id.config.anonymous = Anonymous::Omit;
    let none = Signed::default();
    assert_eq!(who(&id, &event(0, ""), "browser", &none).user_id, None);
    let server = who(&id, &event(0, r#","userId":"45""#), "server", &none);
    assert_eq!(name(&server), "45");
}

#[test]
fn a_strangers_cookies_are_not_read() {
    let id = identity();
    let cookie = format!("clickstream_user={}", token("45", 60));
    let headers = HeaderMap::from_iter([(header::COOKIE, cookie.parse().unwrap())]);
    assert_eq!(id.signed(&headers, Sender::Friend, None, NOW_MS).0.len(), 1);
    assert_eq!(
        id.signed(&headers, Sender::Nowhere, None, NOW_MS).0.len(),
        1
    );
    assert_eq!(
        id.signed(&headers, Sender::Stranger, None, NOW_MS).0.len(),
        0
    );
    assert_eq!(id.counters.cookies_ignored.load(Relaxed), 1);
}

#[test]
fn a_foreign_bearer_is_no_matter_of_ours() {
    let id = identity();
    let bearer =
        |text: &str| HeaderMap::from_iter([(header::AUTHORIZATION, text.parse().unwrap())]);
    let opaque = id.signed(&bearer("Bearer opaque"), Sender::Nowhere, None, NOW_MS);
    assert_eq!(opaque.0.len(), 0);
    assert_eq!(id.counters.tokens_refused.load(Relaxed), 0);
    let ours = format!("Bearer {}", token("45", 60));
    assert_eq!(
        id.signed(&bearer(&ours), Sender::Nowhere, None, NOW_MS)
            .0
            .len(),
        1
    );
    assert_eq!(
        id.signed(&HeaderMap::new(), Sender::Stranger, Some("junk"), NOW_MS)
            .0
            .len(),
        0
    );
    assert_eq!(id.counters.tokens_refused.load(Relaxed), 1);
}
