//! How events leave a page: in batches, by beacons at its end, again after failures; each
//! once, within what browsers allow to be on its way.

use clickstream_event::{limits::Limits, read as batch};
use clickstream_lab::site::Reply;
use serde_json::Value;

use crate::tracker::{apart, on, ready, told};

fn tracked(events: &[Value]) -> Vec<String> {
    let all = told(events).into_iter();
    all.filter(|told| told.starts_with("track ")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_what_the_relay_takes() -> anyhow::Result<()> {
    let (site, browser) = on("/calls").await?;
    browser
        .run("for (let n = 0; n < 5; n++) clickstream.track('T' + n)")
        .await?;
    site.wait_for("all", |events| tracked(events).len() == 6)
        .await?;
    browser.close().await?;
    let taken = site.taken();
    let batch = taken.last().unwrap();
    assert_eq!(batch.path, "/v1/batch");
    assert!(
        batch.headers["content-type"].starts_with("text/plain"),
        "no preflight"
    );
    assert_eq!(batch.body["writeKey"], "browser-key");
    // Until the relay has answered once, it is asked whether it remembers this browser.
    assert_eq!(taken[0].body["storage"], "new");
    assert_eq!(batch.body["sentAt"].as_str().map(str::len), Some(24));
    let bytes = batch.body.to_string();
    let read = batch::batch(bytes.as_bytes(), &Limits::default())?;
    assert_eq!(read.write_key(), Some("browser-key"));
    for index in 0..read.len() {
        let event = read
            .event(index)
            .map_err(|refused| anyhow::anyhow!("{refused:?}"))?;
        assert!(event.automation.webdriver && !event.automation.untrusted);
    }
    assert!(
        taken.len() <= 3,
        "gathered, not one by one: {}",
        taken.len()
    );
    Ok(())
}

/// The click that leads away is the one that others lose (posthog-js#205). A beacon takes it, and the
/// next page sends it again, for nobody says whether the beacon arrived: `tracker_kept.rs` shows that
/// the lake has it once.
#[tokio::test(flavor = "multi_thread")]
async fn what_leads_away_arrives() -> anyhow::Result<()> {
    let (site, browser) = on("/calls").await?;
    for _ in 0..10 {
        browser.click("#next").await?;
        ready(&browser).await?;
    }
    site.wait_for("ten clicks", |events| {
        let clicks = told(events).into_iter().filter(|told| told == "click next");
        clicks.count() == 10
    })
    .await?;
    browser.close().await?;
    Ok(())
}

/// snowplow-javascript-tracker#890.
#[tokio::test(flavor = "multi_thread")]
async fn complaint_01_what_a_page_tracks_in_its_own_last_listener_arrives() -> anyhow::Result<()> {
    let (site, browser) = on("/leaving").await?;
    browser.click("#away").await?;
    let events = site
        .wait_for("the last event", |events| {
            tracked(events).contains(&"track Left Late".to_owned())
        })
        .await?;
    browser.close().await?;
    assert!(told(&events).contains(&"click away".to_owned()));
    Ok(())
}

/// Peers, shown: Segment sends the whole batch again when a tab is shown again.
#[tokio::test(flavor = "multi_thread")]
async fn a_tab_hidden_and_shown_again_sends_nothing_twice() -> anyhow::Result<()> {
    let (site, browser) = on("/calls").await?;
    browser
        .run(
            "const shown = (state) => {
               Object.defineProperty(document, 'visibilityState', {value: state, configurable: true});
               document.dispatchEvent(new Event('visibilitychange', {bubbles: true}));
             };
             for (let n = 0; n < 5; n++) clickstream.track('T' + n);
             shown('hidden'); shown('visible');
             clickstream.track('Shown Again');",
        )
        .await?;
    let events = site
        .wait_for("all", |events| {
            tracked(events).contains(&"track Shown Again".to_owned())
        })
        .await?;
    browser.close().await?;
    assert_eq!(tracked(&events).len(), 7);
    assert_eq!(site.most_sent(), 1);
    Ok(())
}

/// Clicks and calls before the wasm has loaded are kept; also when the page ends before.
#[tokio::test(flavor = "multi_thread")]
async fn what_happens_before_the_wasm_is_there_is_kept() -> anyhow::Result<()> {
    let (site, browser) = apart().await?;
    site.hold("/clickstream.wasm");
    let loaded = "return typeof window.clickstream?.track == 'function'";
    browser.goto(&format!("{}/calls", site.url)).await?;
    browser.wait_for("the loader", loaded).await?;
    browser
        .run("clickstream.track('Early', {deep: {n: 1}})")
        .await?;
    browser.click("#button").await?;
    browser.click("#next").await?;
    browser
        .wait_for("the next page", "return location.search == '?next'")
        .await?;
    browser.wait_for("the loader", loaded).await?;
    browser.click("#button").await?;
    assert!(site.events().is_empty());
    site.release();
    let events = site.wait_for("all", |events| events.len() >= 9).await?;
    browser.close().await?;
    assert_eq!(
        told(&events),
        [
            "page load calls",
            "track Before Load",
            "track Early",
            "click button",
            "click next",
            "track Page Left",
            "page load calls?next",
            "track Before Load",
            "click button",
        ]
    );
    assert_eq!(events[2]["properties"]["deep"]["n"], 1);
    let next = &events[4];
    assert_eq!(next["properties"]["element"]["text"], "Next");
    assert_eq!(next["properties"]["element"]["path"], "main > a#next");
    assert_eq!(next["properties"]["input"]["kind"], "mouse");
    assert_eq!(
        next["context"]["page"]["url"],
        format!("{}/calls", site.url)
    );
    let times: Vec<&str> = events
        .iter()
        .filter_map(|event| event["originalTimestamp"].as_str())
        .collect();
    assert!(times.is_sorted(), "{times:?}");
    Ok(())
}

/// The table of answers: a batch that is refused is halved, a wait that is named is kept,
/// failures are tried again, and at the end each event is stored once.
#[tokio::test(flavor = "multi_thread")]
async fn failures_cost_no_event() -> anyhow::Result<()> {
    let (site, browser) = on("/calls").await?;
    site.wait_for("the page", |events| events.len() == 2)
        .await?;
    site.answer(
        vec![
            Reply::Status(413, ""),
            Reply::Status(503, "retry-after: 1\r\n"),
            Reply::Cut,
            Reply::Status(500, ""),
        ],
        Reply::Stored,
    );
    browser
        .run("for (let n = 0; n < 7; n++) clickstream.track('T' + n)")
        .await?;
    site.wait_for("all", |events| tracked(events).len() == 8)
        .await?;
    browser.close().await?;
    assert_eq!(site.most_stored(), 1);
    let sizes: Vec<usize> = site
        .taken()
        .iter()
        .filter_map(|taken| taken.body["batch"].as_array().map(Vec::len))
        .collect();
    assert_eq!(
        sizes.get(1..3),
        Some([7, 3].as_slice()),
        "halved: {sizes:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_is_not_asked_again() -> anyhow::Result<()> {
    let (site, browser) = apart().await?;
    site.answer(Vec::new(), Reply::Status(401, ""));
    browser.goto(&format!("{}/calls", site.url)).await?;
    ready(&browser).await?;
    browser.run("clickstream.flush()").await?;
    clickstream_lab::wait::until("the refusal", || match site.taken().len() {
        0 => Err("none"),
        _ => Ok(()),
    })?;
    browser
        .run("clickstream.track('More'); clickstream.flush()")
        .await?;
    // The page's end would be the last chance.
    browser.goto("about:blank").await?;
    browser.close().await?;
    assert_eq!(site.taken().len(), 1);
    Ok(())
}

/// More than 64 KiB: request after request, none larger than may be on its way, with an
/// answer's body read before the next.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_queue_goes_in_requests_that_browsers_allow() -> anyhow::Result<()> {
    let (site, browser) = on("/calls").await?;
    browser
        .run("for (let n = 0; n < 60; n++) clickstream.track('T' + n, {text: 'x'.repeat(5000)})")
        .await?;
    let events = site
        .wait_for("all", |events| tracked(events).len() == 61)
        .await?;
    browser.close().await?;
    assert_eq!(site.most_sent(), 1);
    let names: Vec<String> = tracked(&events);
    let expected: Vec<String> = (0..60).map(|n| format!("track T{n}")).collect();
    assert_eq!(names.get(1..), Some(expected.as_slice()), "in order");
    assert!(site.taken().iter().all(|taken| taken.bytes <= 32 * 1024));
    Ok(())
}
