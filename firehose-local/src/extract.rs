//! Partition keys out of a record, by the stream's jq query.
//!
//! Two ways lead to the same values: a query that is only paths, as nearly every one is, is
//! read by a scanner of our own ([`path`]); any other query goes through jaq ([`jq`]).

mod number;
mod path;

use crate::failure::ErrorCode;

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

/// A compiled query.
#[derive(Debug)]
pub struct Query {
    names: Vec<String>,
    paths: path::Paths,
}

impl Query {
    /// Reads a query.
    pub fn compile(query: &str) -> Result<Self, QueryError> {
        let term = jaq_core::load::parse(query, |parser| parser.term())
            .ok_or_else(|| QueryError::Syntax(query.to_owned()))?;
        let (names, paths) = path::recognise(&term).ok_or(QueryError::NotAnObject)?;
        Ok(Self { names, paths })
    }

    /// The keys that the query names, in its order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Reads a record's keys into `values`.
    pub fn extract(&self, data: &[u8], values: &mut Values) -> Result<(), ErrorCode> {
        values.clear();
        self.paths.extract(data, values)
    }
}
