//! A site of Rust with the tracker compiled in: the example of `tracker-wasm/examples/app`.

use clickstream_lab::browser::Browser;
use clickstream_lab::lake;
use clickstream_lab::program::root;
use clickstream_lab::relay::Relay;
use clickstream_lab::site::Site;

#[tokio::test(flavor = "multi_thread")]
async fn a_site_of_rust_tells_the_relay_of_its_page() -> anyhow::Result<()> {
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
    browser
        .wait_for("the event to be safe", "return document.title == 'safe'")
        .await?;
    browser.click("#button").await?;
    let lines = relay.lake.wait_for("the click", |lines| {
        let clicked = |line: &lake::Line| line.json["event"] == "Element Clicked";
        lines.iter().any(clicked)
    })?;
    browser.close().await?;
    lake::check_books(&lines)?;
    let named = |event: &str| {
        lines
            .iter()
            .filter(|line| line.json["event"] == event)
            .count()
    };
    assert_eq!(named("Order Completed"), 1);
    assert_eq!(named("Unwanted"), 0, "a plugin of Rust has dropped it");
    let views = lines.iter().filter(|line| line.json["type"] == "page");
    assert_eq!(views.count(), 1);
    for line in &lines {
        assert_eq!(line.json["context"]["branch"], "north", "{}", line.json);
    }
    Ok(())
}
