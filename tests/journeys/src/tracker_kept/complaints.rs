//! What users of other trackers complain of, by its number in the list of complaints, where it is
//! about keeping events: offline, full, by a wrong clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clickstream_event::time::Timestamp;
use clickstream_lab::browser::Browser;
use serde_json::{Value, json};

use super::{World, sized};

/// A click as a person's, without WebDriver's rounds to find the element.
async fn click(browser: &Browser, x: i64, y: i64) -> anyhow::Result<()> {
    for kind in ["mousePressed", "mouseReleased"] {
        let event = json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1});
        browser.devtools("Input.dispatchMouseEvent", event).await?;
    }
    Ok(())
}

/// posthog-js#1583, posthog#24258.
#[tokio::test(flavor = "multi_thread")]
async fn complaint_02_two_hundred_clicks_offline_outlive_the_browser() -> anyhow::Result<()> {
    const CLICKS: usize = 200;
    let world = World::start()?;
    world.cut();
    let browser = Browser::start().await?;
    world.open(&browser, "").await?;
    browser
        .run("document.body.innerHTML = '<button id=b style=\"position:fixed;inset:0\">B</button>'")
        .await?;
    for _ in 0..CLICKS {
        click(&browser, 200, 200).await?;
    }
    // Lines are kept in their order: once the last is safe all are.
    assert_eq!(browser.run("return clickstream.track('Last')").await?, true);
    let profile = browser.kill().await?;
    world.mend();
    let browser = Browser::start_on(profile).await?;
    world.open(&browser, "").await?;
    let lines = world.relay.lake.wait_for("the last", |lines| {
        let clicks = lines
            .iter()
            .filter(|line| line.json["event"] == "Element Clicked");
        clicks.count() >= CLICKS && lines.iter().any(|line| line.json["event"] == "Last")
    })?;
    browser.close().await?;
    let clicks = lines
        .iter()
        .filter(|line| line.json["event"] == "Element Clicked");
    assert_eq!(clicks.count(), CLICKS);
    Ok(())
}

/// What the tracker has in the browser, in bytes: in its database, and in the site's storage; and
/// whether the site can still write there.
const STORED: &str = "return (async () => {
  const open = indexedDB.open('clickstream browser-key');
  const database = await new Promise((done) => { open.onsuccess = () => done(open.result) });
  let bytes = 0;
  for (const name of database.objectStoreNames) {
    const all = database.transaction(name).objectStore(name).getAll();
    await new Promise((done) => { all.onsuccess = done });
    bytes += all.result.reduce((sum, line) => sum + line.length, 0);
  }
  database.close();
  const own = Object.entries(localStorage).reduce((sum, [name, text]) => sum + name.length + text.length, 0);
  localStorage.setItem('the site', 'x'.repeat(1000000));
  localStorage.removeItem('the site');
  return [bytes, own, noticed];
})()";

/// analytics-next#1261, #1200, #1320; mixpanel-js#384. A fifth of the list's 100,000 events, all of
/// them in `soak`, and six times what the bound lets in; the second half after a reload.
#[tokio::test(flavor = "multi_thread")]
async fn complaint_04_05_an_endpoint_that_is_down_fills_no_more_than_the_bound()
-> anyhow::Result<()> {
    const BURST: usize = 1_000;
    let world = World::start()?;
    world.cut();
    let browser = crate::tracker_policies::noticing().await?;
    for page in 0..2 {
        world.open(&browser, "").await?;
        // Whatever it says: the database has been looked into then.
        browser.run("return clickstream.track('First')").await?;
        for _ in 0..sized(10, 50) {
            let settled = browser
                .run(&format!(
                    "return (async () => {{
                       const all = Array.from({{length: {BURST}}}, (_, n) => clickstream.track('E' + n));
                       return (await Promise.all(all)).length;
                     }})()"
                ))
                .await?;
            assert_eq!(settled, BURST);
        }
        let stored = browser.run(STORED).await?;
        let (bytes, own) = (stored[0].as_u64().unwrap(), stored[1].as_u64().unwrap());
        // 2 MiB of lines, in letters, and the few of before the database was looked into; nothing
        // but ids in the site's own storage.
        assert!(bytes <= (2 << 20) + (16 << 10), "page {page}: {stored}");
        assert!(bytes > 1 << 20, "the bound was reached: {stored}");
        assert!(own < 70_000, "{stored}");
        assert_eq!(stored[2], json!([]), "page {page}");
    }
    browser.close().await
}

#[allow(
    clippy::disallowed_methods,
    reason = "the relay's clock is this machine's, and so is what it is compared with"
)]
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

/// analytics-react-native#977: a clock that is two weeks wrong. The relay's is this machine's.
#[tokio::test(flavor = "multi_thread")]
async fn complaint_33_a_wrong_clock_is_corrected_by_the_relays() -> anyhow::Result<()> {
    const FORTNIGHT: i64 = 14 * 24 * 3600 * 1000;
    let world = World::start()?;
    let browser = Browser::start().await?;
    for (name, clock) in [("Behind", -FORTNIGHT), ("Ahead", FORTNIGHT)] {
        world.open(&browser, &format!("clock={clock}")).await?;
        let before = now();
        browser
            .run(&format!("clickstream.track('{name}'); clickstream.flush()"))
            .await?;
        let lines = world.relay.lake.wait_for(name, |lines| {
            lines.iter().any(|line| line.json["event"] == name)
        })?;
        let line = lines
            .iter()
            .find(|line| line.json["event"] == name)
            .unwrap();
        let time = |member: &Value| {
            let time = Timestamp::parse(member.as_str().unwrap_or_default());
            time.map(|time| i128::from(time.ms())).unwrap_or_default()
        };
        let happened = time(&line.json["timestamp"]);
        assert!(happened >= before.as_millis() as i128, "{}", line.json);
        assert!(happened <= now().as_millis() as i128, "{}", line.json);
        let told = time(&line.json["originalTimestamp"]) - happened;
        assert!(
            (told - i128::from(clock)).abs() < FORTNIGHT as i128 / 100,
            "{}",
            line.json
        );
    }
    browser.close().await
}
