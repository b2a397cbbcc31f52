//! What the full edition records beside: how fast a page was, errors, clicks that did nothing, elements
//! seen, searches. In a browser, with a site's own handling beside it.

use clickstream_lab::browser::Browser;
use clickstream_lab::site::Site;
use serde_json::{Value, json};

use crate::tracker::{apart, distinct, open, ready, told};

mod dead;
mod errors;

/// The test page with these settings, as a query.
async fn watching(query: &str) -> anyhow::Result<(Site, Browser)> {
    let (site, browser) = apart().await?;
    open(&site, &browser, &format!("/watched?{query}")).await?;
    Ok((site, browser))
}

/// The events of that name.
fn named<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    let of_name = |event: &&Value| event["event"] == name;
    events.iter().filter(of_name).collect()
}

/// Has the page wait so long.
async fn pause(browser: &Browser, ms: u32) -> anyhow::Result<()> {
    let script = format!("return new Promise((done) => setTimeout(done, {ms}, true))");
    browser.run(&script).await.map(drop)
}

/// Leaves the page and gives all events once the next page is seen.
async fn left(site: &Site, browser: &Browser) -> anyhow::Result<Vec<Value>> {
    browser.goto(&format!("{}/clicks", site.url)).await?;
    ready(browser).await?;
    site.wait_for("the next page", |events| {
        told(events).contains(&"page load clicks".to_owned())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_tells_once_how_fast_it_was() -> anyhow::Result<()> {
    let (site, browser) = watching("capture=pages+vitals").await?;
    browser.click("#slow").await?;
    // Half of the window moves by a fifth of its height, and nobody has touched anything for a while.
    pause(&browser, 700).await?;
    browser
        .run(
            "const moved = document.createElement('div');
             moved.style.height = `${innerHeight / 5}px`;
             document.querySelector('main').prepend(moved)",
        )
        .await?;
    // The browser measures when it draws.
    let measured = browser
        .run(
            "return new Promise((done) => requestAnimationFrame(() => setTimeout(() => {
               const [{ startTime: fcp }] = performance.getEntriesByName('first-contentful-paint');
               const [{ responseStart: ttfb }] = performance.getEntriesByType('navigation');
               done({ fcp: Math.floor(fcp), ttfb: Math.floor(ttfb) });
             }, 200)))",
        )
        .await?;
    browser
        .run("history.pushState(null, '', '/watched/two')")
        .await?;
    let events = left(&site, &browser).await?;
    browser.close().await?;
    let told = named(&events, "Web Vitals Measured");
    assert_eq!(told.len(), 1);
    let vitals = &told[0]["properties"];
    assert_eq!(vitals["fcp_ms"], measured["fcp"]);
    assert_eq!(vitals["ttfb_ms"], measured["ttfb"]);
    assert!(
        vitals["lcp_ms"].as_u64() >= vitals["fcp_ms"].as_u64(),
        "{vitals}"
    );
    assert!(vitals["inp_ms"].as_u64() >= Some(80), "{vitals}");
    let cls = vitals["cls"].as_f64().unwrap();
    assert!(cls > 0.05 && cls < 1.0, "{vitals}");
    // It is the document's, wherever the visitor has gone within it.
    assert_eq!(told[0]["context"]["page"]["path"], "/watched");
    assert!(distinct(&events));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_marked_element_is_told_of_once_somebody_could_see_it() -> anyhow::Result<()> {
    let (site, browser) = watching("capture=pages+visible").await?;
    let events = site
        .wait_for("the banner", |events| {
            !named(events, "Promotion Viewed").is_empty()
        })
        .await?;
    assert_eq!(
        named(&events, "Promotion Viewed")[0]["properties"],
        json!({
            "element": {
                "tag": "p", "id": "banner", "text": "Half price",
                "path": "main > section > p#banner",
            },
            "list": "front", "banner": {"size": 3}, "promotion_id": "p-1",
        })
    );
    assert_eq!(told(&events)[0], "page load watched?capture=pages+visible");
    assert_eq!(named(&events, "Element Viewed").len(), 0);
    browser
        .run("document.querySelector('#tall').scrollIntoView()")
        .await?;
    site.wait_for("the tall one", |events| {
        named(events, "Element Viewed").len() == 1
    })
    .await?;
    // What comes later is looked for, and what was seen is not told of again.
    browser
        .run(
            "scrollTo(0, 0);
             document.querySelector('h1').insertAdjacentHTML('afterend',
               '<p data-clickstream-visible=\"New Seen\">New</p>' +
               '<p data-clickstream-visible=\"Ignored Seen\" data-clickstream-ignore>Quiet</p>')",
        )
        .await?;
    site.wait_for("the new one", |events| {
        !named(events, "New Seen").is_empty()
    })
    .await?;
    browser
        .run("document.querySelector('#last').scrollIntoView()")
        .await?;
    let events = site
        .wait_for("the last one", |events| {
            named(events, "Element Viewed").len() == 2
        })
        .await?;
    browser.close().await?;
    let elements: Vec<&Value> = named(&events, "Element Viewed")
        .iter()
        .map(|event| &event["properties"]["element"])
        .collect();
    assert_eq!(elements[0]["id"], "tall");
    assert_eq!(elements[1]["id"], "last");
    assert!(elements[1]["text"].is_null(), "masked: {}", elements[1]);
    assert_eq!(named(&events, "Promotion Viewed").len(), 1);
    assert_eq!(named(&events, "Ignored Seen").len(), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_with_a_search_term_is_a_search() -> anyhow::Result<()> {
    let (site, browser) = watching("capture=pages&search=q+term&term=caf%C3%A9+au+lait").await?;
    for step in [
        "history.pushState(null, '', '/watched/book')",
        // Back at the results: no search of its own.
        "history.pushState(null, '', '/watched/results?term=caf%C3%A9+au+lait')",
        "history.pushState(null, '', '/watched/results?q=tea&term=x')",
        "history.pushState(null, '', '/watched/results?q=&secret=1')",
    ] {
        browser.run(step).await?;
        pause(&browser, 1100).await?;
    }
    let events = left(&site, &browser).await?;
    browser.close().await?;
    let searched: Vec<Value> = named(&events, "Products Searched")
        .iter()
        .map(|event| json!([event["properties"], event["context"]["page"]["path"]]))
        .collect();
    assert_eq!(
        searched,
        [
            json!([{"query": "café au lait"}, "/watched"]),
            json!([{"query": "tea"}, "/watched/results"]),
        ]
    );
    Ok(())
}

/// A site that has put up the ordinary script pays for none of it and gets none of it.
#[tokio::test(flavor = "multi_thread")]
async fn the_ordinary_edition_watches_nothing() -> anyhow::Result<()> {
    let query = "edition=&capture=pages+clicks+errors+dead+visible+vitals&search=term&term=x&early";
    let (site, browser) = watching(query).await?;
    browser.click("#nothing").await?;
    pause(&browser, 1500).await?;
    let events = left(&site, &browser).await?;
    browser.close().await?;
    assert_eq!(
        told(&events),
        [
            &format!("page load watched?{query}"),
            "click nothing",
            "page load clicks"
        ]
    );
    Ok(())
}
