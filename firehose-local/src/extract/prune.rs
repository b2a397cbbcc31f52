//! Queries that look at a record only through keys known beforehand
//! (`{k:.a|tostring, l:(.b.c // "none")}`): the record's other members are checked and left
//! out before jaq builds anything of it.

use super::path::key_name;
use jaq_core::load::parse::{BinaryOp, Term};
use jaq_core::path::{Part, Path};

/// The top-level keys that decide what a query gives, or `None` if it may look at the whole
/// record. The query is one that [`super::allow`] has let through: it has no variables and no
/// functions of its own.
pub(super) fn keys(query: &Term<&str>) -> Option<Vec<String>> {
    let Term::Obj(entries) = query else {
        return None;
    };
    let mut keys = Vec::new();
    for (key, value) in entries {
        match value {
            Some(value) => at_record(value, &mut keys)?,
            None => add(key_name(key)?, &mut keys),
        }
    }
    Some(keys)
}

fn add(key: String, keys: &mut Vec<String>) {
    if !keys.contains(&key) {
        keys.push(key);
    }
}

/// Adds the keys that a term reads when its input is the record itself.
fn at_record(term: &Term<&str>, keys: &mut Vec<String>) -> Option<()> {
    match term {
        Term::Num(_) | Term::Str(..) => Some(()),
        Term::Neg(inner) | Term::TryCatch(inner, None) => at_record(inner, keys),
        Term::Path(root, Path(parts)) => {
            let mut parts = parts.iter();
            if matches!(**root, Term::Id) {
                let Some((Part::Index(key), _)) = parts.next() else {
                    return None;
                };
                add(key_name(key)?, keys);
            } else {
                at_record(root, keys)?;
            }
            // What stands in brackets is asked of the record, not of what it is a part of.
            for (part, _) in parts {
                match part {
                    Part::Index(index) => at_record(index, keys)?,
                    Part::Range(from, to) => {
                        for bound in [from, to].into_iter().flatten() {
                            at_record(bound, keys)?;
                        }
                    }
                }
            }
            Some(())
        }
        // What is on the right sees only what the left has let through.
        Term::BinOp(left, BinaryOp::Pipe(None), _) => at_record(left, keys),
        Term::BinOp(left, _, right) => {
            at_record(left, keys)?;
            at_record(right, keys)
        }
        Term::IfThenElse(branches, otherwise) => {
            for (condition, then) in branches {
                at_record(condition, keys)?;
                at_record(then, keys)?;
            }
            // Without an `else` the record itself comes out.
            at_record(otherwise.as_ref()?, keys)
        }
        Term::Call(name, arguments) => match (*name, arguments.as_slice()) {
            ("null" | "true" | "false" | "empty", []) => Some(()),
            _ => None,
        },
        _ => None,
    }
}
