//! What the checks need beyond Rust: browsers and Node from Debian's packages, Python's and
//! npm's packages in folders of their own under the target folder. Each step is skipped when
//! it is done.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;

use crate::{command, npm};

/// Programs of the browser tests, and Debian's packages of them.
const BROWSER: [(&str, &str); 5] = [
    ("chromium", "chromium"),
    ("chromedriver", "chromium-driver"),
    ("firefox-esr", "firefox-esr"),
    ("WebKitWebDriver", "webkit2gtk-driver"),
    ("Xvfb", "xvfb"),
];

/// Programs of the tests of faults, and Debian's packages of them.
const FAULTS: [(&str, &str); 1] = [("strace", "strace")];

/// What firehose-local's queries are compared with: Debian 12's is jq 1.6, as AWS's is.
const QUERIES: [(&str, &str); 1] = [("jq", "jq")];

/// Programs of the bench. PostgreSQL's own lie off the PATH; its package brings this one.
const BENCH: [(&str, &str); 3] = [
    ("wrk", "wrk"),
    ("nginx", "nginx-light"),
    ("pg_createcluster", "postgresql"),
];

/// Programs of the tests of other people's SDKs.
const NODE: [(&str, &str); 2] = [("node", "nodejs"), ("npm", "npm")];

/// Chromium, Firefox and WebKitGTK with what drives them, installed if they are missing and we may.
///
/// # Errors
/// Where they are missing and cannot be installed, with the line that would.
pub fn browsers() -> anyhow::Result<()> {
    programs(&BROWSER, "no browser test can run")
}

/// What makes a disk fail at a program's system calls, installed if it is missing and we may.
///
/// # Errors
/// As [`browsers`].
pub fn faults() -> anyhow::Result<()> {
    programs(&FAULTS, "no failing disk can be shown")
}

/// jq, installed if it is missing and we may.
///
/// # Errors
/// As [`browsers`].
pub fn jq() -> anyhow::Result<()> {
    programs(&QUERIES, "no query can be compared with jq 1.6")
}

/// Other people's SDKs for browsers and Node, as clients of the tests, and a bundler.
///
/// # Errors
/// Where there is no Node and it cannot be installed, or a package cannot be had.
pub fn sdks() -> anyhow::Result<PathBuf> {
    programs(&NODE, "no SDK can be tested")?;
    npm::install(
        &command::root().join("tests/journeys/sdks"),
        &command::target().join("sdks"),
    )
}

/// What a site brings that has the tracker's npm package: a compiler of its types and bundlers.
///
/// # Errors
/// As [`sdks`].
pub fn package_users() -> anyhow::Result<PathBuf> {
    programs(&NODE, "the npm package cannot be tested")?;
    npm::install(
        &command::root().join("tests/journeys/npm"),
        &command::target().join("npm-users"),
    )
}

/// The load generator of `bench/`, and the servers that it compares with.
///
/// # Errors
/// As [`browsers`].
pub fn bench() -> anyhow::Result<()> {
    programs(&BENCH, "the bench lacks its load or a yardstick")
}

fn programs(wanted: &[(&str, &str)], without: &str) -> anyhow::Result<()> {
    let missing = wanted
        .iter()
        .copied()
        .filter(|(program, _)| !command::exists(program));
    let (names, packages): (Vec<_>, Vec<_>) = missing.unzip();
    if names.is_empty() {
        return Ok(());
    }
    let line = format!(
        "apt-get install --no-install-recommends {}",
        packages.join(" ")
    );
    let is_root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    if !is_root || !command::exists("apt-get") {
        anyhow::bail!(
            "not on the PATH, so {without}: {}.\n\
             Install them and try again; on Debian, as root: {line}",
            names.join(", ")
        );
    }
    eprintln!("setting up: {line}");
    let apt = |words: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive").args(words);
        command::run_quietly(&mut apt)
    };
    apt(&["update", "-qq"]).context("the list of packages could not be fetched")?;
    let mut words = vec!["install", "-y", "-qq", "--no-install-recommends"];
    words.extend(packages);
    apt(&words).with_context(|| format!("could not install programs; try it by hand: {line}"))
}

/// What Python has to install, and where, below the folder of the checks' Python. One SDK wants
/// older versions of what the others want, and so gets a folder of its own.
const PYTHON: [(&str, Option<&str>); 3] = [
    ("tests/requirements.txt", None),
    (
        "tests/requirements-analytics-python.txt",
        Some("analytics-python"),
    ),
    ("tests/requirements-terraform.txt", Some("terraform")),
];

/// The folder with the Python of the checks, made and filled if it is not up to date with
/// the requirements in `tests/`.
///
/// # Errors
/// Where there is no Python 3 with `venv`, or a package cannot be had.
pub fn python() -> anyhow::Result<PathBuf> {
    packages("python", &PYTHON)
}

/// Other people's emulators of AWS, in a folder of their own: tests deliver to one, comparisons want all.
///
/// # Errors
/// As [`python`].
pub fn emulators() -> anyhow::Result<PathBuf> {
    packages("emulators", &[("tests/requirements-emulators.txt", None)])
}

/// Spark, in a folder of its own, and the Java that it runs on: only `soak` wants it.
///
/// # Errors
/// As [`browsers`] and [`python`].
pub fn spark() -> anyhow::Result<PathBuf> {
    programs(&[("java", "openjdk-17-jre-headless")], "no Spark can run")?;
    packages("spark", &[("tests/requirements-spark.txt", None)])
}

/// A Python in a folder below the target folder, with what files of requirements name.
fn packages(folder: &str, files: &[(&str, Option<&str>)]) -> anyhow::Result<PathBuf> {
    let mut wanted = String::new();
    for (file, _) in files {
        wanted += &fs_err::read_to_string(command::root().join(file))?;
    }
    let folder = command::target().join(folder);
    let stamp = folder.join("requirements.stamp");
    if fs_err::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(folder);
    }
    eprintln!("setting up: Python packages in {}", folder.display());
    command::run_quietly(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&folder),
    )
    .context(
        "the checks need Python 3 with venv; on Debian, as root: apt-get install python3-venv",
    )?;
    for (file, place) in files {
        let mut pip = Command::new(folder.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet"])
            .args(["--disable-pip-version-check", "--no-compile"])
            .args(["--requirement", file])
            .current_dir(command::root());
        if let Some(place) = place {
            pip.arg("--target").arg(folder.join(place));
        }
        command::run_quietly(&mut pip)?;
    }
    fs_err::write(&stamp, wanted)?;
    Ok(folder)
}
