//! Forms: started, submitted, abandoned; the names of their fields and never what is in them.

use clickstream_lab::browser::Browser;
use clickstream_lab::site::Site;
use serde_json::{Value, json};

use crate::tracker::{distinct, on, ready, told};

const TYPED: &str = "typed one";

/// The form's events.
fn forms(events: &[Value]) -> Vec<&Value> {
    let formed = |event: &&Value| {
        let name = event["event"].as_str().unwrap_or_default();
        name.starts_with("Form ")
    };
    events.iter().filter(formed).collect()
}

/// Waits for the page that follows.
async fn away(site: &Site, browser: &Browser) -> anyhow::Result<Vec<Value>> {
    browser
        .wait_for("the next page", "return document.title === 'Clicks'")
        .await?;
    ready(browser).await?;
    site.wait_for("the next page's view", |events| {
        told(events).contains(&"page load clicks".to_owned())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_told_of_by_names_alone() -> anyhow::Result<()> {
    let (site, browser) = on("/forms").await?;
    browser.type_into("#alone", TYPED).await?;
    browser.type_into("[name=secret]", TYPED).await?;
    browser.type_into("#email", "typed@two.example").await?;
    browser.type_into("[name=password]", TYPED).await?;
    browser.type_into("#email", TYPED).await?;
    browser.type_into("#country", "typed BE").await?;
    browser.click("#gift").await?;
    browser.click("#send").await?;
    let events = away(&site, &browser).await?;
    browser.close().await?;
    let all = forms(&events);
    let names: Vec<&Value> = all.iter().map(|event| &event["event"]).collect();
    assert_eq!(names, ["Form Started", "Form Submitted"]);
    let form = json!({"id": "order", "name": "order", "action": "/clicks"});
    assert_eq!(
        all[0]["properties"],
        json!({"form": form, "fields": ["email"], "duration_ms": 0, "step": 2})
    );
    let submitted = &all[1]["properties"];
    assert_eq!(submitted["form"], form);
    assert_eq!(
        submitted["fields"],
        json!(["email", "password", "country", "gift"])
    );
    assert!(submitted["duration_ms"].as_u64() > Some(0), "{submitted}");
    let everything = Value::Array(events.clone()).to_string();
    for word in ["typed", "secret", "quiet", "alone"] {
        assert!(!everything.contains(word), "{word}: {everything}");
    }
    assert!(distinct(&events));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_begun_and_left_is_abandoned() -> anyhow::Result<()> {
    let (site, browser) = on("/forms").await?;
    browser.type_into("#email", TYPED).await?;
    browser.click("#away").await?;
    let events = away(&site, &browser).await?;
    browser.close().await?;
    let names: Vec<&Value> = forms(&events)
        .into_iter()
        .map(|event| &event["event"])
        .collect();
    assert_eq!(names, ["Form Started", "Form Abandoned"]);
    let abandoned = forms(&events)[1];
    assert_eq!(abandoned["properties"]["fields"], json!(["email"]));
    assert_eq!(abandoned["context"]["page"]["path"], "/forms");
    Ok(())
}

/// posthog-js#205: a form that leads to another page at once.
#[tokio::test(flavor = "multi_thread")]
async fn complaint_03_a_submission_survives_the_page_it_ends() -> anyhow::Result<()> {
    let (site, browser) = on("/forms").await?;
    const ROUNDS: usize = 10;
    for round in 0..ROUNDS {
        if round > 0 {
            crate::tracker::open(&site, &browser, "/forms").await?;
        }
        browser.click("#send").await?;
        browser
            .wait_for("the next page", "return document.title === 'Clicks'")
            .await?;
    }
    let submitted = |events: &[Value]| {
        let all = forms(events).into_iter();
        all.filter(|event| event["event"] == "Form Submitted")
            .count()
    };
    let events = site
        .wait_for("each submission", |events| submitted(events) >= ROUNDS)
        .await?;
    browser.close().await?;
    assert_eq!(submitted(&events), ROUNDS);
    assert!(distinct(&events));
    Ok(())
}
