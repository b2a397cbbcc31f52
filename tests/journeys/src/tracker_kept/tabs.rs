//! Tabs that share a queue: one of them sends for all, whether the browser has locks or not.

use clickstream_lab::browser::{Browser, Engine, Profile};
use clickstream_lab::wait;
use serde_json::json;

use super::{EVENTS, World, names, rounds, sized};

/// A browser as it is before 2022, or on a page without TLS.
const LOCKLESS: &str = "lockless";

/// peers: Snowplow's tabs write over each other. One database, and one tab at a time that sends.
#[tokio::test(flavor = "multi_thread")]
async fn complaint_07_08_slow_tabs_at_once_lose_and_double_nothing() -> anyhow::Result<()> {
    slow_tabs("").await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_locks_slow_tabs_at_once_lose_and_double_nothing() -> anyhow::Result<()> {
    slow_tabs(LOCKLESS).await
}

async fn slow_tabs(more: &str) -> anyhow::Result<()> {
    let count = sized(5, 20);
    let mut world = World::start()?;
    let browser = Browser::start().await?;
    let mut tabs = Vec::new();
    for _ in 0..count {
        browser.open_tab().await?;
        let rate = json!({"rate": 6});
        browser
            .devtools("Emulation.setCPUThrottlingRate", rate)
            .await?;
        world.open(&browser, more).await?;
        tabs.push(browser.tab().await?);
    }
    // A round is five tabs' here. In the first the relay is away, and all tabs try.
    world.cut();
    for round in 0..(5 * rounds(Engine::Chromium)).div_ceil(2 * count) {
        for (number, tab) in tabs.iter().enumerate() {
            browser.switch_to(tab).await?;
            let names = names(count * round + number);
            browser
                .run(&format!("window.gone = go({})", json!(names)))
                .await?;
        }
        for tab in &tabs {
            browser.switch_to(tab).await?;
            let safe = browser.run("return gone").await?;
            let safe: Vec<String> = serde_json::from_value(safe)?;
            assert_eq!(safe.len(), EVENTS);
            world.safe.extend(safe);
        }
        world.mend();
    }
    world.all_arrive()?;
    browser.close().await?;
    let doubled: Vec<_> = world.taken().into_iter().filter(|(_, n)| *n > 1).collect();
    assert!(doubled.is_empty(), "taken more than once: {doubled:?}");
    Ok(())
}

/// Who dies while it sends holds up the others for a time that is bounded, here by the next page's
/// clock; and nobody sends what it may have sent before that.
#[tokio::test(flavor = "multi_thread")]
async fn without_locks_a_dead_tab_holds_up_the_others_for_no_longer_than_its_lease()
-> anyhow::Result<()> {
    const LEASE: u64 = 90_000;
    let mut world = World::start()?;
    // The relay takes the connection and does not answer.
    world.wire.wait_for_relay();
    world.cut();
    let browser = Browser::start_on(Profile::new(Engine::Chromium)?).await?;
    world.open(&browser, LOCKLESS).await?;
    world.track(&browser, 0).await?;
    let arrived = |count: usize| {
        wait::until("a request", || match world.wire.arrived() {
            arrived if arrived >= count => Ok(()),
            arrived => Err(arrived),
        })
    };
    arrived(1)?;
    let profile = browser.kill().await?;
    let browser = Browser::start_on(profile).await?;
    let held = "return new Promise((done) => {
      const opened = indexedDB.open('clickstream browser-key');
      opened.onsuccess = () => {
        const keys = opened.result.transaction('lines').objectStore('lines').getAllKeys();
        keys.onsuccess = () => {
          opened.result.close();
          done(keys.result.filter((key) => typeof key == 'number').length);
        };
      };
    })";
    world.open(&browser, LOCKLESS).await?;
    assert_eq!(browser.run(held).await?, 3, "the lease of the dead");
    world
        .open(&browser, &format!("{LOCKLESS}&clock={LEASE}"))
        .await?;
    arrived(2)?;
    world.mend();
    world.all_arrive()?;
    let gone = "return held().then((count) => count == 0)";
    browser
        .run(&format!("window.held = () => {{ {held} }}"))
        .await?;
    browser.wait_for("the lease to be given back", gone).await?;
    browser.close().await
}
