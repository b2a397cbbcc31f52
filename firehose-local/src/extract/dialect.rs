//! Where jq 1.6 does otherwise than jaq: functions of jaq's under other names, and definitions
//! that give jq's names jq 1.6's meaning.

mod written;

pub(super) use written::written;

use super::QueryError;
use jaq_core::Error;
use jaq_core::data::JustLut;
use jaq_core::load::parse::Def;
use jaq_core::native::{Fun, bome, run, v};
use jaq_json::Val;
use jaq_std::ValT as _;

/// jq's `%`, as a function of two numbers; jaq has a `remainder` that means something else.
const REMAINDER: &str = "whole_remainder";

/// jq 1.6's own, as its manual and `src/builtin.jq` have them.
///
/// - Times are whole seconds, cut towards zero; the range is what every calendar has.
/// - `ltrimstr` and `rtrimstr` let pass what they cannot trim.
const DEFINITIONS: &str = r#"
def seconds:
  if type == "number" and . > -100000000000 and . < 100000000000
  then (if . < 0 then ceil else floor end)
  else error("strftime/1 requires parsed datetime inputs") end;
def gmtime: seconds | jaq_gmtime;
def mktime: jaq_mktime | floor;
def strftime($format): (if type == "number" then seconds else . end) | jaq_strftime($format);
def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;
def todate: todateiso8601;
def fromdate: fromdateiso8601;
def ltrimstr($left):
  if type == "string" and ($left | type) == "string" and startswith($left)
  then .[($left | length):] else . end;
def rtrimstr($right):
  if type == "string" and ($right | type) == "string" and $right != "" and endswith($right)
  then .[:-($right | length)] else . end;
"#;

/// All definitions that a query sees.
pub(super) fn definitions() -> Result<Vec<Def<&'static str>>, QueryError> {
    let own = jaq_core::load::parse(DEFINITIONS, |parser| parser.defs());
    let own = own.ok_or_else(|| QueryError::Syntax("the definitions of jq 1.6".into()))?;
    Ok(jaq_core::defs()
        .chain(jaq_std::defs())
        .chain(jaq_json::defs().filter(|definition| definition.name != "tonumber"))
        .chain(own)
        .collect())
}

/// All functions that definitions and queries are made of.
pub(super) fn functions() -> impl Iterator<Item = Fun<JustLut<Val>>> {
    jaq_core::funs()
        .chain(jaq_std::funs())
        .chain(jaq_json::funs())
        .map(|(name, arguments, function)| {
            let name = match name {
                "gmtime" => "jaq_gmtime",
                "mktime" => "jaq_mktime",
                "strftime" => "jaq_strftime",
                other => other,
            };
            (name, arguments, function)
        })
        .chain([
            run(("tonumber", v(0), |(_, value)| bome(to_number(value)))),
            run((REMAINDER, v(2), |(mut arguments, _)| {
                let right = arguments.pop_var();
                bome(remainder(&arguments.pop_var(), &right))
            })),
        ])
}

/// jq 1.6's `%`: both numbers are cut to whole ones of 64 bits first.
fn remainder(left: &Val, right: &Val) -> Result<Val, Error<Val>> {
    let whole = |value: &Val| value.as_f64().map(to_64_bits);
    match (whole(left), whole(right)) {
        (Some(_), Some(0)) => Err(Error::str("cannot be divided because the divisor is zero")),
        // As a number of jq, which has no others.
        #[allow(clippy::cast_precision_loss, reason = "jq's own loss")]
        (Some(left), Some(right)) => Ok(Val::from(left.wrapping_rem(right) as f64)),
        _ => Err(Error::str("cannot be divided")),
    }
}

/// C's cast, as processors do it: what does not fit becomes the smallest number.
#[allow(clippy::cast_possible_truncation, reason = "that is what it is for")]
fn to_64_bits(number: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    match number.trunc() {
        whole if (-LIMIT..LIMIT).contains(&whole) => whole as i64,
        _ => i64::MIN,
    }
}

/// jq's `tonumber`. jaq's would read any JSON in a text, as deep as it is nested.
fn to_number(value: Val) -> Result<Val, Error<Val>> {
    let number = match &value {
        Val::Num(_) => return Ok(value),
        Val::TStr(text) | Val::BStr(text) => read_number(text),
        _ => None,
    };
    number.map(Val::from).ok_or_else(|| {
        // Without the text: what a record holds is nobody's error message.
        Error::str("cannot be parsed as a number")
    })
}

/// A number as jq 1.6 reads one: with white space around it, and signs, points and zeros that
/// JSON would not have.
fn read_number(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?;
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    // Rust would take `inf` and `nan` as well.
    let is_of_numbers = |c: char| matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E');
    if !text.chars().all(is_of_numbers) {
        return None;
    }
    text.parse().ok()
}
