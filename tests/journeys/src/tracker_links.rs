//! Where clicked links lead, clicks inside frames, and what a site has chosen to have captured.

use clickstream_lab::browser::{CONTROL, Press};
use serde_json::{Value, json};

use crate::tracker::{apart, distinct, on, open, ready, told};

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_leads_away_says_where() -> anyhow::Result<()> {
    let (site, browser) = on("/links").await?;
    for selector in ["#within", "#file", "#named"] {
        // To the links' own tabs, so that the page stays.
        browser.press(selector, Press::with(CONTROL)).await?;
    }
    browser.click("#out").await?;
    let events = site
        .wait_for("the clicks", |events| {
            told(events).contains(&"click out".to_owned())
        })
        .await?;
    let port = site.url.rsplit(':').next().unwrap_or_default().to_owned();
    browser.close().await?;
    let link = |id: &str| {
        let clicked = |event: &&Value| event["properties"]["element"]["id"] == id;
        events.iter().find(clicked).unwrap()["properties"]["link"].clone()
    };
    assert_eq!(link("within"), Value::Null);
    assert_eq!(
        link("file"),
        json!({"kind": "download", "file": "list.pdf"})
    );
    assert_eq!(link("named"), json!({"kind": "download", "file": "clicks"}));
    assert_eq!(
        link("out"),
        json!({"kind": "outbound", "host": format!("localhost:{port}")})
    );
    Ok(())
}

/// plausible/analytics#451, plausible-tracker#12.
#[tokio::test(flavor = "multi_thread")]
async fn complaint_23_each_way_to_open_a_link_is_one_click_and_nothing_is_prevented()
-> anyhow::Result<()> {
    let (site, browser) = on("/links").await?;
    browser.click("#blank").await?;
    browser.press("#out", Press::with(CONTROL)).await?;
    browser.press("#out", Press::button(1)).await?;
    browser
        .wait_for(
            "three clicks of the page's own",
            "return prevented.length >= 3",
        )
        .await?;
    let clicks = |events: &[Value]| {
        let all = told(events).into_iter();
        all.filter(|told| told.starts_with("click "))
            .collect::<Vec<_>>()
    };
    let events = site
        .wait_for("three clicks", |events| clicks(events).len() >= 3)
        .await?;
    let prevented = browser.run("return prevented").await?;
    let tabs = browser.tabs().await?.len();
    browser.close().await?;
    assert_eq!(clicks(&events), ["click blank", "click out", "click out"]);
    assert_eq!(prevented, json!([false, false, false]));
    assert_eq!(tabs, 4, "each in a tab of its own");
    assert!(distinct(&events));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_in_a_frame_of_the_same_site_is_one_click() -> anyhow::Result<()> {
    let (site, browser) = on("/frames").await?;
    for (frame, selector) in [(0, "#inside"), (1, "#buy")] {
        browser.enter_frame(frame).await?;
        browser.click(selector).await?;
        browser.leave_frame().await?;
    }
    browser.click("#outside").await?;
    let wanted = ["click inside", "click buy", "click outside"];
    let events = site
        .wait_for("the clicks", |events| {
            let told = told(events);
            wanted
                .iter()
                .all(|click| told.iter().any(|told| told == click))
        })
        .await?;
    browser.close().await?;
    let all = told(&events);
    for click in wanted {
        assert_eq!(
            all.iter().filter(|told| *told == click).count(),
            1,
            "{all:?}"
        );
    }
    let place = |id: &str| {
        let clicked = |event: &&Value| event["properties"]["element"]["id"] == id;
        let event = events.iter().find(clicked).unwrap();
        (
            event["context"]["page"]["path"].clone(),
            event["properties"]["element"]["classes"].clone(),
        )
    };
    assert_eq!(place("inside"), (json!("/frames"), json!(["inner"])));
    assert_eq!(
        place("buy").0,
        "/clicks",
        "that frame has a tracker of its own"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_chooses_what_is_captured() -> anyhow::Result<()> {
    for (capture, expected) in [
        // What a page marks and calls is its own choice already.
        ("", &["track Product Added", "track End"][..]),
        ("links", &["track Product Added", "click file", "track End"]),
        (
            "forms+pages",
            &[
                "page load chosen?forms+pages",
                "track Product Added",
                "track Form Started",
                "track Form Submitted",
                "track End",
            ],
        ),
    ] {
        let (site, browser) = apart().await?;
        open(&site, &browser, &format!("/chosen?{capture}")).await?;
        browser.click("#plain").await?;
        browser.click("#marked").await?;
        browser.press("#file", Press::with(CONTROL)).await?;
        browser.type_into("[name=field]", "x").await?;
        browser
            .run("document.getElementById('form').target = '_blank'")
            .await?;
        browser.click("#send").await?;
        ready(&browser).await?;
        browser.run("clickstream.track('End')").await?;
        let events = site
            .wait_for("the end", |events| {
                told(events).contains(&"track End".to_owned())
            })
            .await?;
        browser.close().await?;
        // The file's and the form's own tabs are other pages.
        let here: Vec<Value> = events
            .into_iter()
            .filter(|event| event["context"]["page"]["path"] == "/chosen")
            .collect();
        assert_eq!(told(&here), expected, "{capture}");
    }
    Ok(())
}
