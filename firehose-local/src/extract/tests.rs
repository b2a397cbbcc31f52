//! The three ways of extraction, held to jq 1.6 and to each other.

mod agreement;
pub(super) mod program;

use super::*;

/// Compiles a query to go through jaq, although it may be only paths: on the whole record, or
/// on the part that matters.
fn by_jaq_on(query: &str, pruned: bool) -> Query {
    let (names, keys) =
        jq::with_term(query, |term| Ok((allow::check(term)?, prune::keys(term)))).unwrap();
    let keys = keys.filter(|_| pruned);
    let program = jq::Program::compile(query, names.clone(), keys).unwrap();
    Query {
        names,
        way: Way::Jq(program),
    }
}

fn by_jaq(query: &str) -> Query {
    by_jaq_on(query, false)
}

fn run(query: &Query, record: &str) -> Result<Vec<String>, ErrorCode> {
    let mut values = Values::default();
    query.extract(record.as_bytes(), &mut values)?;
    Ok((0..query.names().len())
        .map(|index| values.get(index).unwrap().to_owned())
        .collect())
}

fn one(query: &str, record: &str) -> Result<String, ErrorCode> {
    Ok(run(&Query::compile(query).unwrap(), record)?.remove(0))
}

#[test]
fn a_number_and_a_text_give_the_same_value() {
    for record in [
        r#"{"userId":45}"#,
        r#"{"userId":"45"}"#,
        r#"{"userId":45.0}"#,
        r#"{"userId":4.5e1}"#,
        " \n{ \"userId\" : 45 } ",
        r#"{"user\u0049d":"\u00345"}"#,
        r#"{"a":{"userId":7},"userId":"6","userId":"45","b":[{"userId":8}]}"#,
    ] {
        assert_eq!(one("{userId:.userId}", record).unwrap(), "45", "{record}");
    }
}

#[test]
fn null_missing_and_empty_fail_alike() {
    for record in [r#"{"userId":null}"#, "{}", r#"{"userId":""}"#, "null"] {
        let outcome = one("{userId:.userId}", record);
        assert_eq!(outcome, Err(ErrorCode::KeyNullOrEmpty), "{record}");
    }
    assert_eq!(one("{a:.a}", r#"{"a":false}"#).unwrap(), "false");
    assert_eq!(one("{a:.a}", r#"{"a":0}"#).unwrap(), "0");
}

#[test]
fn objects_and_arrays_are_no_keys() {
    for record in [r#"{"a":{}}"#, r#"{"a":[]}"#, r#"{"a":["x"]}"#] {
        assert_eq!(one("{a:.a}", record), Err(ErrorCode::KeyNotScalar));
        assert_eq!(one("{a:.a|.}", record), Err(ErrorCode::KeyNotScalar));
    }
}

#[test]
fn what_is_not_one_json_value_is_refused() {
    for record in [
        "",
        "x",
        "{",
        r#"{"userId":"45""#,
        r#"{"userId":"45"} x"#,
        r#"{"userId":"45"}{"userId":"46"}"#,
        r#"{"userId":"45",}"#,
        r#"{"userId":01}"#,
        r#"{"userId":1.}"#,
        r#"{"userId":.5}"#,
        r#"{"userId":NaN}"#,
        r#"{"userId":"45"}# comment"#,
        r#"{"userId":"\x"}"#,
        r#"{"userId":"\ud800"}"#,
        "{\"userId\":\"a\nb\"}",
        "{'userId':45}",
        "\u{feff}{\"userId\":45}",
    ] {
        for query in [
            Query::compile("{userId:.userId}").unwrap(),
            by_jaq("{userId:.userId}"),
        ] {
            assert_eq!(run(&query, record), Err(ErrorCode::NotJson), "{record}");
        }
    }
}

#[test]
fn nesting_of_256_passes_and_of_257_does_not() {
    for (depth, right) in [(255, true), (256, false), (500_000, false)] {
        let record = format!(
            r#"{{"a":{}{},"userId":"1"}}"#,
            "[".repeat(depth),
            "]".repeat(depth)
        );
        for query in [
            Query::compile("{userId:.userId}").unwrap(),
            by_jaq("{userId:.userId}"),
        ] {
            assert_eq!(run(&query, &record).is_ok(), right, "{depth}");
        }
    }
}

#[test]
fn a_path_through_something_without_keys_fails() {
    assert_eq!(
        one("{a:.a.b}", r#"{"a":"text"}"#),
        Err(ErrorCode::QueryFailed)
    );
    assert_eq!(one("{a:.a.b}", r#"{"a":[1]}"#), Err(ErrorCode::QueryFailed));
    assert_eq!(
        one("{a:.a.b}", r#"{"a":null}"#),
        Err(ErrorCode::KeyNullOrEmpty)
    );
    assert_eq!(one("{a:.a}", r#""text""#), Err(ErrorCode::QueryFailed));
    // The last of two equal keys counts, with all that is below it.
    assert_eq!(
        one("{a:.a.b}", r#"{"a":{"b":"x"},"a":{}}"#),
        Err(ErrorCode::KeyNullOrEmpty)
    );
    assert_eq!(one("{a:.a.b}", r#"{"a":1,"a":{"b":"x"}}"#).unwrap(), "x");
}

/// jaq's own `tonumber` parses whatever JSON is in a text, and its `strftime` multiplies whatever
/// number it is given.
#[test]
fn a_text_of_brackets_and_a_date_out_of_every_calendar_are_errors() {
    let brackets = format!(r#"{{"a":"{}"}}"#, "[".repeat(500_000));
    assert_eq!(
        one("{k:(.a|tonumber)}", &brackets),
        Err(ErrorCode::QueryFailed)
    );
    for query in [
        "{k:(.a|todate)}",
        "{k:(.a|gmtime|.[0])}",
        "{k:(.a|strftime(\"%Y\"))}",
    ] {
        for number in ["1e18", "-1e18", "9007199254740993", "1e1000"] {
            let outcome = one(query, &format!(r#"{{"a":{number}}}"#));
            assert_eq!(outcome, Err(ErrorCode::QueryFailed), "{query} {number}");
        }
    }
}

/// Query, record, and what jq 1.6 printed for `jq -r 'QUERY | .k'`.
const BY_JQ_1_6: &[(&str, &str, &str)] = &[
    (r#"{k:.t|strftime("%Y")}"#, r#"{"t":1767322985}"#, "2026"),
    (r#"{k:(.a // "none")}"#, r#"{"a":null}"#, "none"),
    (r#"{k:(.a // "none")}"#, r#"{"a":false}"#, "none"),
    (
        r#"{k:(if .a == "" then "none" else .a end)}"#,
        r#"{"a":""}"#,
        "none",
    ),
    (
        r#"{k:.p|split("/")|.[1]}"#,
        r#"{"p":"/books/bk-1"}"#,
        "books",
    ),
    (r#"{k:.a|tostring}"#, r#"{"a":45.0}"#, "45"),
    (r#"{k:(.a % 10)}"#, r#"{"a":1234}"#, "4"),
    (r#"{k:(.a / 4)}"#, r#"{"a":10}"#, "2.5"),
    (r#"{k:.a|length}"#, r#"{"a":"héllo"}"#, "5"),
    (r#"{k:.a|ascii_downcase}"#, r#"{"a":"ABC"}"#, "abc"),
    (r#"{k:.a|type}"#, r#"{"a":[1]}"#, "array"),
    (r#"{k:.a[1]}"#, r#"{"a":["x","y"]}"#, "y"),
    (r#"{k:.a[-1:]|.[0]}"#, r#"{"a":["x","y"]}"#, "y"),
    (r#"{k:(.a > 3)}"#, r#"{"a":4}"#, "true"),
    (
        r#"{k:(.a|startswith("v") and (.b|not))}"#,
        r#"{"a":"visitor","b":false}"#,
        "",
    ),
    (r#"{k:.["a b"]}"#, r#"{"a b":"x"}"#, "x"),
    (r#"{k:.a|tonumber}"#, r#"{"a":"1e3"}"#, "1000"),
];

#[test]
fn queries_answer_as_jq_1_6_does() {
    for (query, record, printed) in BY_JQ_1_6 {
        match one(query, record) {
            Ok(value) => assert_eq!(value, *printed, "{query} {record}"),
            Err(_) => assert_eq!("", *printed, "{query} {record}"),
        }
    }
}

#[test]
fn which_members_a_query_sees() {
    let keys = |query: &str| jq::with_term(query, |term| Ok(prune::keys(term))).unwrap();
    for (query, seen) in [
        ("{k:(.a|tostring), l:(.b.c // .d)}", &["a", "b", "d"][..]),
        ("{k:.a[.b]}", &["a", "b"]),
        (
            "{k:(if .a then .b|length else \"x\" end), c}",
            &["a", "b", "c"],
        ),
        ("{k:(.a|select(.b))}", &["a"]),
        ("{k:(-.a + 1)}", &["a"]),
        ("{k:\"x\"}", &[]),
    ] {
        assert_eq!(keys(query).unwrap(), seen, "{query}");
    }
    for query in [
        "{k:.}",
        "{k:length}",
        "{k:(select(.a)|.b)}",
        "{k:(if .a then .b end)}",
        "{k:.[1:]}",
    ] {
        assert_eq!(keys(query), None, "{query}");
    }
}

#[test]
fn what_could_leave_the_record_or_never_end_is_refused() {
    for query in [
        "{k:env.HOME}",
        "{k:$ENV.HOME}",
        "{k:halt}",
        "{k:input}",
        "{k:now}",
        "{k:debug}",
        "{k:(.a|stderr)}",
        "{k:(def f: f; f)}",
        "{k:[.[]]}",
        "{k:..}",
        "{k:(.a*1000000)}",
        "{k:(.a+.a)}",
        r#"{k:"\(.a)\(.a)"}"#,
        "{k:(reduce .[] as $x (0; .))}",
        "{k:(.a as $x | $x)}",
        "{k:(1,2)}",
        "{k:range(9)}",
        "{k:repeat(.)}",
        "{k:{a:.}}",
        "{k:(.a|test(\"x\"))}",
        "{k:(.a|split(\"\")|tostring|split(\"\")|tostring|split(\"\")|tostring)}",
        "{(.a):.b}",
        "{k:(.a=1)}",
        "{k:(try .a catch .)}",
        "{k:@base64 \"x\"}",
    ] {
        let refused = Query::compile(query).unwrap_err();
        assert!(
            matches!(refused, QueryError::NotAllowed(_) | QueryError::NotAnObject),
            "{query}: {refused:?}"
        );
    }
}

#[test]
fn what_is_no_query_is_refused() {
    for query in ["", "  ", "{a:", "{a:.a}}", "{a:.a} x", "{a:nosuch(}"] {
        assert!(Query::compile(query).is_err(), "{query}");
    }
    for query in [".a", "{}", "[.a]", "\"x\""] {
        assert_eq!(
            Query::compile(query).unwrap_err(),
            QueryError::NotAnObject,
            "{query}"
        );
    }
    let many: Vec<String> = (0..51).map(|n| format!("k{n}:.a")).collect();
    let query = format!("{{{}}}", many.join(","));
    assert_eq!(Query::compile(&query).unwrap_err(), QueryError::NotAnObject);
    let long = format!("{{a:.{}}}", "a".repeat(5120));
    assert_eq!(Query::compile(&long).unwrap_err(), QueryError::TooLong);
}

/// As deep as 5,120 characters go: refused or harmless, and the process lives.
#[test]
fn a_query_of_nothing_but_nesting_ends_nothing() {
    for query in [
        format!("{{k:{}.a{}}}", "(".repeat(2500), ")".repeat(2500)),
        format!("{{k:{}.a}}", "-".repeat(5000)),
        format!("{{k:{}.a}}", "try ".repeat(1200)),
        format!("{{k:{}.a{}}}", "[".repeat(2500), "]".repeat(2500)),
        format!("{{k:.a{}}}", "|.a".repeat(1600)),
        format!("{{k:{}", "\"\\(".repeat(1600)),
    ] {
        let outcome = Query::compile(&query);
        if let Ok(query) = outcome {
            // Brackets around a path change nothing, and are not nested terms.
            assert_eq!(run(&query, r#"{"a":"x"}"#).unwrap(), ["x"]);
        }
    }
}
