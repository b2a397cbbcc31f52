//! The npm package as a site brings it along: packed, installed into a fresh folder, its types
//! checked by the compiler, bundled by two bundlers, run in a browser; and imported by a server.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::Context as _;
use clickstream_lab::browser::Browser;
use clickstream_lab::lake;
use clickstream_lab::program::root;
use clickstream_lab::relay::Relay;
use clickstream_lab::site::Site;
use serde_json::{Value, json};
use tempfile::TempDir;

mod frameworks;

const NAME: &str = "clickstream-tracker";

/// What sites have beside it.
const FRAMEWORKS: [&str; 4] = ["react", "react-dom", "vue", "@types"];

/// Where the checks have installed what sites bring.
fn users() -> PathBuf {
    root().join("target/npm-users/node_modules")
}

/// A site's folder with the package in it.
struct Project(TempDir);

impl Project {
    /// Packs the package as `npm publish` would, and installs that.
    fn new() -> anyhow::Result<Self> {
        let package = root().join("target/npm").join(NAME);
        anyhow::ensure!(
            package.is_dir(),
            "the package is not built: run `cargo xtask tracker`"
        );
        let folder = tempfile::tempdir()?;
        let project = Self(folder);
        let mut pack = Command::new("npm");
        pack.args(["pack", "--silent", "--pack-destination"])
            .arg(project.path())
            .arg(package);
        let packed = succeeded(&mut pack)?;
        let tarball = String::from_utf8(packed.stdout)?;
        fs_err::write(
            project.path().join("package.json"),
            "{\"type\": \"module\"}",
        )?;
        let mut install = Command::new("npm");
        install
            .args([
                "install",
                "--offline",
                "--silent",
                "--no-audit",
                "--no-fund",
            ])
            .arg(format!("./{}", tarball.trim()))
            .current_dir(project.path());
        succeeded(&mut install)?;
        for name in [
            "site.ts",
            "mistakes.ts",
            "react.tsx",
            "vue.ts",
            "tsconfig.json",
            "site.html",
        ] {
            let from = root().join("tests/journeys/npm").join(name);
            fs_err::copy(from, project.path().join(name))?;
        }
        for name in FRAMEWORKS {
            let from = users().join(name);
            fs_err::os::unix::fs::symlink(from, project.path().join("node_modules").join(name))?;
        }
        Ok(project)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs a program of those that the checks have installed.
    fn run(&self, program: &str, words: &[&str]) -> anyhow::Result<Output> {
        let modules = users();
        anyhow::ensure!(
            modules.is_dir(),
            "compiler and bundlers are not installed: run `cargo xtask test`"
        );
        let mut command = Command::new(modules.join(".bin").join(program));
        command.args(words).current_dir(self.path());
        Ok(command.output()?)
    }
}

fn succeeded(command: &mut Command) -> anyhow::Result<Output> {
    let output = command.output().context("is there Node with npm?")?;
    anyhow::ensure!(output.status.success(), "{command:?}: {}", said(&output));
    Ok(output)
}

fn said(output: &Output) -> String {
    let both = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&both).into_owned()
}

#[test]
fn the_types_take_what_is_right_and_find_what_is_wrong() -> anyhow::Result<()> {
    let project = Project::new()?;
    let checked = project.run("tsc", &[])?;
    assert!(checked.status.success(), "{}", said(&checked));
    // Were the types of nothing, every mistake would pass unseen, and be told as such.
    let types = project
        .path()
        .join("node_modules")
        .join(NAME)
        .join("index.d.ts");
    fs_err::write(
        types,
        "export const start: any; export const clickstream: any;",
    )?;
    let checked = said(&project.run("tsc", &[])?);
    assert!(checked.contains("TS2578"), "{checked}");
    Ok(())
}

/// A server that renders a page imports the package, and calls it.
#[test]
fn on_a_server_nothing_happens() -> anyhow::Result<()> {
    let project = Project::new()?;
    let script = "import { clickstream, start } from 'clickstream-tracker';
        const started = start({ writeKey: 'k' });
        const safe = await clickstream.track('X', { n: 1 });
        clickstream.reset();
        console.log(JSON.stringify([safe, started === clickstream, typeof window]));";
    let mut node = Command::new("node");
    node.args(["--input-type=module", "--eval", script])
        .current_dir(project.path());
    let said: Value = serde_json::from_slice(&succeeded(&mut node)?.stdout)?;
    assert_eq!(said, json!([false, true, "undefined"]));
    Ok(())
}

/// The bundled page of `folder` in Chromium; what it says arrives in the lake of a real relay.
async fn visited(folder: &Path, page: &str) -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let relay = Relay::start(home.path(), &[])?;
    relay.wait_ready()?;
    let site = Site::start(folder)?;
    let browser = Browser::start().await?;
    let url = format!("{}/{page}?relay={}", site.url, relay.url);
    browser.goto(&url).await?;
    let results = browser
        .wait_for("the tracker to run", "return window.results || false")
        .await?;
    assert_eq!(results, json!([true, true, true, true]));
    browser.click("#button").await?;
    let lines = relay.lake.wait_for("the click", |lines| {
        let clicked = |line: &lake::Line| line.json["event"] == "Element Clicked";
        lines.iter().any(clicked)
    })?;
    browser
        .wait_for(
            "the word of it",
            "return document.title == 'button by mouse'",
        )
        .await?;
    browser.close().await?;
    lake::check_books(&lines)?;
    for name in ["Before Start", "By Push", "With Options", "Element Clicked"] {
        let count = lines
            .iter()
            .filter(|line| line.json["event"] == name)
            .count();
        assert_eq!(count, 1, "{name}");
    }
    for line in &lines {
        assert_eq!(line.json["context"]["branch"], "north", "{}", line.json);
        assert_ne!(line.json["event"], "Unwanted");
    }
    let view = |name: Value| {
        lines.iter().find(|line| {
            line.json["type"] == "page" && line.json.get("name").unwrap_or(&Value::Null) == &name
        })
    };
    let own = view(json!("Fiction")).context("the page's own view")?;
    assert_eq!(own.json["properties"]["shelf"], 3);
    let load = view(Value::Null).context("the automatic view")?;
    assert_eq!(load.json["properties"]["navigation"], "load");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn bundled_by_vite_it_tells_the_relay_of_its_page() -> anyhow::Result<()> {
    let project = Project::new()?;
    fs_err::copy(
        project.path().join("site.html"),
        project.path().join("index.html"),
    )?;
    let built = project.run("vite", &["build", "--logLevel", "warn"])?;
    assert!(built.status.success(), "{}", said(&built));
    visited(&project.path().join("dist"), "index.html").await
}

/// Bundles a file of the project and puts it into a page, in the folder `out/site`. esbuild does not move what
/// `new URL` names: the module is laid beside the bundle.
fn bundled(project: &Project, entry: &str, module: &str) -> anyhow::Result<PathBuf> {
    let bundled = project.run(
        "esbuild",
        &[
            entry,
            "--bundle",
            "--minify",
            "--splitting",
            "--format=esm",
            "--outdir=out/site",
            "--log-level=warning",
        ],
    )?;
    assert!(bundled.status.success(), "{}", said(&bundled));
    let out = project.path().join("out");
    let from = project.path().join("node_modules").join(NAME).join(module);
    fs_err::copy(from, out.join("site").join(module))?;
    let script = Path::new(entry).with_extension("js");
    let page = fs_err::read_to_string(project.path().join("site.html"))?;
    fs_err::write(
        out.join("site/page.html"),
        page.replace("site.ts", &script.to_string_lossy()),
    )?;
    Ok(out)
}

#[tokio::test(flavor = "multi_thread")]
async fn bundled_by_esbuild_it_tells_the_relay_of_its_page() -> anyhow::Result<()> {
    let project = Project::new()?;
    let out = bundled(&project, "site.ts", "clickstream.wasm")?;
    visited(&out, "site/page.html").await
}
