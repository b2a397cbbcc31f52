//! `docs/tracker.md` lists every name that is stored and every member that is sent: a browser is held
//! to it.

use std::collections::BTreeSet;
use std::path::Path;

use clickstream_lab::browser::Browser;
use serde_json::Value;

use crate::tracker::{apart, open, ready, told};

/// What stands in backticks on the page.
fn listed() -> anyhow::Result<BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs_err::read_to_string(root.join("docs/tracker.md"))?;
    Ok(page
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect())
}

/// The paths of an event's members that have no members themselves; lists are one.
fn members(value: &Value, path: &str, into: &mut BTreeSet<String>) {
    match value {
        // A site's own categories, and what is listed once.
        Value::Object(_) if path == "context.consent.categoryPreferences" => {
            into.insert(path.to_owned());
        }
        Value::Object(_) if path.starts_with("context.firstTouch.") => {
            into.insert(path.to_owned());
        }
        Value::Object(object) => {
            for (name, value) in object {
                let dot = if path.is_empty() { "" } else { "." };
                members(value, &format!("{path}{dot}{name}"), into);
            }
        }
        _ => drop(into.insert(path.to_owned())),
    }
}

/// Names of everything that the origin has stored, as the page writes them.
async fn stored(browser: &Browser) -> anyhow::Result<Vec<String>> {
    let names = browser
        .run(
            "return (async () => [...Object.keys(localStorage), ...Object.keys(sessionStorage),
               ...(await indexedDB.databases()).map(({ name }) => name)])()",
        )
        .await?;
    let all = names.as_array().cloned().unwrap_or_default();
    let each = all.iter().filter_map(Value::as_str).map(|name| {
        let of_page = name.starts_with("clickstream.kept.");
        match name.split_once(' ') {
            Some((first, _)) => format!("{first} "),
            None if of_page => "clickstream.kept.".to_owned(),
            None => name.to_owned(),
        }
    });
    Ok(each.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_stored_and_sent_is_listed() -> anyhow::Result<()> {
    let listed = listed()?;
    let (site, browser) = apart().await?;
    let mut kept = BTreeSet::new();
    open(&site, &browser, "/forms?utm_source=a&gclid=b").await?;
    browser.type_into("#email", "x").await?;
    kept.extend(stored(&browser).await?);
    browser.click("#send").await?;
    browser
        .wait_for("the next page", "return document.title === 'Clicks'")
        .await?;
    ready(&browser).await?;
    browser
        .run("clickstream.identify('45'); clickstream.consent({analytics: true, marketing: true})")
        .await?;
    open(&site, &browser, "/links").await?;
    browser.click("#named").await?;
    kept.extend(stored(&browser).await?);
    browser
        .run("clickstream.track('End'); clickstream.flush()")
        .await?;
    let events = site
        .wait_for("the end", |events| {
            told(events).contains(&"track End".to_owned())
        })
        .await?;
    let batch = site.taken().last().unwrap().body.clone();
    browser.close().await?;

    let mut sent: BTreeSet<String> = batch.as_object().unwrap().keys().cloned().collect();
    for event in &events {
        members(event, "", &mut sent);
    }
    // What the form's page says of itself in an attribute.
    sent.remove("properties.step");
    let unlisted: Vec<&String> = sent
        .union(&kept)
        .filter(|name| !listed.contains(*name))
        .collect();
    assert!(unlisted.is_empty(), "docs/tracker.md lacks {unlisted:?}");
    for name in ["clickstream.session", "clickstream.consent", "clickstream "] {
        assert!(kept.contains(name), "{name} is not among {kept:?}");
    }
    for member in [
        "properties.link.kind",
        "properties.fields",
        "context.firstTouch.campaign",
    ] {
        assert!(sent.contains(member), "{member} is not among {sent:?}");
    }
    Ok(())
}
