//! Names that every disk takes, and that readers of a lake's folders read right.

use std::fmt::Write;

/// The longest name of a file or folder that the usual disks take, in bytes.
pub(crate) const LONGEST_NAME: usize = 255;

/// Appends text with `%XX` for what a disk, or a reader of `key=value` folders, would take for
/// something else. `%` itself is among them, so that no two values share a folder. In a literal
/// part of a prefix `/` and `=` keep their meaning.
///
/// Some disks take two spellings of one character (a letter with its accent, a letter and an
/// accent) for the same name: text that is not in Unicode's form C is written in bytes.
pub(crate) fn escape_into(text: &str, literal: bool, out: &mut String) {
    let composed = text.is_ascii() || unicode_normalization::is_nfc(text);
    for (at, character) in text.char_indices() {
        let last = at + character.len_utf8() == text.len();
        let plain = match character {
            '/' | '=' => literal,
            '\0'..='\x1F' | '\x7F' => false,
            '"' | '#' | '%' | '\'' | '*' | ':' | '?' | '\\' | '{' | '[' | ']' | '^' | '<' | '>'
            | '|' => false,
            // At the ends: Windows drops them, and `..` must never climb.
            '.' | ' ' => literal || !(last || at == 0),
            _ => true,
        };
        if plain && (composed || character.is_ascii()) {
            out.push(character);
        } else {
            percent_into(character, out);
        }
    }
}

/// Appends a character as `%XX`, of each of its bytes.
pub(crate) fn percent_into(character: char, out: &mut String) {
    for byte in character.encode_utf8(&mut [0; 4]).bytes() {
        let _ = write!(out, "%{byte:02X}");
    }
}

/// Whether Windows has a device of that name, whatever follows a dot.
fn is_device(segment: &str) -> bool {
    let name = segment.split('.').next().unwrap_or_default().trim_end();
    let numbered = |stem: &str| {
        let number = name.get(stem.len()..);
        let begins = name.get(..stem.len());
        begins.is_some_and(|begins| begins.eq_ignore_ascii_case(stem))
            && number.is_some_and(|number| {
                number.chars().count() == 1 && number.chars().all(|c| "0123456789¹²³".contains(c))
            })
    };
    ["CON", "PRN", "AUX", "NUL"]
        .iter()
        .any(|device| name.eq_ignore_ascii_case(device))
        || numbered("COM")
        || numbered("LPT")
}

/// Makes a whole key safe to join to a folder: no segment is empty, `.`, `..` or a device.
pub(crate) fn settle(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    for (number, segment) in key.split('/').enumerate() {
        if number > 0 {
            out.push('/');
        }
        match segment {
            "" => out.push_str("%2F"),
            "." => out.push_str("%2E"),
            ".." => out.push_str("%2E%2E"),
            device if is_device(device) => {
                let mut rest = device.chars();
                rest.next()
                    .into_iter()
                    .for_each(|first| percent_into(first, &mut out));
                out.push_str(rest.as_str());
            }
            other => out.push_str(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(text: &str) -> String {
        let mut out = String::new();
        escape_into(text, false, &mut out);
        out
    }

    #[test]
    fn ordinary_values_stay_as_they_are() {
        for text in [
            "45",
            "visitor-0f3a",
            "Ångström",
            "a_b.c@d",
            "a b",
            "a+b,c~d",
        ] {
            assert_eq!(value(text), text);
        }
    }

    #[test]
    fn what_a_disk_or_a_reader_misreads_is_escaped() {
        for (text, escaped) in [
            ("a/b", "a%2Fb"),
            ("../../etc", "%2E.%2F..%2Fetc"),
            (".", "%2E"),
            ("..", "%2E%2E"),
            ("a=b", "a%3Db"),
            ("50%", "50%25"),
            ("a\0b\n", "a%00b%0A"),
            ("a\\b:c*d?e\"f<g>h|i", "a%5Cb%3Ac%2Ad%3Fe%22f%3Cg%3Eh%7Ci"),
            ("end.", "end%2E"),
            (" end ", "%20end%20"),
            ("%2e%2e", "%252e%252e"),
            ("A\u{30a}ngstro\u{308}m", "A%CC%8Angstro%CC%88m"),
            ("\u{212b}", "%E2%84%AB"),
        ] {
            assert_eq!(value(text), escaped);
        }
    }

    #[test]
    fn no_key_climbs_out_of_its_folder() {
        assert_eq!(settle("../a//b/./c"), "%2E%2E/a/%2F/b/%2E/c");
        assert_eq!(settle("/etc"), "%2F/etc");
        assert_eq!(
            settle("NUL/com1.txt/userId=CON/com¹/lpt10"),
            "%4EUL/%63om1.txt/userId=CON/%63om¹/lpt10"
        );
    }

    proptest! {
        /// No two values share a folder, and percent-decoding gives the value back.
        #[test]
        fn decoding_gives_the_value_back(text in any::<String>()) {
            let escaped = value(&text);
            let decoded = percent_encoding::percent_decode_str(&escaped)
                .decode_utf8()
                .unwrap()
                .into_owned();
            prop_assert_eq!(decoded, text);
            prop_assert!(!escaped.contains(['/', '\\', '\0']));
        }
    }
}
