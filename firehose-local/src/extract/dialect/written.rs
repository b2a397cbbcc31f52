//! A query written again, with what is an operator in jq and means something else in jaq as a call of a
//! function that means what jq 1.6 does.

use super::REMAINDER;
use crate::extract::path::key_name;
use jaq_core::load::parse::{BinaryOp, Term};
use jaq_core::ops::{Cmp, Math};
use jaq_core::path::{Opt, Part, Path};
use std::fmt::Write;

/// The whole query; none where it has a term that is allowed nowhere.
pub(in crate::extract) fn written(query: &Term<&str>) -> Option<String> {
    let mut out = String::new();
    let Term::Obj(entries) = query else {
        return None;
    };
    for (number, (name, value)) in entries.iter().enumerate() {
        out.push_str(if number == 0 { "{" } else { "," });
        term(name, &mut out)?;
        if let Some(value) = value {
            out.push(':');
            inner(value, &mut out)?;
        }
    }
    out.push('}');
    Some(out)
}

/// A term in brackets, so that nothing depends on what binds more.
fn inner(of: &Term<&str>, out: &mut String) -> Option<()> {
    out.push('(');
    term(of, out)?;
    out.push(')');
    Some(())
}

fn term(of: &Term<&str>, out: &mut String) -> Option<()> {
    match of {
        Term::Id => out.push('.'),
        Term::Num(number) => out.push_str(number),
        Term::Str(..) => out.push_str(&serde_json::to_string(&key_name(of)?).ok()?),
        Term::Neg(of) => {
            out.push('-');
            inner(of, out)?;
        }
        Term::TryCatch(of, None) => {
            out.push_str("try ");
            inner(of, out)?;
        }
        Term::Path(root, Path(parts)) => {
            inner(root, out)?;
            parts.iter().try_for_each(|part| step(part, out))?;
        }
        Term::BinOp(left, BinaryOp::Math(Math::Rem), right) => {
            call(REMAINDER, [&**left, right], out)?;
        }
        Term::BinOp(left, operator, right) => {
            inner(left, out)?;
            write!(out, " {} ", symbol(operator)?).ok()?;
            inner(right, out)?;
        }
        Term::IfThenElse(branches, otherwise) => {
            for (number, (condition, then)) in branches.iter().enumerate() {
                out.push_str(if number == 0 { "if " } else { " elif " });
                inner(condition, out)?;
                out.push_str(" then ");
                inner(then, out)?;
            }
            if let Some(otherwise) = otherwise {
                out.push_str(" else ");
                inner(otherwise, out)?;
            }
            out.push_str(" end");
        }
        Term::Call(name, arguments) if arguments.is_empty() => out.push_str(name),
        Term::Call(name, arguments) => call(name, arguments, out)?,
        _ => return None,
    }
    Some(())
}

fn call<'a>(
    name: &str,
    arguments: impl IntoIterator<Item = &'a Term<&'a str>>,
    out: &mut String,
) -> Option<()> {
    out.push_str(name);
    for (number, argument) in arguments.into_iter().enumerate() {
        out.push(if number == 0 { '(' } else { ';' });
        term(argument, out)?;
    }
    out.push(')');
    Some(())
}

fn step((part, optional): &(Part<Term<&str>>, Opt), out: &mut String) -> Option<()> {
    out.push('[');
    match part {
        Part::Index(index) => term(index, out)?,
        Part::Range(from, to) => {
            if let Some(from) = from {
                inner(from, out)?;
            }
            out.push(':');
            if let Some(to) = to {
                inner(to, out)?;
            }
        }
    }
    out.push(']');
    if matches!(optional, Opt::Optional) {
        out.push('?');
    }
    Some(())
}

fn symbol(operator: &BinaryOp<&str>) -> Option<&'static str> {
    Some(match operator {
        BinaryOp::Pipe(None) => "|",
        BinaryOp::Alt => "//",
        BinaryOp::Or => "or",
        BinaryOp::And => "and",
        BinaryOp::Math(Math::Add) => "+",
        BinaryOp::Math(Math::Sub) => "-",
        BinaryOp::Math(Math::Mul) => "*",
        BinaryOp::Math(Math::Div) => "/",
        BinaryOp::Cmp(Cmp::Lt) => "<",
        BinaryOp::Cmp(Cmp::Le) => "<=",
        BinaryOp::Cmp(Cmp::Gt) => ">",
        BinaryOp::Cmp(Cmp::Ge) => ">=",
        BinaryOp::Cmp(Cmp::Eq) => "==",
        BinaryOp::Cmp(Cmp::Ne) => "!=",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::jq::with_term;
    use crate::extract::tests::program::QUERIES;

    fn again(query: &str) -> String {
        with_term(query, |term| Ok(written(term).unwrap())).unwrap()
    }

    #[test]
    fn a_remainder_is_a_call_and_the_rest_stays() {
        assert_eq!(again("{k:.a}"), r#"{"k":((.)["a"])}"#);
        assert_eq!(
            again(
                r#"{k:(.a % 10 + 1), "l":(if .a[1:]? == "x\"" then -.b else (.c|tonumber?) end)}"#
            ),
            concat!(
                r#"{"k":((whole_remainder((.)["a"];10)) + (1)),"#,
                r#""l":(if (((.)["a"][(1):]?) == ("x\"")) then (-((.)["b"])) "#,
                r#"else (((.)["c"]) | (try (tonumber))) end)}"#
            )
        );
    }

    /// Whatever is written again is the same query: written twice it is the same text.
    #[test]
    fn every_query_can_be_written_again() {
        for query in QUERIES {
            let once = again(query);
            let plain = |text: &str| text.replace("whole_remainder", "").replace(['(', ')'], "");
            assert_eq!(plain(&again(&once)), plain(&once), "{query}");
        }
    }
}
