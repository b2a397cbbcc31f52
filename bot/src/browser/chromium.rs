//! One Chromium under its driver, with nothing of anybody's in it, and nothing left of it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use fantoccini::wd::{Capabilities, TimeoutConfiguration};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal};
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::BrowseError;

/// How long the driver may take to listen, and Chromium to start: both take a second on an
/// idle machine, and many on a busy one.
const START_WITHIN: Duration = Duration::from_secs(60);
/// How long a page may load, and a script in it run.
const PAGE_WITHIN: Duration = Duration::from_secs(60);
const SCRIPT_WITHIN: Duration = Duration::from_secs(15);
/// How long a polite end may take.
const END_WITHIN: Duration = Duration::from_secs(10);
/// How often the folder is removed until it is gone, and how long after one another.
const REMOVALS: u32 = 50;
const REMOVE_AGAIN: Duration = Duration::from_millis(100);
/// The longest folder, in bytes, that Chromium can have its socket in: all of a socket's path is
/// 103 bytes at most, and Chromium's own part of it is 45.
const LONGEST_FOLDER: usize = 58;

/// What Chromium is started with: headless, and quiet on the network.
const FLAGS: [&str; 7] = [
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// How large a window is, in pixels.
pub const WINDOW: (u32, u32) = (1280, 900);

/// A running Chromium.
#[derive(Debug)]
pub struct Chromium {
    /// The driver's session in it.
    pub client: Client,
    /// Where Chromium's own debugger listens.
    pub debugger: Option<String>,
    driver: Driver,
    // Removed when Chromium is gone.
    folder: TempDir,
}

/// The driver's process and, in its process group, Chromium's: dropping it ends them all.
#[derive(Debug)]
struct Driver {
    child: Child,
    group: Option<Pid>,
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            // Gone already is as good.
            let _ = rustix::process::kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.start_kill();
    }
}

impl Chromium {
    /// Starts the driver on a free port and a Chromium with an empty profile.
    ///
    /// # Errors
    /// When one of them is missing or does not start, with what to do.
    pub async fn start(
        chromium: Option<&Path>,
        chromedriver: Option<&Path>,
    ) -> Result<Self, BrowseError> {
        let program = chromedriver.map_or_else(|| PathBuf::from("chromedriver"), Path::to_path_buf);
        let folder = tempfile::Builder::new()
            .prefix("clickstream-bot-")
            .tempdir()
            .map_err(BrowseError::Profile)?;
        let (driver, port) = tokio::time::timeout(START_WITHIN, listen(&program, folder.path()))
            .await
            .map_err(|_| BrowseError::Driver {
                program,
                said: "it did not say that it listens".to_owned(),
            })??;
        let profile = folder.path().join("profile");
        let mut flags: Vec<String> = FLAGS.map(str::to_owned).to_vec();
        flags.push(format!("--window-size={},{}", WINDOW.0, WINDOW.1));
        flags.push(format!("--user-data-dir={}", profile.display()));
        if rustix::process::geteuid().is_root() {
            // Chromium's sandbox refuses to run as root.
            flags.push("--no-sandbox".to_owned());
        }
        let mut options = json!({ "args": flags });
        if let (Some(binary), Some(options)) = (chromium, options.as_object_mut()) {
            options.insert("binary".to_owned(), json!(binary));
        }
        let mut capabilities = Capabilities::new();
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        capabilities.insert("unhandledPromptBehavior".to_owned(), json!("dismiss"));
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities);
        let address = format!("http://127.0.0.1:{port}");
        let client = tokio::time::timeout(START_WITHIN, builder.connect(&address))
            .await
            .map_err(|_| BrowseError::Chromium("it did not start within a minute".to_owned()))?
            .map_err(|error| BrowseError::Chromium(short(&error.to_string())))?;
        let timeouts = TimeoutConfiguration::new(Some(SCRIPT_WITHIN), Some(PAGE_WITHIN), None);
        client.update_timeouts(timeouts).await?;
        let debugger = client
            .capabilities()
            .and_then(|all| {
                all.get("goog:chromeOptions")?
                    .get("debuggerAddress")?
                    .as_str()
            })
            .map(str::to_owned);
        Ok(Self {
            client,
            debugger,
            driver,
            folder,
        })
    }

    /// Ends Chromium, then its driver, politely first.
    pub async fn end(self) {
        let Self {
            client,
            mut driver,
            folder,
            ..
        } = self;
        // What does not end by itself is killed with the group.
        let _ = tokio::time::timeout(END_WITHIN, client.close()).await;
        if let Some(group) = driver.group.take() {
            let _ = rustix::process::kill_process_group(group, Signal::KILL);
        }
        let _ = driver.child.wait().await;
        // What was just killed may still make a file while its folder is removed.
        for _ in 0..REMOVALS {
            match fs_err::remove_dir_all(folder.path()) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    tokio::time::sleep(REMOVE_AGAIN).await;
                }
                _ => return,
            }
        }
    }
}

/// How often the driver is started before it is given up.
const STARTS: u32 = 20;

/// Starts the driver. Asked for any port it takes a free one of IPv6 and insists on the
/// same of IPv4, which somebody else may have; then it ends, and is asked again.
async fn listen(program: &Path, folder: &Path) -> Result<(Driver, u16), BrowseError> {
    let mut starts = 1;
    loop {
        match listen_once(program, folder).await {
            Err(BrowseError::Driver { .. }) if starts < STARTS => starts += 1,
            other => return other,
        }
    }
}

/// Starts the driver in a process group of its own, so that Ctrl-C reaches the bot alone.
async fn listen_once(program: &Path, folder: &Path) -> Result<(Driver, u16), BrowseError> {
    let mut command = Command::new(program);
    // Driver and Chromium leave files for their time there if they have to be killed.
    if folder.as_os_str().len() <= LONGEST_FOLDER {
        command.env("TMPDIR", folder);
    }
    let spawned = command
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(BrowseError::NoDriver(program.to_path_buf()));
        }
        Err(error) => {
            return Err(BrowseError::Driver {
                program: program.to_path_buf(),
                said: error.to_string(),
            });
        }
    };
    let group = child
        .id()
        .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    let stdout = child.stdout.take();
    let driver = Driver { child, group };
    let ended = || BrowseError::Driver {
        program: program.to_path_buf(),
        said: "it ended at once".to_owned(),
    };
    let mut lines = BufReader::new(stdout.ok_or_else(ended)?).lines();
    loop {
        let line = lines.next_line().await.ok().flatten().ok_or_else(ended)?;
        let port = line
            .split_once("started successfully on port ")
            .and_then(|(_, port)| port.trim_end_matches('.').parse().ok());
        if let Some(port) = port {
            // Whatever else it prints must not fill the pipe.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok((driver, port));
        }
    }
}

/// A driver's message on one line, without the stack that follows it.
pub fn short(text: &str) -> String {
    let said: Vec<&str> = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with('#') && !line.starts_with("(Session info"))
        .take(3)
        .collect();
    said.join(" ")
}
