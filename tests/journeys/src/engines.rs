//! The same visits in each engine: real pages, real input, a real relay before the same site; what
//! is asserted is the lake.

mod clicks;

mod consent;

mod pages;

mod visits;

mod watched;

use std::path::Path;

use clickstream_lab::browser::{Browser, Engine};
use clickstream_lab::lake::{self, Line};
use clickstream_lab::relay::Relay;
use clickstream_lab::site::Site;
use clickstream_lab::wait;
use serde_json::Value;
use tempfile::TempDir;

use crate::tracker;

/// A test of each story in each engine.
macro_rules! in_each_engine {
    ($($story:ident)*) => {
        $crate::engines::stories!(chromium Chromium $($story)*);
        $crate::engines::stories!(firefox Firefox $($story)*);
        $crate::engines::stories!(webkit WebKit $($story)*);
    };
}

/// A test of each story in one engine, in a module of its name.
macro_rules! stories {
    ($module:ident $engine:ident $($story:ident)*) => {
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $story() -> anyhow::Result<()> {
                    super::$story(clickstream_lab::browser::Engine::$engine).await
                }
            )*
        }
    };
}

pub(crate) use {in_each_engine, stories};

/// A site with its relay, and a browser.
struct World {
    site: Site,
    browser: Browser,
    relay: Relay,
    _folder: TempDir,
}

impl World {
    async fn start(engine: Engine) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let relay = Relay::start(folder.path(), &[])?;
        relay.wait_ready()?;
        let site = Site::start(&Path::new(env!("CARGO_MANIFEST_DIR")).join("pages"))?;
        site.lead_to(&relay.url);
        Ok(Self {
            site,
            browser: Browser::start_in(engine).await?,
            relay,
            _folder: folder,
        })
    }

    /// Goes to a page and waits for the tracker there.
    async fn open(&self, page: &str) -> anyhow::Result<()> {
        tracker::open(&self.site, &self.browser, page).await
    }

    /// Waits until the browser is at this path and the tracker runs there.
    async fn arrives(&self, path: &str) -> anyhow::Result<()> {
        let script = format!("return location.pathname === '{path}'");
        self.browser.wait_for(path, &script).await?;
        tracker::ready(&self.browser).await
    }

    /// Tracks an event and waits until it is in the lake; gives all that is there, in the order in
    /// which it happened.
    async fn end(&self, name: &str) -> anyhow::Result<Vec<Value>> {
        self.browser
            .run(&format!("clickstream.track('{name}'); clickstream.flush()"))
            .await?;
        self.lake(name, |told| told.contains(&format!("track {name}")))
    }

    /// Waits until the lake is so; gives its events in the order in which they happened.
    fn lake(&self, what: &str, enough: impl Fn(&[String]) -> bool) -> anyhow::Result<Vec<Value>> {
        let lines = wait::until(what, || {
            let lines = self
                .relay
                .lake
                .events()
                .map_err(|error| vec![error.to_string()])?;
            let told = tracker::told(&in_order(&lines));
            if enough(&told) { Ok(lines) } else { Err(told) }
        })?;
        lake::check_books(&lines)?;
        Ok(in_order(&lines))
    }
}

fn in_order(lines: &[Line]) -> Vec<Value> {
    let mut events: Vec<Value> = lines.iter().map(|line| line.json.clone()).collect();
    events.sort_by_key(|event| {
        let at = event["originalTimestamp"].as_str().unwrap_or_default();
        // Within a millisecond, by their numbers in the visit.
        (at.to_owned(), event["context"]["session"]["event"].as_u64())
    });
    events
}
