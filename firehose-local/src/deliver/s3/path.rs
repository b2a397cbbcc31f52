//! Keys as object_store can say them: as they are, but for what it has no path for.

use crate::disk_name::percent_into;
use object_store::path::{Path, PathPart};

/// The path with this key. It says the key itself, with empty folders (`a//b`), percent signs and what
/// else a disk would not take. In the places that it cannot say, a character becomes `%XX`: a slash at
/// the beginning, folders that are `.` or `..`, and control characters.
pub(super) fn of(key: &str) -> Path {
    let mut path = Path::ROOT;
    for (number, segment) in key.split('/').enumerate() {
        path = match PathPart::parse(segment) {
            Ok(part) if number > 0 || !segment.is_empty() => path.join(part),
            _ => path.join(written(&sayable(segment))),
        };
    }
    path
}

/// A segment that has been made sayable.
fn written(segment: &str) -> PathPart<'_> {
    PathPart::parse(segment).unwrap_or_default()
}

fn sayable(segment: &str) -> String {
    let mut out = String::new();
    if segment.is_empty() {
        percent_into('/', &mut out);
    }
    let dots = matches!(segment, "." | "..");
    for character in segment.chars() {
        match dots || character.is_ascii_control() {
            true => percent_into(character, &mut out),
            false => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_key_is_itself_where_that_can_be_said() {
        for key in [
            "raw/userId=45/name",
            "raw//userId=a///b/name",
            "userId=../x/userId=..%2F..",
            "%2e%2e/%2E%2E/a%20b",
            "CON/aux.txt /. ./...",
            "userId=Ann/Å\u{30a}/{\"a\":[1|2]}\\`~#?*",
        ] {
            assert_eq!(of(key).as_ref(), key);
        }
    }

    #[test]
    fn what_cannot_be_said_is_escaped_and_nothing_else() {
        for (key, path) in [
            ("/raw/name", "%2F/raw/name"),
            ("//raw/name", "%2F//raw/name"),
            ("a/../../b", "a/%2E%2E/%2E%2E/b"),
            ("./a", "%2E/a"),
            ("a\0b\n/c\u{7f}", "a%00b%0A/c%7F"),
        ] {
            assert_eq!(of(key).as_ref(), path);
        }
    }

    proptest! {
        /// Nothing is dropped: without the escapes it is the key again.
        #[test]
        fn nothing_is_lost(key in "[a.%/\n]{0,12}x") {
            let path = of(&key);
            let expected = if key.starts_with('/') { format!("%2F{key}") } else { key.clone() };
            let back = path.as_ref().split('/').map(|segment| match segment {
                "%2E" => ".".to_owned(),
                "%2E%2E" => "..".to_owned(),
                other => other.replace("%0A", "\n"),
            });
            prop_assert_eq!(back.collect::<Vec<_>>().join("/"), expected);
        }
    }
}
