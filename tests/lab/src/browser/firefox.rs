//! Firefox over WebDriver BiDi, which it speaks by itself: no driver between.
//!
//! It takes seconds to start, so tests share one and have each a user context: cookies, storage
//! and windows of their own. Whoever wants to kill it starts one on a profile.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::bidi::Connection;
use super::input;
use super::profile::Profile;
use crate::program::Program;
use crate::wait;

/// What runs now and can be shared; whoever is last takes it along.
static SHARED: tokio::sync::Mutex<Weak<Firefox>> = tokio::sync::Mutex::const_new(Weak::new());

/// Settings beside those that Firefox itself takes when it is driven.
const SETTINGS: &str = "\
user_pref(\"browser.sessionstore.resume_from_crash\", false);
user_pref(\"toolkit.startup.max_resumed_crashes\", -1);
user_pref(\"datareporting.policy.dataSubmissionEnabled\", false);
user_pref(\"network.captive-portal-service.enabled\", false);
user_pref(\"network.connectivity-service.enabled\", false);
";

/// A running Firefox. Fields are dropped in their order: the process before its folder.
#[derive(Debug)]
struct Firefox {
    connection: Connection,
    /// Who types has it, and who opens or shows a window: keys go to the window that is in front.
    front: tokio::sync::Mutex<()>,
    _program: Program,
    /// Of one that is shared; else the visitor's browser has it.
    _profile: Option<Profile>,
}

impl Firefox {
    async fn start(folder: &Path, profile: Option<Profile>) -> anyhow::Result<Self> {
        fs_err::write(folder.join("user.js"), SETTINGS)?;
        let mut command = Command::new("firefox-esr");
        command
            .args(["--headless", "--no-remote", "--profile"])
            .arg(folder)
            // A port that is named may be taken, and then it does not start.
            .args(["--remote-debugging-port", "0"])
            .env("HOME", folder);
        let mut program = Program::spawn("firefox-esr", command).context(
            "browser tests need Firefox; on Debian, as root: \
             apt-get install --no-install-recommends firefox-esr",
        )?;
        let address = program.wait_for("its address", |line| {
            let (_, address) = line.split_once("WebDriver BiDi listening on ")?;
            Some(format!("{}/session", address.trim()))
        })?;
        let connection = Connection::open(address).await?;
        Ok(Self {
            connection,
            front: tokio::sync::Mutex::default(),
            _program: program,
            _profile: profile,
        })
    }
}

/// A visitor in a Firefox: the tabs that know of each other's cookies and storage.
#[derive(Debug)]
pub(super) struct Visitor {
    firefox: Arc<Firefox>,
    context: String,
    /// The tab that is spoken to.
    tab: Mutex<String>,
}

impl Visitor {
    /// A new visitor in the Firefox that tests share.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let mut shared = SHARED.lock().await;
        let firefox = match shared.upgrade() {
            Some(firefox) => firefox,
            None => {
                let profile = Profile::new(super::Engine::Firefox)?;
                let folder = profile.path().to_owned();
                let firefox = Arc::new(Firefox::start(&folder, Some(profile)).await?);
                *shared = Arc::downgrade(&firefox);
                firefox
            }
        };
        drop(shared);
        let made = firefox
            .connection
            .call("browser.createUserContext", json!({}))
            .await?;
        Self::within(firefox, text(&made["userContext"])).await
    }

    /// The visitor to whom a profile belongs, in a Firefox of its own.
    pub(super) async fn start_on(profile: &Profile) -> anyhow::Result<Self> {
        let firefox = Arc::new(Firefox::start(profile.path(), None).await?);
        Self::within(firefox, "default".to_owned()).await
    }

    async fn within(firefox: Arc<Firefox>, context: String) -> anyhow::Result<Self> {
        let visitor = Self {
            firefox,
            context,
            tab: Mutex::default(),
        };
        // A window of one's own: behind other tabs a page would be hidden.
        visitor.open("window").await?;
        Ok(visitor)
    }

    async fn open(&self, kind: &str) -> anyhow::Result<()> {
        let _front = self.firefox.front.lock().await;
        let asked = json!({"type": kind, "userContext": self.context});
        let made = self.call("browsingContext.create", asked).await?;
        self.set(text(&made["context"]));
        Ok(())
    }

    async fn call(&self, method: &'static str, parameters: Value) -> anyhow::Result<Value> {
        self.firefox.connection.call(method, parameters).await
    }

    /// The tab that is spoken to.
    pub(super) fn tab(&self) -> String {
        let tab = self.tab.lock().unwrap_or_else(PoisonError::into_inner);
        tab.clone()
    }

    fn set(&self, tab: String) {
        *self.tab.lock().unwrap_or_else(PoisonError::into_inner) = tab;
    }

    /// Speaks to another tab, and shows it.
    pub(super) async fn switch_to(&self, tab: &str) -> anyhow::Result<()> {
        let _front = self.firefox.front.lock().await;
        self.set(tab.to_owned());
        self.show().await
    }

    async fn show(&self) -> anyhow::Result<()> {
        let asked = json!({"context": self.tab()});
        self.call("browsingContext.activate", asked).await.map(drop)
    }

    pub(super) async fn type_into(&self, selector: &str, text: &str) -> anyhow::Result<()> {
        let _front = self.firefox.front.lock().await;
        wait::until_async("the focus", || async {
            self.show().await?;
            let focused = self.run(&input::focus(selector)).await?;
            Ok(if focused == true {
                Ok(())
            } else {
                Err(focused)
            })
        })
        .await?;
        self.perform(input::keys(text)).await
    }

    pub(super) async fn goto(&self, url: &str) -> anyhow::Result<()> {
        let asked = json!({"context": self.tab(), "url": url, "wait": "complete"});
        self.call("browsingContext.navigate", asked).await.map(drop)
    }

    pub(super) async fn back(&self) -> anyhow::Result<()> {
        let asked = json!({"context": self.tab(), "delta": -1});
        self.call("browsingContext.traverseHistory", asked)
            .await
            .map(drop)
    }

    /// A script's value, as WebDriver's `execute` gives it: what a promise becomes.
    pub(super) async fn run(&self, script: &str) -> anyhow::Result<Value> {
        let function = format!(
            "async function () {{
               const value = await (function () {{ {script}\n }})();
               return JSON.stringify(value === undefined ? null : value);
             }}"
        );
        let asked = json!({
            "functionDeclaration": function, "awaitPromise": true,
            "target": {"context": self.tab()},
        });
        let said = self.call("script.callFunction", asked).await?;
        let value = said["result"]["value"].as_str();
        let value = value.with_context(|| format!("{script}: {said}"))?;
        Ok(serde_json::from_str(value)?)
    }

    pub(super) async fn perform(&self, actions: Value) -> anyhow::Result<()> {
        let asked = json!({"context": self.tab(), "actions": actions});
        self.call("input.performActions", asked).await.map(drop)
    }

    pub(super) async fn open_tab(&self) -> anyhow::Result<()> {
        self.open("tab").await
    }

    pub(super) async fn tabs(&self) -> anyhow::Result<Vec<String>> {
        let tree = self.call("browsingContext.getTree", json!({})).await?;
        let all = tree["contexts"].as_array().into_iter().flatten();
        let ours = all.filter(|tab| tab["userContext"] == self.context);
        Ok(ours.map(|tab| text(&tab["context"])).collect())
    }

    pub(super) async fn close_tab(&self) -> anyhow::Result<()> {
        let asked = json!({"context": self.tab()});
        self.call("browsingContext.close", asked).await.map(drop)
    }
}

impl Drop for Visitor {
    /// Closes its windows and forgets what they kept.
    fn drop(&mut self) {
        if self.context != "default" {
            let asked = json!({"userContext": self.context});
            drop(
                self.firefox
                    .connection
                    .ask("browser.removeUserContext", asked),
            );
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
