//! JSON, strictly and without recursion: one pass that checks a value and copies it
//! without white space; and a loose skip that finds where a value ends.
//!
//! Stricter than RFC 8259 where a lake must be: no lone surrogates, no number beyond f64,
//! a bound on depth.

use crate::plain;

/// What a value breaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Rule {
    /// Not JSON by its grammar.
    InvalidJson,
    /// Half of a UTF-16 pair, as `\ud800`: no text, and no query engine reads it.
    LoneSurrogate,
    /// A number that no f64 can hold, as `1e999`.
    NumberTooLarge,
    /// More levels than allowed.
    TooDeep,
}

/// Moves past white space.
pub(crate) fn space(text: &[u8], at: &mut usize) {
    while matches!(text.get(*at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
        *at += 1;
    }
}

/// Moves past `byte`, after white space.
pub(crate) fn expect(text: &[u8], at: &mut usize, byte: u8) -> Result<(), Rule> {
    space(text, at);
    if text.get(*at) == Some(&byte) {
        *at += 1;
        Ok(())
    } else {
        Err(Rule::InvalidJson)
    }
}

/// Checks the value at `at` and appends it, minified, to `out`. `levels` is how many
/// objects and arrays may stand inside each other (at most 64: one bit of a word each).
pub(crate) fn value(
    text: &[u8],
    at: &mut usize,
    levels: u32,
    out: &mut Vec<u8>,
) -> Result<(), Rule> {
    // A set bit is an object, a clear one an array; the lowest is the innermost.
    let mut open: u64 = 0;
    let mut depth: u32 = 0;
    loop {
        space(text, at);
        match text.get(*at) {
            Some(bracket @ (b'{' | b'[')) => {
                if depth >= levels.min(64) {
                    return Err(Rule::TooDeep);
                }
                let object = *bracket == b'{';
                out.push(*bracket);
                *at += 1;
                space(text, at);
                let close = if object { b'}' } else { b']' };
                if text.get(*at) == Some(&close) {
                    out.push(close);
                    *at += 1;
                } else {
                    open = open << 1 | u64::from(object);
                    depth += 1;
                    if object {
                        key(text, at, out)?;
                    }
                    continue;
                }
            }
            _ => {
                let start = *at;
                scalar(text, at)?;
                out.extend_from_slice(text.get(start..*at).unwrap_or_default());
            }
        }
        // A value has ended: a comma leads to the next, a bracket ends what holds it.
        loop {
            if depth == 0 {
                return Ok(());
            }
            let object = open & 1 == 1;
            space(text, at);
            match text.get(*at) {
                Some(b',') => {
                    out.push(b',');
                    *at += 1;
                    if object {
                        key(text, at, out)?;
                    }
                    break;
                }
                Some(close @ (b'}' | b']')) if (*close == b'}') == object => {
                    out.push(*close);
                    *at += 1;
                    open >>= 1;
                    depth -= 1;
                }
                _ => return Err(Rule::InvalidJson),
            }
        }
    }
}

/// A key and its colon.
fn key(text: &[u8], at: &mut usize, out: &mut Vec<u8>) -> Result<(), Rule> {
    space(text, at);
    let start = *at;
    string(text, at)?;
    out.extend_from_slice(text.get(start..*at).unwrap_or_default());
    expect(text, at, b':')?;
    out.push(b':');
    Ok(())
}

/// Moves past a value that is neither object nor array.
pub(crate) fn scalar(text: &[u8], at: &mut usize) -> Result<(), Rule> {
    match text.get(*at) {
        Some(b'"') => string(text, at),
        Some(b'-' | b'0'..=b'9') => number(text, at),
        Some(b't') => word(text, at, b"true"),
        Some(b'f') => word(text, at, b"false"),
        Some(b'n') => word(text, at, b"null"),
        _ => Err(Rule::InvalidJson),
    }
}

/// Moves past a string with its quotes.
pub(crate) fn string(text: &[u8], at: &mut usize) -> Result<(), Rule> {
    if text.get(*at) != Some(&b'"') {
        return Err(Rule::InvalidJson);
    }
    *at += 1;
    loop {
        *at = plain::end(text, *at);
        match text.get(*at) {
            Some(b'"') => {
                *at += 1;
                return Ok(());
            }
            Some(b'\\') => {
                *at += 1;
                escape(text, at)?;
            }
            _ => return Err(Rule::InvalidJson),
        }
    }
}

/// What follows a backslash.
fn escape(text: &[u8], at: &mut usize) -> Result<(), Rule> {
    match text.get(*at) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
            *at += 1;
            Ok(())
        }
        Some(b'u') => match unit(text, at)? {
            0xd800..=0xdbff => {
                if text.get(*at) != Some(&b'\\') || text.get(*at + 1) != Some(&b'u') {
                    return Err(Rule::LoneSurrogate);
                }
                *at += 1;
                match unit(text, at)? {
                    0xdc00..=0xdfff => Ok(()),
                    _ => Err(Rule::LoneSurrogate),
                }
            }
            0xdc00..=0xdfff => Err(Rule::LoneSurrogate),
            _ => Ok(()),
        },
        _ => Err(Rule::InvalidJson),
    }
}

/// `u` and four hex digits.
fn unit(text: &[u8], at: &mut usize) -> Result<u32, Rule> {
    let digits = text.get(*at + 1..*at + 5).ok_or(Rule::InvalidJson)?;
    *at += 5;
    digits.iter().try_fold(0, |unit, digit| {
        let digit = char::from(*digit).to_digit(16).ok_or(Rule::InvalidJson)?;
        Ok(unit << 4 | digit)
    })
}

fn number(text: &[u8], at: &mut usize) -> Result<(), Rule> {
    let start = *at;
    let digits = |at: &mut usize| {
        let first = *at;
        while matches!(text.get(*at), Some(b'0'..=b'9')) {
            *at += 1;
        }
        *at > first
    };
    if text.get(*at) == Some(&b'-') {
        *at += 1;
    }
    if text.get(*at) == Some(&b'0') {
        *at += 1;
    } else if !digits(at) {
        return Err(Rule::InvalidJson);
    }
    let mut exponent = false;
    if text.get(*at) == Some(&b'.') {
        *at += 1;
        if !digits(at) {
            return Err(Rule::InvalidJson);
        }
    }
    if matches!(text.get(*at), Some(b'e' | b'E')) {
        exponent = true;
        *at += 1;
        if matches!(text.get(*at), Some(b'+' | b'-')) {
            *at += 1;
        }
        if !digits(at) {
            return Err(Rule::InvalidJson);
        }
    }
    let digits = text.get(start..*at).unwrap_or_default();
    // Up to 300 characters without exponent are below 1e300.
    if exponent || digits.len() > 300 {
        let finite = std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| digits.parse::<f64>().ok())
            .is_some_and(f64::is_finite);
        if !finite {
            return Err(Rule::NumberTooLarge);
        }
    }
    Ok(())
}

fn word(text: &[u8], at: &mut usize, word: &[u8]) -> Result<(), Rule> {
    if text.get(*at..*at + word.len()) == Some(word) {
        *at += word.len();
        Ok(())
    } else {
        Err(Rule::InvalidJson)
    }
}

/// Where the value at `at` ends, by its brackets and strings alone: what is inside may be
/// anything, so that one bad event costs only itself. `None` if it never ends.
pub(crate) fn skip(text: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    loop {
        match text.get(at)? {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            b'"' => {
                at += 1;
                loop {
                    match text.get(at)? {
                        b'"' => break,
                        b'\\' => at += 2,
                        _ => at += 1,
                    }
                }
            }
            b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' if depth > 0 => {}
            b',' | b':' => return None,
            _ if depth > 0 => {}
            _ => {
                // A word or a number, which ends where something else begins.
                while !matches!(
                    text.get(at),
                    None | Some(b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r')
                ) {
                    at += 1;
                }
                return Some(at);
            }
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn minified(text: &[u8]) -> Result<Vec<u8>, Rule> {
        let (mut at, mut out) = (0, Vec::new());
        value(text, &mut at, 64, &mut out)?;
        space(text, &mut at);
        if at == text.len() {
            Ok(out)
        } else {
            Err(Rule::InvalidJson)
        }
    }

    #[test]
    fn copies_without_white_space() {
        let text = b" { \"a\" : [ 1 , -2.5e-3,\t{} , [ ] , \"x y\\n\" ],\r\n\"b\":null } ";
        let small = br#"{"a":[1,-2.5e-3,{},[],"x y\n"],"b":null}"#;
        assert_eq!(minified(text).unwrap(), small);
    }

    #[test]
    fn names_the_rule_that_is_broken() {
        for (text, rule) in [
            (r#"{"a":}"#, Rule::InvalidJson),
            (r#"{"a":1,}"#, Rule::InvalidJson),
            ("[1 2]", Rule::InvalidJson),
            ("[1}", Rule::InvalidJson),
            ("01", Rule::InvalidJson),
            ("1.", Rule::InvalidJson),
            (".5", Rule::InvalidJson),
            ("+1", Rule::InvalidJson),
            ("NaN", Rule::InvalidJson),
            ("\"a\nb\"", Rule::InvalidJson),
            (r#""\x""#, Rule::InvalidJson),
            (r#""\u12g4""#, Rule::InvalidJson),
            ("", Rule::InvalidJson),
            (r#""\ud800""#, Rule::LoneSurrogate),
            (r#""\udc00""#, Rule::LoneSurrogate),
            (r#""\ud800\u0041""#, Rule::LoneSurrogate),
            ("1e999", Rule::NumberTooLarge),
            ("-1e309", Rule::NumberTooLarge),
            (&"9".repeat(310), Rule::NumberTooLarge),
        ] {
            assert_eq!(minified(text.as_bytes()), Err(rule), "{text}");
        }
        assert!(minified(br#""\ud83d\ude00""#).is_ok());
        assert!(minified(b"1e308").is_ok());
    }

    #[test]
    fn counts_levels() {
        for (levels, fits) in [(64, true), (65, false), (100_000, false)] {
            let text = format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
            assert_eq!(minified(text.as_bytes()).is_ok(), fits, "{levels}");
            assert_eq!(skip(text.as_bytes(), 0), Some(text.len()));
        }
    }

    #[test]
    fn a_loose_skip_minds_strings_only() {
        assert_eq!(skip(br#"{"a":"}\"]",tru}x"#, 0), Some(16));
        assert_eq!(skip(b"123,", 0), Some(3));
        assert_eq!(skip(b"\"abc", 0), None);
        assert_eq!(skip(b"[[1]", 0), None);
        assert_eq!(skip(b"]", 0), None);
        assert_eq!(skip(b",", 0), None);
    }

    proptest! {
        /// Whatever this takes, serde_json takes and understands the same, and the reverse
        /// but for the rules that are stricter on purpose.
        #[test]
        fn agrees_with_serde_json(text in r#"[\[\]{}:,"\\ a1e.\-+u0dn]{0,24}|\[("a"|1|null|true|\{"k": ?[0-9.e]{1,4}\}|,){0,6}\]"#) {
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            match minified(text.as_bytes()) {
                Ok(small) => {
                    let small: serde_json::Value = serde_json::from_slice(&small).unwrap();
                    prop_assert_eq!(theirs.unwrap(), small);
                }
                Err(Rule::InvalidJson) => prop_assert!(theirs.is_err(), "{}", text),
                Err(_) => {}
            }
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = minified(&bytes);
            let _ = skip(&bytes, 0);
        }
    }
}
