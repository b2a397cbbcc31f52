//! A program or a page with an SDK in it, which makes its round of calls when it is told to.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use clickstream_lab::browser::Browser;
use clickstream_lab::bundle::{bundle, modules};
use clickstream_lab::program::{Program, root};
use clickstream_lab::site::Site;

/// Where an SDK runs.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// Chromium.
    Browser,
    /// Node.
    Node,
    /// Python, with packages in a folder beside the others'.
    Python(&'static str),
}

/// A running SDK.
#[derive(Debug)]
pub enum Client {
    /// In a program that reads rounds from its input.
    Program(Program),
    /// In a page of another origin than the relay's.
    Page(Browser),
}

impl Client {
    /// The SDK of a heading in `docs/sdks.md`, set up as it says there and then with the calls
    /// in `file`.
    pub async fn start(
        heading: &str,
        file: &str,
        place: Place,
        folder: &Path,
        relay: &str,
        key: &str,
    ) -> anyhow::Result<Self> {
        let mut text = snippet(heading)?
            .replace("https://relay.example", relay)
            .replace("YOUR_KEY", key);
        text += &fs_err::read_to_string(sdks().join(file))?;
        match place {
            Place::Browser => page(&text, folder).await,
            Place::Node => {
                text += &fs_err::read_to_string(sdks().join("rounds.cjs"))?;
                let script = folder.join("client.cjs");
                fs_err::write(&script, text)?;
                let mut node = Command::new("node");
                node.arg(&script).env("NODE_PATH", modules()?);
                Program::spawn_listening(file, node).map(Self::Program)
            }
            Place::Python(packages) => {
                let script = folder.join("client.py");
                fs_err::write(&script, text)?;
                let home = root().join("target/python");
                let mut python = Command::new(home.join("bin/python"));
                python.arg(&script).env("PYTHONPATH", home.join(packages));
                Program::spawn_listening(file, python)
                    .context("the checks' Python is missing: run `cargo xtask test`")
                    .map(Self::Program)
            }
        }
    }

    /// Makes the calls of a round.
    pub async fn call(&mut self, round: &str) -> anyhow::Result<()> {
        match self {
            Self::Program(program) => program.tell(round),
            Self::Page(browser) => browser
                .run(&format!("window.call('{round}')"))
                .await
                .map(drop),
        }
    }

    /// What it has complained of.
    pub async fn complaints(&self) -> anyhow::Result<Vec<String>> {
        match self {
            Self::Program(program) => Ok(program.error()),
            Self::Page(browser) => {
                let said = browser.run("return window.complaints").await?;
                Ok(serde_json::from_value(said)?)
            }
        }
    }

    /// Ends it.
    pub async fn close(self) -> anyhow::Result<()> {
        match self {
            Self::Program(program) => drop(program),
            Self::Page(browser) => browser.close().await?,
        }
        Ok(())
    }
}

/// The lines that a page of the documentation gives for an SDK.
fn snippet(heading: &str) -> anyhow::Result<String> {
    let page = fs_err::read_to_string(root().join("docs/sdks.md"))?;
    let code = page
        .split_once(&format!("\n### {heading}\n"))
        .and_then(|(_, section)| section.split_once("\n```"))
        .and_then(|(_, code)| code.split_once('\n'))
        .and_then(|(_, code)| code.split_once("```"))
        .map(|(code, _)| code.to_owned());
    code.with_context(|| format!("docs/sdks.md has no code under {heading:?}"))
}

fn sdks() -> PathBuf {
    root().join("tests/journeys/sdks")
}

/// A page with the bundled SDK, served from an origin of its own.
async fn page(script: &str, folder: &Path) -> anyhow::Result<Client> {
    let pages = folder.join("pages");
    fs_err::create_dir_all(&pages)?;
    let entry = folder.join("client.js");
    fs_err::write(&entry, script)?;
    fs_err::write(
        pages.join("client.html"),
        "<!doctype html><meta charset=\"utf-8\"><title>Book</title><script>\
         window.complaints = []; const error = console.error; \
         console.error = (...words) => { complaints.push(words.join(' ')); error(...words) }\
         </script><script src=\"/client.js\"></script>",
    )?;
    bundle(&entry, &pages.join("client.js"))?;
    let site = Site::start(&pages)?;
    let browser = Browser::start().await?;
    browser.goto(&format!("{}/client.html", site.url)).await?;
    browser
        .wait_for("the page's script", "return !!window.call")
        .await?;
    Ok(Client::Page(browser))
}
