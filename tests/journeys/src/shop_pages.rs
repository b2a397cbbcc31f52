//! What the shop's own scripts do in a browser: the drawer, the tabs, the folder in the lake.

use clickstream_lab::browser::Browser;
use clickstream_lab::lake::check_books;
use clickstream_lab::shop::Shop;

/// The drawer's rows, newest first: name and state.
const ROWS: &str = "return [...document.querySelectorAll('#drawer-list li')]
    .map(row => row.querySelector('strong').textContent + ': ' + row.className)";

async fn text(browser: &Browser, script: &str) -> anyhow::Result<String> {
    let value = browser.run(script).await?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_drawer_follows_events_and_says_nothing_itself() -> anyhow::Result<()> {
    let shop = Shop::start(&[])?;
    let browser = Browser::start_sized(390, 844).await?;
    browser.goto(&format!("{}/books/bk-1", shop.url)).await?;
    browser.click("#drawer-knob").await?;
    browser
        .wait_for(
            "both events to be acknowledged",
            &format!("const rows = (() => {{ {ROWS} }})();
                return rows.includes('Product Viewed: acknowledged') && rows.includes('page: acknowledged')"),
        )
        .await?;
    // The whole event, as JSON, for who opens it.
    browser.click("#drawer-list li summary").await?;
    let json = browser
        .wait_for(
            "the event's JSON",
            "return document.querySelector('#drawer-list details[open] pre')?.textContent ?? null",
        )
        .await?;
    let event: serde_json::Value = serde_json::from_str(json.as_str().unwrap_or_default())?;
    assert_eq!(event["context"]["page"]["path"], "/books/bk-1");

    // It stays open over a navigation, with what was said before; escape closes it.
    browser
        .goto(&format!("{}/departments/house", shop.url))
        .await?;
    browser
        .wait_for(
            "four events over two pages",
            "return document.querySelectorAll('#drawer-list .acknowledged').length === 4",
        )
        .await?;
    browser
        .run(
            "document.querySelector('#drawer-close').dispatchEvent(
                new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))",
        )
        .await?;
    let closed = browser
        .run("return document.querySelector('#drawer-sheet').hidden && document.activeElement.id")
        .await?;
    assert_eq!(closed, "drawer-knob");
    browser.close().await?;

    let events = shop
        .lake
        .wait_for("what the drawer showed", |lines| lines.len() >= 4)?;
    check_books(&events)?;
    let clicks = events
        .iter()
        .filter(|line| line.json["event"] == "Element Clicked")
        .count();
    assert_eq!(clicks, 0, "clicks in the drawer are nobody's events");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn tabs_have_addresses_titles_and_a_way_back() -> anyhow::Result<()> {
    let shop = Shop::start(&[])?;
    let browser = Browser::start().await?;
    browser.goto(&format!("{}/books/bk-1", shop.url)).await?;
    browser.run("window.sameDocument = true").await?;
    let steps = [
        (
            "reviews",
            "document.querySelector('#tabs nav a[href$=\"/reviews\"]').click()",
            "What readers say",
        ),
        ("back", "history.back()", "What it is"),
        ("forward", "history.forward()", "What readers say"),
    ];
    for (step, act, heading) in steps {
        browser.run(act).await?;
        browser
            .wait_for(
                step,
                &format!("return document.querySelector('#tabs h2').textContent === '{heading}'"),
            )
            .await?;
    }
    assert_eq!(
        browser.run("return window.sameDocument").await?,
        true,
        "no page was loaded anew"
    );
    // A reload gives the same part, from the server.
    browser.run("location.reload()").await?;
    browser
        .wait_for(
            "the page after the reload",
            "return !window.sameDocument && document.querySelector('#tabs h2')?.textContent === 'What readers say'",
        )
        .await?;
    let pages = |lines: &[clickstream_lab::lake::Line]| {
        let mut pages: Vec<(String, String, String)> = lines
            .iter()
            .filter(|line| line.json["type"] == "page")
            .map(|line| {
                let text =
                    |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
                let page = &line.json["context"]["page"];
                (
                    text(&line.json["originalTimestamp"]),
                    text(&page["path"]),
                    text(&page["title"]),
                )
            })
            .collect();
        pages.sort();
        pages
    };
    let lines = shop
        .lake
        .wait_for("five page views", |lines| pages(lines).len() >= 5)?;
    browser.close().await?;
    let seen = pages(&lines);
    let paths: Vec<&str> = seen.iter().map(|(_, path, _)| path.as_str()).collect();
    let (description, reviews) = ("/books/bk-1", "/books/bk-1/reviews");
    assert_eq!(paths, [description, reviews, description, reviews, reviews]);
    for (_, path, title) in &seen {
        assert_eq!(
            title.starts_with("Reviews of"),
            path == reviews,
            "{path} is titled {title}"
        );
    }
    // The book was seen by two loads, not by each change of tabs.
    let viewed = lines
        .iter()
        .filter(|line| line.json["event"] == "Product Viewed");
    assert_eq!(viewed.count(), 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_finds_the_own_folder_by_itself_in_the_lake() -> anyhow::Result<()> {
    let shop = Shop::start(&[])?;
    let browser = Browser::start().await?;
    browser.goto(&format!("{}/books/bk-9", shop.url)).await?;
    browser
        .wait_for(
            "the browser's own id",
            "return sessionStorage.getItem('shop.anonymous')",
        )
        .await?;
    browser.goto(&format!("{}/in-the-lake", shop.url)).await?;
    browser
        .wait_for(
            "the visitor's lines",
            "return [...document.querySelectorAll('#lake summary')]
                .some(line => line.textContent.includes('Product Viewed'))",
        )
        .await?;
    let shown = text(
        &browser,
        "return document.querySelector('#lake .key').textContent",
    )
    .await?;
    browser.close().await?;
    let events = shop.lake.events()?;
    let folder = events.iter().find_map(|line| line.folder()).unwrap();
    assert_eq!(shown, format!("clickstream/userId={folder}/"));
    assert!(folder.starts_with("visitor-"), "{folder}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_out_is_somebody_new() -> anyhow::Result<()> {
    let shop = Shop::start(&[])?;
    let browser = Browser::start().await?;
    browser.goto(&format!("{}/sign-in", shop.url)).await?;
    browser
        .click("main button[name='reader'][value='4']")
        .await?;
    browser.wait_for_element("script[data-user-id='4']").await?;
    browser.click("form.leave button").await?;
    browser
        .wait_for(
            "a page without a reader",
            "return location.pathname === '/' && !document.querySelector('script[data-user-id]')
                && typeof window.clickstream?.track === 'function'",
        )
        .await?;
    browser.goto(&format!("{}/wishlist", shop.url)).await?;
    let lines = shop.lake.wait_for("the page after signing out", |lines| {
        lines
            .iter()
            .any(|line| line.json["context"]["page"]["path"] == "/wishlist")
    })?;
    browser.close().await?;
    check_books(&lines)?;
    let last = lines
        .iter()
        .find(|line| line.json["context"]["page"]["path"] == "/wishlist")
        .unwrap();
    assert!(last.folder().unwrap().starts_with("visitor-"));
    let before = lines
        .iter()
        .filter(|line| line.folder() == Some("4"))
        .map(|line| &line.json["anonymousId"]);
    for anonymous in before {
        assert_ne!(
            anonymous, &last.json["anonymousId"],
            "the next person at this browser"
        );
    }
    Ok(())
}
