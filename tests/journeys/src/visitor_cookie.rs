//! A browser whose scripts' storage was cleared is the same visitor again: the relay's cookie gives
//! the tracker its id back, until somebody signs out.

use clickstream_lab::browser::Browser;
use clickstream_lab::shop::Shop;
use clickstream_lab::wait;
use serde_json::Value;

/// The id in the page's storage, once the relay has answered for it.
async fn settled(browser: &Browser) -> anyhow::Result<String> {
    let id = browser
        .wait_for(
            "the relay to have answered",
            "return !localStorage['clickstream.new'] && localStorage['clickstream.anonymous']",
        )
        .await?;
    Ok(id.as_str().unwrap_or_default().to_owned())
}

/// The id in the cookie.
async fn remembered(browser: &Browser) -> anyhow::Result<String> {
    let cookie = browser.cookie("clickstream_visitor").await?;
    assert_eq!(cookie["httpOnly"], true);
    let value = cookie["value"].as_str().unwrap_or_default();
    let (_, id) = value.split_once('.').unwrap_or_default();
    Ok(id.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_id_comes_back_until_reset() -> anyhow::Result<()> {
    let shop = Shop::start(&[])?;
    let browser = Browser::start().await?;
    browser.goto(&shop.url).await?;
    let first = settled(&browser).await?;
    assert_eq!(remembered(&browser).await?, first);
    let seen = browser.run("return document.cookie").await?;
    assert!(
        !seen.to_string().contains("clickstream_visitor"),
        "no script sees it: {seen}"
    );

    browser.run("localStorage.clear()").await?;
    browser.goto(&shop.url).await?;
    assert_eq!(settled(&browser).await?, first);
    browser.run("clickstream.track('Came Back')").await?;
    let lines = shop.lake.wait_for("the visitor's event", |lines| {
        lines.iter().any(|line| line.name() == "track Came Back")
    })?;
    let back = lines.iter().find(|line| line.name() == "track Came Back");
    assert_eq!(
        back.map(|line| &line.json["anonymousId"]),
        Some(&Value::from(&*first))
    );

    // Signed out: the browser gets another id, and the one of before is gone for good.
    browser
        .run("clickstream.reset(); clickstream.track('Left')")
        .await?;
    shop.lake.wait_for("the event after reset", |lines| {
        lines.iter().any(|line| line.name() == "track Left")
    })?;
    let second = settled(&browser).await?;
    assert_ne!(second, first);
    // Which of the two answers came last, the one that ended the cookie or the one that set it, is
    // open; the next one settles it.
    wait::until_async("a cookie of the new id", || async {
        browser.run("clickstream.track('Again')").await?;
        let cookie = remembered(&browser).await.unwrap_or_default();
        Ok(if cookie == second {
            Ok(())
        } else {
            Err(cookie)
        })
    })
    .await?;
    browser.run("localStorage.clear()").await?;
    browser.goto(&shop.url).await?;
    assert_eq!(settled(&browser).await?, second);
    browser.close().await?;
    Ok(())
}
