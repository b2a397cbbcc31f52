//! What a visitor allows: nothing kept or sent before a decision, everything removed by a refusal.

use clickstream_lab::browser::{Engine, Press};
use serde_json::json;

use super::{World, in_each_engine};
use crate::tracker::told;
use crate::tracker_consent::{STORED, refuse};

in_each_engine! { nothing_is_kept_or_sent_without_a_decision }

async fn nothing_is_kept_or_sent_without_a_decision(engine: Engine) -> anyhow::Result<()> {
    let world = World::start(engine).await?;
    let World { browser, .. } = &world;
    world.open("/asked?consent=hold&capture=clicks").await?;
    browser.press("#button", Press::default()).await?;
    let safe = browser.run("return clickstream.track('Early')").await?;
    assert_eq!(safe, false, "what waits for a decision is not safe");
    assert_eq!(browser.run(STORED).await?, json!([]));
    assert!(world.relay.lake.events()?.is_empty());
    browser
        .run("clickstream.consent({analytics: true, marketing: false})")
        .await?;
    let events = world.end("Allowed").await?;
    assert_eq!(
        told(&events),
        ["click button", "track Early", "track Allowed"]
    );
    assert_eq!(
        events[2]["context"]["consent"]["categoryPreferences"],
        json!({"analytics": true, "marketing": false})
    );

    refuse(browser).await?;
    assert_eq!(browser.run(STORED).await?, json!(["clickstream.consent"]));
    world.open("/asked?capture=clicks").await?;
    browser.press("#button", Press::default()).await?;
    browser.run("clickstream.track('Refused')").await?;
    assert_eq!(browser.run(STORED).await?, json!(["clickstream.consent"]));
    browser
        .run("clickstream.consent({analytics: true})")
        .await?;
    let events = world.end("Again").await?;
    world.browser.close().await?;
    assert_eq!(told(&events)[3..], ["track Again"]);
    assert_ne!(events[3]["anonymousId"], events[0]["anonymousId"]);
    Ok(())
}
