//! What is never stored: addresses, members and parameters by rule, in the lake and beside it.

use std::time::Duration;

use clickstream_relay::config::{Config, Flags};
use clickstream_relay::intake::address::KeptAddress;
use serde_json::json;

use crate::connections::{one, request, serve};
use crate::house::{House, event, files, flags};

/// A relay with these rules.
async fn house(redact: &[&str], redact_query: &[&str]) -> House {
    let owned = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect());
    let dir = tempfile::tempdir().unwrap();
    let mut flags: Flags = flags(dir.path());
    flags.privacy.redact = owned(redact);
    flags.privacy.redact_query = owned(redact_query);
    let mut config = Config::from_flags(flags).unwrap();
    config.spool.segment_size = 1 << 20;
    House::start(dir, config).await
}

/// A relay with rules that has taken one event with secrets in it, and refused two.
async fn with_secrets(secret: &str) -> House {
    let house = house(&["context.ip", "properties.*.email", "traits"], &["token"]).await;
    let address = format!("https://a.example/?q=1&token={secret}");
    let members = json!({
        "type": "identify", "userId": "45", "traits": {"name": secret},
        "properties": {"buyer": {"em\u{61}il": secret, "plan": "free"}, "link": address},
        "context": {"ip": secret, "page": {"url": address, "search": format!("?token={secret}")}},
    });
    let text = members.to_string().replace("email", "em\\u0061il");
    let bad = text.replacen("\"45\"", "\"/\"", 1);
    let unreadable = format!(r#"{{"type":"track","traits":"{secret}" "b":1}}"#);
    let body = format!(
        r#"{{"batch":[{text},{bad},{unreadable}],"context":{{"ip":"{secret}","app":{{"name":"shop"}}}}}}"#
    );
    let answer = house
        .post("/v1/batch", &[("x-write-key", "server-key")], body)
        .await
        .json();
    assert_eq!(answer["accepted"], 1, "{answer}");
    assert_eq!(answer["rejected"].as_array().unwrap().len(), 2);
    house
}

#[tokio::test]
async fn what_a_rule_names_is_in_no_line() {
    let house = with_secrets("somebody-secret").await;
    let lines = house.lines().await;
    assert_eq!(lines[0]["properties"]["buyer"], json!({"plan": "free"}));
    assert_eq!(lines[0]["properties"]["link"], "https://a.example/?q=1");
    assert_eq!(
        lines[0]["context"],
        json!({"page": {"url": "https://a.example/?q=1", "search": ""}, "app": {"name": "shop"}})
    );
    assert_eq!(lines[0].get("traits"), None);
}

/// The relay copies what an `identify` says in its context alone.
#[tokio::test]
async fn what_a_rule_names_is_in_no_copy() {
    for (rule, left) in [
        ("context.traits.email", json!({"plan": "free"})),
        ("context.traits", json!(null)),
        ("context.*", json!(null)),
        ("context", json!(null)),
    ] {
        let house = house(&[rule], &[]).await;
        let said = r#""traits":{"email":"somebody-secret","plan":"free"}"#;
        let events = [
            format!(r#"{{"type":"identify","userId":"45","context":{{{said}}}}}"#),
            // What somebody says there is another member, which no rule names.
            format!(r#"{{"type":"identify","userId":"45",{said},"context":{{{said}}}}}"#),
        ];
        let body = format!(r#"{{"batch":[{}]}}"#, events.join(","));
        house
            .post("/v1/batch", &[("x-write-key", "server-key")], body)
            .await;
        let lines = house.lines().await;
        assert_eq!(lines[0]["traits"], left, "{rule}");
        assert_eq!(lines[1]["traits"]["email"], "somebody-secret", "{rule}");
    }
}

#[tokio::test]
async fn what_a_rule_names_reaches_no_file() {
    let secret = "somebody-secret";
    let house = with_secrets(secret).await;
    house.relay.shutdown(Duration::from_secs(20)).await;
    let mut kept = 0;
    for path in files(house.dir.path()) {
        let bytes = fs_err::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(secret), "{}", path.display());
        kept += text.matches("\"code\":\"invalid_").count();
    }
    // The rejected ones are kept: the one without what is redacted, the other without its bytes.
    assert_eq!(kept, 2);
}

#[tokio::test]
async fn an_address_is_kept_in_part_whole_or_not_at_all() {
    for (how, kept) in [
        (KeptAddress::Off, json!(null)),
        (KeptAddress::Truncated, json!("127.0.0.0")),
        (KeptAddress::Full, json!("127.0.0.1")),
    ] {
        let house = House::with(|config| config.intake.address = how).await;
        let served = serve(&house, |_| {}).await;
        let mut stream = crate::connections::connect(&served).await;
        let body = event(r#","anonymousId":"a""#);
        let sent = request(&body);
        tokio::io::AsyncWriteExt::write_all(&mut stream, sent.as_bytes())
            .await
            .unwrap();
        one(&mut stream).await;
        drop(stream);
        served.end().await;
        assert_eq!(house.lines().await[0]["relay"]["ip"], kept, "{how:?}");
    }
}
