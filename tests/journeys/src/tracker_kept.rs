//! What the tracker has called safe is in the lake, once: whatever ends the page, the browser, the
//! network or the storage. Real browser, real relay; what is asserted is the lake.

use std::collections::BTreeMap;
use std::path::Path;

use clickstream_lab::browser::{Browser, Engine, Profile};
use clickstream_lab::lake::{self, Line};
use clickstream_lab::relay::Relay;
use clickstream_lab::site::Site;
use clickstream_lab::wire::Wire;
use serde_json::json;
use tempfile::TempDir;

use crate::engines::{in_each_engine, stories};

mod complaints;

mod ends;

mod tabs;

in_each_engine! {
    a_tab_closed_after_a_settled_call_loses_nothing
    a_page_left_while_the_relay_is_away_loses_nothing
    where_storage_is_forbidden_events_go_from_memory
}

// WebKitGTK, driven, keeps nothing from one start to the next: there is nothing to come back to.
mod kill {
    use super::{a_browser_killed_after_a_settled_call_loses_nothing, stories};
    stories!(chromium Chromium a_browser_killed_after_a_settled_call_loses_nothing);
    stories!(firefox Firefox a_browser_killed_after_a_settled_call_loses_nothing);
}

/// Rounds in `cargo xtask test`; `soak` sets more.
const ROUNDS: usize = 10;
const ROUNDS_VARIABLE: &str = "CLICKSTREAM_LOSS_ROUNDS";

/// Events of a round.
const EVENTS: usize = 4;

#[allow(clippy::disallowed_methods, reason = "soak sets the size of a test")]
fn rounds(engine: Engine) -> usize {
    let set = std::env::var(ROUNDS_VARIABLE).ok();
    let rounds = set.and_then(|set| set.parse().ok()).unwrap_or(ROUNDS);
    match engine {
        Engine::Chromium => rounds,
        // The others start slower, and show a fault of the tracker's as soon.
        Engine::Firefox | Engine::WebKit => rounds.div_ceil(5),
    }
}

/// One size for `cargo xtask test`, another for `soak`.
fn sized(test: usize, soak: usize) -> usize {
    if rounds(Engine::Chromium) > ROUNDS {
        soak
    } else {
        test
    }
}

/// A site, and a relay behind a wire that can be cut.
struct World {
    site: Site,
    wire: Wire,
    relay: Relay,
    _folder: TempDir,
    /// Names of events that were called safe, or that have to arrive for another reason.
    safe: Vec<String>,
}

impl World {
    fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let relay = Relay::start(folder.path(), &[])?;
        relay.wait_ready()?;
        let world = Self {
            site: Site::start(&Path::new(env!("CARGO_MANIFEST_DIR")).join("pages"))?,
            wire: Wire::start()?,
            relay,
            _folder: folder,
            safe: Vec::new(),
        };
        world.mend();
        Ok(world)
    }

    /// The relay cannot be reached.
    fn cut(&self) {
        self.wire.lead_to("http://127.0.0.1:1");
    }

    fn mend(&self) {
        self.wire.lead_to(&self.relay.url);
    }

    /// Goes to the page, as `more` asks for it.
    async fn open(&self, browser: &Browser, more: &str) -> anyhow::Result<()> {
        let Self { site, wire, .. } = self;
        let url = format!("{}/kept?relay={}&{more}", site.url, wire.url);
        // A browser that was just killed may fail to load a file at its first try: what is asked here
        // is what it has kept.
        for _ in 0..3 {
            browser.goto(&url).await?;
            let runs = browser
                .wait_for(
                    "the tracker to run or not",
                    "const ready = window.clickstream?.ready;
                     return ready ? ready.then((runs) => (runs ? 'runs' : 'fails')) : false",
                )
                .await?;
            if runs == "runs" {
                return Ok(());
            }
        }
        anyhow::bail!("the tracker does not run")
    }

    /// Tracks a round's events and waits for the word that they are safe.
    async fn track(&mut self, browser: &Browser, round: usize) -> anyhow::Result<Vec<String>> {
        let names = names(round);
        let safe = browser.run(&format!("return go({})", json!(names))).await?;
        let safe: Vec<String> = serde_json::from_value(safe)?;
        self.safe.extend(safe.clone());
        Ok(safe)
    }

    /// Waits until all that has to arrive is in the lake, and sees that nothing is there twice.
    fn all_arrive(&self) -> anyhow::Result<()> {
        let lines = self.relay.lake.wait_for("what was safe", |lines| {
            let there = counted(lines);
            self.safe.iter().all(|name| there.contains_key(name))
        })?;
        lake::check_books(&lines)?;
        for name in &self.safe {
            assert_eq!(counted(&lines)[name], 1, "{name}");
        }
        Ok(())
    }

    /// How often the relay took each event, by its message id: the lake has it once anyway.
    fn taken(&self) -> BTreeMap<String, usize> {
        let mut taken = BTreeMap::new();
        for seen in self.wire.seen() {
            for event in seen.events() {
                if seen.status == Some(200) && event["type"] == "track" {
                    let id = event["messageId"].as_str().unwrap_or_default();
                    *taken.entry(id.to_owned()).or_default() += 1;
                }
            }
        }
        taken
    }
}

fn names(round: usize) -> Vec<String> {
    (0..EVENTS).map(|n| format!("Event {round} {n}")).collect()
}

fn counted(lines: &[Line]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in lines {
        let name = line.json["event"].as_str().unwrap_or_default();
        *counts.entry(name.to_owned()).or_default() += 1;
    }
    counts
}

/// The relay is away, so that nothing else can have saved them.
async fn a_browser_killed_after_a_settled_call_loses_nothing(engine: Engine) -> anyhow::Result<()> {
    let mut world = World::start()?;
    let mut browser = Browser::start_on(Profile::new(engine)?).await?;
    for round in 0..rounds(engine) {
        world.cut();
        world.open(&browser, "").await?;
        let safe = world.track(&browser, round).await?;
        assert_eq!(safe, names(round));
        let profile = browser.kill().await?;
        world.mend();
        browser = Browser::start_on(profile).await?;
        world.open(&browser, "").await?;
        world.all_arrive()?;
    }
    browser.close().await
}

async fn a_tab_closed_after_a_settled_call_loses_nothing(engine: Engine) -> anyhow::Result<()> {
    let mut world = World::start()?;
    let browser = Browser::start_in(engine).await?;
    for round in 0..rounds(engine) {
        // Every second time its beacon finds nobody.
        if round % 2 == 1 {
            world.cut();
        }
        let before = browser.open_tab().await?;
        world.open(&browser, "").await?;
        world.track(&browser, round).await?;
        browser.close_tab().await?;
        browser.switch_to(&before).await?;
        world.mend();
    }
    assert_eq!(world.safe.len(), rounds(engine) * EVENTS);
    world.open(&browser, "").await?;
    world.all_arrive()?;
    browser.close().await
}

/// peers: PostHog loses what it had when the page is left while its endpoint is away.
async fn a_page_left_while_the_relay_is_away_loses_nothing(engine: Engine) -> anyhow::Result<()> {
    let mut world = World::start()?;
    let browser = Browser::start_in(engine).await?;
    for round in 0..rounds(engine) {
        world.cut();
        world.open(&browser, "").await?;
        // Not waited for: what the page's last moment has is left to the next page.
        let names = names(round);
        browser.run(&format!("go({})", json!(names))).await?;
        world.safe.extend(names);
        world.open(&browser, "").await?;
        world.mend();
        if round % 2 == 0 {
            world.open(&browser, "").await?;
        }
    }
    world.open(&browser, "").await?;
    world.all_arrive()?;
    browser.close().await
}

/// The page stays, and the network comes back.
#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_is_cut_costs_no_event() -> anyhow::Result<()> {
    let mut world = World::start()?;
    let browser = Browser::start().await?;
    world.open(&browser, "").await?;
    for round in 0..rounds(Engine::Chromium) {
        world.cut();
        world.track(&browser, round).await?;
        world.mend();
        browser.run("dispatchEvent(new Event('online'))").await?;
    }
    assert_eq!(world.safe.len(), rounds(Engine::Chromium) * EVENTS);
    world.all_arrive()?;
    browser.close().await?;
    assert!(world.taken().values().all(|times| *times == 1));
    Ok(())
}

/// Storage that is forbidden: nothing is called safe, and what the page lives to send arrives.
async fn where_storage_is_forbidden_events_go_from_memory(engine: Engine) -> anyhow::Result<()> {
    let mut world = World::start()?;
    let browser = Browser::start_in(engine).await?;
    for round in 0..rounds(engine) {
        world.open(&browser, "forbidden").await?;
        assert!(world.track(&browser, round).await?.is_empty());
        world.safe.extend(names(round));
    }
    world.all_arrive()?;
    browser.close().await
}

/// A quota that fails at any one write: those lines go from memory, all others are as safe as ever.
#[tokio::test(flavor = "multi_thread")]
async fn complaint_06_a_quota_that_fails_at_any_one_write_costs_no_event() -> anyhow::Result<()> {
    let mut world = World::start()?;
    let browser = Browser::start().await?;
    for round in 0..rounds(Engine::Chromium) {
        world
            .open(&browser, &format!("quota={}", round % 6))
            .await?;
        for part in 0..2 {
            world.track(&browser, 2 * round + part).await?;
            world.safe.extend(names(2 * round + part));
        }
    }
    world.safe.sort_unstable();
    world.safe.dedup();
    world.all_arrive()?;
    browser.close().await
}

/// The whole origin's quota is used up, as Chromium itself says it.
#[tokio::test(flavor = "multi_thread")]
async fn where_storage_is_full_events_go_from_memory() -> anyhow::Result<()> {
    let mut world = World::start()?;
    let browser = Browser::start().await?;
    let quota = json!({"origin": world.site.url, "quotaSize": 0});
    browser
        .devtools("Storage.overrideQuotaForOrigin", quota)
        .await?;
    for round in 0..rounds(Engine::Chromium) {
        world.open(&browser, "").await?;
        world.track(&browser, round).await?;
        world.safe.extend(names(round));
    }
    world.safe.sort_unstable();
    world.safe.dedup();
    world.all_arrive()?;
    browser.close().await
}

/// A clock that was set right: what was recorded a moment ago seems to be a month old, or to come.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_costs_no_event() -> anyhow::Result<()> {
    const MONTH: i64 = 30 * 24 * 3600 * 1000;
    let mut world = World::start()?;
    let browser = Browser::start().await?;
    for round in 0..rounds(Engine::Chromium) {
        let clock = if round % 2 == 0 { -MONTH } else { MONTH };
        world.cut();
        world.open(&browser, &format!("clock={clock}")).await?;
        world.track(&browser, round).await?;
        // The next page's clock is right.
        world.mend();
        world.open(&browser, "").await?;
    }
    assert_eq!(world.safe.len(), rounds(Engine::Chromium) * EVENTS);
    world.all_arrive()?;
    browser.close().await
}
