//! House rules, as ordinary tests. Each reads the sources and names every place that breaks
//! it; a rule that must give way somewhere has that place and the reason beside it here.

mod arrows;
mod conformance;
mod files;
mod links;
mod security;
mod soak;

use std::path::{Path, PathBuf};

use crate::command::root;

/// A file of the project.
struct Source {
    /// Relative to the workspace, with `/`.
    path: String,
    text: String,
}

/// The project's folders, no more.
const FOLDERS: [&str; 10] = [
    "bench",
    "bot",
    "demo-site",
    "event",
    "firehose-local",
    "infrastructure",
    "relay",
    "tests",
    "tracker-wasm",
    "xtask",
];

/// Every text file of the project with one of these extensions.
fn sources(extensions: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = FOLDERS.iter().map(|folder| root().join(folder)).collect();
    folders.extend(["docs", ".cargo", ".ci"].map(|folder| root().join(folder)));
    let mut files: Vec<PathBuf> = entries(root())
        .into_iter()
        .filter(|p| p.is_file())
        .collect();
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            let hidden = path
                .file_name()
                .is_some_and(|name| name == "node_modules" || name == ".terraform");
            if path.is_dir() && !hidden {
                folders.push(path);
            } else if path.is_file() {
                files.push(path);
            }
        }
    }
    for path in files {
        let wanted = path
            .extension()
            .is_some_and(|extension| extensions.iter().any(|wanted| extension == *wanted));
        if wanted && let Ok(text) = fs_err::read_to_string(&path) {
            let path = path.strip_prefix(root()).unwrap_or(&path);
            found.push(Source {
                path: path.to_string_lossy().replace('\\', "/"),
                text,
            });
        }
    }
    assert!(!found.is_empty(), "no files with {extensions:?}");
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs_err::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default()
}

/// Fails with every place that breaks a rule.
fn none(rule: &str, places: &[String]) {
    assert!(places.is_empty(), "{rule}:\n  {}", places.join("\n  "));
}
