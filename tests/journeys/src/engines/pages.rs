//! Page views: documents, places within them, pages given back, and how each was left.

use clickstream_lab::browser::{Engine, Press};
use serde_json::Value;

use super::{World, in_each_engine};
use crate::tracker::told;

in_each_engine!(each_page_is_seen_and_left_once);

async fn each_page_is_seen_and_left_once(engine: Engine) -> anyhow::Result<()> {
    let world = World::start(engine).await?;
    let World { browser, .. } = &world;
    world.open("/leave").await?;
    browser
        .run("addEventListener('scroll', () => (window.told = true), { once: true })")
        .await?;
    // WebKitGTK lets a turn of the wheel go by now and then.
    match engine {
        Engine::WebKit => drop(browser.run("scrollTo(0, 3000)").await?),
        Engine::Chromium | Engine::Firefox => browser.turn_wheel(3000).await?,
    }
    browser
        .wait_for("the page to move", "return window.told && scrollY > 2990")
        .await?;
    browser
        .run("addEventListener('pageshow', (event) => (window.given = [event.persisted]))")
        .await?;
    browser.press("#move", Press::default()).await?;
    browser
        .wait_for("the place", "return location.pathname === '/leave/two'")
        .await?;
    browser.press("#away", Press::default()).await?;
    world.arrives("/clicks").await?;
    browser.back().await?;
    world.arrives("/leave/two").await?;
    let given = browser.run("return window.given || [false]").await?;
    let events = world.end("End").await?;
    world.browser.close().await?;

    // Whether the cache keeps a page is the engine's choice; either way it is seen once.
    let back = if given[0] == true { "restore" } else { "load" };
    let mut seen = told(&events);
    seen.retain(|told| !told.starts_with("click"));
    assert_eq!(
        seen.get(..5).unwrap_or_default(),
        [
            "page load leave",
            "track Page Left",
            "page push leave/two",
            "track Page Left",
            "page load clicks",
        ]
    );
    // The page that goes and the one that is given back run beside each other.
    seen.drain(..5);
    seen.sort_unstable();
    assert_eq!(
        seen,
        [
            &format!("page {back} leave/two"),
            "track End",
            "track Page Left"
        ]
    );
    let left: Vec<&Value> = events
        .iter()
        .filter(|event| event["event"] == "Page Left")
        .collect();
    assert!(left[0]["properties"]["scroll_percent"].as_u64() >= Some(33));
    for event in left {
        let time = |name: &str| event["properties"][name].as_u64().unwrap_or_default();
        assert!(time("engaged_ms") <= time("duration_ms"), "{event}");
    }
    Ok(())
}
