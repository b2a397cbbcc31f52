//! A site of Rust with the tracker compiled in: the Yew site of `tracker-wasm/examples/app`.

use clickstream_lab::browser::Browser;
use clickstream_lab::lake;
use clickstream_lab::program::root;
use clickstream_lab::relay::Relay;
use clickstream_lab::site::Site;

#[tokio::test(flavor = "multi_thread")]
async fn a_site_of_rust_tells_the_relay_of_its_pages() -> anyhow::Result<()> {
    let app = root().join("target/app");
    anyhow::ensure!(
        app.is_dir(),
        "the example is not built: run `cargo xtask test`"
    );
    let home = tempfile::tempdir()?;
    let relay = Relay::start(home.path(), &[])?;
    relay.wait_ready()?;
    let site = Site::start(&app)?;
    let browser = Browser::start().await?;
    browser
        .goto(&format!("{}/index.html?{}", site.url, relay.url))
        .await?;
    // The router shows another page: the document stays.
    browser.click("a.book").await?;
    browser.click("#buy").await?;
    browser
        .wait_for(
            "the event to be safe",
            "return document.querySelector('output').textContent == 'safe'",
        )
        .await?;
    let lines = relay.lake.wait_for("both clicks", |lines| {
        let clicked = |line: &&lake::Line| line.json["event"] == "Element Clicked";
        lines.iter().filter(clicked).count() == 2
    })?;
    browser.close().await?;
    lake::check_books(&lines)?;
    let named = |event: &str| {
        lines
            .iter()
            .filter(|line| line.json["event"] == event)
            .count()
    };
    assert_eq!(named("Product Added"), 1);
    assert_eq!(named("Unwanted"), 0, "a plugin of Rust has dropped it");
    let views = lines.iter().filter(|line| line.json["type"] == "page");
    let mut views: Vec<_> = views
        .map(|line| &line.json["properties"])
        .map(|view| (view["path"].as_str(), view["navigation"].as_str()))
        .collect();
    views.sort_unstable();
    let wanted = [
        (Some("/books/7"), Some("push")),
        (Some("/index.html"), Some("load")),
    ];
    assert_eq!(views, wanted);
    for line in &lines {
        assert_eq!(line.json["context"]["branch"], "north", "{}", line.json);
    }
    Ok(())
}
