//! Short names between the module and its glue. wasm-bindgen's end in sixteen digits each, which
//! no compression makes smaller, and every one stands in both files.

use std::collections::BTreeMap;

/// What the glue calls the module whose functions it gives.
const MODULE: &str = "\"./clickstream_bg.js\"";
/// What it is called in place of that, in both files.
pub const SHORT_MODULE: &str = "a";
/// The glue's object of the module's exports.
const EXPORTS: &str = "wasm.";

/// Names given so far. The module's imports and exports are two worlds; a name is never used in both,
/// because the glue is one text.
#[derive(Debug, Default)]
pub struct Names {
    imports: BTreeMap<String, String>,
    exports: BTreeMap<String, String>,
}

impl Names {
    /// The short name of an import.
    pub fn import(&mut self, name: &str) -> String {
        let next = format!("${}", letters(self.imports.len()));
        self.imports.entry(name.to_owned()).or_insert(next).clone()
    }

    /// The short name of an export.
    pub fn export(&mut self, name: &str) -> String {
        let next = letters(self.exports.len());
        self.exports.entry(name.to_owned()).or_insert(next).clone()
    }

    /// The glue with the names given: an import wherever its name stands, an export where it is
    /// taken from the module.
    pub fn rewrite(&self, glue: &str) -> String {
        let mut out = String::with_capacity(glue.len());
        for word in words(&glue.replace(MODULE, &format!("{SHORT_MODULE:?}"))) {
            let of_module = out.ends_with(EXPORTS);
            let names = if of_module {
                &self.exports
            } else {
                &self.imports
            };
            out.push_str(names.get(word).map_or(word, String::as_str));
        }
        out
    }
}

/// The text in pieces that are each one JavaScript name, or what stands between two.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    let mut rest = text;
    std::iter::from_fn(move || {
        let named = in_name(rest.chars().next()?);
        let end = rest.find(|c| in_name(c) != named).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

/// a, b, … z, aa, ba, …
fn letters(mut number: usize) -> String {
    let mut name = String::new();
    loop {
        let letter = u8::try_from(number % 26).unwrap_or_default();
        name.push(char::from(b'a' + letter));
        number /= 26;
        if number == 0 {
            return name;
        }
        number -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_given_once_and_found_in_the_glue() {
        let mut names = Names::default();
        assert_eq!(names.import("__wbg_get_0123456789abcdef"), "$a");
        assert_eq!(names.import("__wbg_get_0123456789abcdef"), "$a");
        assert_eq!(names.import("__wbg_set_0123456789abcdef"), "$b");
        assert_eq!(names.export("signal"), "a");
        let glue = "function signal() { wasm.signal(1); }\n\
            return {\"./clickstream_bg.js\": {__wbg_set_0123456789abcdef: signal}};";
        assert_eq!(
            names.rewrite(glue),
            "function signal() { wasm.a(1); }\nreturn {\"a\": {$b: signal}};"
        );
    }

    #[test]
    fn no_two_numbers_have_one_name() {
        let all: std::collections::BTreeSet<String> = (0..2000).map(letters).collect();
        assert_eq!(all.len(), 2000);
        assert_eq!(
            (letters(25), letters(26)),
            ("z".to_owned(), "aa".to_owned())
        );
    }
}
