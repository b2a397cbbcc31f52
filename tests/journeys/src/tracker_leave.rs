//! The end of a view: how far down it was seen and how long it was looked at, told once.

use clickstream_lab::browser::Browser;
use serde_json::Value;

use crate::tracker::{distinct, on, ready, told};

/// Where each left view was, and its properties.
fn left(events: &[Value]) -> Vec<(&str, &Value)> {
    let ended = events.iter().filter(|event| event["event"] == "Page Left");
    let each = ended.map(|event| {
        let path = event["context"]["page"]["path"].as_str();
        (path.unwrap_or_default(), &event["properties"])
    });
    each.collect()
}

/// Turns the wheel as a finger would and waits until the page has moved so far.
async fn turn(browser: &Browser, pixels: i64) -> anyhow::Result<()> {
    let before = browser.run("return scrollY").await?;
    browser.turn_wheel(pixels).await?;
    let there = before.as_i64().unwrap_or_default() + pixels;
    browser
        .wait_for(
            "the page to move",
            &format!("return Math.abs(scrollY - {there}) < 2"),
        )
        .await
        .map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_ends_tells_its_depth_and_its_time_once() -> anyhow::Result<()> {
    let (site, browser) = on("/leave").await?;
    let height = browser.run("return innerHeight").await?;
    turn(&browser, 3000).await?;
    turn(&browser, -3000).await?;
    browser.click("#move").await?;
    browser
        .wait_for(
            "the second view",
            "return new Promise((done) => setTimeout(done, 150, true))",
        )
        .await?;
    browser.click("#away").await?;
    browser
        .wait_for("the next page", "return document.title === 'Clicks'")
        .await?;
    ready(&browser).await?;
    let events = site
        .wait_for("the next page's view", |events| {
            told(events).contains(&"page load clicks".to_owned())
        })
        .await?;
    browser.close().await?;

    let ended = left(&events);
    let paths: Vec<&str> = ended.iter().map(|(path, _)| *path).collect();
    assert_eq!(paths, ["/leave", "/leave/two"]);
    let percent = |bottom: i64| (bottom * 100 / 9000) as u64;
    let height = height.as_i64().unwrap_or_default();
    for ((_, properties), bottom) in ended.iter().zip([3000 + height, height]) {
        let seen = properties["scroll_percent"].as_u64().unwrap_or_default();
        assert!(seen.abs_diff(percent(bottom)) <= 1, "{properties}");
        let engaged = properties["engaged_ms"].as_u64();
        assert!(engaged > Some(0), "{properties}");
        assert!(
            engaged <= properties["duration_ms"].as_u64(),
            "{properties}"
        );
    }
    // In its order: left before the next is seen.
    let order: Vec<String> = told(&events)
        .into_iter()
        .filter(|told| !told.starts_with("click"))
        .collect();
    assert_eq!(
        order,
        [
            "page load leave",
            "track Page Left",
            "page push leave/two",
            "track Page Left",
            "page load clicks"
        ]
    );
    assert!(distinct(&events));
    Ok(())
}
