//! One level of an object: its members, in order, with decoded keys and minified values.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use crate::plain;
use crate::scan::{self, Rule};

/// Why an object could not be read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// Something other than an object stands here.
    NotAnObject,
    /// A rule is broken inside the member of this name.
    Broken(String, Rule),
    /// A key stands twice, however it is escaped.
    DuplicateKey(String),
}

#[derive(Clone, Debug)]
pub(crate) struct Member<'a> {
    /// The key as a reader would understand it: `user\u0049d` is `userId`.
    pub(crate) key: Cow<'a, str>,
    value: Range<usize>,
}

/// The members of one object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Object<'a> {
    pub(crate) members: Vec<Member<'a>>,
    values: Vec<u8>,
}

impl<'a> Object<'a> {
    /// Reads the object that `text` is, nesting at most `levels` deep, itself included.
    pub(crate) fn read(text: &'a str, levels: u32) -> Result<Self, Fault> {
        let bytes = text.as_bytes();
        let mut object = Self {
            members: Vec::with_capacity(16),
            values: Vec::with_capacity(bytes.len()),
        };
        let mut seen = HashSet::with_capacity(16);
        let mut at = 0;
        let whole = |rule| Fault::Broken(String::new(), rule);
        scan::expect(bytes, &mut at, b'{').map_err(|_| Fault::NotAnObject)?;
        scan::space(bytes, &mut at);
        if bytes.get(at) == Some(&b'}') {
            at += 1;
        } else {
            loop {
                scan::space(bytes, &mut at);
                let key = key(text, &mut at).map_err(whole)?;
                scan::expect(bytes, &mut at, b':').map_err(whole)?;
                let start = object.values.len();
                scan::value(bytes, &mut at, levels.saturating_sub(1), &mut object.values)
                    .map_err(|rule| Fault::Broken(key.clone().into_owned(), rule))?;
                if !seen.insert(key.clone()) {
                    return Err(Fault::DuplicateKey(key.into_owned()));
                }
                object.members.push(Member {
                    key,
                    value: start..object.values.len(),
                });
                scan::space(bytes, &mut at);
                match bytes.get(at) {
                    Some(b',') => at += 1,
                    Some(b'}') => {
                        at += 1;
                        break;
                    }
                    _ => return Err(whole(Rule::InvalidJson)),
                }
            }
        }
        scan::space(bytes, &mut at);
        if at == bytes.len() {
            Ok(object)
        } else {
            Err(whole(Rule::InvalidJson))
        }
    }

    /// The minified text of a member's value.
    pub(crate) fn value(&self, member: &Member<'_>) -> &str {
        let bytes = self.values.get(member.value.clone()).unwrap_or_default();
        // Cut from a `str` at the boundaries of JSON values.
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    /// The value of that name; `null` counts as absent.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.members
            .iter()
            .find(|member| member.key == key)
            .map(|member| self.value(member))
            .filter(|value| *value != "null")
    }

    /// Appends `"key":value` after a comma, unless `out` ends in an opening brace.
    pub(crate) fn append(out: &mut Vec<u8>, key: &str, value: &str) {
        if !matches!(out.last(), None | Some(b'{')) {
            out.push(b',');
        }
        append_text(out, key);
        out.push(b':');
        out.extend_from_slice(value.as_bytes());
    }

    /// As [`Object::append`], of a text.
    pub(crate) fn append_text_member(out: &mut Vec<u8>, key: &str, text: &str) {
        Self::append(out, key, &quoted(text));
    }

    /// This object's members and those of `other` whose names it lacks, as JSON.
    pub(crate) fn merged(&self, other: &Object<'_>) -> String {
        // Looked up, not searched for: both may have thousands.
        let mine = self.members.iter().map(|member| &*member.key);
        let mine: HashSet<&str> = mine.collect();
        let mut out = vec![b'{'];
        for member in &self.members {
            Self::append(&mut out, &member.key, self.value(member));
        }
        for member in &other.members {
            if !mine.contains(&*member.key) {
                Self::append(&mut out, &member.key, other.value(member));
            }
        }
        out.push(b'}');
        String::from_utf8(out).unwrap_or_default()
    }
}

/// The key at `at`, decoded.
pub(crate) fn key<'a>(text: &'a str, at: &mut usize) -> Result<Cow<'a, str>, Rule> {
    let start = *at;
    scan::string(text.as_bytes(), at)?;
    let quoted = text.get(start..*at).ok_or(Rule::InvalidJson)?;
    let inner = quoted.get(1..quoted.len() - 1).unwrap_or_default();
    if inner.contains('\\') {
        serde_json::from_str(quoted)
            .map(Cow::Owned)
            .map_err(|_| Rule::InvalidJson)
    } else {
        Ok(Cow::Borrowed(inner))
    }
}

/// Appends `text` as a JSON string.
pub(crate) fn append_text(out: &mut Vec<u8>, text: &str) {
    if plain::end(text.as_bytes(), 0) == text.len() {
        out.reserve(text.len() + 2);
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return;
    }
    // Writing a `str` to a `Vec` has no way to fail.
    let _ = serde_json::to_writer(out, text);
}

/// `text` as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    append_text(&mut out, text);
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_is_quoted_as_serde_does(text: String, plain in "[ -~]{0,40}") {
            for text in [text, plain] {
                prop_assert_eq!(quoted(&text), serde_json::to_string(&text).unwrap());
            }
        }
    }

    #[test]
    fn decodes_keys_and_minifies_values() {
        let object = Object::read(r#" { "user\u0049d" : [ 1 ] , "b" : null } "#, 64).unwrap();
        assert_eq!(object.get("userId"), Some("[1]"));
        assert_eq!(object.get("b"), None);
    }

    #[test]
    fn refuses_a_key_twice_however_it_is_written() {
        let fault = Object::read(r#"{"userId":1,"user\u0049d":2}"#, 64).unwrap_err();
        assert_eq!(fault, Fault::DuplicateKey("userId".to_owned()));
    }

    #[test]
    fn says_where() {
        let fault = Object::read(r#"{"a":1,"b":[1e999]}"#, 64).unwrap_err();
        assert_eq!(fault, Fault::Broken("b".to_owned(), Rule::NumberTooLarge));
        assert_eq!(Object::read("[]", 64).unwrap_err(), Fault::NotAnObject);
        assert!(Object::read(r#"{"a":1} x"#, 64).is_err());
        assert!(Object::read(r#"{"a":1"#, 64).is_err());
    }

    #[test]
    fn the_object_itself_is_a_level() {
        assert!(Object::read(r#"{"a":[]}"#, 2).is_ok());
        assert!(Object::read(r#"{"a":[]}"#, 1).is_err());
    }

    #[test]
    fn merging_lets_the_first_win() {
        let item = Object::read(r#"{"a":1}"#, 64).unwrap();
        let batch = Object::read(r#"{"a":2,"b":3}"#, 64).unwrap();
        assert_eq!(item.merged(&batch), r#"{"a":1,"b":3}"#);
    }

    /// Searching for each of the one among all of the other would take minutes here.
    #[test]
    fn merging_looks_at_each_member_once() {
        let names = |from: u32| (from..from + 300_000).map(|name| format!(r#""{name}":0"#));
        let object = |from| format!("{{{}}}", names(from).collect::<Vec<_>>().join(","));
        let (one, other) = (object(0), object(1));
        let read = |text| Object::read(text, 64).unwrap();
        let merged = read(&one).merged(&read(&other));
        assert_eq!(read(&merged).members.len(), 300_001);
    }
}
