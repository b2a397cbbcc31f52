//! Visits: numbered without a gap over pages and tabs, begun anew by a campaign; what led to them;
//! the routes of an application.

use std::collections::{BTreeMap, BTreeSet};

use clickstream_event::id::message_id;
use serde_json::{Value, json};

use crate::tracker::{apart, distinct, on, open, ready, told};

/// The numbers of the events of each visit.
fn visits(events: &[Value]) -> BTreeMap<(u64, &str), Vec<u64>> {
    let mut visits: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    for event in events {
        let session = &event["context"]["session"];
        let number = |name: &str| session[name].as_u64().unwrap_or_default();
        let id = session["id"].as_str().unwrap_or_default();
        // The browser hashes by other code than this program.
        let anonymous = event["anonymousId"].as_str().unwrap_or_default();
        let hashed = message_id(number("index"), anonymous, "session", 0);
        assert_eq!(id, hashed, "{event}");
        let visit = visits.entry((number("index"), id)).or_default();
        visit.push(number("event"));
    }
    for numbers in visits.values_mut() {
        numbers.sort_unstable();
    }
    visits
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_begins_a_visit_and_stands_on_all_its_events() -> anyhow::Result<()> {
    let (site, browser) = apart().await?;
    let other = site.url.replace("127.0.0.1", "localhost");
    // From another site.
    browser.goto(&format!("{other}/framed")).await?;
    let to = format!("{}/visits?utm_source=news%20letter&gclid=Cj0", site.url);
    browser
        .run(&format!("location.href = {}", json!(to)))
        .await?;
    browser
        .wait_for("the page", "return document.title === 'Visits'")
        .await?;
    ready(&browser).await?;
    browser.click("#button").await?;
    open(&site, &browser, "/visits/7").await?;
    // Loaded again, the same campaign is no other.
    open(
        &site,
        &browser,
        "/visits?utm_source=news%20letter&gclid=Cj0",
    )
    .await?;
    open(&site, &browser, "/visits?utm_source=other").await?;
    browser.run("clickstream.track('End')").await?;
    let events = site
        .wait_for("the end", |events| {
            told(events).contains(&"track End".to_owned())
        })
        .await?;
    browser.close().await?;

    let visits = visits(&events);
    let numbers: Vec<(u64, Vec<u64>)> = visits
        .iter()
        .map(|((index, _), numbers)| (*index, numbers.clone()))
        .collect();
    assert_eq!(numbers, [(1, vec![1, 2, 3, 4]), (2, vec![1, 2])]);
    let first = json!({"source": "news letter", "clickId": {"name": "gclid", "value": "Cj0"}});
    for event in &events {
        let context = &event["context"];
        let of_first = context["session"]["index"] == 1;
        let campaign = if of_first {
            first.clone()
        } else {
            json!({"source": "other"})
        };
        assert_eq!(context["campaign"], campaign, "{event}");
        let led = format!("{other}/");
        assert_eq!(context["referrer"]["url"] == led, of_first, "{event}");
        let begins = context["session"]["event"] == 1;
        assert_eq!(context["firstTouch"].is_object(), begins, "{event}");
        if begins {
            assert_eq!(context["firstTouch"]["campaign"], first);
            assert_eq!(context["firstTouch"]["url"], to);
        }
        let path = context["page"]["path"].as_str();
        let route = if path == Some("/visits/7") {
            json!("/visits/:id")
        } else {
            Value::Null
        };
        assert_eq!(context["page"]["route"], route, "{event}");
    }
    assert!(distinct(&events));
    Ok(())
}

/// posthog-js#3690, #5036: in a real browser.
#[tokio::test(flavor = "multi_thread")]
async fn complaint_26_five_tabs_are_one_visit() -> anyhow::Result<()> {
    let (site, browser) = on("/visits").await?;
    for _ in 1..5 {
        browser.open_tab().await?;
        open(&site, &browser, "/visits").await?;
    }
    let tabs = browser.tabs().await?;
    let mut known = 0;
    for round in 0..2 {
        for tab in &tabs {
            browser.switch_to(tab).await?;
            browser
                .run(&format!(
                    "clickstream.track('Round {round}'); clickstream.flush()"
                ))
                .await?;
            known += 1;
            site.wait_for("this tab's event", |events| {
                let told = told(events);
                told.iter().filter(|told| told.starts_with("track")).count() >= known
            })
            .await?;
        }
    }
    let events = site.wait_for("all", |events| events.len() >= 15).await?;
    browser.close().await?;
    let visits = visits(&events);
    assert_eq!(visits.len(), 1, "{visits:?}");
    // Tabs in processes of their own may draw the same number in the same moment, but none is left
    // out.
    let numbers: BTreeSet<u64> = visits.into_values().flatten().collect();
    let last = numbers.last().copied().unwrap_or_default();
    assert_eq!(numbers, (1..=last).collect::<BTreeSet<u64>>());
    assert!(last >= 5, "five tabs count together: {last}");
    let browsers: BTreeSet<&str> = events
        .iter()
        .filter_map(|event| event["anonymousId"].as_str())
        .collect();
    assert_eq!(browsers.len(), 1);
    Ok(())
}
