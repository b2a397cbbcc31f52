//! The visitor's cookie: gives a tracker its lost id back, for our own pages and nobody else's.

use http::Request;

use crate::house::{Answer, House, NOW_MS};

/// Sends a batch that says `storage`, as the tracker does, with an event of each id.
async fn sent(house: &House, headers: &[(&str, &str)], storage: &str, ids: &[&str]) -> Answer {
    let events = ids.iter().map(|id| {
        format!(r#"{{"type":"track","event":"E","anonymousId":"{id}","messageId":"m-{id}"}}"#)
    });
    let events: Vec<_> = events.collect();
    let body = format!(
        r#"{{"batch":[{}],"writeKey":"browser-key","storage":"{storage}"}}"#,
        events.join(",")
    );
    let answer = house.post("/v1/batch", headers, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["accepted"], ids.len());
    answer
}

fn cookie(answer: &Answer) -> &str {
    answer.header("set-cookie")
}

const OURS: (&str, &str) = ("origin", "http://127.0.0.1:8081");

/// matomo#14819, rudder-sdk-js#946, #2967: cookies that scripts set live seven days in Safari, and
/// remedies cost requests. Ours comes with an answer that is there anyway, once a day.
#[tokio::test]
async fn complaint_28_a_tracker_that_lost_its_id_gets_it_back_and_others_are_told_nothing() {
    let house = House::new().await;
    let first = sent(&house, &[OURS], "new", &["before", "mine"]).await;
    let set = format!("clickstream_visitor={}.mine", NOW_MS / 1000);
    assert_eq!(
        cookie(&first),
        format!("{set}; Max-Age=34128000; Path=/; HttpOnly; SameSite=Lax")
    );
    assert_eq!(first.json().get("anonymousId"), None);

    let kept = ("cookie", &*set);
    let usual = sent(&house, &[OURS, kept], "granted", &["mine"]).await;
    assert_eq!(cookie(&usual), "", "renewed within a day");
    assert_eq!(usual.json().get("anonymousId"), None);

    let restored = sent(&house, &[OURS, kept], "new", &["made"]).await;
    assert_eq!(restored.json()["anonymousId"], "mine");
    assert_eq!(cookie(&restored), "");

    house.set_clock(NOW_MS + 86_400_000);
    let renewed = sent(&house, &[OURS, kept], "new", &["made-2"]).await;
    assert_eq!(renewed.json()["anonymousId"], "mine");
    assert!(cookie(&renewed).contains(".mine; Max-Age=34128000;"));

    let metrics = Request::get(format!("/metrics?token={}", house.relay.token()));
    let metrics = metrics.header("host", "localhost");
    let metrics = house
        .send(metrics.body(axum::body::Body::empty()).unwrap())
        .await;
    assert!(
        metrics
            .text
            .contains("clickstream_visitors_restored_total 2\n")
    );
    // The cookie named nobody: each event is its own id's.
    let lines = house.lines().await;
    let made = lines.iter().find(|line| line["messageId"] == "m-made");
    let mine = clickstream_event::id::visitor_id("bookstore", "mine");
    assert_ne!(made.unwrap()["userId"], mine.as_str());
}

#[tokio::test]
async fn after_a_reset_the_cookie_follows_the_new_id() {
    let house = House::new().await;
    let kept = format!("clickstream_visitor={}.old", NOW_MS / 1000);
    let answer = sent(&house, &[OURS, ("cookie", &kept)], "granted", &["new-id"]).await;
    assert!(cookie(&answer).contains(".new-id;"), "{}", cookie(&answer));
    assert_eq!(answer.json().get("anonymousId"), None);
}

#[tokio::test]
async fn no_cookie_without_consent_under_gpc_or_for_a_strangers_page() {
    let kept = format!("clickstream_visitor={}.mine", NOW_MS / 1000);
    let kept = ("cookie", &*kept);
    for (what, headers, storage) in [
        ("denied", vec![OURS], "denied"),
        ("unheard of", vec![OURS], "perhaps"),
        ("Sec-GPC", vec![OURS, ("sec-gpc", "1")], "new"),
        (
            "a stranger's page",
            vec![("origin", "https://evil.example")],
            "new",
        ),
        ("a sandboxed page", vec![("origin", "null")], "new"),
    ] {
        let house = House::new().await;
        let headers: Vec<_> = headers.into_iter().chain([kept]).collect();
        let answer = sent(&house, &headers, storage, &["made"]).await;
        assert_eq!(cookie(&answer), "", "{what}");
        assert_eq!(answer.json().get("anonymousId"), None, "{what}");
    }
    // A foreign SDK says nothing of storage, and is not remembered either.
    let house = House::new().await;
    let headers = [("x-write-key", "browser-key"), OURS, kept];
    let body = crate::house::event(r#","anonymousId":"a""#);
    let answer = house.post("/v1/batch", &headers, body).await;
    assert_eq!(cookie(&answer), "");
}

#[tokio::test]
async fn cookie_tossing_restores_nobodys_id() {
    let planted = format!("clickstream_visitor={}.planted", NOW_MS / 1000);
    // Under TLS a subdomain can plant the plain name only, and that is not read.
    let tls = House::with(|config| {
        config.public_url = Some("https://shop.example".parse().unwrap());
    })
    .await;
    let page = ("origin", "https://shop.example");
    let answer = sent(&tls, &[page, ("cookie", &planted)], "new", &["made"]).await;
    assert_eq!(answer.json().get("anonymousId"), None);
    assert_eq!(
        cookie(&answer),
        format!(
            "__Host-clickstream_visitor={}.made; Max-Age=34128000; Path=/; HttpOnly; SameSite=Lax; \
             Secure",
            NOW_MS / 1000
        )
    );
    let own = format!("__Host-{planted}");
    let answer = sent(&tls, &[page, ("cookie", &own)], "new", &["made-2"]).await;
    assert_eq!(answer.json()["anonymousId"], "planted");
    // Without TLS two different ones restore neither.
    let open = House::new().await;
    let two = format!("{planted}; clickstream_visitor={}.mine", NOW_MS / 1000);
    let answer = sent(&open, &[OURS, ("cookie", &two)], "new", &["made"]).await;
    assert_eq!(answer.json().get("anonymousId"), None);
}
