//! Queries that are only paths (`{a:.x, b:.y.z}`): read straight from the record's text, with
//! the whole record's grammar checked on the way.

use super::{Values, number};
use crate::failure::ErrorCode;
use crate::json::{Cursor, Invalid, unescape};
use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::Term;
use jaq_core::path::{Opt, Part, Path};

/// The paths of a query, as a tree of the keys that lead to them.
#[derive(Debug)]
pub(crate) struct Paths {
    nodes: Vec<Node>,
    count: usize,
}

#[derive(Debug, Default)]
struct Node {
    children: Vec<(String, usize)>,
    /// The query's keys whose path ends here.
    wanted: Vec<usize>,
}

/// What a path led to, so far: a later duplicate key counts, as in jq.
#[derive(Debug, Clone, Copy)]
enum Found<'a> {
    Missing,
    /// A path goes through something that has no keys: jq's run-time error.
    NoObject,
    Scalar(&'a [u8]),
    Composite,
}

/// The names and paths of a query, if it is nothing but paths with distinct names.
pub(crate) fn recognise(query: &Term<&str>) -> Option<(Vec<String>, Paths)> {
    let Term::Obj(entries) = query else {
        return None;
    };
    let mut names = Vec::new();
    let mut paths = Paths {
        nodes: vec![Node::default()],
        count: entries.len(),
    };
    for (number, (key, value)) in entries.iter().enumerate() {
        let name = key_name(key)?;
        if names.contains(&name) {
            return None;
        }
        let keys = match value {
            None => vec![name.clone()],
            Some(term) => keys(term)?,
        };
        names.push(name);
        paths.add(keys, number);
    }
    Some((names, paths))
}

/// The text of a string without interpolation.
pub(super) fn key_name(term: &Term<&str>) -> Option<String> {
    let Term::Str(None, parts) = term else {
        return None;
    };
    let mut name = String::new();
    for part in parts {
        match part {
            StrPart::Str(text) => name.push_str(text),
            StrPart::Char(character) => name.push(*character),
            StrPart::Term(_) => return None,
        }
    }
    Some(name)
}

fn keys(term: &Term<&str>) -> Option<Vec<String>> {
    let Term::Path(root, Path(parts)) = term else {
        return None;
    };
    if !matches!(**root, Term::Id) {
        return None;
    }
    parts
        .iter()
        .map(|part| match part {
            (Part::Index(key), Opt::Essential) => key_name(key),
            _ => None,
        })
        .collect()
}

impl Paths {
    fn add(&mut self, keys: Vec<String>, number: usize) {
        let mut at = 0;
        for key in keys {
            let known = self
                .nodes
                .get(at)
                .and_then(|node| node.child(key.as_bytes()));
            at = known.unwrap_or_else(|| {
                let new = self.nodes.len();
                self.nodes.push(Node::default());
                if let Some(node) = self.nodes.get_mut(at) {
                    node.children.push((key, new));
                }
                new
            });
        }
        if let Some(node) = self.nodes.get_mut(at) {
            node.wanted.push(number);
        }
    }

    /// Reads the paths' values out of the JSON value that begins at the cursor, and goes over it.
    pub(crate) fn extract_next(
        &self,
        cursor: &mut Cursor<'_>,
        values: &mut Values,
    ) -> Result<Result<(), ErrorCode>, Invalid> {
        // Nearly every query has so few keys: no memory is taken for each record.
        let mut few = [Found::Missing; 8];
        let mut many = Vec::new();
        let found = match few.get_mut(..self.count) {
            Some(found) => found,
            None => {
                many.resize(self.count, Found::Missing);
                &mut many[..]
            }
        };
        self.node(0, 0, cursor, found)?;
        Ok(keep(found, values))
    }

    /// Reads the value that the keys of this node lead to. Recursive, but only as deep as the
    /// query's paths are and never deeper than JSON may be nested here.
    fn node<'a>(
        &self,
        number: usize,
        depth: usize,
        cursor: &mut Cursor<'a>,
        found: &mut [Found<'a>],
    ) -> Result<(), Invalid> {
        let Some(node) = self.nodes.get(number) else {
            return cursor.value(depth);
        };
        let start = cursor.position();
        let first = cursor.peek();
        let below = match first {
            Some(b'{') if !node.children.is_empty() => {
                self.mark(node, Found::Missing, found);
                self.object(node, depth, cursor, found)?;
                None
            }
            Some(b'{' | b'n') => Some(Found::Missing),
            _ => Some(Found::NoObject),
        };
        if let Some(below) = below {
            cursor.value(depth)?;
            self.mark(node, below, found);
        }
        let here = match first {
            Some(b'{' | b'[') => Found::Composite,
            _ => Found::Scalar(cursor.span(start, cursor.position())),
        };
        for wanted in &node.wanted {
            if let Some(slot) = found.get_mut(*wanted) {
                *slot = here;
            }
        }
        Ok(())
    }

    fn object<'a>(
        &self,
        node: &Node,
        depth: usize,
        cursor: &mut Cursor<'a>,
        found: &mut [Found<'a>],
    ) -> Result<(), Invalid> {
        if cursor.open(b'{', b'}', depth)? {
            return Ok(());
        }
        loop {
            let key = cursor.key()?;
            let child = match key.escaped {
                true => node.child(unescape(key.text).as_bytes()),
                false => node.child(key.text),
            };
            match child {
                Some(child) => self.node(child, depth + 1, cursor, found)?,
                None => cursor.value(depth + 1)?,
            }
            if !cursor.next_or_close(b'}')? {
                return Ok(());
            }
        }
    }

    /// Says of every path below a node what it leads to.
    fn mark<'a>(&self, node: &Node, what: Found<'a>, found: &mut [Found<'a>]) {
        for (_, child) in &node.children {
            let Some(child) = self.nodes.get(*child) else {
                continue;
            };
            for wanted in &child.wanted {
                if let Some(slot) = found.get_mut(*wanted) {
                    *slot = what;
                }
            }
            self.mark(child, what, found);
        }
    }
}

/// Puts what was found into `values`, if each is a key's value.
fn keep(found: &[Found<'_>], values: &mut Values) -> Result<(), ErrorCode> {
    if found.iter().any(|found| matches!(found, Found::NoObject)) {
        return Err(ErrorCode::QueryFailed);
    }
    for found in found {
        let Found::Scalar(text) = found else {
            return Err(match found {
                Found::Composite => ErrorCode::KeyNotScalar,
                _ => ErrorCode::KeyNullOrEmpty,
            });
        };
        match *text {
            [b'"', inner @ .., b'"'] => match unescape(inner).as_ref() {
                "" => return Err(ErrorCode::KeyNullOrEmpty),
                value => values.push(value),
            },
            b"null" => return Err(ErrorCode::KeyNullOrEmpty),
            b"true" => values.push("true"),
            b"false" => values.push("false"),
            _ if number::plain_integer(text).is_some() => {
                values.push(&String::from_utf8_lossy(text));
            }
            _ => values.push(&number::print(&String::from_utf8_lossy(text))),
        }
    }
    Ok(())
}

impl Node {
    fn child(&self, key: &[u8]) -> Option<usize> {
        self.children
            .iter()
            .find(|(name, _)| name.as_bytes() == key)
            .map(|(_, child)| *child)
    }
}
