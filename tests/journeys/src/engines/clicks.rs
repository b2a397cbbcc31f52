//! Clicks of every kind: by each button, by keyboard, on labels, in shadow roots, on links that
//! lead away.

use clickstream_lab::browser::{CONTROL, Engine, Press};
use serde_json::{Value, json};

use super::{World, in_each_engine};
use crate::tracker::told;

in_each_engine! {
    every_kind_of_click_is_one_event
    a_click_that_leaves_the_page_is_not_lost
}

/// What was clicked, with what, and whether a person did it.
fn clicks(events: &[Value]) -> Vec<Value> {
    let clicked = events
        .iter()
        .filter(|event| event["event"] == "Element Clicked");
    let each = clicked.map(|event| {
        let (element, input) = (
            &event["properties"]["element"],
            &event["properties"]["input"],
        );
        let trusted = input["trusted"].as_bool().unwrap_or(true);
        json!([element["id"], input["kind"], input["button"], trusted])
    });
    each.collect()
}

async fn every_kind_of_click_is_one_event(engine: Engine) -> anyhow::Result<()> {
    let world = World::start(engine).await?;
    let World { browser, .. } = &world;
    world.open("/clicks").await?;
    let here = browser.tab().await?;
    browser.press("#inner", Press::default()).await?;
    browser.type_into("#buy", "\u{e007}").await?;
    browser.type_into("#buy", " ").await?;
    browser.press("#label", Press::default()).await?;
    browser.press("#box", Press::default()).await?;
    let checked = browser
        .run("return document.getElementById('box').checked")
        .await?;
    assert_eq!(
        checked, false,
        "the browser clicked the box of the label, and then we"
    );
    browser
        .press("#host >>> #open-button", Press::default())
        .await?;
    browser.press("#closed", Press::default()).await?;
    browser.press("#icon", Press::default()).await?;
    browser
        .run("document.getElementById('buy').click()")
        .await?;
    // Into tabs of their own.
    browser.press("#link", Press::with(CONTROL)).await?;
    if engine.presses_all_buttons() {
        browser.press("#link", Press::button(1)).await?;
        // Opens a menu, and is no click.
        browser.press("#link", Press::button(2)).await?;
    }
    browser.press("#link", Press::default()).await?;
    browser.switch_to(&here).await?;
    let events = world.end("End").await?;
    world.browser.close().await?;

    let mouse = |id: &str| json!([id, "mouse", 0, true]);
    let mut expected = vec![
        mouse("buy"),
        json!(["buy", "keyboard", null, true]),
        json!(["buy", "keyboard", null, true]),
        mouse("label"),
        mouse("box"),
        mouse("open-button"),
        mouse("closed"),
        mouse("icon"),
        json!(["buy", "script", null, false]),
        mouse("link"),
    ];
    if engine.presses_all_buttons() {
        expected.push(json!(["link", "mouse", 1, true]));
    }
    expected.push(mouse("link"));
    assert_eq!(clicks(&events), expected);
    let button = &events[1]["properties"]["element"];
    assert_eq!(
        button,
        &json!({
            "tag": "button", "id": "buy", "text": "Buy",
            "path": "main > ul#books > li > button#buy",
        })
    );
    Ok(())
}

/// The queue over navigation: each page ends in the moment of the click.
async fn a_click_that_leaves_the_page_is_not_lost(engine: Engine) -> anyhow::Result<()> {
    const PAGES: usize = 5;
    let world = World::start(engine).await?;
    for number in 0..PAGES {
        world.open(&format!("/calls?{number}")).await?;
        world.browser.press("#next", Press::default()).await?;
        world
            .browser
            .wait_for("the next page", "return location.search === '?next'")
            .await?;
    }
    let events = world.lake("each click", |told| {
        let clicks = told.iter().filter(|told| *told == "click next");
        clicks.count() >= PAGES
    })?;
    world.browser.close().await?;
    let clicks = told(&events)
        .into_iter()
        .filter(|told| told == "click next");
    assert_eq!(clicks.count(), PAGES);
    Ok(())
}
