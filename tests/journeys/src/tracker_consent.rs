//! What a visitor allows: events held or dropped before a decision, nothing stored without one,
//! everything removed afterwards; and what a site does not want said.

use clickstream_lab::browser::Browser;
use clickstream_lab::site::Site;
use serde_json::{Value, json};

use crate::tracker::{apart, distinct, open, told};

/// All that the page's origin has stored: names in both storages, cookies, databases.
pub const STORED: &str = "return (async () => [
    ...Object.keys(localStorage).sort(), ...Object.keys(sessionStorage).sort(),
    ...(document.cookie ? [document.cookie] : []),
    ...(await indexedDB.databases()).map(({ name }) => name),
])()";

/// Refuses on the page, and waits until what was kept is gone.
pub async fn refuse(browser: &Browser) -> anyhow::Result<()> {
    browser
        .run("clickstream.consent({analytics: false})")
        .await?;
    browser
        .wait_for(
            "everything to be removed",
            "return (async () => (await indexedDB.databases()).length === 0)()",
        )
        .await?;
    Ok(())
}

async fn end(site: &Site, browser: &Browser, name: &str) -> anyhow::Result<Vec<Value>> {
    browser
        .run(&format!("clickstream.track('{name}'); clickstream.flush()"))
        .await?;
    let name = format!("track {name}");
    site.wait_for("the end", |events| told(events).contains(&name))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn before_a_decision_events_wait_in_memory_and_nothing_is_stored() -> anyhow::Result<()> {
    let (site, browser) = apart().await?;
    open(&site, &browser, "/asked?consent=hold&capture=pages+clicks").await?;
    browser.click("#button").await?;
    let safe = browser.run("return clickstream.track('Early')").await?;
    assert_eq!(
        safe, false,
        "what waits for a decision is not safe, and settles"
    );
    assert_eq!(browser.run(STORED).await?, json!([]));
    browser.run("clickstream.flush()").await?;
    assert!(site.events().is_empty());
    browser
        .run("clickstream.consent({analytics: true, marketing: false})")
        .await?;
    let events = end(&site, &browser, "End").await?;
    assert_eq!(
        told(&events)[1..],
        ["click button", "track Early", "track End"]
    );
    let last = events.last().unwrap();
    assert_eq!(last["anonymousId"], events[0]["anonymousId"]);
    assert_eq!(
        last["context"]["consent"]["categoryPreferences"],
        json!({"analytics": true, "marketing": false})
    );
    assert_eq!(
        browser
            .run("return Object.keys(localStorage).sort()")
            .await?,
        json!([
            "clickstream.anonymous",
            "clickstream.consent",
            "clickstream.session"
        ])
    );
    // The next page asks nobody, and the visit goes on.
    open(&site, &browser, "/asked?consent=hold&capture=pages").await?;
    let events = end(&site, &browser, "Later").await?;
    let last = events.last().unwrap();
    assert_eq!(last["anonymousId"], events[0]["anonymousId"]);
    assert_eq!(last["context"]["session"]["index"], 1);

    // A refusal removes everything but itself.
    refuse(&browser).await?;
    browser.run("clickstream.track('Refused')").await?;
    assert_eq!(browser.run(STORED).await?, json!(["clickstream.consent"]));
    open(&site, &browser, "/asked?capture=pages").await?;
    let safe = browser.run("return clickstream.track('Refused')").await?;
    assert_eq!(safe, false);
    assert_eq!(browser.run(STORED).await?, json!(["clickstream.consent"]));
    browser
        .run("clickstream.consent({analytics: true})")
        .await?;
    let events = end(&site, &browser, "Again").await?;
    browser.close().await?;
    assert!(!told(&events).contains(&"track Refused".to_owned()));
    let last = events.last().unwrap();
    assert_ne!(last["anonymousId"], events[0]["anonymousId"]);
    assert!(site.taken().iter().any(|taken| taken.path == "/v1/forget"));
    assert!(distinct(&events));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_may_drop_what_was_before_a_decision_or_store_nothing_ever() -> anyhow::Result<()> {
    let (site, browser) = apart().await?;
    open(&site, &browser, "/asked?consent=drop&capture=pages").await?;
    browser.run("clickstream.track('Early')").await?;
    browser
        .run("clickstream.consent({analytics: true})")
        .await?;
    let events = end(&site, &browser, "End").await?;
    assert_eq!(told(&events), ["track End"]);

    browser.run("clickstream.forget()").await?;
    browser
        .wait_for(
            "everything to be removed",
            "return (async () => (await indexedDB.databases()).length === 0)()",
        )
        .await?;
    assert_eq!(browser.run(STORED).await?, json!([]));

    open(&site, &browser, "/asked?storage=none&capture=pages").await?;
    let events = end(&site, &browser, "Cookieless").await?;
    assert_eq!(browser.run(STORED).await?, json!([]));
    browser.close().await?;
    assert_ne!(
        events.last().unwrap()["anonymousId"],
        events[0]["anonymousId"]
    );
    assert_eq!(site.taken().last().unwrap().body["storage"], "denied");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_site_masks_or_redacts_is_not_said() -> anyhow::Result<()> {
    let (site, browser) = apart().await?;
    let page = "/asked?mask=.private&redact=voucher&capture=pages+clicks&token=secret-three";
    open(&site, &browser, page).await?;
    for selector in ["#masked", "#chosen", "#around", "#secret"] {
        browser
            .run("addEventListener('click', (event) => event.preventDefault())")
            .await?;
        browser.click(selector).await?;
    }
    browser.run("clickstream.page('Own', {shelf: 3})").await?;
    let events = end(&site, &browser, "End").await?;
    let everything = Value::Array(events.clone()).to_string();
    for word in [
        "masked text",
        "masked-href",
        "chosen text",
        "hidden text",
        "secret-",
    ] {
        assert!(!everything.contains(word), "{word}: {everything}");
    }
    let element = |id: &str| {
        let clicked = |event: &&Value| event["properties"]["element"]["id"] == id;
        events.iter().find(clicked).unwrap()["properties"]["element"].clone()
    };
    assert_eq!(element("around")["text"], "Shown");
    assert_eq!(
        element("secret")["href"],
        "#?token=redacted&x=1&voucher=redacted"
    );

    open(&site, &browser, "/asked?text=none&capture=pages+clicks").await?;
    browser.click("#button").await?;
    let events = end(&site, &browser, "Silent").await?;
    browser.close().await?;
    let silent = events
        .iter()
        .filter(|event| event["context"]["page"]["search"] == "?text=none&capture=pages+clicks");
    let mut clicks = 0;
    for event in silent {
        assert_eq!(event["context"]["page"].get("title"), None, "{event}");
        assert_eq!(event["properties"]["element"].get("text"), None, "{event}");
        clicks += usize::from(event["event"] == "Element Clicked");
    }
    assert_eq!(clicks, 1);
    Ok(())
}
