//! Visits: one over tabs and pages, numbered without a gap, begun anew by a campaign.

use std::collections::{BTreeMap, BTreeSet};

use clickstream_lab::browser::{Engine, Press};
use serde_json::json;

use super::{World, in_each_engine};

in_each_engine! { a_visit_is_one_over_tabs_until_a_campaign_begins_another }

async fn a_visit_is_one_over_tabs_until_a_campaign_begins_another(
    engine: Engine,
) -> anyhow::Result<()> {
    let world = World::start(engine).await?;
    let World { browser, .. } = &world;
    world.open("/visits?utm_source=news").await?;
    browser.press("#button", Press::default()).await?;
    world.end("One").await?;
    browser.open_tab().await?;
    world.open("/visits/7").await?;
    browser.press("#button", Press::default()).await?;
    world.end("Two").await?;
    world.open("/visits?utm_source=other").await?;
    let events = world.end("Three").await?;
    world.browser.close().await?;

    let mut visits: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    let (mut ids, mut browsers) = (BTreeSet::new(), BTreeSet::new());
    for event in &events {
        let context = &event["context"];
        let index = context["session"]["index"].as_u64().unwrap_or_default();
        let number = context["session"]["event"].as_u64().unwrap_or_default();
        visits.entry(index).or_default().push(number);
        ids.insert(context["session"]["id"].to_string());
        browsers.insert(event["anonymousId"].to_string());
        let source = if index == 1 { "news" } else { "other" };
        assert_eq!(context["campaign"], json!({"source": source}), "{event}");
        assert_eq!(context["firstTouch"].is_object(), number == 1, "{event}");
    }
    assert_eq!(
        visits,
        BTreeMap::from([(1, (1..=6).collect()), (2, vec![1, 2])])
    );
    assert_eq!((ids.len(), browsers.len()), (2, 1));
    Ok(())
}
