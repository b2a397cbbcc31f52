//! One put record to the records it holds, as `RecordDeAggregation` does.

use crate::json::{Cursor, Invalid};
use std::ops::Range;

/// More pieces than this and AWS splits nothing: the whole record goes on as it is.
pub const MOST_PIECES: usize = 500;

/// How a stream's records are packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubRecordType {
    /// JSON objects, one after another, with or without white space between them.
    Json,
    /// Pieces between delimiters.
    Delimited(Vec<u8>),
}

/// The pieces of a record, as sent, without what stood between them. A record that holds more
/// than [`MOST_PIECES`], or that is not wholly made of objects, comes back whole: extraction
/// then refuses it, and none of it is delivered as data.
pub fn deaggregate<'a>(data: &'a [u8], kind: &SubRecordType) -> Vec<&'a [u8]> {
    let pieces = match kind {
        SubRecordType::Json => {
            let mut pieces = Vec::new();
            let read = objects(data, |cursor| {
                let start = cursor.position();
                cursor.value(0)?;
                pieces.push(cursor.span(start, cursor.position()));
                Ok(())
            });
            read.is_ok().then_some(pieces)
        }
        SubRecordType::Delimited(delimiter) => delimited(data, delimiter).map(|spans| {
            let piece = |span| data.get(span).unwrap_or_default();
            spans.into_iter().map(piece).collect()
        }),
    };
    match pieces {
        Some(pieces) if !pieces.is_empty() => pieces,
        _ => vec![data],
    }
}

/// Lets `read` go over each object of a record, one after another, where it begins.
///
/// # Errors
/// When the record is not wholly made of objects, or of more than [`MOST_PIECES`]: what was read
/// of it does not count.
pub(crate) fn objects<'a>(
    data: &'a [u8],
    mut read: impl FnMut(&mut Cursor<'a>) -> Result<(), Invalid>,
) -> Result<(), Invalid> {
    let mut cursor = Cursor::new(data);
    for _ in 0..=MOST_PIECES {
        cursor.whitespace();
        match cursor.peek() {
            None => return Ok(()),
            Some(b'{') => read(&mut cursor)?,
            Some(_) => return Err(Invalid),
        }
    }
    Err(Invalid)
}

/// Where the pieces between delimiters stand; `None` where there are too many.
pub(crate) fn delimited(data: &[u8], delimiter: &[u8]) -> Option<Vec<Range<usize>>> {
    if delimiter.is_empty() {
        return None;
    }
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while at <= data.len() {
        let rest = data.get(at..)?;
        let here = rest.starts_with(delimiter);
        if here || rest.is_empty() {
            if start < at {
                if pieces.len() == MOST_PIECES {
                    return None;
                }
                pieces.push(start..at);
            }
            start = at + delimiter.len();
        }
        at += if here { delimiter.len() } else { 1 };
    }
    Some(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn json(data: &str) -> Vec<&str> {
        deaggregate(data.as_bytes(), &SubRecordType::Json)
            .into_iter()
            .map(|piece| std::str::from_utf8(piece).unwrap())
            .collect()
    }

    #[test]
    fn objects_with_and_without_newlines_between_them() {
        let both = [r#"{"a":1}"#, r#"{"a":2}"#];
        assert_eq!(json("{\"a\":1}{\"a\":2}"), both);
        assert_eq!(json("{\"a\":1}\n{\"a\":2}"), both);
        assert_eq!(json("\n {\"a\":1}\r\n\t{\"a\":2}\n\n"), both);
        assert_eq!(json("{\"a\":\"}{\"}"), ["{\"a\":\"}{\"}"]);
        assert_eq!(json("{\n \"a\": 1\n}"), ["{\n \"a\": 1\n}"]);
    }

    #[test]
    fn what_is_not_wholly_objects_stays_whole() {
        for data in ["", " ", "[{},{}]", "{}[]", "{} x", "{}{", "{}1", "null"] {
            assert_eq!(json(data), [data], "{data:?}");
        }
    }

    #[test]
    fn five_hundred_pieces_are_split_and_one_more_splits_nothing() {
        let most = "{\"a\":1}\n".repeat(500);
        assert_eq!(json(&most).len(), 500);
        let over = "{\"a\":1}\n".repeat(501);
        assert_eq!(json(&over), [over.as_str()]);
        let kind = SubRecordType::Delimited(b"####".to_vec());
        let most = "x####".repeat(500);
        assert_eq!(deaggregate(most.as_bytes(), &kind).len(), 500);
        let over = "x####".repeat(501);
        assert_eq!(deaggregate(over.as_bytes(), &kind), [over.as_bytes()]);
    }

    #[test]
    fn delimiters_are_taken_away() {
        let kind = SubRecordType::Delimited(b"##".to_vec());
        let pieces: [&[u8]; 3] = [b"a#b", b"c", b"d"];
        assert_eq!(deaggregate(b"##a#b##c####d##", &kind), pieces);
        assert_eq!(deaggregate(b"abc", &kind), [b"abc"]);
        assert_eq!(deaggregate(b"##", &kind), [b"##"]);
    }

    proptest! {
        /// Whatever comes, pieces are parts of the record in their order, and what is between
        /// them is white space; serde_json finds the same ones.
        #[test]
        fn pieces_are_what_serde_finds(
            tokens in prop::collection::vec(
                prop::sample::select(vec![
                    "{", "}", "{}", "{\"a\":1}", "{\"b\":{\"c\":[1,{}]}}", "[", "]", ",", ":", "\"a\"",
                    "\"}{\"", "\"\\\"}\"", "1", "-1e3", "null", " ", "\n", "\r\n\t", "x", "\u{e9}",
                ]),
                0..12,
            ),
        ) {
            let data = tokens.concat();
            let pieces = json(&data);
            let mut rest = data.as_str();
            for piece in &pieces {
                let at = rest.find(piece).unwrap();
                if pieces.len() > 1 {
                    prop_assert!(rest[..at].trim_matches([' ', '\n', '\r', '\t']).is_empty());
                }
                rest = &rest[at + piece.len()..];
            }
            let mut theirs = Vec::new();
            let mut stream = serde_json::Deserializer::from_str(&data)
                .into_iter::<Box<serde_json::value::RawValue>>();
            let right = stream.by_ref().all(|value| match value {
                Ok(value) if value.get().starts_with('{') => {
                    theirs.push(value.get().to_owned());
                    true
                }
                _ => false,
            });
            match right && !theirs.is_empty() {
                true => prop_assert_eq!(pieces, theirs),
                false => prop_assert_eq!(pieces, [data.as_str()]),
            }
        }

        /// Any bytes by any delimiter: the pieces and what was between them are the record.
        #[test]
        fn delimited_pieces_are_what_a_split_gives(
            data in prop::collection::vec(prop::sample::select(vec![b'#', b'a', 0, 0xFF]), 0..60),
            delimiter in prop::collection::vec(prop::sample::select(vec![b'#', b'a']), 1..4),
        ) {
            let kind = SubRecordType::Delimited(delimiter.clone());
            let pieces = deaggregate(&data, &kind);
            // As text, a byte a character, it is `str::split`.
            let text = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
            let (whole, by) = (text(&data), text(&delimiter));
            let mut wanted: Vec<&str> = whole.split(&by).filter(|piece| !piece.is_empty()).collect();
            if wanted.is_empty() {
                wanted.push(&whole);
            }
            let pieces: Vec<String> = pieces.into_iter().map(text).collect();
            prop_assert_eq!(pieces, wanted);
        }

        #[test]
        fn what_is_joined_comes_apart_again(
            numbers in prop::collection::vec(any::<u32>(), 1..40),
            between in prop::sample::select(vec!["", "\n", " ", "\r\n\t"]),
        ) {
            let objects: Vec<String> = numbers
                .iter()
                .map(|number| format!("{{\"n\":{number},\"t\":\"}}{{\\\"\"}}"))
                .collect();
            let joined = objects.join(between);
            prop_assert_eq!(json(&joined), objects);
        }
    }
}
