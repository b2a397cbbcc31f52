//! Which queries run. A stream's query is a program from outside: jaq would let it read the
//! environment, end the process, run for ever or build gigabytes. Only terms that look at the
//! record once and cannot grow are let through.

use super::QueryError;
use super::path::key_name;
use jaq_core::load::parse::{BinaryOp, Term};
use jaq_core::ops::Math;
use jaq_core::path::{Part, Path};

/// Nesting of a query's terms.
const MAX_DEPTH: usize = 64;

/// `split` is the only term whose output, printed again, is several times its input.
const MAX_SPLITS: usize = 2;

/// Functions without arguments.
const PLAIN: &[&str] = &[
    "ascii_downcase",
    "ascii_upcase",
    "ceil",
    "empty",
    "false",
    "first",
    "floor",
    "fromdate",
    "fromdateiso8601",
    "gmtime",
    "last",
    "length",
    "mktime",
    "not",
    "null",
    "round",
    "todate",
    "todateiso8601",
    "tonumber",
    "tostring",
    "true",
    "type",
];

/// Functions whose one argument must be a literal.
const WITH_LITERAL: &[&str] = &[
    "endswith",
    "has",
    "ltrimstr",
    "rtrimstr",
    "split",
    "startswith",
    "strftime",
    "strptime",
];

/// Everything that may be called, for the refusal's text and the README.
pub fn functions() -> Vec<&'static str> {
    let mut all: Vec<_> = PLAIN.iter().chain(WITH_LITERAL).copied().collect();
    all.push("select");
    all.sort_unstable();
    all
}

/// The query's key names, if every term of it is on the list.
pub(crate) fn check(query: &Term<&str>) -> Result<Vec<String>, QueryError> {
    let Term::Obj(entries) = query else {
        return Err(QueryError::NotAnObject);
    };
    let mut names = Vec::new();
    let mut walk = Walk { splits: 0 };
    for (key, value) in entries {
        let name = key_name(key).ok_or(QueryError::NotAnObject)?;
        if !names.contains(&name) {
            names.push(name);
        }
        if let Some(value) = value {
            walk.term(value, 0)?;
        }
    }
    Ok(names)
}

struct Walk {
    splits: usize,
}

fn refuse<T>(what: impl Into<String>) -> Result<T, QueryError> {
    Err(QueryError::NotAllowed(what.into()))
}

fn is_literal(term: &Term<&str>) -> bool {
    matches!(term, Term::Num(_)) || key_name(term).is_some()
}

impl Walk {
    fn term(&mut self, term: &Term<&str>, depth: usize) -> Result<(), QueryError> {
        if depth >= MAX_DEPTH {
            return refuse("more than 64 nested terms");
        }
        let below = depth + 1;
        match term {
            Term::Id | Term::Num(_) => Ok(()),
            Term::Str(..) if key_name(term).is_some() => Ok(()),
            Term::Str(..) => refuse(r#""\(…)""#),
            Term::Neg(inner) | Term::TryCatch(inner, None) => self.term(inner, below),
            Term::Path(root, Path(parts)) => {
                self.term(root, below)?;
                parts.iter().try_for_each(|(part, _)| match part {
                    Part::Index(index) => self.term(index, below),
                    Part::Range(None, None) => refuse(".[]"),
                    Part::Range(from, to) => [from, to]
                        .into_iter()
                        .flatten()
                        .try_for_each(|bound| self.term(bound, below)),
                })
            }
            Term::BinOp(left, operator, right) => {
                self.operator(operator, left, right)?;
                self.term(left, below)?;
                self.term(right, below)
            }
            Term::IfThenElse(branches, otherwise) => {
                for (condition, then) in branches {
                    self.term(condition, below)?;
                    self.term(then, below)?;
                }
                otherwise
                    .iter()
                    .try_for_each(|otherwise| self.term(otherwise, below))
            }
            Term::Call(name, arguments) => self.call(name, arguments, below),
            Term::Var(name) => refuse(*name),
            Term::Recurse => refuse(".."),
            Term::Arr(_) => refuse("[…]"),
            Term::Obj(_) => refuse("{…} inside the object"),
            Term::Label(..) | Term::Break(_) => refuse("label"),
            Term::Fold(kind, ..) => refuse(*kind),
            Term::TryCatch(..) => refuse("catch"),
            Term::Def(..) => refuse("def"),
        }
    }

    fn operator(
        &self,
        operator: &BinaryOp<&str>,
        left: &Term<&str>,
        right: &Term<&str>,
    ) -> Result<(), QueryError> {
        match operator {
            BinaryOp::Pipe(None)
            | BinaryOp::Alt
            | BinaryOp::Or
            | BinaryOp::And
            | BinaryOp::Cmp(_) => Ok(()),
            // With a number at one side: text could otherwise double at every step.
            BinaryOp::Math(Math::Add | Math::Sub | Math::Div | Math::Rem)
                if matches!(left, Term::Num(_)) || matches!(right, Term::Num(_)) =>
            {
                Ok(())
            }
            BinaryOp::Math(Math::Mul) => refuse("*"),
            BinaryOp::Math(_) => refuse("arithmetic without a number written in the query"),
            BinaryOp::Pipe(Some(_)) => refuse("as"),
            BinaryOp::Comma => refuse(","),
            BinaryOp::Assign | BinaryOp::Update | BinaryOp::UpdateMath(_) | BinaryOp::UpdateAlt => {
                refuse("an assignment")
            }
        }
    }

    fn call(
        &mut self,
        name: &str,
        arguments: &[Term<&str>],
        depth: usize,
    ) -> Result<(), QueryError> {
        match arguments {
            [] if PLAIN.contains(&name) => Ok(()),
            [argument] if name == "select" => self.term(argument, depth),
            [argument] if WITH_LITERAL.contains(&name) && is_literal(argument) => {
                if name == "split" {
                    self.splits += 1;
                    if self.splits > MAX_SPLITS {
                        return refuse("split more than twice");
                    }
                }
                Ok(())
            }
            _ => refuse(format!("{name}/{}", arguments.len())),
        }
    }
}
