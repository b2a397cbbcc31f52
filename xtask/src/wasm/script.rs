//! One script out of two: the loader, with wasm-bindgen's glue where it asks for it.

use anyhow::{Context, Result};

/// The line of `loader.js` that the glue takes the place of.
const MARK: &str = "// @bindings";

/// The loader with the glue inside its one function, so that the page's only new global is
/// the one that the loader makes.
///
/// # Errors
/// When the loader has no place for the glue.
pub fn compose(loader: &str, glue: &str) -> Result<String> {
    let (before, after) = loader
        .split_once(MARK)
        .with_context(|| format!("tracker-wasm/src/loader.js has lost its line `{MARK}`"))?;
    Ok(format!("{before}{glue}{after}"))
}

#[cfg(test)]
mod tests {
    use super::compose;

    #[test]
    fn the_glue_takes_its_place() {
        let script = compose("{\n// @bindings\nb();\n}\n", "let wasm_bindgen;").unwrap();
        assert_eq!(script, "{\nlet wasm_bindgen;\nb();\n}\n");
        assert!(compose("a();", "").is_err());
    }
}
