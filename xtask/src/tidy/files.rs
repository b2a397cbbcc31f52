//! Files: small, one subject, named after it, opened by a sentence.

use super::{FOLDERS, entries, none, sources};
use crate::command::root;

/// Longest file, in lines without its inline tests.
const LINES: usize = 400;

/// Files that may be longer, each with its reason.
const LONG: [(&str, &str); 0] = [];

#[test]
fn there_are_ten_folders() {
    let mut folders: Vec<String> = entries(root())
        .into_iter()
        .filter(|path| path.is_dir())
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .filter(|name| {
            !name.starts_with('.') && !["target", "data", "docs"].contains(&name.as_str())
        })
        .collect();
    folders.sort();
    assert_eq!(
        folders, FOLDERS,
        "ten folders, each with a reason of its own"
    );
}

#[test]
fn no_file_is_long() {
    let mut long = Vec::new();
    for source in sources(&["rs", "js", "css", "tf"]) {
        let code = source
            .text
            .split("\n#[cfg(test)]\nmod ")
            .next()
            .unwrap_or("");
        let lines = code.lines().count();
        if lines > LINES && !LONG.iter().any(|(path, _)| *path == source.path) {
            long.push(format!("{}: {lines} lines", source.path));
        }
    }
    none(
        "a file has one subject; split it, or say in `LONG` why not",
        &long,
    );
}

#[test]
fn every_module_opens_with_a_sentence() {
    let silent: Vec<String> = sources(&["rs"])
        .into_iter()
        .filter(|source| !source.text.starts_with("//!"))
        .map(|source| source.path)
        .collect();
    none(
        "the first line of a module says its subject: `//! …`",
        &silent,
    );
}

#[test]
fn no_attic() {
    let attic: Vec<String> = sources(&["rs"])
        .into_iter()
        .map(|source| source.path)
        .filter(|path| {
            let name = path.rsplit('/').next().unwrap_or("");
            [
                "mod.rs",
                "utils.rs",
                "util.rs",
                "helpers.rs",
                "helper.rs",
                "common.rs",
                "misc.rs",
            ]
            .contains(&name)
        })
        .collect();
    none(
        "name a file after its subject; `foo.rs` stands beside `foo/`",
        &attic,
    );
}

#[test]
fn nothing_is_unfinished_or_left_out() {
    // Put together here, so that this file does not name itself.
    let marks = [
        ["to", "do!("],
        ["unimple", "mented!("],
        ["FIX", "ME"],
        ["#[ig", "nore"],
    ];
    let mut found = Vec::new();
    for source in sources(&["rs", "js", "tf", "toml"]) {
        for (number, line) in source.text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(&mark.concat())) {
                found.push(format!("{}:{}: {}", source.path, number + 1, line.trim()));
            }
        }
    }
    none("unfinished, or a test that does not run", &found);
}

#[test]
fn no_path_of_one_machine_and_no_registry_host() {
    let marks = [
        ["/wo", "rk/"],
        ["/ho", "me/"],
        ["/ro", "ot/"],
        ["registry.np", "mjs.org"],
        ["static.cra", "tes.io"],
        ["pypi.o", "rg"],
        ["files.pytho", "nhosted.org"],
    ];
    let mut found = Vec::new();
    for source in sources(&["rs", "js", "json", "tf", "toml", "md", "txt", "html", "css"]) {
        for (number, line) in source.text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(&mark.concat())) {
                found.push(format!("{}:{}: {}", source.path, number + 1, line.trim()));
            }
        }
    }
    none("a path or host that only some machines have", &found);
}
