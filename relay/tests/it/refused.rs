//! What is kept of refused events, and what never is.

use std::time::Duration;

use serde_json::Value;

use crate::house::{House, files, token};

#[tokio::test]
async fn neither_token_nor_key_of_a_rejected_event_is_stored() {
    let house = House::new().await;
    let token = token("45", 60);
    for (path, body) in [
        (
            "/v1/track",
            format!(
                r#"{{"event":"E","writeKey":"server-key","user\u0054oken":"{token}","userId":"a/b"}}"#
            ),
        ),
        (
            "/v1/batch",
            format!(
                r#"{{"writeKey":"server-key","batch":[{{"type":"zzz","writeKey":"server-key"}},
                {{"type":"track","userToken":"{token}","bad":[[}},"writeKey":"server-key"]}}]}}"#
            ),
        ),
    ] {
        let answer = house.post(path, &[], body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.json()["accepted"], 0);
    }
    let dir = house.dir.path().to_owned();
    house.relay.shutdown(Duration::from_secs(20)).await;
    let mut kept = String::new();
    for path in files(&dir) {
        let bytes = fs_err::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(&token), "{}", path.display());
        assert!(!text.contains("server-key"), "{}", path.display());
        if path.parent().is_some_and(|dir| dir.ends_with("rejected")) {
            kept.push_str(&text);
        }
    }
    assert_eq!(kept.lines().count(), 3, "{kept}");
    assert!(kept.contains("a/b") && kept.contains("zzz"), "{kept}");
    let torn: Value = serde_json::from_str(kept.lines().last().unwrap()).unwrap();
    assert!(torn["length"].as_u64() > Some(60) && torn.get("raw").is_none());
}

#[tokio::test]
async fn a_large_event_is_kept_cut_and_says_so() {
    let house = House::new().await;
    let large = format!(r#"{{"type":"track","f":"{}"}}"#, "x".repeat(1 << 20));
    let body = format!(r#"{{"batch":[{large}]}}"#);
    let headers = [("x-write-key", "server-key")];
    assert_eq!(house.post("/v1/batch", &headers, body).await.status, 200);
    let dir = house.dir.path().join("spool/rejected");
    house.relay.shutdown(Duration::from_secs(20)).await;
    let text = fs_err::read_to_string(&files(&dir)[0]).unwrap();
    let line: Value = serde_json::from_str(text.trim_end()).unwrap();
    assert_eq!(line["code"], "event_too_large");
    assert_eq!(line["raw"], large[..32 << 10]);
    assert_eq!(line["length"], large.len());
}
