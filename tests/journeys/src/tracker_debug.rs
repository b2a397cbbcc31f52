//! What the tracker explains in the console to who asks: what is recorded, what is not and why, what
//! was sent and answered.

use clickstream_lab::browser::Browser;
use clickstream_lab::site::{Reply, Site};
use serde_json::{Value, json};

use crate::tracker::{apart, open};
use crate::tracker_policies::noticing;

/// Waits until the console has a line with all of these.
async fn explained(browser: &Browser, parts: &[&str]) -> anyhow::Result<()> {
    let parts: Value = json!(parts);
    browser
        .wait_for(
            &format!("the console to say {parts}"),
            &format!("return noticed.some((line) => {parts}.every((part) => line.includes(part)))"),
        )
        .await
        .map(drop)
}

async fn asking(more: &str) -> anyhow::Result<(Site, Browser)> {
    let (site, unused) = apart().await?;
    unused.close().await?;
    let browser = noticing().await?;
    open(&site, &browser, &format!("/asked?debug=console{more}")).await?;
    Ok((site, browser))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_is_told_what_is_recorded_and_what_is_not() -> anyhow::Result<()> {
    let (site, browser) = asking("&capture=pages+clicks").await?;
    explained(&browser, &["events go to", &site.url]).await?;
    explained(&browser, &["page", "recorded"]).await?;
    explained(&browser, &["page", "the relay has it"]).await?;
    browser.click("#ignored").await?;
    explained(
        &browser,
        &["Element Clicked: not recorded", "data-clickstream-ignore"],
    )
    .await?;
    browser
        .run("document.querySelector('#masked').onclick = (event) => event.preventDefault()")
        .await?;
    browser.click("#masked").await?;
    explained(
        &browser,
        &["Element Clicked: recorded without text and href"],
    )
    .await?;
    open(&site, &browser, "/asked?debug=console&capture=pages").await?;
    browser
        .run("history.replaceState(null, '', '?debug=console&capture=pages&filter=1')")
        .await?;
    explained(&browser, &["page: not recorded", "data-page-by"]).await?;
    browser.click("#button").await?;
    explained(
        &browser,
        &["Element Clicked: not recorded", "`data-capture`"],
    )
    .await?;
    // dev-portal#2645: who asks hears that a call has taken the place of the view.
    browser
        .run("history.pushState(null, '', '/asked/next'); clickstream.page('Own')")
        .await?;
    explained(&browser, &["page: not recorded", "page()"]).await?;
    browser
        .run(
            "clickstream.plugin({name: 'theirs', enrich({event}) {
               if (event == 'Thrown') throw new Error('x'); return event != 'Dropped'; }});
             clickstream.track('Thrown'); clickstream.track('Dropped')",
        )
        .await?;
    explained(&browser, &["a plugin", "theirs threw"]).await?;
    explained(&browser, &["a plugin", "theirs dropped it"]).await?;
    site.answer(
        vec![Reply::Status(503, "retry-after: 1\r\n")],
        Reply::Stored,
    );
    browser
        .run("clickstream.track('Later'); clickstream.flush()")
        .await?;
    explained(&browser, &["the relay's answer", "not now"]).await?;
    explained(&browser, &["Later", "the relay has it"]).await?;
    browser
        .run("clickstream.consent({analytics: false}); clickstream.track('Refused')")
        .await?;
    explained(
        &browser,
        &["track: not recorded", "the visitor has refused"],
    )
    .await?;
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_decision_is_explained() -> anyhow::Result<()> {
    let (_site, browser) = asking("&consent=hold").await?;
    explained(&browser, &["the visitor has to be asked"]).await?;
    browser.run("clickstream.track('Held')").await?;
    explained(&browser, &["Held: kept back in memory", "consent()"]).await?;
    browser.close().await
}

/// On a page that said nothing of it, from the developer's console.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_explains_from_then_on() -> anyhow::Result<()> {
    let (site, unused) = apart().await?;
    unused.close().await?;
    let browser = noticing().await?;
    open(&site, &browser, "/kept?relay=").await?;
    browser.run("clickstream.track('Before')").await?;
    assert_eq!(browser.run("return noticed").await?, json!([]));
    browser.run("clickstream.debug()").await?;
    explained(&browser, &["events go to"]).await?;
    browser.run("clickstream.track('After')").await?;
    explained(&browser, &["After", "recorded"]).await?;
    explained(&browser, &["After", "the relay has it"]).await?;
    browser.close().await
}
