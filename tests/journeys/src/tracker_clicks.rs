//! Clicks: by mouse, middle button and keyboard, in shadow roots, with the page's marks; and
//! what is never captured.

use clickstream_lab::browser::Press;
use serde_json::{Value, json};

use crate::tracker::{on, told};

/// The clicks among events.
fn clicks(events: &[Value]) -> Vec<&Value> {
    let clicked = |event: &&Value| event["event"] == "Element Clicked";
    events.iter().filter(clicked).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_is_described_and_the_page_s_words_are_nested() -> anyhow::Result<()> {
    let (site, browser) = on("/clicks").await?;
    browser.click("#inner").await?;
    browser.click("#around").await?;
    browser.click("#plain").await?;
    browser.click("#icon").await?;
    let events = site
        .wait_for("four clicks", |events| clicks(events).len() == 4)
        .await?;
    browser.close().await?;
    let clicked = clicks(&events);

    let event = clicked[0];
    assert_eq!(
        event["properties"]["element"],
        json!({
            "tag": "button", "id": "buy", "text": "Buy",
            "path": "main > ul#books > li > button#buy",
        })
    );
    assert_eq!(event["properties"]["product_id"], "bk-1");
    assert_eq!(event["properties"]["price"], 12.5);
    assert_eq!(event["properties"]["position"], 2);
    assert_eq!(event["properties"]["book"], json!({"author": "Ann \"A\""}));
    assert_eq!(event["properties"]["input"]["kind"], "mouse");
    assert_eq!(event["properties"]["input"]["button"], 0);
    assert!(event["properties"]["input"]["x"].is_i64());
    assert!(event["properties"]["input"].get("trusted").is_none());

    let context = &event["context"];
    assert_eq!(context["library"]["name"], "clickstream-tracker");
    assert_eq!(context["page"]["url"], format!("{}/clicks", site.url));
    assert_eq!(context["page"]["path"], "/clicks");
    assert_eq!(context["page"]["title"], "Clicks");
    assert_eq!(context["automation"], json!({"webdriver": true}));
    assert!(context["screen"]["width"].as_i64() > Some(0));
    assert!(context["screen"]["density"].is_number());
    for name in ["userAgent", "locale", "timezone"] {
        assert!(context[name].is_string(), "{name}");
    }
    for name in ["messageId", "anonymousId"] {
        assert_eq!(event[name].as_str().map(str::len), Some(32), "{name}");
    }

    // Around a control the marked element, around nothing what was hit.
    assert_eq!(clicked[1]["properties"]["element"]["tag"], "li");
    assert_eq!(
        clicked[1]["properties"]["element"]["text"],
        "Buy Like in stock"
    );
    assert_eq!(clicked[2]["properties"]["element"]["id"], "plain");
    assert_eq!(clicked[3]["properties"]["element"]["text"], "Close");
    assert_eq!(site.most_sent(), 1);
    Ok(())
}

/// plausible#451: ctrl, middle and new-tab clicks each give one event; the middle one is an
/// `auxclick`, which others miss.
#[tokio::test(flavor = "multi_thread")]
async fn left_middle_and_keyboard_clicks_are_one_event_each() -> anyhow::Result<()> {
    let (site, browser) = on("/clicks").await?;
    browser.press("#link", Press::button(0)).await?;
    browser.press("#link", Press::button(1)).await?;
    browser.press("#link", Press::button(2)).await?;
    browser.type_into("#buy", "\u{e007}").await?;
    browser.type_into("#buy", " ").await?;
    browser
        .run("document.getElementById('buy').click()")
        .await?;
    let events = site
        .wait_for("the clicks", |events| clicks(events).len() >= 5)
        .await?;
    browser.close().await?;
    let inputs: Vec<Value> = clicks(&events)
        .iter()
        .map(|event| {
            let input = &event["properties"]["input"];
            json!([
                event["properties"]["element"]["id"],
                input["kind"],
                input["button"],
                input["trusted"]
            ])
        })
        .collect();
    assert_eq!(
        inputs,
        [
            json!(["link", "mouse", 0, null]),
            json!(["link", "mouse", 1, null]),
            json!(["buy", "keyboard", null, null]),
            json!(["buy", "keyboard", null, null]),
            json!(["buy", "script", null, false]),
        ]
    );
    let link = &clicks(&events)[0]["properties"]["element"];
    assert_eq!(link["href"], "/other?x=1#y");
    assert_eq!(link["text"], "Read the review");
    assert_eq!(link["classes"], json!(["one", "two"]));
    Ok(())
}

/// posthog#1469: in an open root the inner element is named, of a closed one the host.
#[tokio::test(flavor = "multi_thread")]
async fn complaint_25_shadow_roots_are_looked_into_where_they_are_open() -> anyhow::Result<()> {
    let (site, browser) = on("/clicks").await?;
    browser.press("#host", Press::button(0)).await?;
    browser.press("#closed", Press::button(0)).await?;
    browser
        .run("document.getElementById('host').shadowRoot.getElementById('open-button').click()")
        .await?;
    let events = site
        .wait_for("the clicks", |events| clicks(events).len() >= 3)
        .await?;
    browser.close().await?;
    let elements: Vec<Value> = clicks(&events)
        .iter()
        .map(|event| event["properties"]["element"].clone())
        .collect();
    assert_eq!(elements[1]["id"], "closed");
    assert_eq!(
        elements[2],
        json!({
            "tag": "button", "id": "open-button", "text": "In a open root",
            "path": "main > p#host > button#open-button",
        })
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_click_is_also_a_track_event_of_that_name() -> anyhow::Result<()> {
    let (site, browser) = on("/clicks").await?;
    browser.click("#like").await?;
    let events = site
        .wait_for("both", |events| {
            told(events).contains(&"track Product Added to Wishlist".to_owned())
        })
        .await?;
    browser.close().await?;
    assert_eq!(
        told(&events),
        [
            "page load clicks",
            "click like",
            "track Product Added to Wishlist"
        ]
    );
    assert_eq!(
        events[2]["properties"],
        json!({"product_id": "bk-1", "price": 12.5, "book": {"author": "Ann \"A\""}})
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_s_click_is_one_click() -> anyhow::Result<()> {
    let (site, browser) = on("/clicks").await?;
    browser.press("#box", Press::button(0)).await?;
    browser
        .run("document.getElementById('box').checked = false")
        .await?;
    browser
        .run("document.getElementById('label').click()")
        .await?;
    let changed = browser
        .run("return document.getElementById('box').checked")
        .await?;
    assert_eq!(changed, true, "the browser clicked the box by itself");
    browser.click("#icon").await?;
    let events = site
        .wait_for("the clicks", |events| {
            told(events).contains(&"click icon".to_owned())
        })
        .await?;
    browser.close().await?;
    assert_eq!(
        told(&events),
        ["page load clicks", "click box", "click label", "click icon"]
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_or_ignored_is_never_captured() -> anyhow::Result<()> {
    let (site, browser) = on("/clicks").await?;
    for field in ["#field", "#area", "#editor"] {
        browser.type_into(field, "typed six").await?;
        browser.click(field).await?;
    }
    browser.click("#typedlink").await?;
    browser.click("#hint").await?;
    browser.click("#secret").await?;
    browser.click("#icon").await?;
    let events = site
        .wait_for("the last click", |events| {
            told(events).contains(&"click icon".to_owned())
        })
        .await?;
    browser.close().await?;
    // The editor is neither link nor control: the marked section around it is named.
    assert_eq!(
        told(&events),
        [
            "page load clicks",
            "click field",
            "click area",
            "click typed",
            "click typedlink",
            "click typed",
            "click icon"
        ]
    );
    let everything = Value::Array(events.clone()).to_string();
    for word in [
        "typed one",
        "typed two",
        "typed three",
        "typed-four",
        "typed five",
        "typed six",
        "Secret",
        "secret",
    ] {
        assert!(
            !everything.contains(word),
            "{word} was captured: {everything}"
        );
    }
    assert_eq!(events[5]["properties"]["element"]["text"], "Hint");
    Ok(())
}

/// browser-sdk#4070: who waits to see whether clicks are frustrated loses the click that leads away. A
/// click is recorded as ever, and what it is a sign of is a second event that names it.
#[tokio::test(flavor = "multi_thread")]
async fn complaint_24_fast_clicks_are_clicks_and_a_second_event_refers_to_them()
-> anyhow::Result<()> {
    let (site, browser) = on("/rage").await?;
    // As browsers count clicks in one place; on the text they mark a paragraph.
    for (y, last) in [(250, 3), (50, 4)] {
        for count in 1..=last {
            for kind in ["mousePressed", "mouseReleased"] {
                let event =
                    json!({"type": kind, "x": 20, "y": y, "button": "left", "clickCount": count});
                browser.devtools("Input.dispatchMouseEvent", event).await?;
            }
        }
    }
    let events = site.wait_for("all clicks", |events| clicks(events).len() == 7);
    let events = events.await?;
    browser.close().await?;
    let told = told(&events);
    assert_eq!(
        told[..3],
        ["click text", "click text", "click text"],
        "{told:?}"
    );
    let button = "click button";
    assert_eq!(
        told[3..],
        [button, button, button, "track Rage Clicked", button]
    );
    assert_eq!(
        events[6]["properties"],
        json!({"click": events[5]["messageId"]})
    );
    Ok(())
}
