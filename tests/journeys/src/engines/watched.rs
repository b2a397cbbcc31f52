//! The full edition: errors, dead clicks, elements seen, searches, and how fast a page was.

use std::collections::BTreeSet;

use clickstream_lab::browser::{Engine, Press};
use serde_json::Value;

use super::{World, stories};

stories!(chromium Chromium what_a_page_is_watched_for_lies_in_the_lake);
stories!(firefox Firefox what_a_page_is_watched_for_lies_in_the_lake);

async fn what_a_page_is_watched_for_lies_in_the_lake(engine: Engine) -> anyhow::Result<()> {
    let world = World::start(engine).await?;
    let query = "capture=pages+clicks+errors+dead+visible+vitals&search=q&q=caf%C3%A9&early=1";
    world.open(&format!("/watched?{query}")).await?;
    world.lake("the banner", |told| {
        told.contains(&"track Promotion Viewed".to_owned())
    })?;
    world.browser.press("#nothing", Press::default()).await?;
    world.lake("the dead click", |told| {
        told.contains(&"track Dead Clicked".to_owned())
    })?;
    world
        .browser
        .run(
            "return new Promise((done) => {
               // In a script of the page's own: of a driver's Chromium says nothing.
               const own = document.createElement('script');
               own.textContent = \"for (let n = 0; n < 2; n++) setTimeout(() => { throw new Error('twice'); })\";
               document.body.append(own);
               setTimeout(done, 50, true);
             })",
        )
        .await?;
    world.open("/clicks").await?;
    let events = world.lake("what the page's end tells", |told| {
        ["Web Vitals Measured", "Errors Counted"]
            .iter()
            .all(|name| told.contains(&format!("track {name}")))
    })?;
    world.browser.close().await?;

    let all = |name: &str| -> Vec<&Value> {
        let of_name = |event: &&Value| event["event"] == name;
        events.iter().filter(of_name).collect()
    };
    let first = |name: &str| &all(name)[0]["properties"];
    assert_eq!(first("Products Searched")["query"], "café");
    assert_eq!(first("Error Occurred")["message"], "before the module");
    assert_eq!(first("Errors Counted")["repeated"], 1);
    assert_eq!(first("Promotion Viewed")["promotion_id"], "p-1");
    let clicks = all("Element Clicked");
    assert_eq!(first("Dead Clicked")["click"], clicks[0]["messageId"]);
    // What an engine does not measure is absent.
    let vitals = first("Web Vitals Measured");
    let names = vitals.as_object().into_iter().flat_map(|of| of.keys());
    let measured: BTreeSet<&str> = names.map(String::as_str).collect();
    assert!(
        measured.is_superset(&["fcp_ms", "ttfb_ms"].into()),
        "{vitals}"
    );
    assert_eq!(measured.contains("cls"), engine == Engine::Chromium);
    Ok(())
}
