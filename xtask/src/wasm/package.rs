//! The npm package, in `target/npm/clickstream-tracker`: the ES module, the module that it loads,
//! their types, and the files of the script tag for sites that serve these themselves.

use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::Edition;

/// The package's name, and its folder's below `target/npm`.
pub const NAME: &str = "clickstream-tracker";

/// What the package is made of.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// The ES module.
    pub index: &'a str,
    /// The script of the tag.
    pub script: &'a str,
    /// The module.
    pub wasm: &'a [u8],
    /// The words for the console.
    pub debug: &'a str,
    /// The types.
    pub types: &'a str,
    /// What somebody reads first.
    pub readme: &'a str,
    /// The licence.
    pub licence: &'a str,
}

/// The ES module of an edition.
const fn entry(edition: Edition) -> &'static str {
    match edition {
        Edition::Everything | Edition::Core => "index.js",
        Edition::Full => "full.js",
    }
}

/// Whether `dir` has what an edition puts there.
pub fn complete(dir: &Path, edition: Edition) -> bool {
    dir.join(entry(edition)).exists()
}

/// Writes the package anew into `dir`; of the full edition what it has beside the other.
///
/// # Errors
/// When the disk refuses.
pub fn write(dir: &Path, edition: Edition, parts: &Parts<'_>) -> Result<()> {
    let [script, module] = edition.loaded();
    let mut files = vec![
        (entry(edition), parts.index.as_bytes()),
        (script, parts.script.as_bytes()),
        (module, parts.wasm),
    ];
    let description = serde_json::to_string_pretty(&description())? + "\n";
    if edition != Edition::Full {
        if dir.exists() {
            fs_err::remove_dir_all(dir)?;
        }
        files.extend([
            ("package.json", description.as_bytes()),
            ("index.d.ts", parts.types.as_bytes()),
            ("clickstream-debug.js", parts.debug.as_bytes()),
            ("README.md", parts.readme.as_bytes()),
            ("LICENSE", parts.licence.as_bytes()),
        ]);
    }
    fs_err::create_dir_all(dir)?;
    for (name, bytes) in files {
        fs_err::write(dir.join(name), bytes)?;
    }
    Ok(())
}

fn description() -> serde_json::Value {
    json!({
        "name": NAME,
        "version": env!("CARGO_PKG_VERSION"),
        "description": "Page views, clicks and your own events, kept until your relay has them",
        "license": "MIT",
        "type": "module",
        "main": "./index.js",
        "types": "./index.d.ts",
        "exports": {
            ".": {"types": "./index.d.ts", "default": "./index.js"},
            "./full": {"types": "./index.d.ts", "default": "./full.js"},
            "./clickstream.js": "./clickstream.js",
            "./clickstream.wasm": "./clickstream.wasm",
            "./clickstream-full.js": "./clickstream-full.js",
            "./clickstream-full.wasm": "./clickstream-full.wasm",
            "./package.json": "./package.json",
        },
        // Importing does nothing: a bundler may leave out what a site does not call.
        "sideEffects": false,
    })
}
