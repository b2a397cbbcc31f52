//! Browses a site in headless Chromium: clicks on what is really there, at a visitor's pace.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use fantoccini::Client;
use fantoccini::error::CmdError;
use fantoccini::wd::WindowHandle;
use rand_chacha::ChaCha8Rng;
use tokio::time::Instant;
use url::Url;

use crate::arguments::Browse;
use crate::chance::{Chance, Use};
use crate::progress::Progress;

mod act;
mod chromium;
mod contexts;
mod fill;
mod page;

use chromium::{Chromium, short};
use contexts::Contexts;

/// How long requests that a page sent as it was left may still take: no page is there any
/// more that could say that they have arrived.
const LAST_REQUESTS: Duration = Duration::from_millis(750);

/// Asks the page's tracker, if it has one, to send what it holds, and waits for it.
const FLUSH: &str = r#"
const done = arguments[arguments.length - 1];
const tracker = window.clickstream;
setTimeout(() => done(false), 5000);
if (tracker && typeof tracker.flush === "function")
  Promise.resolve(tracker.flush()).then(() => done(true), () => done(false));
else done(false);
"#;

/// Why there is no browsing. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum BrowseError {
    /// The driver is not installed.
    #[error("there is no {}: install Chromium and its driver (on Debian: apt-get install chromium chromium-driver), or name it with --chromedriver FILE", .0.display())]
    NoDriver(PathBuf),
    /// The driver does not start.
    #[error("{} does not start ({said}): install Chromium and its driver again (on Debian: apt-get install chromium chromium-driver)", program.display())]
    Driver {
        /// Which.
        program: PathBuf,
        /// What happened.
        said: String,
    },
    /// Chromium does not start.
    #[error(
        "Chromium does not start ({0}): install it (on Debian: apt-get install chromium chromium-driver), or name it with --chromium FILE"
    )]
    Chromium(String),
    /// No folder for its profile.
    #[error("cannot make a folder for Chromium's profile: {0}; free some room for temporary files")]
    Profile(std::io::Error),
    /// Chromium's debugger does not help.
    #[error("Chromium's debugger fails ({0}): try --visitors 1, which needs none")]
    Debugger(String),
    /// The site does not answer.
    #[error(
        "{url} cannot be opened ({said}): start the demo with `cargo xtask demo`, or give the site's address with --url"
    )]
    Site {
        /// Which.
        url: String,
        /// What Chromium says.
        said: String,
    },
    /// Anything else that the browser says.
    #[error("the browser fails: {}", short(&.0.to_string()))]
    Browser(#[from] CmdError),
}

/// What a visit came to.
#[derive(Debug, Default)]
pub struct Report {
    /// Actions done.
    pub done: u64,
    /// How long it took.
    pub elapsed: Duration,
}

/// A visitor's window and pace.
struct Visitor {
    window: WindowHandle,
    /// Whose site it is, after any redirect: the visitor stays on it.
    origin: String,
    random: ChaCha8Rng,
}

/// Does COUNT actions, or goes on until `stop`; then lets the pages send what they hold,
/// and ends Chromium.
///
/// # Errors
/// When there is no browser or no site, with what to do.
pub async fn browse(
    plan: &Browse,
    chance: &Chance,
    progress: &Progress,
    stop: impl Future<Output = ()>,
) -> Result<Report, BrowseError> {
    let started = Instant::now();
    let chromium = Chromium::start(plan.chromium.as_deref(), plan.chromedriver.as_deref()).await?;
    let mut report = Report::default();
    let ended = visit(plan, chance, progress, &chromium, &mut report, stop).await;
    chromium.end().await;
    report.elapsed = started.elapsed();
    ended.map(|()| report)
}

async fn visit(
    plan: &Browse,
    chance: &Chance,
    progress: &Progress,
    chromium: &Chromium,
    report: &mut Report,
    stop: impl Future<Output = ()>,
) -> Result<(), BrowseError> {
    let client = &chromium.client;
    // Held to the end: the visitors' windows go with it.
    let (mut visitors, _contexts) = arrive(plan, chance, chromium).await?;
    tokio::select! {
        walked = walk(plan, progress, client, &mut visitors, report) => walked?,
        () = stop => {}
    }
    for visitor in &visitors {
        client.switch_to_window(visitor.window.clone()).await?;
        // A page without a tracker, or one that is being left, says so; that is no fault.
        let _ = client.execute_async(FLUSH, Vec::new()).await;
        client.goto("about:blank").await?;
    }
    tokio::time::sleep(LAST_REQUESTS).await;
    Ok(())
}

/// Opens a window a visitor, and the site in each.
async fn arrive(
    plan: &Browse,
    chance: &Chance,
    chromium: &Chromium,
) -> Result<(Vec<Visitor>, Option<Contexts>), BrowseError> {
    let client = &chromium.client;
    let mut windows = vec![client.window().await?];
    let mut contexts = None;
    if plan.visitors > 1 {
        let debugger = chromium.debugger.as_deref();
        let debugger =
            debugger.ok_or_else(|| BrowseError::Debugger("the driver names none".to_owned()))?;
        let mut connected = Contexts::connect(debugger).await?;
        while windows.len() < usize::try_from(plan.visitors).unwrap_or(usize::MAX) {
            let name = connected.window().await?;
            let window = WindowHandle::try_from(name)
                .map_err(|error| BrowseError::Debugger(error.to_string()))?;
            windows.push(window);
        }
        contexts = Some(connected);
    }
    let mut visitors = Vec::new();
    for (number, window) in (0..).zip(windows) {
        client.switch_to_window(window.clone()).await?;
        let origin = open(client, &plan.url).await?;
        visitors.push(Visitor {
            window,
            origin,
            random: chance.visitor(Use::Clicks, number),
        });
    }
    Ok((visitors, contexts))
}

/// Opens the site and returns its origin: the one that a redirect led to, if any.
async fn open(client: &Client, url: &Url) -> Result<String, BrowseError> {
    let failed = |said: String| BrowseError::Site {
        url: url.to_string(),
        said,
    };
    client
        .goto(url.as_str())
        .await
        .map_err(|error| failed(short(&error.to_string())))?;
    // Some failures are shown as a page of Chromium's own, whose origin is "null".
    let origin = client.execute("return location.origin", Vec::new()).await?;
    match origin.as_str() {
        Some(origin) if origin != "null" => Ok(origin.to_owned()),
        _ => Err(failed("Chromium shows no page of it".to_owned())),
    }
}

/// The visitors take turns, each after a pause of its own.
async fn walk(
    plan: &Browse,
    progress: &Progress,
    client: &Client,
    visitors: &mut [Visitor],
    report: &mut Report,
) -> Result<(), BrowseError> {
    let known: Vec<WindowHandle> = visitors
        .iter()
        .map(|visitor| visitor.window.clone())
        .collect();
    let mut turns: BinaryHeap<Reverse<(Instant, usize)>> = visitors
        .iter_mut()
        .enumerate()
        .map(|(number, visitor)| {
            Reverse((
                Instant::now() + plan.pace.pause(&mut visitor.random),
                number,
            ))
        })
        .collect();
    let mut open = None;
    while plan.count.is_none_or(|count| report.done < count) {
        let Some(Reverse((due, number))) = turns.pop() else {
            break;
        };
        let Some(visitor) = visitors.get_mut(number) else {
            break;
        };
        tokio::time::sleep_until(due).await;
        if open != Some(number) {
            client.switch_to_window(visitor.window.clone()).await?;
            open = Some(number);
        }
        let did = act::act(client, &plan.url, &visitor.origin, &mut visitor.random).await?;
        report.done += 1;
        let who = if known.len() > 1 {
            format!("visitor {}, ", number + 1)
        } else {
            String::new()
        };
        progress.say(&format!("{}: {who}{did}", report.done));
        progress.did(report.done, &did);
        if close_strangers(client, &known).await? {
            open = None;
        }
        turns.push(Reverse((
            Instant::now() + plan.pace.pause(&mut visitor.random),
            number,
        )));
    }
    Ok(())
}

/// Closes what a page has opened beside itself: visitors stay in their windows.
async fn close_strangers(client: &Client, known: &[WindowHandle]) -> Result<bool, BrowseError> {
    let mut closed = false;
    for window in client.windows().await? {
        if !known.contains(&window) {
            client.switch_to_window(window).await?;
            client.close_window().await?;
            closed = true;
        }
    }
    Ok(closed)
}
