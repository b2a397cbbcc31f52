//! The crate becomes a module, with a standard library made for it.
//!
//! The one that comes with the toolchain formats a text and names a file in every panic. Compiled
//! anew, with panics that only stop, a tenth of the bytes go. cargo calls that unstable; the stable
//! compiler does it when asked (`RUSTC_BOOTSTRAP`), and needs the library's source, a component of
//! rustup's. What cannot be had is done without, and said.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use super::Edition;
use crate::command;

/// The features of the core.
const CORE: [&str; 3] = ["--no-default-features", "--features", "module,pages,clicks"];

/// What browsers run.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Where the library's source is, below the toolchain.
const SOURCE: &str = "lib/rustlib/src/rust";

/// What makes cargo compile the standard library, small.
const BUILD_STD: [&str; 2] = [
    "-Zbuild-std=std,panic_abort",
    "-Zbuild-std-features=optimize_for_size",
];

/// A panic is one instruction: whoever wants its text builds without.
const PANIC: [&str; 2] = ["-Zunstable-options", "-Cpanic=immediate-abort"];

/// The tracker's module, before its bindings.
#[derive(Debug)]
pub struct Compiled {
    /// The module.
    pub bytes: Vec<u8>,
    /// Why it is larger than it could be, if it is.
    pub larger: Option<String>,
}

/// Compiles the crate; cargo decides whether there is anything to do.
///
/// # Errors
/// When the toolchain lacks the target or the tracker does not compile; the text says what to do.
pub fn module(root: &Path, work: &Path, edition: Edition) -> Result<Compiled> {
    let toolchain = toolchain(root)?;
    // rust-toolchain.toml names both, but a toolchain installed before it did lacks them.
    if !toolchain.join("lib/rustlib").join(TARGET).exists() {
        rustup(root, &["target", "add", TARGET])
            .with_context(|| format!("this Rust cannot compile for {TARGET}"))?;
    }
    let small = source(root, &toolchain).and_then(|()| {
        let mut cargo = cargo(root, work, &toolchain, &PANIC, edition);
        command::run_quietly(cargo.args(BUILD_STD).env("RUSTC_BOOTSTRAP", "1"))
    });
    let larger = match small {
        Ok(()) => None,
        Err(why) => {
            command::run(&mut cargo(root, work, &toolchain, &[], edition)).with_context(|| {
                format!("the tracker does not compile for {TARGET}: see cargo's message above")
            })?;
            Some(format!(
                "the tracker is larger than it could be, with the toolchain's own standard library: {why:#}"
            ))
        }
    };
    let artifact = work.join(TARGET).join("tracker/clickstream_tracker.wasm");
    Ok(Compiled {
        bytes: fs_err::read(artifact)?,
        larger,
    })
}

/// The library's source, fetched when it is missing.
fn source(root: &Path, toolchain: &Path) -> Result<()> {
    if toolchain.join(SOURCE).join("library").exists() {
        return Ok(());
    }
    rustup(root, &["component", "add", "rust-src"])
}

/// The folder of the toolchain that rust-toolchain.toml names.
fn toolchain(root: &Path) -> Result<PathBuf> {
    let printed = Command::new("rustc")
        .args(["--print", "sysroot"])
        .current_dir(root)
        .output()
        .context("cannot run rustc: is it on the PATH?")?;
    let folder = String::from_utf8_lossy(&printed.stdout);
    Ok(PathBuf::from(folder.trim()))
}

fn rustup(root: &Path, words: &[&str]) -> Result<()> {
    let mut rustup = Command::new("rustup");
    rustup.arg("--quiet").args(words).current_dir(root);
    let line = words.join(" ");
    command::run_quietly(&mut rustup).with_context(|| format!("try `rustup {line}` by hand"))
}

fn cargo(root: &Path, work: &Path, toolchain: &Path, flags: &[&str], edition: Edition) -> Command {
    let mut cargo = command::cargo();
    let flags: Vec<String> = flags
        .iter()
        .map(|flag| (*flag).to_owned())
        .chain(remaps(toolchain))
        .collect();
    cargo
        .current_dir(root)
        .args(["build", "--quiet", "--package", "clickstream-tracker"])
        .args(["--lib", "--target", TARGET, "--profile", "tracker"])
        .arg("--target-dir")
        .arg(work)
        .arg("--config")
        .arg(format!("target.{TARGET}.rustflags={flags:?}"));
    match edition {
        Edition::Everything => {}
        Edition::Full => drop(cargo.args(["--features", "full"])),
        Edition::Core => drop(cargo.args(CORE)),
    }
    cargo
}

/// Panics name the file they are in: without these a page would load, and anybody read, where
/// the dependencies lie on the machine that built it.
fn remaps(toolchain: &Path) -> Vec<String> {
    let registry = std::env::home_dir().map(|home| home.join(".cargo/registry/src"));
    let sources = registry.and_then(|folder| fs_err::read_dir(folder).ok());
    let each = sources.into_iter().flatten().flatten();
    each.map(|source| source.path())
        .chain([toolchain.join(SOURCE)])
        .map(|source| format!("--remap-path-prefix={}=", source.display()))
        .collect()
}
