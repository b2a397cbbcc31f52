//! Prefix expressions: `!{timestamp:…}`, `!{firehose:…}`, `!{partitionKeyFromQuery:…}`.

mod pattern;

pub use pattern::Pattern;

use crate::disk_name::escape_into;
use crate::extract::Values;

/// One piece of a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// As written.
    Literal(String),
    /// `!{timestamp:PATTERN}`.
    Timestamp(Pattern),
    /// `!{firehose:random-string}`: 11 characters, new for each use.
    RandomString,
    /// `!{firehose:error-output-type}`.
    ErrorOutputType,
    /// `!{partitionKeyFromQuery:KEY}`.
    KeyFromQuery(String),
    /// `!{partitionKeyFromLambda:KEY}`.
    KeyFromLambda(String),
}

/// Which of the two prefixes a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// `Prefix`.
    Data,
    /// `ErrorOutputPrefix`.
    Error,
}

/// Why a prefix is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrefixError {
    /// `!{` that opens no expression.
    #[error("Invalid expression usage")]
    Usage,
    /// `!{wrong:…}`.
    #[error("Namespace to the left of colon ({0}) is an invalid keyword!")]
    Namespace(String),
    /// A value or a pattern letter that the namespace does not know.
    #[error("Invalid conversion character used in the value of the expression in {0}")]
    Value(&'static str),
    /// AWS takes it, this crate does not yet.
    #[error(
        "the pattern letter `{letter}` in {prefix} is not built in firehose-local: use one of {}",
        pattern::LETTERS
    )]
    Letter {
        /// The letter.
        letter: char,
        /// Which prefix.
        prefix: &'static str,
    },
}

impl Which {
    /// The API's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Data => "Prefix",
            Self::Error => "ErrorOutputPrefix",
        }
    }
}

/// A prefix, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix {
    pieces: Vec<Piece>,
}

/// What a prefix is evaluated with.
#[derive(Debug)]
pub struct Facts<'a> {
    /// Arrival of the object's oldest record, in the stream's zone.
    pub time: &'a jiff::ZonedDateTime,
    /// The query's keys, in its order.
    pub names: &'a [String],
    /// Their values.
    pub values: &'a Values,
    /// For `error-output-type`.
    pub error_output_type: &'a str,
}

impl Prefix {
    /// Reads a prefix. One without any expression gets AWS's date appended, an error prefix
    /// also the error's type, both without a slash in between.
    pub fn parse(text: &str, which: Which) -> Result<Self, PrefixError> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("!{") {
            if !before.is_empty() {
                pieces.push(Piece::Literal(before.to_owned()));
            }
            let (expression, after) = after.split_once('}').ok_or(PrefixError::Usage)?;
            // One that is not closed before the next begins.
            if expression.contains("!{") {
                return Err(PrefixError::Usage);
            }
            pieces.push(Piece::parse(expression, which)?);
            rest = after;
        }
        let expressions = !pieces.is_empty();
        if !rest.is_empty() {
            pieces.push(Piece::Literal(rest.to_owned()));
        }
        if !expressions {
            if which == Which::Error {
                pieces.push(Piece::ErrorOutputType);
                pieces.push(Piece::Literal("/".into()));
            }
            let date = Pattern::parse("yyyy/MM/dd/HH/", which.name())?;
            pieces.push(Piece::Timestamp(date));
        }
        Ok(Self { pieces })
    }

    /// Its pieces, in order.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The fewest characters that it can become.
    pub fn least_characters(&self) -> usize {
        let facts = Facts {
            time: &jiff::Timestamp::UNIX_EPOCH.to_zoned_datetime(jiff::tz::TimeZone::UTC),
            names: &[],
            values: &Values::default(),
            error_output_type: "",
        };
        self.evaluate(&facts, &mut || [0; 16]).text.chars().count()
    }

    /// Its timestamps alone, one after another.
    pub fn times(&self, time: &jiff::ZonedDateTime) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            if let Piece::Timestamp(pattern) = piece {
                out.push_str(&pattern.format(time));
                out.push('/');
            }
        }
        out
    }

    /// The prefix twice: as S3 would have it, and escaped for a disk.
    pub fn evaluate(&self, facts: &Facts<'_>, random: &mut dyn FnMut() -> [u8; 16]) -> Evaluated {
        let mut out = Evaluated::default();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => out.literal(text),
                Piece::Timestamp(pattern) => out.literal(&pattern.format(facts.time)),
                Piece::RandomString => out.literal(&random_string(random())),
                Piece::ErrorOutputType => out.literal(facts.error_output_type),
                Piece::KeyFromQuery(key) => {
                    let index = facts.names.iter().position(|name| name == key);
                    let value = index.and_then(|index| facts.values.get(index));
                    out.value(value.unwrap_or_default());
                }
                Piece::KeyFromLambda(_) => {}
            }
        }
        out
    }
}

impl Piece {
    fn parse(expression: &str, which: Which) -> Result<Self, PrefixError> {
        let (namespace, value) = expression.split_once(':').ok_or(PrefixError::Usage)?;
        let key = || match value {
            "" => Err(PrefixError::Value(which.name())),
            _ => Ok(value.to_owned()),
        };
        match namespace {
            "timestamp" => Pattern::parse(value, which.name()).map(Self::Timestamp),
            "firehose" => match value {
                "random-string" => Ok(Self::RandomString),
                "error-output-type" => Ok(Self::ErrorOutputType),
                _ => Err(PrefixError::Value(which.name())),
            },
            "partitionKeyFromQuery" => key().map(Self::KeyFromQuery),
            "partitionKeyFromLambda" => key().map(Self::KeyFromLambda),
            other => Err(PrefixError::Namespace(other.to_owned())),
        }
    }
}

/// An evaluated prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evaluated {
    /// As S3 would have it.
    pub text: String,
    /// Escaped for a disk.
    pub key: String,
}

impl Evaluated {
    fn literal(&mut self, text: &str) {
        self.text.push_str(text);
        escape_into(text, true, &mut self.key);
    }

    fn value(&mut self, text: &str) {
        self.text.push_str(text);
        escape_into(text, false, &mut self.key);
    }
}

/// 11 characters of `[A-Za-z0-9]`.
fn random_string(bytes: [u8; 16]) -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut number = u128::from_le_bytes(bytes);
    (0..11)
        .map(|_| {
            let index = usize::try_from(number % 62).unwrap_or(0);
            number /= 62;
            char::from(ALPHABET.get(index).copied().unwrap_or(b'A'))
        })
        .collect()
}

#[cfg(test)]
mod tests;
