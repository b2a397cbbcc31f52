//! A headless Chromium of one's own, driven through chromedriver: trusted input, as a
//! person's would be.

use std::process::Command;

use anyhow::Context as _;
use fantoccini::wd::{Capabilities, WindowHandle};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::Program;
use crate::{http, wait};

/// A browser with an empty profile. Closing it is better than dropping it.
#[derive(Debug)]
pub struct Browser {
    /// The WebDriver session.
    pub page: Client,
    driver: Program,
    port: u16,
    profile: Profile,
}

/// A browser's folder: what it keeps from one start to the next.
#[derive(Debug)]
pub struct Profile(TempDir);

impl Browser {
    /// Starts Chromium.
    ///
    /// # Errors
    /// Where it is not installed, with the line that installs it.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_sized(1280, 900).await
    }

    /// Starts Chromium with a window of that size.
    ///
    /// # Errors
    /// Where it is not installed.
    pub async fn start_sized(width: u32, height: u32) -> anyhow::Result<Self> {
        Self::launch(Profile(tempfile::tempdir()?), width, height).await
    }

    /// Starts Chromium again on what an earlier one kept.
    ///
    /// # Errors
    /// Where it does not start.
    pub async fn start_again(profile: Profile) -> anyhow::Result<Self> {
        Self::launch(profile, 1280, 900).await
    }

    async fn launch(profile: Profile, width: u32, height: u32) -> anyhow::Result<Self> {
        let (driver, port) = driver()?;
        let mut flags = vec![
            "--headless".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", profile.0.path().display()),
        ];
        // Chromium refuses to run as root with its sandbox.
        if rustix::process::geteuid().is_root() {
            flags.push("--no-sandbox".to_owned());
        }
        let options =
            json!({"goog:chromeOptions": {"args": flags}, "goog:loggingPrefs": {"browser": "ALL"}});
        let Value::Object(capabilities) = options else {
            anyhow::bail!("capabilities are an object");
        };
        let capabilities: Capabilities = capabilities;
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .context("Chromium did not start")?;
        Ok(Self {
            page,
            driver,
            port,
            profile,
        })
    }

    /// Goes to a page.
    ///
    /// # Errors
    /// Where the browser cannot.
    pub async fn goto(&self, url: &str) -> anyhow::Result<()> {
        Ok(self.page.goto(url).await?)
    }

    /// Clicks, as a person would, on the first element that a CSS selector finds, once it is
    /// there and can be clicked.
    ///
    /// # Errors
    /// Where it never can.
    pub async fn click(&self, selector: &str) -> anyhow::Result<()> {
        wait::until_async(&format!("{selector} to be clicked"), || async {
            let clicked = async {
                let element = self.page.find(Locator::Css(selector)).await?;
                element.click().await
            };
            Ok(clicked.await.map_err(|error| error.to_string()))
        })
        .await
    }

    /// Types into the element.
    ///
    /// # Errors
    /// Where it is not there.
    pub async fn type_into(&self, selector: &str, text: &str) -> anyhow::Result<()> {
        let element = self.page.find(Locator::Css(selector)).await?;
        Ok(element.send_keys(text).await?)
    }

    /// Runs a script in the page and gives what it returns.
    ///
    /// # Errors
    /// Where it throws.
    pub async fn run(&self, script: &str) -> anyhow::Result<Value> {
        Ok(self.page.execute(script, Vec::new()).await?)
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

    /// Opens a tab and goes on in it; gives the tab of before.
    ///
    /// # Errors
    /// Where the browser does not.
    pub async fn open_tab(&self) -> anyhow::Result<WindowHandle> {
        let before = self.page.window().await?;
        let tab = self.page.new_window(true).await?;
        self.page.switch_to_window(tab.handle).await?;
        Ok(before)
    }

    /// Asks Chromium's own protocol, for what WebDriver has no word for.
    ///
    /// # Errors
    /// Where it refuses.
    pub async fn devtools(&self, command: &str, parameters: Value) -> anyhow::Result<()> {
        let session = self.page.session_id().await?.context("no session")?;
        let url = format!(
            "http://127.0.0.1:{}/session/{session}/goog/cdp/execute",
            self.port
        );
        let body = json!({"cmd": command, "params": parameters}).to_string();
        let answer =
            tokio::task::spawn_blocking(move || http::post(&url, &[], body.as_bytes())).await??;
        anyhow::ensure!(answer.status == 200, "{command}: {answer:?}");
        Ok(())
    }

    /// Kills it with all its processes, as a crash or a flat battery would; gives what is left.
    ///
    /// # Errors
    /// Where they do not end.
    pub async fn kill(self) -> anyhow::Result<Profile> {
        let Self {
            driver, profile, ..
        } = self;
        wait::until_async("the browser's end", || async {
            let killed = profile.kill();
            Ok(if killed == 0 { Ok(()) } else { Err(killed) })
        })
        .await?;
        drop(driver);
        Ok(profile)
    }

    /// Ends the session and the driver.
    ///
    /// # Errors
    /// Where the browser does not answer.
    pub async fn close(mut self) -> anyhow::Result<()> {
        self.page.clone().close().await?;
        self.driver.stop()?;
        Ok(())
    }
}

/// A chromedriver and its port.
///
/// Asked for any port it takes a free one of IPv6 and insists on the same of IPv4, which
/// somebody else may have; then it ends, and is asked again.
fn driver() -> anyhow::Result<(Program, u16)> {
    let mut tries = 0..20;
    loop {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0");
        let mut driver = Program::spawn("chromedriver", command).context(
            "browser tests need Chromium and its driver; on Debian, as root: \
             apt-get install --no-install-recommends chromium chromium-driver",
        )?;
        let port = driver.wait_for("its port", |line| {
            // Its first line repeats the port that was asked for, 0.
            let (_, port) = line.split_once("successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        match port {
            Ok(port) => return Ok((driver, port)),
            Err(error) if tries.next().is_some() => drop(error),
            Err(error) => return Err(error),
        }
    }
}

impl Profile {
    /// Kills whatever runs on it, which nobody else has; how many that were.
    fn kill(&self) -> usize {
        let Ok(processes) = fs_err::read_dir("/proc") else {
            return 0;
        };
        let ours = format!("--user-data-dir={}", self.0.path().display());
        let mut killed = 0;
        for process in processes.flatten() {
            let id = process.file_name().to_string_lossy().parse().ok();
            let Some(pid) = id.and_then(Pid::from_raw) else {
                continue;
            };
            // Of one that has ended and is not waited for, there are no words.
            let words = fs_err::read(process.path().join("cmdline")).unwrap_or_default();
            if words
                .split(|byte| *byte == 0)
                .any(|word| word == ours.as_bytes())
            {
                killed += 1;
                // Gone already is as good.
                let _ = kill_process(pid, Signal::KILL);
            }
        }
        killed
    }
}

impl Drop for Profile {
    /// A killed driver leaves its Chromium behind.
    fn drop(&mut self) {
        self.kill();
    }
}
