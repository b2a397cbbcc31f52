//! Any allowed query, by jaq: the only place that knows it. A record is checked and its
//! numbers are rewritten before jaq reads it, because jaq takes more than JSON, keeps numbers
//! as written, and recurses as deep as the text does.

use super::{QueryError, Values, dialect, number, prune};
use crate::failure::ErrorCode;
use crate::json::{Cursor, Invalid};
use jaq_core::data::JustLut;
use jaq_core::load::parse::Term;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Filter, Vars, unwrap_valr};
use jaq_json::{Val, read};
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// jq's parser is recursive and a query has up to 5,120 characters: it gets a stack for that.
const PARSER_STACK: usize = 64 << 20;

/// A compiled query.
pub(crate) struct Program {
    names: Vec<String>,
    /// The only top-level keys that matter, where that can be told.
    keys: Option<Vec<String>>,
    filter: Filter<JustLut<Val>>,
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program")
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

/// Reads a query's text and hands the tree on, all on a stack of its own. jaq's parser may
/// panic on what it did not foresee: that is a syntax error here.
pub(crate) fn with_term<T: Send>(
    query: &str,
    then: impl FnOnce(&Term<&str>) -> Result<T, QueryError> + Send,
) -> Result<T, QueryError> {
    let syntax = || QueryError::Syntax(query.to_owned());
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(PARSER_STACK)
            .spawn_scoped(scope, || {
                let term = jaq_core::load::parse(query, |parser| parser.term());
                then(&term.ok_or_else(syntax)?)
            })
            .map_err(|_| syntax())?
            .join()
            .unwrap_or_else(|_| Err(syntax()))
    })
}

impl Program {
    /// Compiles a query that [`super::allow`] has let through, under the names it found; with
    /// `keys`, the rest of a record is left out before jaq reads it.
    pub(crate) fn compile(
        query: &str,
        names: Vec<String>,
        keys: Option<Vec<String>>,
    ) -> Result<Self, QueryError> {
        let syntax = || QueryError::Syntax(query.to_owned());
        let arena = Arena::default();
        let modules = Loader::new(dialect::definitions()?)
            .load(
                &arena,
                File {
                    code: query,
                    path: (),
                },
            )
            .map_err(|_| syntax())?;
        let filter = Compiler::default()
            .with_funs(dialect::functions())
            .compile(modules)
            .map_err(|_| syntax())?;
        Ok(Self {
            names,
            keys,
            filter,
        })
    }

    /// Evaluates the query on a record: its first output counts.
    pub(crate) fn extract(&self, data: &[u8], values: &mut Values) -> Result<(), ErrorCode> {
        let text = self
            .as_jq_reads(data)
            .map_err(|Invalid| ErrorCode::NotJson)?;
        let input = read::parse_single(&text).map_err(|_| ErrorCode::NotJson)?;
        // jaq is code from outside run on data from outside: should it panic, that record fails.
        // Nothing of it outlives the call.
        let output = catch_unwind(AssertUnwindSafe(|| {
            let context = Ctx::<JustLut<Val>>::new(&self.filter.lut, Vars::new([]));
            self.filter.id.run((context, input)).map(unwrap_valr).next()
        }))
        .map_err(|_| ErrorCode::QueryFailed)?;
        let keys = match output {
            Some(Ok(Val::Obj(keys))) => keys,
            Some(_) => return Err(ErrorCode::QueryFailed),
            None => return Err(ErrorCode::KeyNullOrEmpty),
        };
        for name in &self.names {
            match keys.get(&Val::from(name.clone())) {
                None | Some(Val::Null) => return Err(ErrorCode::KeyNullOrEmpty),
                Some(Val::Bool(value)) => values.push(if *value { "true" } else { "false" }),
                Some(Val::Num(value)) => values.push(&number::print(&value.to_string())),
                Some(Val::TStr(text) | Val::BStr(text)) => {
                    match String::from_utf8_lossy(text).as_ref() {
                        "" => return Err(ErrorCode::KeyNullOrEmpty),
                        text => values.push(text),
                    }
                }
                Some(Val::Arr(_) | Val::Obj(_)) => return Err(ErrorCode::KeyNotScalar),
            }
        }
        Ok(())
    }
    /// What the query may see of the record, with its numbers as jq 1.6 has them after reading,
    /// or the news that the record is no JSON value.
    fn as_jq_reads<'a>(&self, data: &'a [u8]) -> Result<Cow<'a, [u8]>, Invalid> {
        let Some(members) = prune::members(data, self.keys.as_deref().unwrap_or_default())? else {
            return rewritten(data);
        };
        if self.keys.is_none() {
            return rewritten(data);
        }
        let mut out = vec![b'{'];
        for member in members {
            if out.len() > 1 {
                out.push(b',');
            }
            out.extend_from_slice(&rewritten(data.get(member).unwrap_or_default())?);
        }
        out.push(b'}');
        Ok(Cow::Owned(out))
    }
}

/// JSON text that is known to be right, or a part of it, with its numbers rewritten.
fn rewritten(data: &[u8]) -> Result<Cow<'_, [u8]>, Invalid> {
    let mut out = Vec::new();
    let mut copied = 0;
    let mut cursor = Cursor::new(data);
    while let Some(byte) = cursor.peek() {
        let start = cursor.position();
        match byte {
            b'"' => {
                cursor.string()?;
            }
            b'-' | b'0'..=b'9' => {
                cursor.number()?;
                let written = cursor.span(start, cursor.position());
                let mut printed = number::print(&String::from_utf8_lossy(written));
                if printed == "-0" {
                    // Without the point jaq reads an integer, which has no sign.
                    printed.push_str(".0");
                }
                if printed.as_bytes() != written {
                    out.extend_from_slice(cursor.span(copied, start));
                    out.extend_from_slice(printed.as_bytes());
                    copied = cursor.position();
                }
            }
            _ => cursor.advance(),
        }
    }
    if copied == 0 {
        return Ok(Cow::Borrowed(data));
    }
    out.extend_from_slice(data.get(copied..).unwrap_or_default());
    Ok(Cow::Owned(out))
}
