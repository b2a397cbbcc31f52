//! The tracker's three files, from Rust to what a page loads.
//!
//! ```text
//! cargo build ──► bindings ──► wasm-opt (Node) ──► clickstream.wasm ─┐
//!                     └─► script: loader + glue ──► minifier (Node) ─┴─► .br, .gz
//! ```
//!
//! Everything but the two steps marked Node is Rust; without Node the files are larger and
//! work just as well.

mod files;
mod node;
mod script;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::command;

/// What a page needs, and nothing else.
pub const FILES: [&str; 3] = ["clickstream.js", "clickstream.wasm", "clickstream.d.ts"];

const TARGET: &str = "wasm32-unknown-unknown";

/// What became of a build.
#[derive(Debug)]
pub struct Tracker {
    /// The folder with the files: `target/tracker`.
    pub dir: PathBuf,
    /// Whether anything had changed since the build before.
    pub rebuilt: bool,
    /// Why the files are larger than they could be, if they are.
    pub unoptimised: Option<String>,
}

/// Builds the tracker into `target/tracker`; when nothing changed, only looks.
///
/// # Errors
/// When the toolchain is incomplete or the tracker does not compile; the text says what to do.
pub fn tracker() -> Result<Tracker> {
    let root = command::root();
    let work = root.join("target/wasm");
    let dir = root.join("target/tracker");
    fs_err::create_dir_all(&work)?;
    // Two builds at once (a demo beside a test) take turns.
    let lock = fs_err::File::create(work.join("tracker.lock"))?;
    lock.file()
        .lock()
        .context("cannot lock target/wasm/tracker.lock")?;

    let compiled = fs_err::read(compile(root, &work)?)?;
    let loader = fs_err::read_to_string(root.join("tracker-wasm/src/loader.js"))?;
    let types = fs_err::read(root.join("tracker-wasm/src/clickstream.d.ts"))?;
    let tools = node::tools(&root.join("xtask/node"), &work.join("tools"));

    let stamp_file = work.join("tracker.stamp");
    let stamp = stamp(&(&compiled, &loader, &types, tools.is_ok(), node::OPTIONS));
    let unoptimised = tools.as_ref().err().map(|why| format!("{why:#}"));
    let stamped = fs_err::read_to_string(&stamp_file).is_ok_and(|old| old == stamp);
    if stamped && files::complete(&dir) {
        return Ok(Tracker {
            dir,
            rebuilt: false,
            unoptimised,
        });
    }

    let (glue, mut module) = bindings(&compiled, false)?;
    let mut script = script::compose(&loader, &glue)?;
    if let Ok(tools) = &tools {
        module = tools.optimise(&module, false)?;
        script = tools.minify(&script)?;
    }
    files::write(
        &dir,
        &[
            (FILES[0], script.as_bytes()),
            (FILES[1], &module),
            (FILES[2], &types),
        ],
    )?;
    fs_err::write(stamp_file, stamp)?;
    Ok(Tracker {
        dir,
        rebuilt: true,
        unoptimised,
    })
}

/// The module as a page runs it but with its functions' names, for [`crate::size`].
///
/// # Errors
/// As [`tracker`].
pub fn named_module() -> Result<Vec<u8>> {
    let root = command::root();
    let work = root.join("target/wasm");
    let compiled = fs_err::read(compile(root, &work)?)?;
    let (_, module) = bindings(&compiled, true)?;
    match node::tools(&root.join("xtask/node"), &work.join("tools")) {
        Ok(tools) => tools.optimise(&module, true),
        Err(_) => Ok(module),
    }
}

/// The brotli bytes of the loader alone.
///
/// # Errors
/// As [`tracker`].
pub fn loader_size() -> Result<usize> {
    let root = command::root();
    let loader = fs_err::read_to_string(root.join("tracker-wasm/src/loader.js"))?;
    let mut script = script::compose(&loader, "")?;
    if let Ok(tools) = node::tools(&root.join("xtask/node"), &root.join("target/wasm/tools")) {
        script = tools.minify(&script)?;
    }
    Ok(files::brotli(script.as_bytes())?.len())
}

/// Compiles the crate; cargo decides whether there is anything to do.
fn compile(root: &Path, work: &Path) -> Result<PathBuf> {
    let artifact = work.join(TARGET).join("tracker/clickstream_tracker.wasm");
    if !artifact.exists() {
        add_target(root)?;
    }
    command::run(
        command::cargo()
            .args(["build", "--quiet", "--package", "clickstream-tracker"])
            .args(["--lib", "--target", TARGET, "--profile", "tracker"])
            .arg("--target-dir")
            .arg(work)
            .arg("--config")
            .arg(format!("target.{TARGET}.rustflags={:?}", remaps())),
    )
    .with_context(|| {
        format!("the tracker does not compile for {TARGET}: see cargo's message above")
    })?;
    Ok(artifact)
}

/// Panics name the file they are in: without these a page would load, and anybody read, where
/// the dependencies lie on the machine that built it.
fn remaps() -> Vec<String> {
    let registry = std::env::home_dir().map(|home| home.join(".cargo/registry/src"));
    let sources = registry.and_then(|folder| fs_err::read_dir(folder).ok());
    let each = sources.into_iter().flatten().flatten();
    each.map(|source| format!("--remap-path-prefix={}=", source.path().display()))
        .collect()
}

/// rust-toolchain.toml names the target, but a toolchain installed before it did lacks it.
fn add_target(root: &Path) -> Result<()> {
    let printed = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(root)
        .output()
        .context("cannot run rustc: is it on the PATH?")?;
    let folder = String::from_utf8_lossy(&printed.stdout);
    if Path::new(folder.trim()).exists() {
        return Ok(());
    }
    let added = Command::new("rustup")
        .args(["--quiet", "target", "add", TARGET])
        .current_dir(root)
        .status();
    if !added.is_ok_and(|status| status.success()) {
        bail!("this Rust cannot compile for {TARGET}: run `rustup target add {TARGET}`");
    }
    Ok(())
}

/// wasm-bindgen's part: the glue's JavaScript and the module that fits it.
fn bindings(compiled: &[u8], names: bool) -> Result<(String, Vec<u8>)> {
    let mut output = Bindgen::new()
        .input_bytes("clickstream", compiled.to_vec())
        .no_modules(true)?
        .typescript(false)
        .remove_name_section(!names)
        .demangle(names)
        .remove_producers_section(true)
        .omit_default_module_path(true)
        .generate_output()
        .context("wasm-bindgen refuses the module")?;
    let module = output.wasm_mut().emit_wasm();
    Ok((output.js().to_owned(), module))
}

/// Everything that decides what the files are, in a few digits.
fn stamp(inputs: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    inputs.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
