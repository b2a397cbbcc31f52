//! Others' trackers from npm beside ours, on one page and with one server to which the same
//! happens: what they lose or double, and that ours does neither.
//!
//! What is asserted is ours, and of theirs what is sure; the rest is printed.

use std::path::Path;

use clickstream_lab::browser::{Browser, Press};
use clickstream_lab::bundle::bundle;
use clickstream_lab::collector::Collector;
use clickstream_lab::program::root;
use clickstream_lab::site::Site;
use clickstream_lab::wait;
use tempfile::TempDir;

/// A page with both trackers, and the server to which both send.
struct World {
    site: Site,
    collector: Collector,
    browser: Browser,
    _pages: TempDir,
}

const PAGE: &str = r#"<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Both</title>
<script>
  const ours = document.createElement("script");
  ours.src = "/clickstream.js";
  ours.dataset.writeKey = "browser-key";
  ours.dataset.endpoint = new URLSearchParams(location.search).get("at");
  document.head.append(ours);
</script>
<script defer src="/peer.js"></script>
</head>
<body><a id="link" href="/both.html">A link</a></body>
</html>
"#;

impl World {
    /// With the peer of that name.
    async fn start(peer: &str) -> anyhow::Result<Self> {
        let pages = tempfile::tempdir()?;
        let entry = format!("tests/journeys/sdks/peers/{peer}.js");
        bundle(&root().join(entry), &pages.path().join("peer.js"))?;
        fs_err::write(pages.path().join("both.html"), PAGE)?;
        Ok(Self {
            site: Site::start(Path::new(pages.path()))?,
            collector: Collector::start()?,
            browser: Browser::start().await?,
            _pages: pages,
        })
    }

    /// Goes to the page and waits for both.
    async fn open(&self) -> anyhow::Result<()> {
        let url = format!("{}/both.html?at={}", self.site.url, self.collector.url);
        self.browser.goto(&url).await?;
        self.browser
            .wait_for(
                "both trackers",
                "return window.clickstream?.ready?.then(() => !!window.peer) || false",
            )
            .await
            .map(drop)
    }

    /// Has both track the same names; waits for the word that ours are safe.
    async fn track(&self, names: &[String]) -> anyhow::Result<()> {
        let script = format!(
            "const names = {};
             names.forEach((name) => peer.track(name));
             return Promise.all(names.map((name) => clickstream.track(name)))",
            serde_json::json!(names)
        );
        let safe = self.browser.run(&script).await?;
        let all = safe
            .as_array()
            .is_some_and(|safe| safe.iter().all(|safe| *safe == true));
        anyhow::ensure!(all, "not all are safe: {safe}");
        Ok(())
    }

    /// How often each name has come by our tracker.
    fn ours(&self, names: &[String]) -> Vec<usize> {
        self.collector.counts(names, |path| path == "/v1/batch")
    }

    /// And by the peer's.
    fn theirs(&self, names: &[String]) -> Vec<usize> {
        self.collector.counts(names, |path| path != "/v1/batch")
    }

    /// Waits until all of ours are there and a last event of the peer's, which takes its turn
    /// after all that it still has; says what each has lost and doubled.
    async fn balance(&self, peer: &str, names: &[String]) -> anyhow::Result<Balance> {
        self.browser.run("peer.track('Last')").await?;
        let last = ["Last".to_owned()];
        wait::until_async("ours, and the peer's last", || async {
            let (ours, theirs) = (self.ours(names), self.theirs(&last));
            let there = ours.iter().all(|times| *times > 0) && theirs[0] > 0;
            Ok(if there { Ok(()) } else { Err((ours, theirs)) })
        })
        .await?;
        let balance = Balance::of(&self.theirs(names));
        let ours = Balance::of(&self.ours(names));
        eprintln!("{peer}: {balance:?}; ours: {ours:?}");
        assert_eq!(ours, Balance::default());
        Ok(balance)
    }
}

/// Of so many events.
#[derive(Debug, Default, PartialEq, Eq)]
struct Balance {
    lost: usize,
    doubled: usize,
}

impl Balance {
    fn of(times: &[usize]) -> Self {
        Self {
            lost: times.iter().filter(|times| **times == 0).count(),
            doubled: times.iter().filter(|times| **times > 1).count(),
        }
    }
}

fn names(count: usize, of: &str) -> Vec<String> {
    (0..count).map(|n| format!("{of} {n}")).collect()
}

/// Its batch leaves when a tab is hidden, and stays in its buffer: shown again, it leaves again.
#[tokio::test(flavor = "multi_thread")]
async fn segment_doubles_the_batch_of_a_tab_that_is_hidden_and_shown() -> anyhow::Result<()> {
    let world = World::start("segment").await?;
    world.open().await?;
    let names = names(5, "Event");
    world.track(&names).await?;
    world
        .browser
        .run(
            "const shown = (state) => {
               Object.defineProperty(document, 'visibilityState', {value: state, configurable: true});
               document.dispatchEvent(new Event('visibilitychange', {bubbles: true}));
             };
             shown('hidden'); shown('visible');",
        )
        .await?;
    let balance = world.balance("Segment", &names).await?;
    world.browser.close().await?;
    let (lost, doubled) = (0, 5);
    assert_eq!(balance, Balance { lost, doubled });
    Ok(())
}

/// Each tab writes its own list over the one that all share.
#[tokio::test(flavor = "multi_thread")]
async fn snowplow_loses_what_two_tabs_kept_while_its_server_was_away() -> anyhow::Result<()> {
    let world = World::start("snowplow").await?;
    world.open().await?;
    let first = world.browser.open_tab().await?;
    world.open().await?;
    let second = world.browser.tab().await?;
    world.collector.be_away(true);
    let names = names(20, "Event");
    for (number, name) in names.iter().enumerate() {
        let tab = if number % 2 == 0 { &first } else { &second };
        world.browser.switch_to(tab).await?;
        world.track(std::slice::from_ref(name)).await?;
    }
    // Both are closed, and the visitor comes back.
    world.browser.open_tab().await?;
    let later = world.browser.tab().await?;
    for tab in [first, second] {
        world.browser.switch_to(&tab).await?;
        world.browser.close_tab().await?;
    }
    world.collector.be_away(false);
    world.browser.switch_to(&later).await?;
    world.open().await?;
    let balance = world.balance("Snowplow", &names).await?;
    world.browser.close().await?;
    assert!(balance.lost > 0, "{balance:?}");
    Ok(())
}

/// Its queue is in memory alone.
#[tokio::test(flavor = "multi_thread")]
async fn posthog_loses_what_waits_when_the_page_is_left() -> anyhow::Result<()> {
    let world = World::start("posthog").await?;
    world.open().await?;
    world.collector.be_away(true);
    let names = names(5, "Event");
    world.track(&names).await?;
    let before = world.collector.cut().len();
    world.browser.goto("about:blank").await?;
    // What both send at the page's end finds nobody, too.
    wait::until("both last requests", || {
        let cut = world.collector.cut().split_off(before);
        let ours = cut.iter().filter(|path| *path == "/v1/batch").count();
        if ours > 0 && cut.len() > ours {
            Ok(())
        } else {
            Err(cut)
        }
    })?;
    world.collector.be_away(false);
    world.open().await?;
    let balance = world.balance("PostHog", &names).await?;
    world.browser.close().await?;
    let (lost, doubled) = (5, 0);
    assert_eq!(balance, Balance { lost, doubled });
    Ok(())
}

/// A middle click is an `auxclick`, which it does not listen for.
#[tokio::test(flavor = "multi_thread")]
async fn posthog_misses_a_middle_click() -> anyhow::Result<()> {
    let world = World::start("posthog").await?;
    world.open().await?;
    world
        .browser
        .run("addEventListener('click', (event) => event.preventDefault())")
        .await?;
    world.browser.press("#link", Press::default()).await?;
    world.browser.press("#link", Press::button(1)).await?;
    let ours = ["Element Clicked".to_owned()];
    let theirs = ["$autocapture".to_owned()];
    world.browser.run("peer.track('Last')").await?;
    let last = ["Last".to_owned()];
    wait::until("two clicks of ours, and the peer's last event", || {
        let seen = (world.ours(&ours), world.theirs(&last));
        if seen.0[0] >= 2 && seen.1[0] > 0 {
            Ok(())
        } else {
            Err(seen)
        }
    })?;
    let (ours, theirs) = (world.ours(&ours)[0], world.theirs(&theirs)[0]);
    eprintln!("PostHog: {theirs} of 2 clicks; ours: {ours}");
    world.browser.close().await?;
    assert_eq!((ours, theirs), (2, 1));
    Ok(())
}
