//! The tracker's three files, from Rust to what a page loads.
//!
//! ```text
//! compile ──► bindings ──► wasm-opt (Node) ──► clickstream.wasm ─┐
//!                 └─► script: loader + glue ──► minifier (Node) ─┴─► .br, .gz
//! ```
//!
//! Everything but the two steps marked Node is Rust; without Node, or without the standard
//! library's source, the files are larger and work just as well.

mod compile;
mod files;
mod names;
mod node;
mod script;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::PathBuf,
};

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::command;
use names::Names;

/// What a page needs, and nothing else.
pub const FILES: [&str; 3] = ["clickstream.js", "clickstream.wasm", "clickstream.d.ts"];

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

    let compiled = compile::module(root, &work)?;
    let loader = fs_err::read_to_string(root.join("tracker-wasm/src/loader.js"))?;
    let types = fs_err::read(root.join("tracker-wasm/src/clickstream.d.ts"))?;
    let tools = node::tools(&root.join("xtask/node"), &work.join("tools"));

    let stamp_file = work.join("tracker.stamp");
    let stamp = stamp(&(
        (&compiled.bytes, &loader, &types),
        (
            tools.is_ok(),
            node::OPTIONS,
            node::COMPRESS,
            env!("CARGO_PKG_VERSION"),
        ),
    ));
    let reasons = [
        compiled.larger,
        tools.as_ref().err().map(|why| format!("{why:#}")),
    ];
    let reasons: Vec<String> = reasons.into_iter().flatten().collect();
    let unoptimised = (!reasons.is_empty()).then(|| reasons.join("; "));
    let stamped = fs_err::read_to_string(&stamp_file).is_ok_and(|old| old == stamp);
    if stamped && files::complete(&dir) {
        return Ok(Tracker {
            dir,
            rebuilt: false,
            unoptimised,
        });
    }

    let (glue, mut module) = bindings(&compiled.bytes, false)?;
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
    let compiled = compile::module(root, &work)?;
    let (_, module) = bindings(&compiled.bytes, true)?;
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
    let mut short = Names::default();
    let module = output.wasm_mut();
    for import in module.imports.iter_mut() {
        names::SHORT_MODULE.clone_into(&mut import.module);
        import.name = short.import(&import.name);
    }
    for export in module.exports.iter_mut() {
        export.name = short.export(&export.name);
    }
    let module = module.emit_wasm();
    Ok((short.rewrite(output.js()), module))
}

/// Everything that decides what the files are, in a few digits.
fn stamp(inputs: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    inputs.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
