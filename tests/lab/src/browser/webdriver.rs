//! Browsers that a WebDriver stands before: Chromium, and WebKitGTK on a display of its own.

use std::process::Command;

use anyhow::Context as _;
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use super::profile::Profile;
use crate::program::Program;
use crate::wait;

/// A session, and what it takes.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) page: Client,
    driver: Program,
    pub(super) port: u16,
    /// WebKitGTK's, which has no window without one.
    display: Option<Program>,
}

impl Session {
    /// Chromium on a profile, with a window of that size.
    pub(super) async fn chromium(
        profile: &Profile,
        (width, height): (u32, u32),
    ) -> anyhow::Result<Self> {
        let (driver, port) = chromedriver()?;
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
            format!("--user-data-dir={}", profile.path().display()),
        ];
        // Chromium refuses to run as root with its sandbox.
        if rustix::process::geteuid().is_root() {
            flags.push("--no-sandbox".to_owned());
        }
        let options =
            json!({"goog:chromeOptions": {"args": flags}, "goog:loggingPrefs": {"browser": "ALL"}});
        Self::connect(driver, port, options, None).await
    }

    /// WebKitGTK. Driven, it keeps nothing on disk, so it has no profile.
    pub(super) async fn webkit() -> anyhow::Result<Self> {
        let mut display = Command::new("Xvfb");
        display.args(["-displayfd", "1", "-nolisten", "tcp"]);
        display.args(["-screen", "0", "1280x1024x24"]);
        let mut display = Program::spawn("Xvfb", display).context(WEBKIT)?;
        // Said once it can be drawn on; asked before, the driver would never answer.
        let number: u32 = display.wait_for("its number", |line| line.trim().parse().ok())?;
        let mut command = Command::new("WebKitWebDriver");
        command.arg("--port=0").env("DISPLAY", format!(":{number}"));
        let driver = Program::spawn("WebKitWebDriver", command).context(WEBKIT)?;
        let port = wait::until("WebKitWebDriver to listen", || {
            port_of(driver.id()).ok_or("not yet")
        })?;
        Self::connect(driver, port, json!({}), Some(display)).await
    }

    async fn connect(
        driver: Program,
        port: u16,
        options: Value,
        display: Option<Program>,
    ) -> anyhow::Result<Self> {
        let Value::Object(capabilities) = options else {
            anyhow::bail!("capabilities are an object");
        };
        let capabilities: Capabilities = capabilities;
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .context("the browser did not start")?;
        Ok(Self {
            page,
            driver,
            port,
            display,
        })
    }

    /// Only WebKitGTK has a display.
    pub(super) fn is_webkit(&self) -> bool {
        self.display.is_some()
    }

    /// Input as a person's, in the words of W3C's actions.
    pub(super) async fn perform(&self, actions: Value) -> anyhow::Result<()> {
        let what = actions.to_string();
        let done = self.page.issue_cmd(Actions(actions));
        wait::answer(&what, done).await.map(drop)
    }

    pub(super) async fn close(mut self) -> anyhow::Result<()> {
        self.page.clone().close().await?;
        self.driver.stop()?;
        if let Some(mut display) = self.display {
            display.stop()?;
        }
        Ok(())
    }
}

const WEBKIT: &str = "browser tests need WebKitGTK, its driver and a display; on Debian, as root: \
                      apt-get install --no-install-recommends webkit2gtk-driver xvfb";

/// Actions as they stand: fantoccini's own know elements, which BiDi names otherwise.
#[derive(Debug)]
struct Actions(Value);

impl WebDriverCompatibleCommand for Actions {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/actions", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (
            http::Method::POST,
            Some(json!({"actions": self.0}).to_string()),
        )
    }
}

/// A chromedriver and its port.
///
/// Asked for any port it takes a free one of IPv6 and insists on the same of IPv4, which
/// somebody else may have; then it ends, and is asked again.
fn chromedriver() -> anyhow::Result<(Program, u16)> {
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

/// The port on which a process listens and of which it says nothing, as the system knows it.
fn port_of(process: u32) -> Option<u16> {
    let open = fs_err::read_dir(format!("/proc/{process}/fd")).ok()?;
    let links = open
        .flatten()
        .filter_map(|file| fs_err::read_link(file.path()).ok());
    let sockets: Vec<String> = links
        .filter_map(|link| {
            let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
            Some(inode.to_owned())
        })
        .collect();
    let table = fs_err::read_to_string("/proc/net/tcp").ok()?;
    table.lines().find_map(|line| {
        // Number, own address, other's, state (0A: listens), …, and tenth the inode.
        let words: Vec<&str> = line.split_whitespace().collect();
        let ours = *words.get(3)? == "0A" && sockets.iter().any(|inode| inode == words[9]);
        let port = words.get(1)?.split_once(':')?.1;
        ours.then(|| u16::from_str_radix(port, 16).ok()).flatten()
    })
}
