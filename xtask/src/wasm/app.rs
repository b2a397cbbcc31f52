//! The example of a site of Rust, one of Yew, with the tracker as a part of its own module.

use std::path::PathBuf;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use super::compile::TARGET;
use crate::command;

/// Its folder, a workspace of its own.
const FOLDER: &str = "tracker-wasm/examples/app";

/// Builds it into `target/app`, as such a site's own tools would.
///
/// # Errors
/// When it does not compile; cargo's message stands above ours.
pub fn example() -> Result<PathBuf> {
    let root = command::root();
    let work = root.join("target/wasm-app");
    let mut cargo = command::cargo();
    cargo
        .args([
            "build",
            "--quiet",
            "--release",
            "--locked",
            "--target",
            TARGET,
        ])
        .arg("--manifest-path")
        .arg(root.join(FOLDER).join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&work);
    command::run(&mut cargo).context("the example of a site of Rust does not compile")?;
    let dir = root.join("target/app");
    fs_err::create_dir_all(&dir)?;
    Bindgen::new()
        .input_path(
            work.join(TARGET)
                .join("release/clickstream-example-app.wasm"),
        )
        .out_name("app")
        .web(true)?
        .omit_default_module_path(false)
        .typescript(false)
        .generate(&dir)
        .context("wasm-bindgen refuses the example")?;
    fs_err::copy(root.join(FOLDER).join("index.html"), dir.join("index.html"))?;
    Ok(dir)
}
