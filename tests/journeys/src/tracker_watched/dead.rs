//! Clicks after which nothing changed.

use serde_json::Value;

use super::{left, named, pause, watching};

#[tokio::test(flavor = "multi_thread")]
async fn a_click_that_nothing_answers_is_told_of_by_its_id() -> anyhow::Result<()> {
    let (site, browser) = watching("capture=pages+clicks+dead").await?;
    let answered = ["#changes", "#later", "#moves", "#text", "#box", "#same"];
    for (dead, selectors) in [(true, &["#nothing", "#looks"][..]), (false, &answered[..])] {
        for selector in selectors {
            browser.click(selector).await?;
            let before = named(&site.events(), "Dead Clicked").len();
            if dead {
                site.wait_for(selector, |events| {
                    named(events, "Dead Clicked").len() > before
                })
                .await?;
            } else {
                pause(&browser, 1500).await?;
            }
        }
    }
    // Who goes on clicking makes one.
    for _ in 0..3 {
        browser.click("#nothing").await?;
    }
    pause(&browser, 1500).await?;
    browser
        .run("document.querySelector('#nothing').click()")
        .await?;
    pause(&browser, 1500).await?;
    let events = left(&site, &browser).await?;
    browser.close().await?;
    let clicked = |event: &&Value| event["messageId"].is_string();
    let id_of = |click: &Value| {
        let of_id = |event: &&Value| event["messageId"] == *click;
        let found = events.iter().filter(clicked).find(of_id);
        found.map(|event| event["properties"]["element"]["id"].clone())
    };
    let dead: Vec<Option<Value>> = named(&events, "Dead Clicked")
        .iter()
        .map(|event| id_of(&event["properties"]["click"]))
        .collect();
    let expected = ["nothing", "looks", "nothing"].map(|id| Some(Value::from(id)));
    assert_eq!(dead, expected);
    Ok(())
}
