//! Partition keys out of a record, by the stream's jq query.
//!
//! Three ways lead to the same values: a query that is only paths, as nearly every one is, is
//! read by a scanner of our own (`path`); any other goes through jaq (`jq`), on those members
//! of the record that it can see (`prune`), or on all of it where that cannot be told.

pub mod allow;
mod dialect;
mod jq;
mod number;
mod path;
mod prune;
mod value;

use crate::failure::ErrorCode;
use crate::json::{Cursor, Invalid};
use bytes::Bytes;

/// The values of a record's partition keys, in the order of the query's keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Values {
    text: String,
    ends: Vec<usize>,
}

impl Values {
    /// Forgets all values, keeps the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// Adds the next key's value.
    pub fn push(&mut self, value: &str) {
        self.text.push_str(value);
        self.ends.push(self.text.len());
    }

    /// The value of the key with this number.
    pub fn get(&self, index: usize) -> Option<&str> {
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.text.get(start..*self.ends.get(index)?)
    }
}

/// Why a query is refused when the stream is made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// jq does not read it.
    #[error("the MetadataExtractionQuery is not jq 1.6: {0}")]
    Syntax(String),
    /// Longer than a processor's parameter may be.
    #[error("the MetadataExtractionQuery is longer than 5120 characters")]
    TooLong,
    /// Not one object of named keys.
    #[error(
        "the MetadataExtractionQuery must be one jq object of 1 to 50 named keys, such as {{userId:.userId}}"
    )]
    NotAnObject,
    /// Something that could leave the record, run for ever or grow without bound.
    #[error(
        "the MetadataExtractionQuery uses `{0}`, which this Firehose does not run: see the list of what it runs in the README"
    )]
    NotAllowed(String),
}

/// The most characters AWS takes in a query: the bound of a processor parameter's value.
const MAX_CHARACTERS: usize = 5120;

/// The most keys a query may name.
const MAX_KEYS: usize = 50;

/// A compiled query.
#[derive(Debug)]
pub struct Query {
    names: Vec<String>,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Paths(path::Paths),
    Jq(jq::Program),
}

impl Query {
    /// Reads a query.
    pub fn compile(query: &str) -> Result<Self, QueryError> {
        if query.chars().count() > MAX_CHARACTERS {
            return Err(QueryError::TooLong);
        }
        let compiled = jq::with_term(query, |term| {
            if let Some((names, paths)) = path::recognise(term) {
                return Ok(Self {
                    names,
                    way: Way::Paths(paths),
                });
            }
            let names = allow::check(term)?;
            let query = dialect::written(term).ok_or(QueryError::NotAnObject)?;
            let program = jq::Program::compile(&query, names.clone(), prune::keys(term))?;
            Ok(Self {
                names,
                way: Way::Jq(program),
            })
        })?;
        match compiled.names.len() {
            1..=MAX_KEYS => Ok(compiled),
            _ => Err(QueryError::NotAnObject),
        }
    }

    /// The keys that the query names, in its order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What [`Self::extract_next`] wants of a record's text.
    pub(crate) fn text_of(&self, data: &[u8]) -> Bytes {
        match &self.way {
            Way::Paths(_) => Bytes::new(),
            Way::Jq(_) => Bytes::copy_from_slice(data),
        }
    }

    /// Reads the keys of the JSON value that begins at the cursor, and goes over it; `text` is
    /// [`Self::text_of`] the cursor's. What is no JSON is said at once: the record may have to be
    /// taken as a whole.
    pub(crate) fn extract_next(
        &self,
        cursor: &mut Cursor<'_>,
        text: &Bytes,
        values: &mut Values,
    ) -> Result<Result<(), ErrorCode>, Invalid> {
        values.clear();
        match &self.way {
            Way::Paths(paths) => paths.extract_next(cursor, values),
            Way::Jq(program) => program.extract_next(cursor, text, values),
        }
    }

    /// Reads a record's keys into `values`.
    pub fn extract(&self, data: &[u8], values: &mut Values) -> Result<(), ErrorCode> {
        let mut cursor = Cursor::new(data);
        cursor.whitespace();
        let outcome = self.extract_next(&mut cursor, &self.text_of(data), values);
        cursor.whitespace();
        match (outcome, cursor.peek()) {
            (Ok(outcome), None) => outcome,
            _ => Err(ErrorCode::NotJson),
        }
    }
}

#[cfg(test)]
mod tests;
