//! A headless browser of one's own, driven from outside: trusted input, as a person's would be.
//!
//! Three engines behind one set of words. What one of them cannot do is an error that says so.

mod bidi;

mod engine;

mod firefox;

mod input;

mod profile;

mod webdriver;

use anyhow::Context as _;
use fantoccini::Locator;
use fantoccini::wd::WindowHandle;
use serde_json::{Value, json};

use crate::{http, wait};
pub use engine::Engine;
pub use input::{CONTROL, Press};
pub use profile::Profile;

/// A browser that knows nothing of an earlier one. Closing it is better than dropping it.
#[derive(Debug)]
pub struct Browser {
    driver: Driver,
    /// Dropped last: it ends what a killed driver leaves behind.
    profile: Option<Profile>,
}

#[derive(Debug)]
enum Driver {
    WebDriver(webdriver::Session),
    Firefox(firefox::Visitor),
}

/// A tab, as its browser calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab(String);

impl Browser {
    /// Starts Chromium.
    ///
    /// # Errors
    /// Where it is not installed, with the line that installs it.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_in(Engine::Chromium).await
    }

    /// Starts an engine; of Firefox there is one that tests share, each as a visitor of its own.
    ///
    /// # Errors
    /// Where it is not installed, with the line that installs it.
    pub async fn start_in(engine: Engine) -> anyhow::Result<Self> {
        if engine == Engine::Firefox {
            return Ok(Self {
                driver: Driver::Firefox(firefox::Visitor::start().await?),
                profile: None,
            });
        }
        Self::start_on(Profile::new(engine)?).await
    }

    /// Starts Chromium with a window of that size.
    ///
    /// # Errors
    /// Where it is not installed.
    pub async fn start_sized(width: u32, height: u32) -> anyhow::Result<Self> {
        let profile = Profile::new(Engine::Chromium)?;
        Self::chromium(profile, (width, height)).await
    }

    /// Starts an engine on a profile, new or with what an earlier one kept.
    ///
    /// # Errors
    /// Where it does not start.
    pub async fn start_on(profile: Profile) -> anyhow::Result<Self> {
        let driver = match profile.engine {
            Engine::Chromium => return Self::chromium(profile, (1280, 900)).await,
            Engine::Firefox => Driver::Firefox(firefox::Visitor::start_on(&profile).await?),
            Engine::WebKit => Driver::WebDriver(webdriver::Session::webkit().await?),
        };
        let profile = Some(profile);
        Ok(Self { driver, profile })
    }

    async fn chromium(profile: Profile, size: (u32, u32)) -> anyhow::Result<Self> {
        let session = webdriver::Session::chromium(&profile, size).await?;
        Ok(Self {
            driver: Driver::WebDriver(session),
            profile: Some(profile),
        })
    }

    /// Goes to a page.
    ///
    /// # Errors
    /// Where the browser cannot.
    pub async fn goto(&self, url: &str) -> anyhow::Result<()> {
        match &self.driver {
            Driver::WebDriver(session) => wait::answer(url, session.page.goto(url)).await,
            Driver::Firefox(visitor) => visitor.goto(url).await,
        }
    }

    /// Goes a step back, as by the browser's button.
    ///
    /// # Errors
    /// Where the browser cannot.
    pub async fn back(&self) -> anyhow::Result<()> {
        match &self.driver {
            Driver::WebDriver(session) => wait::answer("back", session.page.back()).await,
            Driver::Firefox(visitor) => visitor.back().await,
        }
    }

    /// Runs a script in the page and gives what it returns, or what the promise that it returns
    /// becomes.
    ///
    /// # Errors
    /// Where it throws.
    pub async fn run(&self, script: &str) -> anyhow::Result<Value> {
        match &self.driver {
            Driver::WebDriver(session) => {
                wait::answer(script, session.page.execute(script, Vec::new())).await
            }
            Driver::Firefox(visitor) => visitor.run(script).await,
        }
    }

    /// Clicks, as a person would, on the first element that a CSS selector finds, once it is
    /// there and can be clicked.
    ///
    /// # Errors
    /// Where it never can.
    pub async fn click(&self, selector: &str) -> anyhow::Result<()> {
        let Driver::WebDriver(session) = &self.driver else {
            return self.press(selector, Press::default()).await;
        };
        wait::until_async(&format!("{selector} to be clicked"), || async {
            let clicked = async {
                let element = session.page.find(Locator::Css(selector)).await?;
                element.click().await
            };
            Ok(clicked.await.map_err(|error| error.to_string()))
        })
        .await
    }

    /// Presses and lets go a mouse button on an element, once it is there and nothing lies over
    /// it; with a key held, if so asked.
    ///
    /// # Errors
    /// Where it never can be pressed.
    pub async fn press(&self, selector: &str, press: Press) -> anyhow::Result<()> {
        self.perform(press.at(&self.point(selector).await?)).await
    }

    /// Turns the wheel so many pixels down.
    ///
    /// # Errors
    /// Where the browser cannot.
    pub async fn turn_wheel(&self, pixels: i64) -> anyhow::Result<()> {
        self.perform(input::wheel(pixels)).await
    }

    /// Types into the element.
    ///
    /// # Errors
    /// Where it is not there.
    pub async fn type_into(&self, selector: &str, text: &str) -> anyhow::Result<()> {
        match &self.driver {
            Driver::WebDriver(session) => {
                let element = session.page.find(Locator::Css(selector)).await?;
                Ok(element.send_keys(text).await?)
            }
            Driver::Firefox(visitor) => visitor.type_into(selector, text).await,
        }
    }

    /// Clicks so often, in turns on two elements, with one command, as fast as the page takes it.
    ///
    /// # Errors
    /// Where one of them never can be pressed.
    pub async fn click_often(&self, selectors: [&str; 2], times: usize) -> anyhow::Result<()> {
        let first = self.point(selectors[0]).await?;
        let second = self.point(selectors[1]).await?;
        self.perform(input::clicks(&[first, second], times)).await
    }

    async fn point(&self, selector: &str) -> anyhow::Result<Value> {
        self.wait_for(selector, &input::point(selector)).await
    }

    async fn perform(&self, actions: Value) -> anyhow::Result<()> {
        match &self.driver {
            Driver::WebDriver(session) => session.perform(actions).await,
            Driver::Firefox(visitor) => visitor.perform(actions).await,
        }
    }

    /// Waits until a script returns something true.
    ///
    /// # Errors
    /// Where it never does.
    pub async fn wait_for(&self, what: &str, script: &str) -> anyhow::Result<Value> {
        wait::until_async(what, || async {
            Ok(match self.run(script).await {
                Ok(Value::Null | Value::Bool(false)) => Err("not yet".to_owned()),
                Ok(value) => Ok(value),
                Err(error) => Err(error.to_string()),
            })
        })
        .await
    }

    /// Waits for an element.
    ///
    /// # Errors
    /// Where it never comes.
    pub async fn wait_for_element(&self, selector: &str) -> anyhow::Result<()> {
        let script = format!("return !!document.querySelector({})", json!(selector));
        self.wait_for(selector, &script).await.map(drop)
    }

    /// The tab that is spoken to.
    ///
    /// # Errors
    /// Where it is gone.
    pub async fn tab(&self) -> anyhow::Result<Tab> {
        match &self.driver {
            Driver::WebDriver(session) => Ok(Tab(session.page.window().await?.into())),
            Driver::Firefox(visitor) => Ok(Tab(visitor.tab())),
        }
    }

    /// All tabs, also those that pages have opened.
    ///
    /// # Errors
    /// Where the browser does not answer.
    pub async fn tabs(&self) -> anyhow::Result<Vec<Tab>> {
        let tabs: Vec<String> = match &self.driver {
            Driver::WebDriver(session) => {
                let windows = session.page.windows().await?;
                windows.into_iter().map(Into::into).collect()
            }
            Driver::Firefox(visitor) => visitor.tabs().await?,
        };
        Ok(tabs.into_iter().map(Tab).collect())
    }

    /// Opens a tab and goes on in it; gives the tab of before.
    ///
    /// # Errors
    /// Where the browser does not.
    pub async fn open_tab(&self) -> anyhow::Result<Tab> {
        let before = self.tab().await?;
        match &self.driver {
            Driver::WebDriver(session) => {
                // WebKitGTK shows no tab that was opened so, and then answers to no input in it.
                let tab = session.page.new_window(!session.is_webkit()).await?;
                session.page.switch_to_window(tab.handle).await?;
            }
            Driver::Firefox(visitor) => visitor.open_tab().await?,
        }
        Ok(before)
    }

    /// Goes on in another tab.
    ///
    /// # Errors
    /// Where it is gone.
    pub async fn switch_to(&self, tab: &Tab) -> anyhow::Result<()> {
        match &self.driver {
            Driver::WebDriver(session) => {
                let handle = WindowHandle::try_from(tab.0.clone())?;
                Ok(session.page.switch_to_window(handle).await?)
            }
            Driver::Firefox(visitor) => visitor.switch_to(&tab.0).await,
        }
    }

    /// Closes the tab; where to go on has then to be said.
    ///
    /// # Errors
    /// Where the browser does not.
    pub async fn close_tab(&self) -> anyhow::Result<()> {
        match &self.driver {
            Driver::WebDriver(session) => Ok(session.page.close_window().await?),
            Driver::Firefox(visitor) => visitor.close_tab().await,
        }
    }

    /// Goes on in the page's frame of that number, from 0.
    ///
    /// # Errors
    /// Where there is none, and in Firefox.
    pub async fn enter_frame(&self, number: u16) -> anyhow::Result<()> {
        Ok(self.webdriver()?.page.enter_frame(number).await?)
    }

    /// Goes on in the page around the frame.
    ///
    /// # Errors
    /// Where there is none, and in Firefox.
    pub async fn leave_frame(&self) -> anyhow::Result<()> {
        Ok(self.webdriver()?.page.enter_parent_frame().await?)
    }

    /// The cookie of that name, whether scripts may see it or not; its value and whether they may
    /// not.
    ///
    /// # Errors
    /// Where there is none, and in Firefox.
    pub async fn cookie(&self, name: &str) -> anyhow::Result<Value> {
        let cookie = self.webdriver()?.page.get_named_cookie(name).await?;
        Ok(json!({"value": cookie.value(), "httpOnly": cookie.http_only()}))
    }

    fn webdriver(&self) -> anyhow::Result<&webdriver::Session> {
        match &self.driver {
            Driver::WebDriver(session) => Ok(session),
            Driver::Firefox(_) => anyhow::bail!("the lab asks this of WebDriver only"),
        }
    }

    /// Asks Chromium's own protocol, for what WebDriver has no word for.
    ///
    /// # Errors
    /// Where it refuses, and in other engines.
    pub async fn devtools(&self, command: &str, parameters: Value) -> anyhow::Result<Value> {
        let driver = self.webdriver()?;
        let session = driver.page.session_id().await?.context("no session")?;
        let url = format!(
            "http://127.0.0.1:{}/session/{session}/goog/cdp/execute",
            driver.port
        );
        let body = json!({"cmd": command, "params": parameters}).to_string();
        let answer =
            tokio::task::spawn_blocking(move || http::post(&url, &[], body.as_bytes())).await??;
        anyhow::ensure!(answer.status == 200, "{command}: {answer:?}");
        Ok(answer.json()["value"].take())
    }

    /// Kills it with all its processes, as a crash or a flat battery would; gives what is left.
    ///
    /// # Errors
    /// Where they do not end, and where it was not started on a profile.
    pub async fn kill(self) -> anyhow::Result<Profile> {
        let profile = self.profile;
        let profile = profile.context("tests share it: start one on a profile to kill it")?;
        anyhow::ensure!(
            profile.engine.keeps_a_profile(),
            "WebKitGTK, driven, keeps nothing on disk"
        );
        wait::until_async("the browser's end", || async {
            let killed = profile.kill();
            Ok(if killed == 0 { Ok(()) } else { Err(killed) })
        })
        .await?;
        drop(self.driver);
        Ok(profile)
    }

    /// Ends it.
    ///
    /// # Errors
    /// Where the browser does not answer.
    pub async fn close(self) -> anyhow::Result<()> {
        match self.driver {
            Driver::WebDriver(session) => session.close().await,
            // Its windows close, and the last visitor's Firefox with them.
            Driver::Firefox(visitor) => {
                drop(visitor);
                Ok(())
            }
        }
    }
}
