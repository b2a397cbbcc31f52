//! What a page does not notice of us: no error, no element, no storage where it was refused,
//! no eval, nothing broken where wasm is forbidden.

use serde_json::json;

use crate::tracker::{apart, on, open, told};

const WATCH: &str = "
  window.noticed = [];
  addEventListener('error', (event) => noticed.push('error ' + event.message));
  addEventListener('unhandledrejection', (event) => noticed.push('rejection ' + event.reason));
  new MutationObserver((changes) => noticed.push('changed ' + changes.length))
    .observe(document, {childList: true, subtree: true, attributes: true});";

/// posthog-js#3850, rudder-sdk-js#1938, posthog-js#1598.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_ours_reaches_the_page_even_when_all_fails() -> anyhow::Result<()> {
    let (site, browser) = on("/clicks").await?;
    browser.run(WATCH).await?;
    site.answer(Vec::new(), clickstream_lab::site::Reply::Cut);
    for selector in ["#buy", "#plain", "#icon"] {
        browser.click(selector).await?;
    }
    browser
        .run("clickstream.track('X'); clickstream.flush()")
        .await?;
    clickstream_lab::wait::until("an attempt", || {
        let attempts = site.taken().iter().filter(|taken| !taken.stored).count();
        if attempts > 0 { Ok(()) } else { Err(attempts) }
    })?;
    // Back-off after a failure, and then the relay is there again.
    site.answer(Vec::new(), clickstream_lab::site::Reply::Stored);
    let events = site
        .wait_for("all", |events| told(events).contains(&"track X".to_owned()))
        .await?;
    let noticed = browser.run("return noticed").await?;
    browser.close().await?;
    assert_eq!(noticed, json!([]));
    assert_eq!(
        told(&events),
        [
            "page load clicks",
            "click buy",
            "click plain",
            "click icon",
            "track X"
        ]
    );
    Ok(())
}

/// ethereum-org-website#17912, posthog#11194: trackers that work in the click's own handler delay what
/// the page answers to it. What it costs is measured in `bench/`; here is what is done when.
#[tokio::test(flavor = "multi_thread")]
async fn complaint_15_nothing_is_sent_or_written_inside_a_click() -> anyhow::Result<()> {
    let (site, browser) = on("/clicks").await?;
    // The view that waits for its title would be written before what comes after it.
    site.wait_for("the page view", |events| !events.is_empty())
        .await?;
    browser
        .run(
            "window.noticed = [];
             const watch = (of, name) => {
               const original = of[name];
               of[name] = function (...given) {
                 noticed.push([name, /click/.test(window.event?.type)]);
                 return original.apply(this, given);
               };
             };
             watch(IDBDatabase.prototype, 'transaction');
             watch(Storage.prototype, 'setItem');
             watch(window, 'fetch');
             watch(navigator, 'sendBeacon');",
        )
        .await?;
    browser.click("#buy").await?;
    site.wait_for("the click", |events| {
        told(events).contains(&"click buy".to_owned())
    })
    .await?;
    let noticed = browser.run("return noticed").await?;
    browser.close().await?;
    let noticed = noticed.as_array().cloned().unwrap_or_default();
    for name in ["transaction", "setItem", "fetch"] {
        let done = noticed.iter().any(|one| one[0] == name);
        assert!(done, "{name} is used: {noticed:?}");
    }
    let inside = noticed.iter().any(|one| one[1] == true);
    assert!(!inside, "{noticed:?}");
    Ok(())
}

/// posthog-js#1918: no `unsafe-eval`, and no origin but the site's.
#[tokio::test(flavor = "multi_thread")]
async fn complaint_16_a_strict_policy_needs_only_the_word_for_wasm() -> anyhow::Result<()> {
    let (site, browser) = on("/strict").await?;
    browser.click("#button").await?;
    let events = site
        .wait_for("the click", |events| {
            told(events).contains(&"click button".to_owned())
        })
        .await?;
    browser.close().await?;
    assert_eq!(told(&events), ["page load strict", "click button"]);
    Ok(())
}

/// analytics-next#314: without wasm every call is a no-op and the promise settles.
#[tokio::test(flavor = "multi_thread")]
async fn complaint_12_a_page_that_forbids_wasm_works_as_without_us() -> anyhow::Result<()> {
    let (site, browser) = apart().await?;
    browser.goto(&format!("{}/nowasm", site.url)).await?;
    browser.run(WATCH).await?;
    let settled = browser
        .wait_for(
            "the promise to settle",
            "return clickstream.ready.then((runs) => runs === false)",
        )
        .await?;
    assert_eq!(settled, true);
    let thrown = browser
        .run(
            "try { clickstream.track('X'); clickstream.push(['page']); clickstream.reset() }
             catch (error) { return String(error) }",
        )
        .await?;
    browser.click("#button").await?;
    let noticed = browser.run("return noticed").await?;
    browser.close().await?;
    assert_eq!((thrown, noticed), (json!(null), json!([])));
    assert!(site.taken().is_empty());
    Ok(())
}

/// posthog-js#4694: Global Privacy Control.
#[tokio::test(flavor = "multi_thread")]
async fn complaint_14_who_asks_not_to_be_tracked_is_kept_nowhere_and_marked() -> anyhow::Result<()>
{
    let (site, browser) = apart().await?;
    // Chromium has no switch for it: the page says it in the browser's place.
    open(&site, &browser, "/private").await?;
    browser.run("clickstream.track('X')").await?;
    let events = site
        .wait_for("the call", |events| {
            told(events).contains(&"track X".to_owned())
        })
        .await?;
    let kept = browser
        .run("return [Object.keys(localStorage), Object.keys(sessionStorage), document.cookie]")
        .await?;
    assert_eq!(kept, json!([[], [], ""]));
    assert!(
        site.taken()
            .iter()
            .all(|taken| taken.body["storage"] == "denied")
    );
    for event in &events {
        assert_eq!(event["context"]["privacy"], json!({"gpc": true}), "{event}");
    }
    let first = events[0]["anonymousId"].clone();
    open(&site, &browser, "/private").await?;
    browser.run("clickstream.track('Y')").await?;
    let events = site
        .wait_for("the second call", |events| {
            told(events).contains(&"track Y".to_owned())
        })
        .await?;
    browser.close().await?;
    assert_ne!(
        events.last().unwrap()["anonymousId"],
        first,
        "two pages are not joined"
    );
    Ok(())
}
