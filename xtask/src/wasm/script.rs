//! One script out of three: a way in (the script tag's, the package's), the door that both lead to,
//! and wasm-bindgen's glue, each where the way in asks for it.

use std::ops::Range;

use anyhow::{Context, Result};

/// The line that the door takes the place of.
const DOOR: &str = "// @door";
/// The line that the glue takes the place of.
const GLUE: &str = "// @bindings";
/// The line of the door that a full edition's ears take the place of.
const EARLY: &str = "// @early";
/// The word that the module's hash takes the place of.
const INTEGRITY: &str = "@integrity";
/// How the door gives its parts to who imports it; here they are in one function or module with it.
const EXPORT: &str = "export const ";

/// What is otherwise in the loader's glue than in the one that wasm-bindgen makes; the minifier
/// drops what is then never reached.
const LEAN: [(&str, &str); 5] = [
    // Its end has ways to begin for every kind of caller; the loader takes one.
    (
        "return Object.assign(__wbg_init, { initSync }, exports);",
        "return Object.assign((bytes) => WebAssembly.instantiate(bytes, __wbg_get_imports())\
            .then((made) => __wbg_finalize_init(made.instance)), exports);",
    ),
    // It would find the module by itself.
    (
        "script_src = new URL(document.currentScript.src, location.href).toString();",
        "",
    ),
    // Every browser that takes the module (reference types) has these, and all of its exports.
    ("!('encodeInto' in cachedTextEncoder)", "false"),
    ("typeof FinalizationRegistry === 'undefined'", "false"),
    ("realloc === undefined", "false"),
];

/// How the glue reads a text of the module's, each time anew.
const TEXT: &str = "return decodeText(getUint8ArrayMemory0().subarray(ptr, ptr + len));";
/// Before which function that is.
const READS: &str = "function getStringFromWasm0(ptr, len) {";

/// The glue without what the loader has no use for; the module's `constants`, which are most of the texts that it
/// gives the page (names of members and attributes, selectors), are read once.
///
/// # Errors
/// When it is another glue than this was written for.
pub fn lean(glue: &str, constants: &Range<u32>) -> Result<String> {
    let Range { start, end } = constants;
    // No place is beyond the end, so that place and length together are one number.
    let remembered = format!(
        "if (ptr < {start} || ptr >= {end}) {TEXT}
        return constants[ptr + len * {end}] ??= decodeText(getUint8ArrayMemory0().subarray(ptr, ptr + len));"
    );
    let before = format!("const constants = {{}};\n{READS}");
    let mut lean = glue.to_owned();
    let remember = [(READS, before.as_str()), (TEXT, &remembered)];
    for (theirs, ours) in LEAN.into_iter().chain(remember) {
        anyhow::ensure!(
            lean.contains(theirs),
            "wasm-bindgen's glue no longer has `{theirs}`: see xtask/src/wasm/script.rs"
        );
        lean = lean.replace(theirs, ours);
    }
    Ok(lean)
}

/// The door with what hears before the module is there, in an edition that has it.
///
/// # Errors
/// When the door has no place for it.
pub fn early(door: &str, ears: &str) -> Result<String> {
    anyhow::ensure!(
        door.contains(EARLY),
        "tracker-wasm/src/door.js has lost its `{EARLY}`"
    );
    Ok(door.replace(EARLY, ears))
}

/// The way in with everything in its place; `integrity` is the hash of the module that it loads.
///
/// # Errors
/// When the way in has no place for one of them; `name` says which file that is.
pub fn compose(name: &str, way: &str, door: &str, glue: &str, integrity: &str) -> Result<String> {
    let door = door.replace(EXPORT, "const ");
    let mut script = way.to_owned();
    for (mark, part) in [(DOOR, door.as_str()), (GLUE, glue), (INTEGRITY, integrity)] {
        let (before, after) = script
            .split_once(mark)
            .with_context(|| format!("tracker-wasm/src/{name} has lost its `{mark}`"))?;
        script = format!("{before}{part}{after}");
    }
    Ok(script)
}

#[cfg(test)]
mod tests {
    use super::{LEAN, READS, TEXT, compose, early, lean};

    #[test]
    fn another_glue_is_refused_and_not_left_as_it_is() {
        let text = [READS, TEXT].join("\n");
        let theirs = [LEAN.map(|(theirs, _)| theirs).join("\n"), text].join("\n");
        let ours = LEAN.map(|(_, ours)| ours).join("\n");
        let leaned = lean(&theirs, &(8..64)).unwrap();
        assert!(leaned.starts_with(&ours), "{leaned}");
        assert!(
            leaned.contains("if (ptr < 8 || ptr >= 64) return decodeText("),
            "{leaned}"
        );
        for part in LEAN
            .map(|(theirs, _)| theirs)
            .into_iter()
            .chain([READS, TEXT])
        {
            assert!(lean(&theirs.replace(part, ""), &(8..64)).is_err(), "{part}");
        }
    }

    #[test]
    fn the_door_has_a_place_for_ears() {
        let door = early("{\n// @early\n}", "hear();").unwrap();
        assert_eq!(door, "{\nhear();\n}");
        assert!(early("{}", "").is_err());
    }

    #[test]
    fn each_part_takes_its_place() {
        let way = "{\n// @door\na(\"@integrity\", () => {\n// @bindings\n})\n}\n";
        let door = "export const a = () => {};\n";
        let script = compose("way.js", way, door, "let b;", "sha256-x").unwrap();
        let expected = "{\nconst a = () => {};\n\na(\"sha256-x\", () => {\nlet b;\n})\n}\n";
        assert_eq!(script, expected);
        let error = compose("way.js", "a();", door, "", "").unwrap_err();
        assert!(format!("{error}").contains("way.js"));
    }
}
