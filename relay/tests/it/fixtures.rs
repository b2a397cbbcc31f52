//! The contract's files, each whole case through the real router.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::house::{House, basic};

/// The body's exact bytes.
fn body(case: &Value) -> Vec<u8> {
    match (&case["body"], &case["body_base64"]) {
        (Value::String(text), _) => text.as_bytes().to_vec(),
        (_, Value::String(text)) => STANDARD.decode(text).unwrap(),
        _ => panic!("a case without a body: {case}"),
    }
}

/// Lines without order, made-up ids masked.
fn comparable<'a>(lines: impl IntoIterator<Item = &'a Value>, made: bool) -> Vec<String> {
    let mut texts: Vec<String> = lines
        .into_iter()
        .map(|line| {
            let mut line = line.clone();
            let id = line["messageId"].as_str().unwrap_or("").to_owned();
            let hex = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
            if made && hex {
                line["messageId"] = "*".into();
            }
            line.to_string()
        })
        .collect();
    texts.sort();
    texts
}

async fn check(case: &Value) {
    let name = case["name"].as_str().unwrap();
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    for (header, value) in case["headers"].as_object().into_iter().flatten() {
        headers.retain(|(known, _)| !known.eq_ignore_ascii_case(header));
        headers.push((header.clone(), value.as_str().unwrap().to_owned()));
    }
    if let Some(key) = case["key"].as_str() {
        headers.push(("authorization".to_owned(), basic(key)));
    }
    let house = House::with(|config| config.identity.keys.clear()).await;
    let path = case["path"].as_str().unwrap_or("/v1/batch");
    let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (&**n, &**v)).collect();
    let answer = house.post(path, &headers, body(case)).await;

    let status = case["status"].as_u64().unwrap_or(200);
    assert_eq!(
        u64::from(answer.status.as_u16()),
        status,
        "{name}: {}",
        answer.text
    );
    let empty = Vec::new();
    let expected = case["lines"].as_array().unwrap_or(&empty);
    if status == 200 {
        let json = answer.json();
        let accepted = case["accepted"].as_u64().unwrap_or(expected.len() as u64);
        assert_eq!(json["accepted"], accepted, "{name}: {json}");
        let rejected = json["rejected"].as_array().unwrap();
        let told = case["rejected"].as_array().unwrap_or(&empty);
        assert_eq!(rejected.len(), told.len(), "{name}: {json}");
        for (rejected, told) in rejected.iter().zip(told) {
            assert_eq!(rejected["index"], told[0], "{name}: {json}");
            let begins = format!("{}: ", told[1].as_str().unwrap());
            let reason = rejected["reason"].as_str().unwrap();
            assert!(reason.starts_with(&begins), "{name}: {reason}");
        }
    } else {
        let (_, code) = answer.error();
        assert_eq!(case["code"], code, "{name}");
    }
    let lines = house.lines().await;
    let made = expected.iter().any(|line| line["messageId"] == "*");
    assert_eq!(
        comparable(&lines, made),
        comparable(expected, made),
        "{name}"
    );
}

async fn run(text: &str) {
    let cases: Vec<Value> = serde_json::from_str(text).unwrap();
    assert!(!cases.is_empty());
    for case in &cases {
        check(case).await;
    }
}

macro_rules! files {
    ($($file:ident)*) => {$(
        #[tokio::test]
        async fn $file() {
            run(include_str!(concat!(
                "../../../event/fixtures/", stringify!($file), ".json"
            )))
            .await;
        }
    )*};
}

files!(frames identity rejected sdks shape times);

#[test]
fn no_file_of_the_contract_is_left_out() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../event/fixtures");
    let mut names: Vec<String> = fs_err::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json"))
        .collect();
    names.sort();
    let run = ["frames", "identity", "rejected", "sdks", "shape", "times"];
    assert_eq!(names, run.map(|name| format!("{name}.json")));
}

#[test]
fn every_reason_has_a_case_that_produces_it() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../event/fixtures");
    let mut produced = std::collections::BTreeSet::new();
    for entry in fs_err::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = fs_err::read_to_string(path).unwrap();
        let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
        for rejected in cases.iter().filter_map(|case| case["rejected"].as_array()) {
            produced.extend(
                rejected
                    .iter()
                    .map(|told| told[1].as_str().unwrap().to_owned()),
            );
        }
    }
    // Not the contract's, but the door's: `keys.rs` produces it.
    produced.insert("invalid_write_key".to_owned());
    for reason in clickstream_relay::outcome::REASONS {
        assert!(produced.contains(reason), "no case produces {reason}");
    }
}
