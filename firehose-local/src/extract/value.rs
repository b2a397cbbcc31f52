//! A record as a value of jaq's, read by our own strict pass: jaq's parser takes more than JSON,
//! keeps numbers as written, recurses as deep as the text does, and copies each text.

use super::number;
use crate::json::{Cursor, Invalid, unescape};
use bytes::Bytes;
use jaq_json::{Map, Num, Rc, Val, read};
use std::borrow::Cow;
use std::collections::HashMap;

/// What was read of earlier records. Those of a stream are much alike: memory and keys are used
/// again where nobody else has them.
#[derive(Debug, Default)]
pub(super) struct Spare {
    /// The last record.
    value: Val,
    /// Members that others had and the last one has not, by their keys.
    members: Members,
}

type Members = HashMap<Bytes, (Val, Val)>;

/// So many members are kept: each may hold the text of another record.
const MOST_MEMBERS: usize = 64;

/// Reads the value that begins at the cursor, as jq 1.6 has it after reading; with `keys`, an
/// object's other members are checked and left out, as the query does not see them. `all` is the
/// cursor's whole text.
pub(super) fn read_next(
    cursor: &mut Cursor<'_>,
    all: &Bytes,
    keys: Option<&[String]>,
    spare: &mut Spare,
) -> Result<Val, Invalid> {
    let mut text = Text {
        all,
        members: &mut spare.members,
    };
    let into = &mut spare.value;
    match (keys, cursor.peek()) {
        (Some(keys), Some(b'{')) => {
            let wanted = |key: &[u8]| keys.iter().any(|wanted| wanted.as_bytes() == key);
            text.object(cursor, 0, wanted, into)?;
        }
        // Whatever it is, the query fails on it or sees all of it.
        _ => text.value(cursor, 0, into)?,
    }
    Ok(into.clone())
}

/// Members that there is room for at once, in the objects that events have: themselves, and what
/// is directly in them. Deeper ones are many in a record that means harm.
const ROOM: usize = 12;

/// The record's text, which the texts in it are parts of.
struct Text<'a> {
    all: &'a Bytes,
    members: &'a mut Members,
}

impl Text<'_> {
    /// Recursive, but never deeper than JSON may be nested here.
    fn value(
        &mut self,
        cursor: &mut Cursor<'_>,
        depth: usize,
        into: &mut Val,
    ) -> Result<(), Invalid> {
        let start = cursor.position();
        match cursor.peek() {
            Some(b'{') => return self.object(cursor, depth, |_| true, into),
            Some(b'[') => return self.array(cursor, depth, into),
            Some(b'"') => {
                let raw = cursor.string()?;
                let text = match raw.escaped {
                    false => self.all.slice(start + 1..start + 1 + raw.text.len()),
                    true => copied(unescape(raw.text)),
                };
                match into {
                    Val::TStr(known) => **known = text,
                    _ => *into = Val::utf8_str(text),
                }
            }
            Some(b'-' | b'0'..=b'9') => {
                cursor.number()?;
                *into = Val::Num(number_of(cursor.span(start, cursor.position())));
            }
            first => {
                cursor.scalar()?;
                *into = match first {
                    Some(b't') => Val::Bool(true),
                    Some(b'f') => Val::Bool(false),
                    _ => Val::Null,
                };
            }
        }
        Ok(())
    }

    fn array(
        &mut self,
        cursor: &mut Cursor<'_>,
        depth: usize,
        into: &mut Val,
    ) -> Result<(), Invalid> {
        if let Val::Arr(items) = into
            && let Some(items) = Rc::get_mut(items)
        {
            return self.items(cursor, depth, items);
        }
        let mut items = Vec::new();
        self.items(cursor, depth, &mut items)?;
        *into = Val::Arr(items.into());
        Ok(())
    }

    fn items(
        &mut self,
        cursor: &mut Cursor<'_>,
        depth: usize,
        items: &mut Vec<Val>,
    ) -> Result<(), Invalid> {
        let mut count = 0;
        if !cursor.open(b'[', b']', depth)? {
            loop {
                match items.get_mut(count) {
                    Some(item) => self.value(cursor, depth + 1, item)?,
                    None => {
                        let mut item = Val::Null;
                        self.value(cursor, depth + 1, &mut item)?;
                        items.push(item);
                    }
                }
                count += 1;
                if !cursor.next_or_close(b']')? {
                    break;
                }
            }
        }
        items.truncate(count);
        Ok(())
    }

    /// An object's members, those that are wanted by their keys.
    fn object(
        &mut self,
        cursor: &mut Cursor<'_>,
        depth: usize,
        wanted: impl Fn(&[u8]) -> bool,
        into: &mut Val,
    ) -> Result<(), Invalid> {
        if let Val::Obj(members) = into
            && let Some(members) = Rc::get_mut(members)
        {
            return self.members(cursor, depth, wanted, members);
        }
        let mut members = Map::default();
        self.members(cursor, depth, wanted, &mut members)?;
        *into = Val::obj(members);
        Ok(())
    }

    fn members(
        &mut self,
        cursor: &mut Cursor<'_>,
        depth: usize,
        wanted: impl Fn(&[u8]) -> bool,
        members: &mut Map,
    ) -> Result<(), Invalid> {
        // So many are this object's, in its order; those behind them are what was there before.
        let mut count = 0;
        if !cursor.open(b'{', b'}', depth)? {
            loop {
                let raw = cursor.key()?;
                let key = match raw.escaped {
                    false => Cow::Borrowed(raw.text),
                    true => match unescape(raw.text) {
                        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
                    },
                };
                if wanted(&key) {
                    let place = self.place_of(&key, depth, members, &mut count);
                    match members.get_index_mut(place) {
                        Some((_, value)) => self.value(cursor, depth + 1, value)?,
                        None => cursor.value(depth + 1)?,
                    }
                } else {
                    cursor.value(depth + 1)?;
                }
                if !cursor.next_or_close(b'}')? {
                    break;
                }
            }
        }
        while members.len() > count
            && let Some((key, value)) = members.pop()
        {
            if let Val::TStr(text) = &key
                && self.members.len() < MOST_MEMBERS
            {
                self.members.insert((**text).clone(), (key, value));
            }
        }
        Ok(())
    }

    /// Where an object's next member stands, whose key this is: behind the `count` that it has, or
    /// where it has that key already. Of two members with one key the later counts, in the place
    /// of the first.
    fn place_of(
        &mut self,
        key: &[u8],
        depth: usize,
        members: &mut Map,
        count: &mut usize,
    ) -> usize {
        let next = *count;
        // Most have the key that was there before.
        let is_it = |(known, _): (&Val, &Val)| matches!(known, Val::TStr(known) if **known == key);
        if members.get_index(next).is_some_and(is_it) {
            *count += 1;
            return next;
        }
        if members.is_empty() && depth <= 1 {
            members.reserve(ROOM);
        }
        let spare = self.members.remove(key);
        // Copied: it may stay longer than the record.
        let anew = || (Val::utf8_str(Bytes::copy_from_slice(key)), Val::Null);
        let (key, value) = spare.unwrap_or_else(anew);
        let entry = members.entry(key);
        let place = entry.index();
        entry.or_insert(value);
        if place < next {
            return place;
        }
        members.swap_indices(place, next);
        *count += 1;
        next
    }
}

fn copied(text: Cow<'_, str>) -> Bytes {
    match text {
        Cow::Owned(text) => Bytes::from(text),
        Cow::Borrowed(text) => Bytes::copy_from_slice(text.as_bytes()),
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
