//! Sites of React and Vue: typed, bundled and run, with the full edition from the package.

use clickstream_lab::browser::Browser;
use clickstream_lab::lake::{self, Line};
use clickstream_lab::relay::Relay;
use clickstream_lab::site::Site;

use super::{Project, bundled};

/// A visitor of the site looks at a book and buys it; the lake has all of it once.
async fn bought(entry: &str) -> anyhow::Result<()> {
    let project = Project::new()?;
    let out = bundled(&project, entry, "clickstream-full.wasm")?;
    let home = tempfile::tempdir()?;
    let relay = Relay::start(home.path(), &[])?;
    relay.wait_ready()?;
    let site = Site::start(&out)?;
    let browser = Browser::start().await?;
    let url = format!("{}/site/page.html?relay={}", site.url, relay.url);
    browser.goto(&url).await?;
    let named = |lines: &[Line], name: &str| {
        let of_name = |line: &&Line| line.json["event"] == name;
        lines.iter().filter(of_name).count()
    };
    relay.lake.wait_for("the book to be seen", |lines| {
        named(lines, "Product Viewed") == 1
    })?;
    browser.click("#button").await?;
    browser
        .wait_for(
            "the word that it is safe",
            "return document.querySelector('#button').textContent == 'In the basket'",
        )
        .await?;
    let all = ["Product Viewed", "Element Clicked", "Product Added"];
    let lines = relay.lake.wait_for("all of it", |lines| {
        all.iter().all(|name| named(lines, name) > 0)
    })?;
    browser.close().await?;
    lake::check_books(&lines)?;
    for name in all {
        assert_eq!(named(&lines, name), 1, "{name}");
    }
    let view = lines.iter().find(|line| line.json["type"] == "page");
    let route = view.map(|view| &view.json["context"]["page"]["route"]);
    assert_eq!(route, Some(&"/site/:page".into()));
    let click = lines
        .iter()
        .find(|line| line.json["event"] == "Element Clicked");
    let product = click.map(|click| &click.json["properties"]["product_id"]);
    assert_eq!(product, Some(&"bk-1".into()));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_of_react_tells_of_its_components() -> anyhow::Result<()> {
    bought("react.tsx").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_of_vue_tells_of_its_components() -> anyhow::Result<()> {
    bought("vue.ts").await
}
