//! What is named is gone, what is not stays, held to a slow way of doing the same.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn rules(paths: &[&str], queries: &[&str]) -> Rules {
    let queries = queries.iter().map(|name| (*name).to_owned()).collect();
    Rules {
        paths: paths.iter().map(|path| path.parse().unwrap()).collect(),
        queries: Names::new(queries).unwrap(),
    }
}

fn left(rules: &Rules, json: &str) -> Option<String> {
    let left = rules.apply(json.as_bytes())?;
    Some(String::from_utf8(left).unwrap())
}

#[test]
fn members_are_left_out_by_their_path() {
    let rules = rules(
        &[
            "context.ip",
            "traits.*",
            "properties.products.price",
            "properties.\"a.b\"",
        ],
        &[],
    );
    for (json, expected) in [
        (
            r#"{"context":{"ip":"1.2.3.4","x":1}}"#,
            r#"{"context":{"x":1}}"#,
        ),
        (
            r#"{"context":{"x":1,"\u0069p":{"a":[1]}}}"#,
            r#"{"context":{"x":1}}"#,
        ),
        (
            r#"{"a":1,"traits":{"b":{"c":1},"d":[2]},"e":2}"#,
            r#"{"a":1,"traits":{},"e":2}"#,
        ),
        (
            r#"{"properties":{"products":[{"price":1,"n":2},{"n":3,"price":4}],"price":5}}"#,
            r#"{"properties":{"products":[{"n":2},{"n":3}],"price":5}}"#,
        ),
        (
            r#"{"properties":{"a.b":1,"a":{"b":2}}}"#,
            r#"{"properties":{"a":{"b":2}}}"#,
        ),
        (
            r#"{"ip":1,"x":{"context":{"ip":2}}}"#,
            r#"{"ip":1,"x":{"context":{"ip":2}}}"#,
        ),
        (
            r#"{"context":[[{"ip":1}],{"ip":2}]}"#,
            r#"{"context":[[{}],{}]}"#,
        ),
        (r#"{"context":{"ip":1,"ip":2}}"#, r#"{"context":{}}"#),
        (" { \"context\" : [ 1 , { } ] } ", r#"{"context":[1,{}]}"#),
    ] {
        assert_eq!(left(&rules, json).as_deref(), Some(expected), "{json}");
    }
}

#[test]
fn parameters_are_left_out_of_every_text_but_ids() {
    let rules = rules(&[], &["email"]);
    for (json, expected) in [
        (
            r#"{"a":["/?email=x","\u003femai\u006c=x&b=1"]}"#,
            r#"{"a":["/","?b=1"]}"#,
        ),
        (r#"{"a":"b=\u00e9"}"#, r#"{"a":"b=\u00e9"}"#),
        (
            r#"{"userId":"?email=x","messageId":"?email=x"}"#,
            r#"{"userId":"?email=x","messageId":"?email=x"}"#,
        ),
        (
            r#"{"relay":{"claimed":{"userId":"?email=x"}}}"#,
            r#"{"relay":{"claimed":{"userId":""}}}"#,
        ),
        (r#"{"x":{"userId":"?email=x"}}"#, r#"{"x":{"userId":""}}"#),
    ] {
        assert_eq!(left(&rules, json).as_deref(), Some(expected), "{json}");
    }
}

#[test]
fn where_names_cannot_be_told_from_values_nothing_is_left() {
    let rules = rules(&["a.b"], &["email"]);
    for json in [
        "",
        "{",
        "{}x",
        r#"{"a":1,}"#,
        "[1,]",
        r#"{"a" 1}"#,
        r#"{"a":1 "b":2}"#,
        r#"{a:1}"#,
        r#"{"a":x"y"}"#,
        r#"{"a":"b"#,
        r#"{"a\x":1}"#,
        r#"{"\ud800":1}"#,
        r#"{"a":{"b":[}}"#,
        r#"{"a":{"b":{"c":1]}}"#,
        r#"{"c":"\ud800?email=x"}"#,
        "[}",
        r#"{"a":}"#,
    ] {
        assert_eq!(left(&rules, json), None, "{json}");
    }
    assert_eq!(rules.apply(b"{\"c\":\"\xff\"}"), None);
    let deep = "[".repeat(2000) + &"]".repeat(2000);
    assert_eq!(left(&rules, &deep), None);
    // What an event may not hold, but can be told apart, stays.
    let odd = r#"{"c":1e999,"d":01,"d":nul,"e":"\ud800"}"#;
    assert_eq!(left(&self::rules(&["a.b"], &[]), odd).as_deref(), Some(odd));
}

/// The slow, obvious way.
fn without(value: &mut Value, path: &[&str]) {
    let Some((first, more)) = path.split_first() else {
        return;
    };
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(|one| without(one, path)),
        Value::Object(members) => members.retain(|name, member| {
            let named = *first == "*" || first == name;
            if named && !more.is_empty() {
                without(member, more);
            }
            !(named && more.is_empty())
        }),
        _ => {}
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<i32>().prop_map(Value::from),
        "[a-z\"\\\\/{}\\[\\],:é\u{1}]{0,6}".prop_map(Value::from),
    ];
    scalar.prop_recursive(5, 40, 4, |inner| {
        let name = prop_oneof![Just("a"), Just("b"), Just("c.d"), Just("é\""), Just("*")];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(name, inner, 0..4).prop_map(|members| {
                let members = members.into_iter();
                Value::from_iter(members.map(|(name, member)| (name.to_owned(), member)))
            }),
        ]
    })
}

/// The same JSON with white space and every letter of its names escaped.
fn odd(value: &Value, out: &mut String) {
    match value {
        Value::Array(elements) => {
            out.push_str(" [ ");
            for (at, one) in elements.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "\n," });
                odd(one, out);
            }
            out.push_str(" ]\t");
        }
        Value::Object(members) => {
            out.push_str("{ ");
            for (at, (name, member)) in members.iter().enumerate() {
                out.push_str(if at == 0 { "\"" } else { " , \"" });
                out.extend(name.encode_utf16().map(|unit| format!("\\u{unit:04x}")));
                out.push_str("\" :\r\n");
                odd(member, out);
            }
            out.push('}');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

proptest! {
    #[test]
    fn it_leaves_what_the_slow_way_leaves(
        inner in any_json(),
        chosen in proptest::collection::vec(0..6_usize, 0..3),
    ) {
        let all: [(&str, &[&str]); 6] = [
            ("p.a", &["p", "a"]),
            ("p.*", &["p", "*"]),
            ("p.a.b", &["p", "a", "b"]),
            ("p.*.a", &["p", "*", "a"]),
            ("p.\"c.d\".b", &["p", "c.d", "b"]),
            ("p.b.*.*", &["p", "b", "*", "*"]),
        ];
        let mut value = json!({"p": inner, "q": {"a": 1}});
        let mut text = String::new();
        odd(&value, &mut text);
        let mut texts = Vec::new();
        for path in chosen.iter().map(|at| all[*at]) {
            texts.push(path.0);
            without(&mut value, path.1);
        }
        let found = left(&rules(&texts, &[]), &text).unwrap();
        let found: Value = serde_json::from_str(&found).unwrap();
        prop_assert_eq!(found, value, "{} {:?}", text, texts);
    }

    /// In whatever shape a value comes, what a rule names is not in the line.
    #[test]
    fn a_redacted_value_never_occurs(
        around in any_json(),
        depth in 0..4_usize,
        list in any::<bool>(),
        escaped in any::<bool>(),
    ) {
        let mut secret = json!({"street": "SECRET", "deep": ["SECRET", {"SECRET": "SECRET"}]});
        for _ in 0..depth {
            secret = if list { json!([secret]) } else { json!({"x": secret}) };
        }
        let mut members = Map::new();
        members.insert("email".to_owned(), secret.clone());
        members.insert("other".to_owned(), around);
        let members = if list { json!([members]) } else { Value::from(members) };
        let event = json!({
            "type": "track", "properties": members, "traits": {"any": secret},
            "context": {"page": {"url": "https://a.example/?q=1&email=SECRET#email=SECRET"}},
        });
        let mut text = String::new();
        if escaped { odd(&event, &mut text) } else { text = event.to_string() }
        let rules = rules(&["properties.email", "traits.*"], &["email"]);
        let left = left(&rules, &text).unwrap();
        prop_assert!(!left.contains("SECRET"), "{} -> {}", text, left);
        serde_json::from_str::<Value>(&left).unwrap();
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let _ = rules(&["a.b"], &["a"]).apply(&bytes);
    }
}
