//! Plugins of a page: what they add, what they drop, what they hand on, what is not theirs to change.

use serde_json::{Value, json};

use crate::tracker::{apart, distinct, on, open, told};

#[tokio::test(flavor = "multi_thread")]
async fn plugins_add_drop_and_hand_on_and_cost_no_event() -> anyhow::Result<()> {
    let (site, browser) = on("/plugins").await?;
    browser.click("#button").await?;
    browser
        .run(
            "for (const name of ['Unwanted', 'Homeless', 'Unwanted', 'Asked']) clickstream.track(name);
             clickstream.flush()",
        )
        .await?;
    let events = site
        .wait_for("what a plugin tracked", |events| {
            told(events).contains(&"track Answered".to_owned())
        })
        .await?;
    let forwarded = browser.run("return forwarded").await?;
    browser.close().await?;
    assert_eq!(
        told(&events),
        [
            "page load plugins",
            "track Early",
            "click button",
            "track Homeless",
            "track Asked",
            "track Answered"
        ]
    );
    assert!(distinct(&events));
    for (at, event) in events.iter().enumerate() {
        // Also of the first view, which was before anything was called.
        assert_eq!(event["properties"]["shop"], "north", "{event}");
        assert_eq!(event["properties"]["half"], "a\u{fffd}");
        assert_eq!(event["properties"].get("rude"), None, "{event}");
        assert_ne!(event["messageId"], "forged");
        assert_eq!(event["context"].get("consent"), None, "{event}");
        assert_eq!(event["context"]["library"]["name"], "clickstream-tracker");
        assert_eq!(
            event["context"]["session"]["event"],
            at + 1,
            "what is dropped leaves no gap"
        );
    }
    let handed: Vec<Value> = serde_json::from_value(forwarded)?;
    let mut sent = events.clone();
    for event in &mut sent {
        // As the tests' page gives it to its own copies.
        event["properties"] = json!("only its copy");
    }
    assert_eq!(handed, sent);
    Ok(())
}

/// Before a decision nothing is handed to anybody.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_decision_is_handed_on_only_after_it() -> anyhow::Result<()> {
    let (site, browser) = apart().await?;
    open(&site, &browser, "/asked?consent=hold&capture=").await?;
    let count = "return window.handed";
    browser
        .run(
            "window.handed = 0;
             clickstream.plugin({name: 'counter', forward: () => { handed++ }});
             clickstream.track('Held')",
        )
        .await?;
    assert_eq!(browser.run(count).await?, 0);
    browser
        .run("clickstream.consent({analytics: true})")
        .await?;
    assert_eq!(browser.run(count).await?, 1);
    browser
        .run("clickstream.consent({analytics: false}); clickstream.track('Refused')")
        .await?;
    assert_eq!(browser.run(count).await?, 1);
    browser.close().await
}
