//! A record as a value of jaq's, read by our own strict pass: jaq's parser takes more than JSON,
//! keeps numbers as written, recurses as deep as the text does, and copies each text.

use super::number;
use crate::json::{Cursor, Invalid, Raw, unescape};
use bytes::Bytes;
use jaq_json::{Map, Num, Val, read};
use std::borrow::Cow;

/// The value that begins at the cursor, as jq 1.6 has it after reading; with `keys`, an object's
/// other members are checked and left out, as the query does not see them. `all` is the cursor's
/// whole text.
pub(super) fn read_next(
    cursor: &mut Cursor<'_>,
    all: &Bytes,
    keys: Option<&[String]>,
) -> Result<Val, Invalid> {
    let text = Text(all);
    match (keys, cursor.peek()) {
        (Some(keys), Some(b'{')) => text.object(cursor, 0, |key| {
            keys.iter().any(|wanted| wanted.as_bytes() == key)
        }),
        // Whatever it is, the query fails on it or sees all of it.
        _ => text.value(cursor, 0),
    }
}

/// Members that there is room for at once, in the objects that events have: themselves, and what
/// is directly in them. Deeper ones are many in a record that means harm.
const ROOM: usize = 12;

/// The record's text, which the texts in it are parts of.
struct Text<'a>(&'a Bytes);

impl Text<'_> {
    /// Recursive, but never deeper than JSON may be nested here.
    fn value(&self, cursor: &mut Cursor<'_>, depth: usize) -> Result<Val, Invalid> {
        let start = cursor.position();
        match cursor.peek() {
            Some(b'{') => self.object(cursor, depth, |_| true),
            Some(b'[') => self.array(cursor, depth),
            Some(b'"') => {
                let raw = cursor.string()?;
                Ok(Val::utf8_str(self.text(raw, start + 1)))
            }
            Some(b'-' | b'0'..=b'9') => {
                cursor.number()?;
                Ok(Val::Num(number_of(cursor.span(start, cursor.position()))))
            }
            first => {
                cursor.scalar()?;
                Ok(match first {
                    Some(b't') => Val::Bool(true),
                    Some(b'f') => Val::Bool(false),
                    _ => Val::Null,
                })
            }
        }
    }

    fn array(&self, cursor: &mut Cursor<'_>, depth: usize) -> Result<Val, Invalid> {
        let mut items = Vec::new();
        if !cursor.open(b'[', b']', depth)? {
            loop {
                items.push(self.value(cursor, depth + 1)?);
                if !cursor.next_or_close(b']')? {
                    break;
                }
            }
        }
        Ok(Val::Arr(items.into()))
    }

    /// An object's members, those that are wanted by their keys.
    fn object(
        &self,
        cursor: &mut Cursor<'_>,
        depth: usize,
        wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<Val, Invalid> {
        let mut members = Map::default();
        if !cursor.open(b'{', b'}', depth)? {
            loop {
                let start = cursor.position();
                let key = self.text(cursor.key()?, start + 1);
                if wanted(&key) {
                    if members.is_empty() && depth <= 1 {
                        members.reserve(ROOM);
                    }
                    // Of two members with one key the later counts, in the place of the first.
                    let value = self.value(cursor, depth + 1)?;
                    members.insert(Val::utf8_str(key), value);
                } else {
                    cursor.value(depth + 1)?;
                }
                if !cursor.next_or_close(b'}')? {
                    break;
                }
            }
        }
        Ok(Val::obj(members))
    }

    /// The text of a string between its quotes, which begins here.
    fn text(&self, raw: Raw<'_>, start: usize) -> Bytes {
        match raw.escaped {
            false => self.0.slice(start..start + raw.text.len()),
            true => match unescape(raw.text) {
                Cow::Owned(text) => Bytes::from(text),
                Cow::Borrowed(text) => Bytes::copy_from_slice(text.as_bytes()),
            },
        }
    }
}

/// A number as jq 1.6 has it: what it prints of an `f64`, read by jaq.
fn number_of(written: &[u8]) -> Num {
    if let Some(whole) = number::plain_integer(written) {
        return Num::Int(whole);
    }
    let mut printed = number::print(&String::from_utf8_lossy(written));
    if printed == "-0" {
        // Without the point jaq reads an integer, which has no sign.
        printed.push_str(".0");
    }
    let read = read::parse_single_num(printed.as_bytes());
    read.unwrap_or(Num::Float(f64::NAN))
}
