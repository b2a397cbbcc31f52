//! Query parameters, found by their names wherever a text holds an address.
//!
//! A parameter begins after `?`, `&`, `#` or `;`, or where the text begins (`search` without its
//! question mark), and ends before `&` or `#`. Whoever writes `?a=1;email=x` meant two, and whoever
//! writes `?email=x;y` one: both are left out whole.

use std::borrow::Cow;

/// Names of parameters; upper and lower case are one.
#[derive(Clone, Debug, Default)]
pub struct Names(Vec<String>);

/// Why a text is no parameter's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a parameter's name alone, such as email")]
pub struct InvalidName;

impl Names {
    /// These names, decoded as a browser would show them.
    ///
    /// # Errors
    /// When one is empty or holds a character that separates parameters.
    pub fn new(names: Vec<String>) -> Result<Self, InvalidName> {
        let is_name = |name: &String| !name.is_empty() && !name.contains(['?', '&', '#', ';', '=']);
        if names.iter().all(is_name) {
            Ok(Self(names))
        } else {
            Err(InvalidName)
        }
    }

    /// The names, as they were given.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn has(&self, name: &str) -> bool {
        let name = decoded(name);
        self.0.iter().any(|mine| mine.eq_ignore_ascii_case(&name))
    }

    /// `text` without these parameters; none where it has none of them.
    #[must_use]
    pub fn without(&self, text: &str) -> Option<String> {
        let mut out = String::with_capacity(text.len());
        let (mut mark, mut rest) = ("", text);
        let mut changed = false;
        let mut left_out = None;
        loop {
            let end = rest.find(['?', '&', '#', ';']).unwrap_or(rest.len());
            let (part, after) = rest.split_at(end);
            if part.split_once('=').is_some_and(|(name, _)| self.has(name)) {
                changed = true;
                left_out = left_out.or(Some(mark));
                let end = rest.find(['&', '#']).unwrap_or(rest.len());
                (mark, rest) = marked(rest.split_at(end).1);
            } else {
                // What comes after a parameter that is gone stands where that one stood; but a second
                // question mark begins nothing, and `&` stays what it was.
                let gone = left_out.take().filter(|_| mark == "&");
                let gone = gone.filter(|first| *first != "?" || !out.contains('?'));
                out.push_str(gone.unwrap_or(mark));
                out.push_str(part);
                (mark, rest) = marked(after);
            }
            if mark.is_empty() {
                return changed.then_some(out);
            }
        }
    }
}

/// The separator that `text` begins with, and what follows it.
fn marked(text: &str) -> (&str, &str) {
    text.split_at(text.len().min(1))
}

/// A name with its percent signs and pluses decoded.
fn decoded(name: &str) -> Cow<'_, str> {
    if !name.contains(['%', '+']) {
        return Cow::Borrowed(name);
    }
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            u8::from_str_radix(digits, 16).ok()
        });
        let (byte, after) = match (first, code) {
            (b'%', Some(code)) => (code, after.get(2..).unwrap_or_default()),
            (b'+', _) => (b' ', after),
            (byte, _) => (*byte, after),
        };
        bytes.push(byte);
        rest = after;
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names::new(["email", "Token", "card no"].map(str::to_owned).to_vec()).unwrap()
    }

    #[test]
    fn a_parameter_is_left_out_whole_and_the_address_stays_one() {
        for (text, left) in [
            ("https://a.example/?email=x", "https://a.example/"),
            ("https://a.example/?email=x&b=1", "https://a.example/?b=1"),
            ("/p?a=1&email=x", "/p?a=1"),
            ("/p?a=1&email=x&b=2#part", "/p?a=1&b=2#part"),
            ("/p?email=x&TOKEN=y&b=2", "/p?b=2"),
            ("/p?email=x#part", "/p#part"),
            ("/p#token=x&b=1", "/p#b=1"),
            ("/p?%65mail=x&b", "/p?b"),
            ("/p?card+no=4&c%61rd%20no=5", "/p"),
            ("?email=x", ""),
            ("email=x&b=1", "b=1"),
            ("?a=1;email=x;y&b=2", "?a=1;b=2"),
            ("?email=a?b;c=d&e=f", "?e=f"),
            ("?next=/q?email=x&b=2", "?next=/q&b=2"),
            ("/\u{e9}?b=\u{e9}&email=\u{e9}", "/\u{e9}?b=\u{e9}"),
        ] {
            assert_eq!(names().without(text).as_deref(), Some(left), "{text}");
        }
    }

    #[test]
    fn what_is_not_named_stays_as_it_is() {
        for text in [
            "",
            "email",
            "?email",
            "?myemail=x",
            "?emails=x&b=1",
            "a = b & c = d",
            "100%&%zz=1&%",
        ] {
            assert_eq!(names().without(text), None, "{text}");
        }
    }

    #[test]
    fn a_name_is_no_query() {
        for name in ["", "a=b", "?a", "a&b"] {
            assert!(Names::new(vec![name.to_owned()]).is_err(), "{name}");
        }
    }

    proptest::proptest! {
        /// No parameter of that name is left, wherever it stood, and what is left has no more.
        #[test]
        fn a_redacted_parameter_never_stays(
            before in "[a-z/:.?&#;=%+]{0,20}",
            mark in "[?&#;]",
            after in "([&#][a-z/:.?&#;=]{0,20})?",
        ) {
            let text = format!("{before}{mark}email=SECRET{after}");
            let left = names().without(&text).unwrap();
            proptest::prop_assert!(!left.contains("SECRET"), "{} -> {}", text, left);
            proptest::prop_assert_eq!(names().without(&left), None, "{} -> {}", text, left);
        }
    }
}
