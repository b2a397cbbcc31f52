//! Queries held to Debian's `jq` 1.6, the program: each of a table of queries on each of a table
//! of records. What differs is a table of its own, which fails when it stops differing.

use super::*;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Queries of every kind that runs, each with the one key `k`.
pub(in crate::extract) const QUERIES: &[&str] = &[
    "{k:.a}",
    "{k:.a.b}",
    "{k:.b}",
    "{k:.}",
    "{\"k\":.a}",
    "{k:.\"a\"}",
    "{k:.[\"a\"]}",
    "{k:.a[\"b\"]}",
    "{k:.a?}",
    "{k:.a.b?}",
    "{k:.a[0]}",
    "{k:.a[-1]}",
    "{k:.a[1:]}",
    "{k:(.a[0:2]|tostring)}",
    "{k:(.a|tostring)}",
    "{k:(.|tostring)}",
    "{k:(.a|type)}",
    "{k:(.|type)}",
    "{k:(.a|length)}",
    "{k:(.|length)}",
    "{k:(.a|ascii_downcase)}",
    "{k:(.a|ascii_upcase)}",
    "{k:(.a // \"none\")}",
    "{k:(.a // .b // 0)}",
    "{k:(.a.b // .b)}",
    "{k:(if .a == \"\" then \"none\" else .a end)}",
    "{k:(if .a then .b elif .b then 1 else 2 end)}",
    "{k:(.a|not)}",
    "{k:(.a and .b)}",
    "{k:(.a or .b)}",
    "{k:(.a == .b)}",
    "{k:(.a != null)}",
    "{k:(.a < .b)}",
    "{k:(.a >= 45)}",
    "{k:(.a + 1)}",
    "{k:(.a - 0.5)}",
    "{k:(.a / 4)}",
    "{k:(.a % 10)}",
    "{k:(.a % 2.9)}",
    "{k:(100 % .a)}",
    "{k:((-.a) % 7 + 0.5)}",
    "{k:(100 / .a)}",
    "{k:-.a}",
    "{k:(.a|floor)}",
    "{k:(.a|ceil)}",
    "{k:(.a|round)}",
    "{k:(.a|tonumber)}",
    "{k:(.a|tonumber? // \"text\")}",
    "{k:(.a|startswith(\"4\"))}",
    "{k:(.a|endswith(\"5\"))}",
    "{k:(.a|ltrimstr(\"4\"))}",
    "{k:(.a|rtrimstr(\"5\"))}",
    "{k:(.a|split(\"/\")|.[1])}",
    "{k:(.a|split(\"/\")|length)}",
    "{k:(.a|split(\"\")|last)}",
    "{k:(.a|first)}",
    "{k:(.a|last)}",
    "{k:(.a|has(\"b\"))}",
    "{k:(.a|has(0))}",
    "{k:(.a|select(. != null))}",
    "{k:(.a|strftime(\"%Y-%m-%d/%H %j\"))}",
    "{k:(.a|todate)}",
    "{k:(.a|gmtime|mktime)}",
    "{k:(.a|gmtime|.[1])}",
    "{k:(.a|fromdate)}",
    "{k:(.a|strptime(\"%Y-%m-%d\")|mktime)}",
    "{k:null}",
    "{k:\"all\"}",
    "{k:empty}",
    "{k:1e1000}",
    "{k:.a,k:.b}",
    "{k:.k}",
];

/// Records: what a key can be, what is no record, and where numbers and text are odd.
const RECORDS: &[&str] = &[
    r#"{"a":45}"#,
    r#"{"a":"45","b":45}"#,
    r#"{"a":"","b":"x"}"#,
    r#"{"a":null,"b":false}"#,
    r#"{}"#,
    r#"{"a":true,"b":true}"#,
    r#"{"a":false}"#,
    r#"{"a":{"b":"deep"},"b":{"b":"deep"}}"#,
    r#"{"a":{"b":{"c":1}},"b":0}"#,
    r#"{"a":[]}"#,
    r#"{"a":["x","y",{"z":1.50}],"b":"w"}"#,
    r#"{"a":{}}"#,
    r#"{"a":45.0}"#,
    r#"{"a":1e3,"b":1000}"#,
    r#"{"a":9007199254740993}"#,
    r#"{"a":100000000000000000000}"#,
    r#"{"a":-0}"#,
    r#"{"a":1e1000}"#,
    r#"{"a":-1e1000,"b":1e-400}"#,
    r#"{"a":0.00001234,"b":-7.9}"#,
    r#"{"a":3.14159265358979312}"#,
    r#"{"a":-7.5}"#,
    r#"{"a":1767322985}"#,
    r#"{"a":1767322985.25}"#,
    r#"{"a":"2026-01-02T03:04:05Z"}"#,
    r#"{"a":"2026-01-02"}"#,
    r#"{"a":"/books/bk-1"}"#,
    r#"{"a":"Ärger ß İ","b":"ärger"}"#,
    r#"{"a":"\u00e9\ud83d\ude00\n\"\\"}"#,
    r#"{"a":"\u0000\u001f\u007f\u0080"}"#,
    r#"{"\u0061":"escaped","b":1}"#,
    r#"{"a":1,"a":2,"b":3,"b":null}"#,
    r#"{"a":{"b":1},"a":"2"}"#,
    r#" { "k" : "own" , "a" : [ 1 , 2 ] } "#,
    r#"{"a":" 12 "}"#,
    r#"{"a":"1e3"}"#,
    r#"{"a":"nan"}"#,
    r#"{"a":"0x10"}"#,
    r#"[1,2]"#,
    r#""text""#,
    r#"45"#,
    r#"null"#,
    r#"{"a":"#,
    r#"{"a":1}}"#,
    r#"{"a":1,}"#,
    r#"{'a':1}"#,
    r#"{"a":"\ud800"}"#,
    r#"{"a":tru}"#,
];

/// The outcome of a query, in words that both sides have.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Value(String),
    NoValue,
    NoScalar,
    Error,
    NotJson,
    /// jq itself ended by a signal.
    Crash,
}

fn ours(query: &Query, record: &str) -> Outcome {
    match run(query, record) {
        Ok(mut values) => Outcome::Value(values.remove(0)),
        Err(ErrorCode::KeyNullOrEmpty) => Outcome::NoValue,
        Err(ErrorCode::KeyNotScalar) => Outcome::NoScalar,
        Err(ErrorCode::NotJson) => Outcome::NotJson,
        Err(_) => Outcome::Error,
    }
}

/// Each record is a line of raw text, so that one that is no JSON costs only itself.
fn by_program(query: &str, records: &[&str]) -> Vec<Outcome> {
    let program = format!(
        r#"(try [fromjson] catch "no") | if type == "string" then ["no"]
        else .[0] | try ([{query}] | if length == 0 then ["null", ""] else .[0].k | [type, tostring] end)
        catch ["error"] end"#
    );
    let mut outcomes = Vec::new();
    while outcomes.len() < records.len() {
        let mut jq = Command::new("jq")
            .args(["--unbuffered", "-R", "-c", &program])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdin = jq.stdin.take().unwrap();
        let lines = records[outcomes.len()..].join("\n");
        // A jq that ended early takes no more; what it wrote is read all the same.
        let _ = stdin.write_all(lines.as_bytes());
        drop(stdin);
        let output = jq.wait_with_output().unwrap();
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            let answer: Vec<String> = serde_json::from_str(line).unwrap();
            outcomes.push(match answer[0].as_str() {
                "no" => Outcome::NotJson,
                "error" => Outcome::Error,
                "null" => Outcome::NoValue,
                "array" | "object" => Outcome::NoScalar,
                _ if answer[1].is_empty() => Outcome::NoValue,
                _ => Outcome::Value(answer[1].clone()),
            });
        }
        if outcomes.len() < records.len() {
            assert!(!output.status.success(), "{query}: {:?}", output.status);
            outcomes.push(Outcome::Crash);
        }
    }
    outcomes
}

fn expect_jq_1_6() {
    let version = Command::new("jq").arg("--version").output();
    let version = version.map(|output| String::from_utf8(output.stdout).unwrap());
    assert!(
        matches!(&version, Ok(version) if version.trim() == "jq-1.6"),
        "this test compares with jq 1.6, Debian's package jq, as `cargo xtask test` sets it up; \
         found {version:?}"
    );
}

#[test]
fn queries_answer_as_the_program_jq_1_6_does() {
    expect_jq_1_6();
    let mut found = Vec::new();
    for query in QUERIES {
        let compiled = Query::compile(query).unwrap();
        for (record, theirs) in RECORDS.iter().zip(by_program(query, RECORDS)) {
            let ours = ours(&compiled, record);
            let difference = format!("{query} on {record}: jq {theirs:?}, here {ours:?}");
            if ours != theirs && !BY_PATCH.contains(&&*difference) {
                found.push(difference);
            }
        }
    }
    assert!(QUERIES.len() >= 40 && RECORDS.len() >= 30);
    assert_eq!(found, DIFFERENT, "\n{}", found.join("\n"));
}

/// Differs or not by the patches of Debian's package, all of which call themselves 1.6: a text that says `nan`
/// is a number to some (1.6-2.1+deb12u3), and an error to others, as here.
const BY_PATCH: &[&str] = &[
    r#"{k:(.a|tonumber)} on {"a":"nan"}: jq Value("null"), here Error"#,
    r#"{k:(.a|tonumber? // "text")} on {"a":"nan"}: jq Value("null"), here Value("text")"#,
];

/// What still differs, with the reasons.
const DIFFERENT: &[&str] = &[
    // jaq finds nothing under a number in an object; both go to the error prefix.
    r#"{k:.a[0]} on {"a":{"b":"deep"},"b":{"b":"deep"}}: jq Error, here NoValue"#,
    r#"{k:.a[0]} on {"a":{"b":{"c":1}},"b":0}: jq Error, here NoValue"#,
    r#"{k:.a[0]} on {"a":{}}: jq Error, here NoValue"#,
    r#"{k:.a[-1]} on {"a":{"b":"deep"},"b":{"b":"deep"}}: jq Error, here NoValue"#,
    r#"{k:.a[-1]} on {"a":{"b":{"c":1}},"b":0}: jq Error, here NoValue"#,
    r#"{k:.a[-1]} on {"a":{}}: jq Error, here NoValue"#,
    // jaq refuses a slice of null, which is null in jq.
    r#"{k:.a[1:]} on {"a":null,"b":false}: jq NoValue, here Error"#,
    r#"{k:.a[1:]} on {}: jq NoValue, here Error"#,
    r#"{k:.a[1:]} on null: jq NoValue, here Error"#,
    r#"{k:(.a[0:2]|tostring)} on {"a":null,"b":false}: jq Value("null"), here Error"#,
    r#"{k:(.a[0:2]|tostring)} on {}: jq Value("null"), here Error"#,
    r#"{k:(.a[0:2]|tostring)} on null: jq Value("null"), here Error"#,
    // jq's minus zero as text has no fraction.
    r#"{k:(.a|tostring)} on {"a":-0}: jq Value("-0"), here Value("-0.0")"#,
    r#"{k:(.|tostring)} on {"a":-0}: jq Value("{\"a\":-0}"), here Value("{\"a\":-0.0}")"#,
    // jq reads 1e1000 as infinity and only prints the largest number; here it is that number.
    r#"{k:(.a / 4)} on {"a":1e1000}: jq Value("1.7976931348623157e+308"), here Value("4.4942328371557893e+307")"#,
    r#"{k:(.a / 4)} on {"a":-1e1000,"b":1e-400}: jq Value("-1.7976931348623157e+308"), here Value("-4.4942328371557893e+307")"#,
    // The same infinities, and minus zero, which jq does not divide by.
    r#"{k:(100 / .a)} on {"a":-0}: jq Error, here Value("-1.7976931348623157e+308")"#,
    r#"{k:(100 / .a)} on {"a":1e1000}: jq Value("0"), here Value("5.562684646268004e-307")"#,
    r#"{k:(100 / .a)} on {"a":-1e1000,"b":1e-400}: jq Value("-0"), here Value("-5.562684646268004e-307")"#,
    // jaq rounds minus zero to an integer, which has no sign.
    r#"{k:(.a|floor)} on {"a":-0}: jq Value("-0"), here Value("0")"#,
    r#"{k:(.a|ceil)} on {"a":-0}: jq Value("-0"), here Value("0")"#,
    r#"{k:(.a|round)} on {"a":-0}: jq Value("-0"), here Value("0")"#,
    // As `.a[0]`.
    r#"{k:(.a|first)} on {"a":{"b":"deep"},"b":{"b":"deep"}}: jq Error, here NoValue"#,
    r#"{k:(.a|first)} on {"a":{"b":{"c":1}},"b":0}: jq Error, here NoValue"#,
    r#"{k:(.a|first)} on {"a":{}}: jq Error, here NoValue"#,
    r#"{k:(.a|last)} on {"a":{"b":"deep"},"b":{"b":"deep"}}: jq Error, here NoValue"#,
    r#"{k:(.a|last)} on {"a":{"b":{"c":1}},"b":0}: jq Error, here NoValue"#,
    r#"{k:(.a|last)} on {"a":{}}: jq Error, here NoValue"#,
    // jaq looks for a number among names.
    r#"{k:(.a|has(0))} on {"a":{"b":"deep"},"b":{"b":"deep"}}: jq Error, here Value("false")"#,
    r#"{k:(.a|has(0))} on {"a":{"b":{"c":1}},"b":0}: jq Error, here Value("false")"#,
    r#"{k:(.a|has(0))} on {"a":{}}: jq Error, here Value("false")"#,
    // No year beyond 9999 here; where jq crashes, AWS would hardly do so.
    r#"{k:(.a|strftime("%Y-%m-%d/%H %j"))} on {"a":9007199254740993}: jq Value("285428751-11-12/07 316"), here Error"#,
    r#"{k:(.a|strftime("%Y-%m-%d/%H %j"))} on {"a":100000000000000000000}: jq Crash, here Error"#,
    r#"{k:(.a|strftime("%Y-%m-%d/%H %j"))} on {"a":1e1000}: jq Crash, here Error"#,
    r#"{k:(.a|strftime("%Y-%m-%d/%H %j"))} on {"a":-1e1000,"b":1e-400}: jq Crash, here Error"#,
    r#"{k:(.a|todate)} on {"a":9007199254740993}: jq Value("285428751-11-12T07:36:32Z"), here Error"#,
    r#"{k:(.a|todate)} on {"a":100000000000000000000}: jq Crash, here Error"#,
    r#"{k:(.a|todate)} on {"a":1e1000}: jq Crash, here Error"#,
    r#"{k:(.a|todate)} on {"a":-1e1000,"b":1e-400}: jq Crash, here Error"#,
    r#"{k:(.a|gmtime|mktime)} on {"a":9007199254740993}: jq Value("9007199254740992"), here Error"#,
    r#"{k:(.a|gmtime|.[1])} on {"a":9007199254740993}: jq Value("10"), here Error"#,
];
