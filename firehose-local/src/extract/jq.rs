//! Any allowed query, by jaq, which runs it on a record that `value` has read.

use super::value::{self, Spare};
use super::{QueryError, Values, dialect, number};
use crate::failure::ErrorCode;
use crate::json::{Cursor, Invalid};
use bytes::Bytes;
use jaq_core::data::JustLut;
use jaq_core::load::parse::Term;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Filter, Vars, unwrap_valr};
use jaq_json::Val;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

/// jq's parser is recursive and a query has up to 5,120 characters: it gets a stack for that.
const PARSER_STACK: usize = 64 << 20;

/// Of a longer text nothing is kept for the next: what is read of it may be many times as long.
const LONGEST_KEPT: usize = 8 << 10;

/// A compiled query.
pub(crate) struct Program {
    names: Vec<String>,
    /// The only top-level keys that matter, where that can be told.
    keys: Option<Vec<String>>,
    filter: Filter<JustLut<Val>>,
    /// What was read before, unless somebody has it at the moment.
    spare: Mutex<Spare>,
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
    /// `keys`, the rest of a record is left out before jaq sees it.
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
            spare: Mutex::default(),
        })
    }

    /// Evaluates the query on the JSON value that begins at the cursor, and goes over it. `all` is
    /// the cursor's whole text.
    pub(crate) fn extract_next(
        &self,
        cursor: &mut Cursor<'_>,
        all: &Bytes,
        values: &mut Values,
    ) -> Result<Result<(), ErrorCode>, Invalid> {
        let kept = || self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let mut spare = std::mem::take(&mut *kept());
        let input = value::read_next(cursor, all, self.keys.as_deref(), &mut spare)?;
        let outcome = self.run(input, values);
        if all.len() <= LONGEST_KEPT {
            *kept() = spare;
        }
        Ok(outcome)
    }

    /// The query's first output counts.
    fn run(&self, input: Val, values: &mut Values) -> Result<(), ErrorCode> {
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
            let is_it = |key: &Val| matches!(key, Val::TStr(text) if **text == *name.as_bytes());
            let value = keys.iter().find(|(key, _)| is_it(key));
            match value.map(|(_, value)| value) {
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
}
