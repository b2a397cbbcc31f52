//! One script out of three: a way in (the script tag's, the package's), the door that both lead to,
//! and wasm-bindgen's glue, each where the way in asks for it.

use anyhow::{Context, Result};

/// The line that the door takes the place of.
const DOOR: &str = "// @door";
/// The line that the glue takes the place of.
const GLUE: &str = "// @bindings";
/// The word that the module's hash takes the place of.
const INTEGRITY: &str = "@integrity";
/// How the door gives its parts to who imports it; here they are in one function or module with it.
const EXPORT: &str = "export const ";

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
    use super::compose;

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
