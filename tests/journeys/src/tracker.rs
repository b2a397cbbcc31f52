//! What the tests of the tracker alone share: a site, a browser, and words for events.

use std::path::Path;

use clickstream_lab::browser::Browser;
use clickstream_lab::site::Site;
use serde_json::Value;

/// A site with this folder's pages and a browser on one of them, once the tracker runs.
pub async fn on(page: &str) -> anyhow::Result<(Site, Browser)> {
    let (site, browser) = apart().await?;
    open(&site, &browser, page).await?;
    Ok((site, browser))
}

/// The same before any page.
pub async fn apart() -> anyhow::Result<(Site, Browser)> {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("pages");
    Ok((Site::start(&pages)?, Browser::start().await?))
}

/// Goes to a page and waits for the tracker there.
pub async fn open(site: &Site, browser: &Browser, page: &str) -> anyhow::Result<()> {
    browser.goto(&format!("{}{page}", site.url)).await?;
    ready(browser).await
}

/// Waits until the tracker runs, also where navigation was the page's own.
pub async fn ready(browser: &Browser) -> anyhow::Result<()> {
    browser
        .wait_for(
            "the tracker to run",
            "return window.clickstream?.ready || false",
        )
        .await
        .map(drop)
}

/// Each event in two words or three: type, name, and where or what.
pub fn told(events: &[Value]) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let each = events.iter().map(|event| match event["type"].as_str() {
        Some("page") => format!(
            "page {} {}",
            text(&event["properties"]["navigation"]),
            text(&event["context"]["page"]["url"])
                .splitn(4, '/')
                .last()
                .unwrap_or_default()
        ),
        Some("track") if event["event"] == "Element Clicked" => {
            format!("click {}", text(&event["properties"]["element"]["id"]))
        }
        Some("track") => format!("track {}", text(&event["event"])),
        _ => format!("{} {}", text(&event["type"]), text(&event["userId"])),
    });
    each.collect()
}

/// Whether no message id comes twice. A site drops doubles as the relay does: how often something
/// was sent says [`Site::most_sent`].
pub fn distinct(events: &[Value]) -> bool {
    let mut ids: Vec<&str> = events
        .iter()
        .filter_map(|event| event["messageId"].as_str())
        .collect();
    ids.sort_unstable();
    let all = ids.len();
    ids.dedup();
    ids.len() == all && all == events.len()
}
