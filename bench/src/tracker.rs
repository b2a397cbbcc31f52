//! What trackers cost a page, ours and others' from npm, in one run of Chromium: time on the main
//! thread at start-up and for each of many clicks, bytes, memory.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clickstream_lab::browser::Browser;
use clickstream_lab::bundle::bundle;
use clickstream_lab::collector::Collector;
use clickstream_lab::program::root;
use clickstream_lab::site::Site;
use serde_json::json;

use crate::machine;
use crate::report::Report;
use crate::table::median;

/// Clicks of a case, and those of one command to the browser, which has to end within a minute.
const CLICKS: usize = 1_000;
const AT_ONCE: usize = 10;

/// Loads of a case, of which the median counts.
const LOADS: usize = 5;

/// How many times slower the second half's processor is.
const SLOWED: u32 = 4;

/// Who is compared: the name in the table and of the page, and whether it must be told of clicks.
const TRACKERS: [(&str, &str, bool); 7] = [
    ("nothing", "nothing", false),
    ("ours", "ours", false),
    ("Segment analytics-next 1.84.3", "segment", true),
    ("Snowplow 4.10.1", "snowplow", true),
    ("PostHog 1.449.2", "posthog", false),
    ("RudderStack 3.34.1", "rudderstack", true),
    ("Plausible 0.4.6", "plausible", true),
];

/// What one tracker cost.
struct Cost {
    /// Milliseconds of processor from the navigation until nothing was left to do.
    startup: f64,
    /// Milliseconds in the handlers of each click.
    clicks: Vec<f64>,
    /// Milliseconds of processor over all clicks and what they left to do, by click.
    each: f64,
    /// Milliseconds from input to the next frame, of the slowest in fifty; none where it was less
    /// than can be seen.
    inp: Option<f64>,
    /// Clicks that arrived, bytes of bodies by click that did, and requests.
    told: usize,
    bytes: f64,
    requests: usize,
    /// Bytes in memory: objects, the browser's own for them, and buffers, wasm's memory included.
    heap: f64,
}

/// Runs the comparison and writes its part of the file.
pub fn run() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let pages = tempfile::tempdir()?;
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tracker/page.html");
    fs_err::copy(own, pages.path().join("page.html"))?;
    for (_, name, _) in &TRACKERS[2..] {
        let entry: PathBuf = root().join(format!("tests/journeys/sdks/peers/{name}.js"));
        bundle(&entry, &pages.path().join(format!("{name}.js")))?;
    }
    let mut report = Report::begin("tracker", "What a tracker costs its page");
    report.line(&format!(
        "One page with 60 books in headless Chromium, a new profile for each tracker, other people's from npm \
         bundled by esbuild. *Start-up*: processor time of the main thread's tasks, the page's own subtracted, median of \
         5 loads. *Handlers*: of {CLICKS} clicks by the driver, from before the first listener to after the last. \
         *A click in all*: the same, by click, drawing and sending included, the page's own subtracted. \
         *INP*: the 98th percentile as the browser rounds it, to 8 ms. *Bytes*: bodies, as they went; \
         PostHog leaves out what is more than ten clicks a second. \
         *Heap*: after a collection, wasm's memory included, the page's own subtracted. PostHog and ours capture \
         clicks by themselves; the others are told of each in a listener of the page's, with three properties.",
    ));
    report.line("");
    report.line(&machine::words(pages.path())?);
    report.line("");
    for slowed in [1, SLOWED] {
        report.line(&format!(
            "| processor ÷ {slowed} | start-up ms | handlers ms, median / p99 | a click in all ms | INP ms | clicks sent: bytes each (requests) | heap KB |"
        ));
        report.line("|---|---|---|---|---|---|---|");
        let mut nothing = None;
        for (title, name, told) in TRACKERS {
            eprintln!("tracker: processor ÷ {slowed}, {title}");
            let cost = runtime.block_on(measure(pages.path(), name, told, slowed))?;
            let base = nothing.get_or_insert((cost.startup, cost.each, cost.heap));
            report.line(&row(title, &cost, *base, name == "nothing"));
        }
        report.line("");
    }
    report.line(&format!(
        "Load of the machine at the end: {}.",
        machine::load()
    ));
    report.write()
}

fn row(title: &str, cost: &Cost, (startup, each, heap): (f64, f64, f64), bare: bool) -> String {
    let less = |own: f64, base: f64| if bare { own } else { own - base };
    let mut clicks = cost.clicks.clone();
    clicks.sort_by(f64::total_cmp);
    let last = clicks.len().saturating_sub(1);
    let p99 = clicks.get(last * 99 / 100).copied().unwrap_or(f64::NAN);
    let inp = cost
        .inp
        .map_or("< 16".to_owned(), |inp| format!("{inp:.0}"));
    format!(
        "| {title} | {:.1} | {:.3} / {p99:.3} | {:.2} | {inp} | {}: {:.0} ({}) | {:.0} |",
        less(cost.startup, startup),
        median(&clicks),
        less(cost.each, each),
        cost.told,
        cost.bytes,
        cost.requests,
        less(cost.heap, heap) / 1024.0,
    )
}

async fn measure(pages: &Path, name: &str, told: bool, slowed: u32) -> anyhow::Result<Cost> {
    let (site, collector) = (Site::start(pages)?, Collector::start()?);
    site.isolate();
    let browser = Browser::start().await?;
    // In processor time, not the clock's.
    let ticks = json!({"timeDomain": "threadTicks"});
    browser.devtools("Performance.enable", ticks).await?;
    let rate = json!({"rate": slowed});
    browser
        .devtools("Emulation.setCPUThrottlingRate", rate)
        .await?;
    let listens = if told { "&listens=1" } else { "" };
    let url = format!(
        "{}/page.html?tracker={name}{listens}&at={}",
        site.url, collector.url
    );
    let ready = match name {
        "nothing" => "return document.readyState === 'complete'",
        "ours" => "return window.clickstream?.ready || false",
        _ => "return document.readyState === 'complete' && !!window.peer",
    };
    let mut startups = Vec::new();
    for _ in 0..LOADS {
        browser.goto("about:blank").await?;
        let before = tasks(&browser).await?;
        browser.goto(&url).await?;
        browser.wait_for("the tracker", ready).await?;
        let after = settled(&browser, slowed).await?;
        // A new process for the page begins at nothing.
        startups.push(if after >= before {
            after - before
        } else {
            after
        });
    }
    let isolated = browser.run("return crossOriginIsolated").await?;
    anyhow::ensure!(isolated == true, "the page's clock is coarse");
    let (sent, before) = (collector.sent().len(), tasks(&browser).await?);
    for _ in 0..CLICKS / AT_ONCE {
        browser.click_often(["#buy-1", "#buy-8"], AT_ONCE).await?;
    }
    let after = settled(&browser, slowed).await?;
    let clicks: Vec<f64> = serde_json::from_value(browser.run("return times").await?)?;
    anyhow::ensure!(clicks.len() == CLICKS, "{} clicks were heard", clicks.len());
    let told = if name == "nothing" {
        0
    } else {
        let wanted = if name == "posthog" {
            "$autocapture"
        } else {
            "Element Clicked"
        };
        arrived(&collector, wanted).await
    };
    let sent = collector.sent().split_off(sent);
    let shown: Vec<f64> = serde_json::from_value(browser.run("return shown").await?)?;
    let heap = heap(&browser).await?;
    browser.close().await?;
    Ok(Cost {
        startup: median(&startups),
        each: (after - before) / CLICKS as f64,
        inp: slowest_in_fifty(shown),
        bytes: sent.iter().map(|sent| sent.bytes).sum::<usize>() as f64 / told.max(1) as f64,
        requests: sent.len(),
        told,
        clicks,
        heap,
    })
}

/// Milliseconds of processor that the main thread's tasks have had: what neighbours disturb least. Not the
/// thread's: what slows a processor down keeps it busy between the tasks too.
async fn tasks(browser: &Browser) -> anyhow::Result<f64> {
    let said = browser
        .devtools("Performance.getMetrics", json!({}))
        .await?;
    let all = said["metrics"].as_array().into_iter().flatten();
    let time = all.filter(|metric| metric["name"] == "TaskDuration");
    Ok(time
        .filter_map(|metric| metric["value"].as_f64())
        .sum::<f64>()
        * 1000.0)
}

/// The same once it has had nothing to do for a while: less than a fiftieth of half a second, or as much
/// work of a processor that is slowed down.
async fn settled(browser: &Browser, slowed: u32) -> anyhow::Result<f64> {
    const WHILE: Duration = Duration::from_millis(500);
    let little = 10.0 * f64::from(slowed);
    let mut before = tasks(browser).await?;
    for _ in 0..60 {
        tokio::time::sleep(WHILE).await;
        let now = tasks(browser).await?;
        if now - before < little {
            return Ok(now);
        }
        before = now;
    }
    anyhow::bail!("the page never comes to rest")
}

async fn heap(browser: &Browser) -> anyhow::Result<f64> {
    browser
        .devtools("HeapProfiler.collectGarbage", json!({}))
        .await?;
    let said = browser.devtools("Runtime.getHeapUsage", json!({})).await?;
    let part = |name: &str| said[name].as_f64().unwrap_or_default();
    Ok(part("usedSize") + part("embedderHeapUsedSize") + part("backingStorageSize"))
}

/// How many clicks have come, once no more come for as long as any of them gathers a batch.
async fn arrived(collector: &Collector, wanted: &str) -> usize {
    let wanted = [wanted.to_owned()];
    let mut before = 0;
    for _ in 0..12 {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let now = collector.counts(&wanted, |_| true)[0];
        if now >= CLICKS || (now == before && now > 0) {
            return now;
        }
        before = now;
    }
    before
}

/// The 98th percentile over all clicks, of which only the slow ones are told.
fn slowest_in_fifty(mut shown: Vec<f64>) -> Option<f64> {
    shown.sort_by(f64::total_cmp);
    let slower = CLICKS / 50;
    shown
        .len()
        .checked_sub(slower)
        .and_then(|at| shown.get(at))
        .copied()
}
