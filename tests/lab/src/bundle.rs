//! Other people's SDKs, bundled as a site would.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::program::root;

/// The folder with other people's packages.
///
/// # Errors
/// Where they are not installed, with the command that does.
pub fn modules() -> anyhow::Result<PathBuf> {
    let modules = root().join("target/sdks/node_modules");
    anyhow::ensure!(
        modules.is_dir(),
        "other people's SDKs are not installed: run `cargo xtask test`"
    );
    Ok(modules)
}

/// Makes one script of a file and all that it imports.
///
/// # Errors
/// Where there is no Node, or what esbuild says.
pub fn bundle(entry: &Path, out: &Path) -> anyhow::Result<()> {
    let modules = modules()?;
    let bundled = Command::new("node")
        .arg(modules.join("esbuild/bin/esbuild"))
        .arg(entry)
        .args(["--bundle", "--minify", "--log-level=error"])
        .args([
            "--target=es2020",
            "--define:process.env.NODE_ENV=\"production\"",
        ])
        .arg(format!("--outfile={}", out.display()))
        .env("NODE_PATH", &modules)
        .output()
        .context("there is no Node on the PATH")?;
    anyhow::ensure!(
        bundled.status.success(),
        "esbuild: {}",
        String::from_utf8_lossy(&bundled.stderr)
    );
    Ok(())
}
