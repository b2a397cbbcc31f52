//! Page views: documents, places within them, pages given back, titles set late.

use clickstream_lab::browser::Browser;
use clickstream_lab::site::Site;
use serde_json::Value;

use crate::tracker::{on, ready, told};

/// The page views among events.
fn views(events: &[Value]) -> Vec<String> {
    let all = told(events).into_iter();
    all.filter(|told| told.starts_with("page ")).collect()
}

/// Runs a script after which exactly these views more are told of; a track event ends them.
async fn moves(
    site: &Site,
    browser: &Browser,
    known: &mut usize,
    script: &str,
    then: &[&str],
) -> anyhow::Result<()> {
    browser.run(script).await?;
    // Longer than a view waits for its title, by the page's own clock.
    browser
        .wait_for(
            "the view to settle",
            "return new Promise((done) => setTimeout(done, 150, true))",
        )
        .await?;
    let ends = |events: &[Value]| {
        told(events)
            .iter()
            .filter(|told| *told == "track End")
            .count()
    };
    let ended = ends(&site.events());
    browser
        .run("clickstream.track('End'); clickstream.flush()")
        .await?;
    let events = site
        .wait_for("the end", |events| ends(events) > ended)
        .await?;
    let all = views(&events);
    assert_eq!(all.get(*known..).unwrap_or_default(), then, "{script}");
    *known = all.len();
    assert_eq!(site.most_sent(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_place_that_a_script_moves_to_is_seen_once() -> anyhow::Result<()> {
    let (site, browser) = on("/places").await?;
    let mut known = 0;
    let mut step =
        async |script, then: &[&str]| moves(&site, &browser, &mut known, script, then).await;
    step("", &["page load places"]).await?;
    step(
        "go('pushState', '/places/two', 'Two')",
        &["page push places/two"],
    )
    .await?;
    step(
        "go('pushState', '?tab=reviews', 'Tab')",
        &["page push places/two?tab=reviews"],
    )
    .await?;
    step(
        "go('pushState', '#/route', 'Route')",
        &["page push places/two?tab=reviews#/route"],
    )
    .await?;
    // gridfinity-layout-tool#311, umami#2461: a filter is no page.
    step(
        "go('replaceState', '/places/two?q=a', '')",
        &["page replace places/two?q=a"],
    )
    .await?;
    step("go('replaceState', '/places/two?q=ab', '')", &[]).await?;
    step("location.hash = 'anchor'", &[]).await?;
    // posthog-js#2011: a hash router.
    step(
        "location.hash = '#/list'",
        &["page push places/two?q=ab#/list"],
    )
    .await?;
    step("history.go(-2)", &["page traverse places/two?q=ab"]).await?;
    browser.close().await?;

    let events = site.events();
    let second = events
        .iter()
        .find(|event| event["properties"]["path"] == "/places/two");
    let second = second.unwrap();
    assert_eq!(second["properties"]["title"], "Two", "set after the move");
    assert_eq!(
        second["properties"]["referrer"],
        format!("{}/places", site.url)
    );
    Ok(())
}

/// plausible#4656: the back/forward cache still works with us, and a page that it gives back
/// is seen. A browser may give any page up when the machine has too much to do: of three it keeps one.
#[tokio::test(flavor = "multi_thread")]
async fn complaint_22_a_page_given_back_is_seen_again() -> anyhow::Result<()> {
    for _ in 0..3 {
        if let Some(views) = views_of_a_page_given_back().await? {
            assert_eq!(
                views,
                [
                    "page load places",
                    "page load clicks",
                    "page restore places"
                ]
            );
            return Ok(());
        }
    }
    anyhow::bail!("the cache has not kept the page three times");
}

/// None when the browser has loaded the page again.
async fn views_of_a_page_given_back() -> anyhow::Result<Option<Vec<String>>> {
    let (site, browser) = on("/places").await?;
    browser
        .run("addEventListener('pageshow', (event) => (window.given = event.persisted))")
        .await?;
    browser.click("#away").await?;
    browser
        .wait_for("the other page", "return document.title === 'Clicks'")
        .await?;
    ready(&browser).await?;
    browser.back().await?;
    browser
        .wait_for("the first page", "return document.title === 'Places'")
        .await?;
    let given = browser
        .wait_for(
            "the page to be shown",
            "return window.given || !!performance.getEntriesByType('navigation')[0].notRestoredReasons && 'loaded again'",
        )
        .await?;
    if given != true {
        browser.close().await?;
        return Ok(None);
    }
    let events = site
        .wait_for("three views", |events| views(events).len() >= 3)
        .await?;
    browser.close().await?;
    Ok(Some(views(&events)))
}

/// hashicorp/dev-portal#2645.
#[tokio::test(flavor = "multi_thread")]
async fn complaint_21_a_page_call_takes_the_place_of_the_view_it_is_about() -> anyhow::Result<()> {
    let (site, browser) = on("/places").await?;
    browser
        .run("go('pushState', '/places/own', ''); clickstream.page('Books', 'Own', {shelf: 3})")
        .await?;
    browser.run("clickstream.track('End')").await?;
    let events = site
        .wait_for("the end", |events| {
            told(events).contains(&"track End".to_owned())
        })
        .await?;
    browser.close().await?;
    assert_eq!(
        told(&events),
        [
            "page load places",
            "track Page Left",
            "page  places/own",
            "track End"
        ]
    );
    let own = &events[2];
    assert_eq!(
        (&own["category"], &own["name"]),
        (&"Books".into(), &"Own".into())
    );
    assert_eq!(own["properties"]["shelf"], 3);
    assert_eq!(own["properties"]["path"], "/places/own");
    Ok(())
}
