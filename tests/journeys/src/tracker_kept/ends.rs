//! How pages end: without a word, and several at once within what browsers allow to be on its way.

use std::time::Duration;

use clickstream_lab::browser::Browser;
use serde_json::json;

use super::{World, names};

/// A crash of the page, its browser lives on. There is no next page.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_crashes_has_said_what_to_send_later() -> anyhow::Result<()> {
    let mut world = World::start()?;
    let browser = Browser::start().await?;
    world.open(&browser, "later&timeless").await?;
    let safe = world.track(&browser, 0).await?;
    assert_eq!(safe, names(0));
    assert!(world.taken().is_empty(), "nothing but the crash sends");
    // Who has crashed does not answer.
    let crash = browser.devtools("Page.crash", json!({}));
    let _ = tokio::time::timeout(Duration::from_secs(5), crash).await;
    world.all_arrive()?;
    drop(browser);
    assert!(world.taken().values().all(|times| *times == 1));
    Ok(())
}

/// What a beacon took is not sent later as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_tab_that_is_closed_sends_once() -> anyhow::Result<()> {
    let mut world = World::start()?;
    let browser = Browser::start().await?;
    let before = browser.open_tab().await?;
    world.open(&browser, "later&timeless").await?;
    world.track(&browser, 0).await?;
    browser.close_tab().await?;
    browser.switch_to(&before).await?;
    world.all_arrive()?;
    browser.close().await?;
    assert!(world.taken().values().all(|times| *times == 1));
    Ok(())
}

/// snowplow-javascript-tracker#1359: trackers that share the 64 KiB hang. Here three, of a page and of
/// two frames of its site, end together with 60 KiB each.
#[tokio::test(flavor = "multi_thread")]
async fn complaint_31_frames_that_end_together_share_what_may_be_on_its_way() -> anyhow::Result<()>
{
    const EVENTS: usize = 20;
    const BYTES: usize = 3 * 1024;
    let mut world = World::start()?;
    let browser = Browser::start().await?;
    world.cut();
    world.open(&browser, "timeless").await?;
    browser
        .run(
            "for (const name of ['a', 'b']) {
               const frame = document.createElement('iframe');
               frame.src = location.href;
               document.body.append(frame);
             }",
        )
        .await?;
    let ready = "return frames.length == 2
      && Promise.all([0, 1].map((at) => frames[at].clickstream?.ready ?? false))
        .then((all) => all.every((runs) => runs))";
    browser.wait_for("the frames' trackers", ready).await?;
    let names = |of: &str| -> Vec<String> {
        let each = (0..EVENTS).map(|number| format!("{of} {number}"));
        each.collect()
    };
    for (of, window) in [
        ("Top", "window"),
        ("First", "frames[0]"),
        ("Second", "frames[1]"),
    ] {
        let names = names(of);
        let safe = browser
            .run(&format!("return {window}.go({}, {BYTES})", json!(names)))
            .await?;
        assert_eq!(safe, json!(names));
        world.safe.extend(names);
    }
    world.mend();
    browser.goto("about:blank").await?;
    // What beacons had no room for, the next page has.
    world.open(&browser, "").await?;
    world.all_arrive()?;
    browser.close().await?;
    // By beacon and again by the next page, to which nobody said whether the beacon arrived.
    let most = world.taken().into_values().max();
    assert!(most <= Some(2), "{most:?}");
    Ok(())
}
